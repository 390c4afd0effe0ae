//! What tests need, yours and ours. Behind the feature `testing`.

mod clock;
mod faults;
mod layer;
mod scenario;
pub mod store_suite;
mod witness;

pub use clock::{FixedIds, ManualClock};
pub use faults::{Fault, FaultStore};
pub use layer::StoreLayer;
pub use scenario::{Proposed, Replayed, Scenario};
pub use witness::TestWitness;

//! What tests need, yours and ours. Behind the feature `testing`.

mod clock;
mod scenario;
pub mod store_suite;

pub use clock::{FixedIds, ManualClock};
pub use scenario::{Proposed, Replayed, Scenario};

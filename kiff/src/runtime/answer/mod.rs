//! Answers to proposals.

mod answers;
mod conclusion;
mod decision;
mod json;
mod refusal;

pub use answers::{Answer, NotExecuted};
pub use conclusion::{Executed, Failed, InDoubt};
pub use decision::{Allowed, Decision};
pub use refusal::{Blocked, Held};

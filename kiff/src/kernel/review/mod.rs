//! Reviews: the text of a held proposal that people see, and what they may do about it.

mod pending;
mod refusal;
mod request;
mod shown;
mod verdict;

pub use pending::{ApprovalState, PendingApproval};
pub use refusal::ReviewRefusal;
pub use request::{ReviewRequest, ReviewVerdict};

pub(crate) use verdict::{Review, ReviewAction, Reviewed};

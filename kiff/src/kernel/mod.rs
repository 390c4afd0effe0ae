//! The whole authority, as pure functions over names and values.
//!
//! [`step`](step::step) is the one door: given the domain, what the log says, a command and the time, it returns what it
//! must know first, or the records to write and the reply. Nothing here opens, waits, reads a clock or draws a random
//! number.
//!
//! | to find | open |
//! |---|---|
//! | how a question is put and answered | `step`, `known` |
//! | what an agent may send | `proposal`, `request` |
//! | how a proposal is decided | `decide`, beginning with `Propose` |
//! | who may review, settle, or change keys | `review`, `doubt`, `keys` |
//! | how an event and an outcome move an entity | `ingest`, `finish` |
//! | the recorded answer to an earlier call | `recall`, `conclusion` |
//! | the state of a stream, folded from its records | `view` |
//! | what is stored | `record` |

pub(crate) mod record;
pub(crate) mod request;
pub(crate) mod view;
pub(crate) mod refusal;
pub(crate) mod conclusion;
pub(crate) mod decision;
pub(crate) mod known;
pub(crate) mod step;
pub(crate) mod caller;
pub(crate) mod proposal;
pub(crate) mod ruling;
pub(crate) mod recall;
pub(crate) mod decide;
pub(crate) mod review;
pub(crate) mod ingest;
mod emit;
pub(crate) mod finish;
pub(crate) mod doubt;
pub(crate) mod keys;

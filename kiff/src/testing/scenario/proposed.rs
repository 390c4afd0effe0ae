//! What a scenario gives back, to be asserted.

use super::failure::fail;
use crate::{Answer, Blocked, Executed, Failed, Held, InDoubt};

/// What came of a proposal, ready to be asserted.
#[must_use]
#[derive(Debug)]
pub struct Proposed {
    pub(super) answer: Answer,
    /// The entity's timeline, for an assertion that fails.
    pub(super) timeline: String,
}

impl Proposed {
    /// The answer as it is.
    pub fn answer(self) -> Answer {
        self.answer
    }

    /// Asserts that the effect happened.
    #[track_caller]
    pub fn assert_executed(self) -> Executed {
        match self.answer {
            Answer::Executed(it) => it,
            other => unexpected("executed", other, &self.timeline),
        }
    }

    /// Asserts that the proposal is held for this reason.
    #[track_caller]
    pub fn assert_held(self, reason: &str) -> Held {
        match self.answer {
            Answer::Held(it) if it.reason == *reason => it,
            other => unexpected(&format!("held for `{reason}`"), other, &self.timeline),
        }
    }

    /// Asserts that the proposal is refused for this reason.
    #[track_caller]
    pub fn assert_blocked(self, reason: &str) -> Blocked {
        match self.answer {
            Answer::Blocked(it) if it.reason == *reason => it,
            other => unexpected(&format!("blocked for `{reason}`"), other, &self.timeline),
        }
    }

    /// Asserts that the effect certainly did not happen.
    #[track_caller]
    pub fn assert_failed(self) -> Failed {
        match self.answer {
            Answer::Failed(it) => it,
            other => unexpected("failed", other, &self.timeline),
        }
    }

    /// Asserts that nobody knows whether the effect happened, for this cause.
    #[track_caller]
    pub fn assert_in_doubt(self, cause: &str) -> InDoubt {
        match self.answer {
            Answer::InDoubt(it) if it.cause == *cause => it,
            other => unexpected(&format!("in doubt, `{cause}`"), other, &self.timeline),
        }
    }
}

/// A replayed log.
#[derive(Debug)]
pub struct Replayed {
    pub(super) log: Vec<u8>,
    pub(super) problems: Vec<String>,
}

impl Replayed {
    /// Asserts that the log holds and leads to what the runtime holds.
    #[track_caller]
    pub fn assert_same(self) -> Self {
        if !self.problems.is_empty() {
            fail(&format!("replay differs:\n{}", self.problems.join("\n")));
        }
        self
    }

    /// The log, as `log.jsonl`.
    #[must_use]
    pub fn log(&self) -> &[u8] {
        &self.log
    }
}

#[track_caller]
fn unexpected(wanted: &str, answer: Answer, timeline: &str) -> ! {
    let word = answer.word();
    let told = match answer.executed() {
        Ok(executed) => executed.message,
        Err(other) => other.to_string(),
    };
    fail(&format!("wanted {wanted}, got {word}: {told}\n{timeline}"))
}

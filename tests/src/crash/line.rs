//! What the process tells: one line each, written at once.

use kiff::{Answer, ids::TraceId};
use std::io::{self, Write};

/// One line of the process.
#[expect(clippy::exhaustive_enums, reason = "for the tests alone")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The store and the ledger are open, and nothing was done yet.
    Opened {
        /// How long the ledger is.
        ledger_bytes: u64,
    },
    /// An execution that was found in doubt.
    Doubt {
        /// The execution.
        execution: String,
    },
    /// Nothing is in doubt any more, and payments begin.
    Recovered,
    /// A call has returned.
    Acknowledged {
        /// `ingested`, `granted`, or the word of an answer; `unfinished` for one in doubt without a record of its end.
        word: String,
        /// The entity.
        entity: String,
        /// The event, approval or execution; `-` for a block.
        id: String,
        /// The call that it belongs to; `-` where it is not known.
        trace: String,
        /// The idempotency key; `-` without one.
        key: String,
    },
    /// The store did not answer an append, so that it may have happened or not.
    Lost,
    /// A call has failed.
    Failed {
        /// The code of the error.
        code: String,
    },
    /// All laps are done.
    Done,
}

impl Line {
    /// The acknowledgement of an answer.
    #[must_use]
    pub fn answered(answer: &Answer, key: &str) -> Self {
        let (entity, id, trace) = match answer {
            Answer::Executed(it) => (&it.entity, it.execution_id.to_string(), Some(it.trace_id)),
            Answer::Held(it) => (&it.entity, it.approval_id.to_string(), Some(it.trace_id)),
            // Of a long run of refusals not each is recorded.
            Answer::Blocked(it) => (&it.entity, "-".to_owned(), it.is_recorded.then_some(it.trace_id)),
            Answer::Failed(it) => (&it.entity, it.execution_id.to_string(), Some(it.trace_id)),
            Answer::InDoubt(it) => (&it.entity, it.execution_id.to_string(), it.trace_id),
        };
        let word = match answer {
            // Nothing is recorded of its end.
            Answer::InDoubt(it) if it.cause == "unfinished" || it.cause == "running" => "unfinished",
            other => other.word(),
        };
        Self::acknowledged(word, &entity.to_string(), id, trace, key)
    }

    /// Another acknowledgement.
    #[must_use]
    pub fn acknowledged(word: &str, entity: &str, id: String, trace: Option<TraceId>, key: &str) -> Self {
        let trace = trace.map_or_else(|| "-".to_owned(), |trace| trace.to_string());
        Self::Acknowledged { word: word.to_owned(), entity: entity.to_owned(), id, trace, key: key.to_owned() }
    }

    /// Writes the line to the standard output with one call to the system.
    ///
    /// # Errors
    /// [`io::Error`] if nobody reads it.
    pub fn tell(&self) -> io::Result<()> {
        let line = match self {
            Self::Opened { ledger_bytes } => format!("opened {ledger_bytes}\n"),
            Self::Doubt { execution } => format!("doubt {execution}\n"),
            Self::Recovered => "recovered\n".to_owned(),
            Self::Acknowledged { word, entity, id, trace, key } => format!("ack {word} {entity} {id} {trace} {key}\n"),
            Self::Lost => "lost\n".to_owned(),
            Self::Failed { code } => format!("failed {code}\n"),
            Self::Done => "done\n".to_owned(),
        };
        let mut out = io::stdout().lock();
        out.write_all(line.as_bytes())?;
        out.flush()
    }

    /// Reads a line, without its end. None if it is no line of the process.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ').map(str::to_owned);
        Some(match words.next()?.as_str() {
            "opened" => Self::Opened { ledger_bytes: words.next()?.parse().ok()? },
            "doubt" => Self::Doubt { execution: words.next()? },
            "recovered" => Self::Recovered,
            "ack" => Self::Acknowledged {
                word: words.next()?,
                entity: words.next()?,
                id: words.next()?,
                trace: words.next()?,
                key: words.next()?,
            },
            "lost" => Self::Lost,
            "failed" => Self::Failed { code: words.next()? },
            "done" => Self::Done,
            _ => return None,
        })
    }
}

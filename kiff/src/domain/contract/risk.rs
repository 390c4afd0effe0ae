//! The words of a contract: its risk, and the repeatability of its effect.

use crate::base::code::words;

words! {
    /// How much harm a wrong execution could do. It is recorded with every proposal.
    #[expect(clippy::exhaustive_enums, reason = "complete by meaning: the digest of the contract names these four")]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Risk {
        /// Little, or easily undone.
        #[default]
        Low = "low",
        /// Some.
        Medium = "medium",
        /// Much, or hard to undo. The contract must ask for approval or waive it in words.
        High = "high",
        /// So much that the contract must ask for approval or waive it in words.
        Critical = "critical",
    }
}

words! {
    /// The result of running an action twice.
    #[expect(clippy::exhaustive_enums, reason = "complete by meaning: the digest of the contract names these three")]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub enum Effect {
        /// The effect happens twice. An unknown result is settled by a probe or a person, never by a retry.
        #[default]
        Once = "once",
        /// The provider deduplicates by the id of the execution. A retry is safe for as long as the provider remembers the
        /// id: see [`Contract::retry_within`](crate::domain::Contract::retry_within).
        Idempotent = "idempotent",
        /// Nothing outside happens. A panic or an error is a failure, not a doubt.
        None = "none",
    }
}

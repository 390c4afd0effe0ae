//! Words that bodies of several kinds have.

use crate::base::code::words;

words! {
    /// The word of a decision.
    #[expect(clippy::exhaustive_enums, reason = "complete by meaning: the receipt format names these three")]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Verdict {
        /// Cleared to run.
        Allowed = "allowed",
        /// Held for its reviewers.
        ApprovalRequired = "approval_required",
        /// Refused.
        Blocked = "blocked",
    }
}

words! {
    /// How one check came out.
    #[expect(clippy::exhaustive_enums, reason = "complete by meaning: the record format names these three")]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum CheckResult {
        /// It holds.
        Passed = "passed",
        /// It does not hold.
        Failed = "failed",
        /// It was not asked, because an earlier one failed.
        Skipped = "skipped",
    }
}

words! {
    /// What a key signs.
    #[non_exhaustive]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum KeyPurpose {
        /// Receipts.
        Receipt = "receipt",
        /// Checkpoints of the log. Never the key of receipts: who holds one of them must not be able to do both.
        Log = "log",
    }
}

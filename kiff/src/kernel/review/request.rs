//! Reviews as reviewers send them.

use crate::{
    base::{
        code::words,
        ids::ApprovalId,
        members::{AdmissionError, Members},
    },
    value::Limits,
};

/// A review as a reviewer sends it: the approval, the verdict and the reason. The reviewer comes from the
/// [`Authority`](crate::Authority) beside it, never from the text.
///
/// ```
/// use kiff::{Answer, Authority, Proposal, review::ReviewRequest};
#[doc = include_str!("../../../docs/shop.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let rt = shop(paid_back)?.blocking();
/// # let agent = Authority::agent("bot", ["operator"])?;
/// # let answer = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 999_00))?;
/// # let Answer::Held(held) = answer else { return Err("not held".into()) };
/// # let id = held.approval_id;
/// let sent = format!(r#"{{"approval_id": "{id}", "verdict": "grant", "reason": "seen the carrier's letter"}}"#);
/// let request = ReviewRequest::from_json(sent.as_bytes())?;
/// let status = rt.review(&Authority::human("ann", ["approver"])?, &request)?.recorded()?;
/// assert_eq!(status.reviewed_by, "ann");
///
/// // Who reviews is not for the text to say.
/// let forged = sent.replacen('{', r#"{"reviewer": "kim", "#, 1);
/// assert_eq!(ReviewRequest::from_json(forged.as_bytes()).unwrap_err().to_string(), "`/reviewer` is not a member here");
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRequest {
    /// The approval.
    pub approval_id: ApprovalId,
    /// The verdict.
    pub verdict: ReviewVerdict,
    /// Why, in the reviewer's words. It may be empty, but must not be left out.
    pub reason: String,
}

words! {
    /// A reviewer's verdict.
    #[non_exhaustive]
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ReviewVerdict {
        /// Consent: `grant`.
        Grant = "grant",
        /// Refuse for good: `deny`.
        Deny = "deny",
        /// Withdraw an approval that was not used: `revoke`.
        Revoke = "revoke",
    }
}

impl ReviewRequest {
    /// Reads a review: one JSON object with `approval_id`, `verdict` (`grant`, `deny` or `revoke`) and `reason`.
    ///
    /// # Errors
    /// [`AdmissionError`] with every fault if the text is not strict JSON of that form. Nothing is recorded then.
    pub fn from_json(text: &[u8]) -> Result<Self, AdmissionError> {
        Self::from_json_with(text, &Limits::default())
    }

    /// The same within other limits, such as [`Domain::limits`](crate::Domain::limits).
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_with(text: &[u8], limits: &Limits) -> Result<Self, AdmissionError> {
        let mut members = Members::read(text, limits)?;
        let id = members.name::<ApprovalId>("approval_id").and_then(|id| id.parse().ok());
        let verdict = members.word("verdict", ReviewVerdict::from_word, "`grant`, `deny` or `revoke`");
        let reason = members.required("reason");
        let all = id.zip(verdict).zip(reason);
        members.finish(all.map(|((approval_id, verdict), reason)| Self { approval_id, verdict, reason }))
    }
}

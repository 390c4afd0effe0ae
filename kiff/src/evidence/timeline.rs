//! An entity's records, for people.

use crate::{
    base::{ids::EntityRef, timestamp::Timestamp},
    kernel::record::{CheckResult, Kind, Record, body::Body},
};
use std::fmt;

/// Every record of one entity, oldest first. Printed, it is a table: time, kind, actor, summary.
#[derive(Clone, Debug)]
pub struct Timeline {
    records: Vec<Record>,
}

/// One record of a timeline, for people.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the stream.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What it is about.
    pub kind: Kind,
    /// Who caused it.
    pub actor: String,
    /// What happened, in a few words. What an agent wrote is not in it.
    pub summary: String,
}

impl Timeline {
    /// These records, such as those of one entity out of a log that was exported.
    ///
    /// ```
    /// use kiff::Timeline;
    ///
    /// assert_eq!(Timeline::new(Vec::new()).to_string(), "");
    /// ```
    #[must_use]
    pub fn new(records: Vec<Record>) -> Self {
        Self { records }
    }

    /// The records.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The entity; nothing if it has no records.
    #[must_use]
    pub fn entity(&self) -> Option<&EntityRef> {
        self.records.first().map(Record::entity)
    }

    /// The records, for people.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry> {
        self.records.iter().map(|record| Entry {
            seq: record.entity_seq(),
            recorded_at: record.recorded_at(),
            kind: record.kind(),
            actor: record.actor().id.to_string(),
            summary: summary(&record.body),
        })
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: Vec<_> = self.entries().collect();
        let kinds = entries.iter().map(|entry| entry.kind.as_str().len()).max().unwrap_or(0);
        let actors = entries.iter().map(|entry| entry.actor.len()).max().unwrap_or(0);
        for entry in entries {
            let time = entry.recorded_at.to_string();
            let time = time.get(11..23).unwrap_or_default();
            writeln!(f, "{time}  {:kinds$}  {:actors$}  {}", entry.kind, entry.actor, entry.summary)?;
        }
        Ok(())
    }
}

/// A record in a few words.
fn summary(body: &Body) -> String {
    match body {
        Body::EventIngested(event) => event.kind.to_string(),
        Body::StateChanged(change) => match &change.from {
            Some(from) => format!("{from} → {}", change.to),
            None => change.to.to_string(),
        },
        Body::DecisionRecorded(proposed) => {
            let risk = proposed.risk.map(|risk| format!(" ({risk})")).unwrap_or_default();
            format!("propose {}{risk}", proposed.action)
        }
        Body::ActionValidated(ruling) => format!("{} cleared", ruling.action),
        Body::ApprovalRequired(ruling) => format!("{} awaits review: {}", ruling.action, ruling.reason),
        // The name of a check says what should hold.
        Body::ActionBlocked(ruling) if ruling.checks.contains(&(ruling.reason.clone(), CheckResult::Failed)) => {
            format!("{} blocked: check {} failed", ruling.action, ruling.reason)
        }
        Body::ActionBlocked(ruling) => format!("{} blocked: {}", ruling.action, ruling.reason),
        Body::ApprovalGranted(grant) => format!("granted, {} of {}", grant.grants, grant.quorum),
        Body::ApprovalDenied(_) => "denied".to_owned(),
        Body::ApprovalRevoked(_) => "revoked".to_owned(),
        Body::ApprovalExpired(_) => "expired".to_owned(),
        Body::ApprovalSuperseded(_) => "superseded by an event".to_owned(),
        Body::ApprovalEscalated(step) => format!("escalated to {}", step.reviewers),
        Body::ReviewRejected(review) => format!("{} rejected: {}", review.verdict, review.reason),
        Body::ActionExecuted(done) => done.action.to_string(),
        Body::ActionFailed(result) => format!("{} failed: {}", result.action, result.cause),
        Body::ActionUnknown(result) => format!("{} in doubt: {}", result.action, result.cause),
        Body::ExecutionRetried(retry) => format!("attempt {}", retry.attempt),
        Body::ExecutionResolved(resolved) => format!("{} {}: {}", resolved.action, resolved.word(), resolved.result),
        Body::OutcomeConflict(conflict) => {
            format!("{} reported {} after it was settled", conflict.action, conflict.result)
        }
        Body::EventRejected(event) => format!("{} rejected: {}", event.event_type.escape_debug(), event.reason),
        Body::RefusalsSuppressed(suppressed) => {
            format!("further refusals are not recorded, after {}", suppressed.recorded)
        }
        Body::KeyPublished(published) => format!("{} key {}", published.purpose, published.key.id()),
        Body::KeyRevoked(revoked) => format!("key {} from index {} on", revoked.key_id, revoked.from_index),
    }
}

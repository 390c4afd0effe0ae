//! The records of one entity, for people.

use crate::{
    base::{ids::EntityRef, timestamp::Timestamp},
    kernel::record::{CheckResult, Kind, Record, body::Body},
};
use std::fmt;

/// Every record of one entity, oldest first. `Display` prints a table of time, kind, actor and summary.
#[derive(Clone, Debug)]
pub struct Timeline {
    records: Vec<Record>,
}

/// One line of a timeline.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The sequence number of the record in its stream.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The kind of the record.
    pub kind: Kind,
    /// Who caused it.
    pub actor: String,
    /// What happened, in a few words. It never quotes text that an agent wrote.
    pub summary: String,
}

impl Timeline {
    /// A timeline of these records, such as those of one entity in an exported log.
    ///
    /// ```
    /// use kiff::record::Timeline;
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

    /// The entity; `None` if there are no records.
    #[must_use]
    pub fn entity(&self) -> Option<&EntityRef> {
        self.records.first().map(Record::entity)
    }

    /// One entry for each record.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry> {
        self.records.iter().map(|record| Entry {
            seq: record.entity_seq(),
            recorded_at: record.recorded_at(),
            kind: record.kind(),
            actor: record.actor().id.to_string(),
            summary: summarize(&record.body),
        })
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: Vec<_> = self.entries().collect();
        let kinds = entries.iter().map(|entry| entry.kind.as_str().len()).max().unwrap_or(0);
        let actors = entries.iter().map(|entry| entry.actor.len()).max().unwrap_or(0);
        for entry in entries {
            let recorded_at = entry.recorded_at.to_string();
            let time = recorded_at.split_once('T').map_or(recorded_at.as_str(), |(_date, time)| time);
            let time = time.trim_end_matches('Z');
            writeln!(f, "{time}  {:kinds$}  {:actors$}  {}", entry.kind, entry.actor, entry.summary)?;
        }
        Ok(())
    }
}

/// Describes a record in a few words.
fn summarize(body: &Body) -> String {
    match body {
        Body::EventIngested(event) => event.kind.to_string(),
        Body::StateChanged(change) => match &change.from {
            Some(from) => format!("{from} → {}", change.to),
            None => change.to.to_string(),
        },
        Body::DecisionRecorded(proposed) => match proposed.risk {
            Some(risk) => format!("propose {} ({risk})", proposed.action),
            None => format!("propose {}", proposed.action),
        },
        Body::ActionValidated(ruling) => format!("{} cleared", ruling.action),
        Body::ApprovalRequired(ruling) => format!("{} awaits review: {}", ruling.action, ruling.reason),
        // The name of a check says what must hold, so the text has to say that it did not.
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

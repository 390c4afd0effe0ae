//! Writes records: compact canonical JSON, straight into the bytes that are hashed.
//!
//! Members are written in the order of their names; a test holds every kind to it.

use super::{
    Envelope,
    body::{
        Body, Conflict, Executed, Grant, RejectedEvent, RejectedReview, Resolved, Ruling, StateChange, Told,
        Unsuccessful, Verdict,
    },
    format::NEWEST,
};
use crate::{
    base::{
        actor::Actor,
        digest::Digest,
        event::EventBody,
        ids::{ApprovalId, EntityRef, ExecutionId, ReceiptId, TraceId, Ulid},
        timestamp::Timestamp,
    },
    kernel::request::Proposed,
    value::{Value, write_str, write_u64},
};
use std::ops::Range;

/// Appends one record. `ending` is where the ending of the batch's last record stands, to be written once.
pub(super) fn record(out: &mut Vec<u8>, envelope: &Envelope, body: &Body, ending: &mut Option<Range<usize>>) {
    let mut it = Members::open(out);
    let claimed = match body {
        Body::DecisionRecorded(proposed) => proposed.claimed.as_ref(),
        _ => None,
    };
    it.nested("actor", |it| write_actor(it, &envelope.actor, claimed));
    it.nested("body", |it| write_body(it, body, envelope));
    it.plain("entity", envelope.entity.as_str());
    it.number("entity_seq", envelope.seq);
    it.plain("format", NEWEST);
    it.plain("kind", body.kind().as_str());
    it.digest("prev", &envelope.prev);
    let start = it.out.len();
    match ending.take() {
        // INVARIANT: the range was written into this buffer before.
        Some(written) => out.extend_from_within(written),
        None => {
            it.time("recorded_at", envelope.recorded_at);
            it.plain("tenant", envelope.tenant.as_str());
            it.id("trace_id", TraceId::PREFIX, envelope.trace.ulid());
            it.close();
        }
    }
    *ending = Some(start..out.len());
}

pub(crate) fn write_actor(it: &mut Members<'_>, actor: &Actor, claimed: Option<&Value>) {
    it.maybe(claimed, |it, claimed| it.value("claimed", claimed));
    it.plain("id", actor.id.as_str());
    it.maybe(actor.on_behalf_of.as_ref(), |it, principal| it.plain("on_behalf_of", principal.as_str()));
    it.plain("type", actor.kind.as_str());
}

fn write_body(it: &mut Members<'_>, body: &Body, envelope: &Envelope) {
    match body {
        Body::EventIngested(event) => write_event(it, event),
        Body::StateChanged(change) => write_state(it, change),
        Body::DecisionRecorded(proposed) => write_proposed(it, proposed, &envelope.entity),
        Body::ActionValidated(ruling) => write_ruling(it, ruling, Verdict::Allowed),
        Body::ApprovalRequired(ruling) => write_ruling(it, ruling, Verdict::ApprovalRequired),
        Body::ActionBlocked(ruling) => write_ruling(it, ruling, Verdict::Blocked),
        Body::ApprovalGranted(grant) => write_grant(it, grant),
        Body::ApprovalDenied(end)
        | Body::ApprovalRevoked(end)
        | Body::ApprovalExpired(end)
        | Body::ApprovalSuperseded(end) => {
            it.approval(end.approval);
            it.maybe(end.reason.as_ref(), |it, reason| it.text("reason", reason));
        }
        Body::ApprovalEscalated(step) => {
            it.approval(step.approval);
            it.text("reason", &step.reason);
            it.plain("reviewers", step.reviewers.as_str());
        }
        Body::ReviewRejected(review) => write_rejected_review(it, review),
        Body::ActionExecuted(done) => write_executed(it, done),
        Body::ActionFailed(result) | Body::ActionUnknown(result) => write_unsuccessful(it, result),
        Body::ExecutionRetried(retry) => {
            it.number("attempt", retry.attempt.into());
            it.maybe(retry.deadline, |it, deadline| it.time("deadline", deadline));
            it.execution(retry.execution);
        }
        Body::ExecutionResolved(resolved) => write_resolved(it, resolved),
        Body::OutcomeConflict(conflict) => write_conflict(it, conflict),
        Body::EventRejected(event) => write_rejected_event(it, event),
        Body::RefusalsSuppressed(suppressed) => it.number("recorded", suppressed.recorded),
        Body::KeyPublished(published) => {
            it.plain("key_id", published.key.id().as_str());
            it.plain("purpose", published.purpose.as_str());
            it.plain("x", &published.key.to_string());
        }
        Body::KeyRevoked(revoked) => {
            it.number("from_index", revoked.from_index);
            it.plain("key_id", revoked.key_id.as_str());
            it.text("reason", &revoked.reason);
        }
    }
}

fn write_event(it: &mut Members<'_>, event: &EventBody) {
    it.maybe(event.causation.as_ref(), |it, id| it.text("causation", id));
    it.maybe(event.correlation.as_ref(), |it, id| it.text("correlation", id));
    it.plain("event_id", event.id.as_str());
    it.plain("event_type", event.kind.as_str());
    it.maybe(event.execution, Members::execution);
    it.value("payload", &event.payload);
}

fn write_state(it: &mut Members<'_>, change: &StateChange) {
    it.plain("event_id", change.event.as_str());
    match &change.from {
        Some(from) => it.plain("from", from.as_str()),
        None => it.value("from", &Value::Null),
    }
    it.number("state_version", change.state_version);
    it.plain("to", change.to.as_str());
}

/// `stream` is the entity in whose stream it stands.
pub(crate) fn write_proposed(it: &mut Members<'_>, proposed: &Proposed, stream: &EntityRef) {
    let notes = &proposed.notes;
    it.plain("action", proposed.action.as_str());
    it.maybe(notes.approval, Members::approval);
    it.nested("authority", |it| {
        it.words("permissions", proposed.authority.permissions.iter().map(|held| held.as_str()));
        it.words("roles", proposed.authority.roles.iter().map(|role| role.as_str()));
    });
    it.key("commitments");
    proposed.commitments.write(it.out, &proposed.params);
    it.maybe(notes.confidence.as_ref(), |it, confidence| it.text("confidence", confidence));
    it.maybe(notes.correlation.as_ref(), |it, id| it.text("correlation", id));
    if !notes.evidence.is_empty() {
        it.texts("evidence", notes.evidence.iter().map(String::as_str));
    }
    it.maybe(notes.idempotency_key.as_ref(), |it, key| it.text("idempotency_key", key.as_str()));
    it.maybe(proposed.offered.as_ref(), |it, offered| it.digest("offered", offered));
    it.nested("parameters", |it| {
        for (name, value) in proposed.params.iter() {
            it.value(name.as_str(), value);
        }
    });
    it.maybe(notes.reasoning.as_ref(), |it, reasoning| it.text("reasoning", reasoning));
    it.maybe(proposed.risk, |it, risk| it.plain("risk", risk.as_str()));
    it.plain_bytes("salt", &proposed.salt.encode());
    if proposed.entity != *stream {
        it.plain("target", proposed.entity.as_str());
    }
}

pub(crate) fn write_ruling(it: &mut Members<'_>, ruling: &Ruling, verdict: Verdict) {
    let terms = ruling.execution.as_ref();
    let hold = ruling.hold.as_ref();
    it.plain("action", ruling.action.as_str());
    it.text("anchor", &ruling.issue.anchor);
    it.maybe(ruling.approval, Members::approval);
    it.maybe(terms, |it, terms| it.number("attempt", terms.attempt.into()));
    it.key("checks");
    write_checks(it.out, ruling);
    it.digest("contract_digest", &ruling.contract_digest);
    it.maybe(terms.and_then(|terms| terms.deadline), |it, deadline| it.time("deadline", deadline));
    it.plain("decision", verdict.as_str());
    it.plain("domain_version", ruling.domain_version.as_str());
    it.maybe(terms, |it, terms| it.plain("effect", terms.effect.as_str()));
    it.maybe(terms, |it, terms| it.execution(terms.execution));
    it.maybe(hold, |it, hold| it.time("expires_at", hold.expires_at));
    it.text("issued_by", &ruling.issue.issued_by);
    it.text("key_id", &ruling.issue.key_id);
    it.plain("policy_version", ruling.policy_version.as_str());
    it.maybe(hold, |it, hold| it.number("quorum", hold.quorum.into()));
    it.plain("reason", ruling.reason.as_str());
    it.id("receipt_id", ReceiptId::PREFIX, ruling.receipt.ulid());
    it.digest("request_digest", &ruling.request_digest);
    it.maybe(hold, |it, hold| it.plain("reviewers", hold.reviewers.as_str()));
    it.number("state_version", ruling.state_version);
    it.maybe(ruling.target.as_ref(), |it, target| it.plain("target", target.as_str()));
}

fn write_checks(out: &mut Vec<u8>, ruling: &Ruling) {
    out.push(b'[');
    for (place, (name, result)) in ruling.checks.iter().enumerate() {
        out.extend_from_slice(if place > 0 { b",{\"name\":\"" } else { b"{\"name\":\"" });
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b"\",\"result\":\"");
        out.extend_from_slice(result.as_str().as_bytes());
        out.extend_from_slice(b"\"}");
    }
    out.push(b']');
}

fn write_grant(it: &mut Members<'_>, grant: &Grant) {
    it.approval(grant.approval);
    it.value("complete", &Value::Bool(grant.complete));
    it.digest("contract_digest", &grant.contract_digest);
    it.number("grants", grant.grants.into());
    it.number("quorum", grant.quorum.into());
    it.text("reason", &grant.reason);
    it.digest("request_digest", &grant.request_digest);
    it.digest("shown_digest", &grant.shown_digest);
    it.number("state_version", grant.state_version);
}

fn write_rejected_review(it: &mut Members<'_>, review: &RejectedReview) {
    it.maybe(review.approval, Members::approval);
    it.maybe(review.execution, Members::execution);
    it.plain("reason", review.reason.as_str());
    it.plain("verdict", review.verdict.as_str());
}

fn write_executed(it: &mut Members<'_>, done: &Executed) {
    it.plain("action", done.action.as_str());
    it.number("attempt", done.attempt.into());
    if !done.emitted.is_empty() {
        it.texts("emitted", done.emitted.iter().map(String::as_str));
    }
    it.execution(done.execution);
    it.told("message", &done.message);
    it.maybe(done.output.as_ref(), |it, output| it.told("output", output));
}

fn write_unsuccessful(it: &mut Members<'_>, result: &Unsuccessful) {
    it.plain("action", result.action.as_str());
    it.number("attempt", result.attempt.into());
    it.plain("cause", result.cause.as_str());
    it.execution(result.execution);
    it.told("message", &result.message);
}

fn write_resolved(it: &mut Members<'_>, resolved: &Resolved) {
    it.plain("action", resolved.action.as_str());
    it.text("evidence", &resolved.evidence);
    it.execution(resolved.execution);
    it.maybe(resolved.means.as_ref(), |it, means| it.plain("means", means.as_str()));
    it.maybe(resolved.output.as_ref(), |it, output| it.told("output", output));
    it.plain("result", resolved.result.as_str());
}

fn write_conflict(it: &mut Members<'_>, conflict: &Conflict) {
    it.plain("action", conflict.action.as_str());
    it.number("attempt", conflict.attempt.into());
    it.execution(conflict.execution);
    it.told("message", &conflict.message);
    it.maybe(conflict.output.as_ref(), |it, output| it.told("output", output));
    it.plain("result", conflict.result.as_str());
}

fn write_rejected_event(it: &mut Members<'_>, event: &RejectedEvent) {
    it.text("event_type", &event.event_type);
    it.execution(event.execution);
    it.told("payload", &event.payload);
    it.plain("reason", event.reason.as_str());
    it.maybe(event.state.as_ref(), |it, state| it.plain("state", state.as_str()));
}

/// An object that is being written. Names are plain ASCII and come in their order.
pub(crate) struct Members<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl<'o> Members<'o> {
    pub(crate) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    pub(crate) fn close(self) {
        self.out.push(b'}');
    }

    // Names are literals: put in line, they are copied without a call or a loop.
    #[inline(always)]
    fn key(&mut self, name: &str) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    #[inline(always)]
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.key(name);
        write_str(self.out, text);
    }

    /// A text that needs no escapes: a word of ours, or a name, whose alphabets have nothing to escape.
    #[inline(always)]
    pub(crate) fn plain(&mut self, name: &str, text: &str) {
        self.plain_bytes(name, text.as_bytes());
    }

    #[inline(always)]
    fn plain_bytes(&mut self, name: &str, text: &[u8]) {
        self.key(name);
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }

    #[inline(always)]
    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.key(name);
        write_u64(self.out, number);
    }

    #[inline(always)]
    pub(crate) fn digest(&mut self, name: &str, digest: &Digest) {
        self.plain_bytes(name, &digest.encode());
    }

    #[inline(always)]
    pub(crate) fn time(&mut self, name: &str, time: Timestamp) {
        self.plain_bytes(name, &time.encode());
    }

    #[inline(always)]
    fn id(&mut self, name: &str, prefix: &str, ulid: Ulid) {
        self.key(name);
        self.out.push(b'"');
        self.out.extend_from_slice(prefix.as_bytes());
        self.out.extend_from_slice(&ulid.encode());
        self.out.push(b'"');
    }

    pub(crate) fn approval(&mut self, id: ApprovalId) {
        self.id("approval_id", ApprovalId::PREFIX, id.ulid());
    }

    pub(crate) fn execution(&mut self, id: ExecutionId) {
        self.id("execution_id", ExecutionId::PREFIX, id.ulid());
    }

    #[inline(always)]
    pub(crate) fn value(&mut self, name: &str, value: &Value) {
        self.key(name);
        value.write(self.out);
    }

    fn texts<'a>(&mut self, name: &str, texts: impl Iterator<Item = &'a str>) {
        self.key(name);
        self.out.push(b'[');
        for (place, text) in texts.enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            write_str(self.out, text);
        }
        self.out.push(b']');
    }

    /// The same of texts that need no escapes.
    fn words<'a>(&mut self, name: &str, words: impl Iterator<Item = &'a str>) {
        self.key(name);
        self.out.push(b'[');
        for (place, word) in words.enumerate() {
            self.out.extend_from_slice(if place > 0 { b",\"" } else { b"\"" });
            self.out.extend_from_slice(word.as_bytes());
            self.out.push(b'"');
        }
        self.out.push(b']');
    }

    fn told(&mut self, name: &str, told: &Told) {
        match told {
            Told::Whole(value) => self.value(name, value),
            Told::Digest { length, digest } => {
                self.digest(&format!("{name}_digest"), digest);
                self.number(&format!("{name}_length"), *length);
            }
        }
    }

    pub(crate) fn nested(&mut self, name: &str, members: impl FnOnce(&mut Members<'_>)) {
        self.key(name);
        let mut inner = Members::open(self.out);
        members(&mut inner);
        inner.close();
    }

    pub(crate) fn objects<T>(&mut self, name: &str, items: &[T], members: impl Fn(&mut Members<'_>, &T)) {
        self.key(name);
        self.out.push(b'[');
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            let mut inner = Members::open(self.out);
            members(&mut inner, item);
            inner.close();
        }
        self.out.push(b']');
    }

    pub(crate) fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        if let Some(value) = value {
            write(self, value);
        }
    }
}

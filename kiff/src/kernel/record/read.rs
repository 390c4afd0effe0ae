//! Reads records back: strictly, and tolerant only of members that a later version may add to a body.

use super::{
    Envelope, RecordBytes,
    body::{
        Body, CheckResult, Closing, Conflict, Escalation, Executed, ExecutionTerms, Grant, HoldTerms, Issue,
        KeyPublished, KeyPurpose, KeyRevoked, Kind, RejectedEvent, RejectedReview, Resolved, Retry, Ruling,
        StateChange, Suppressed, Told, Unsuccessful, Verdict,
    },
    format::{Step, newest},
};
use crate::{
    base::{
        actor::{self, Actor, ActorType},
        code::{Code, coded},
        event::EventBody,
        ids::{EntityRef, KeyId, Salt, TenantId},
        public_key::PublicKey,
    },
    domain::{
        contract::{Effect, Risk},
        param::Params,
    },
    kernel::request::{Commitments, Notes, Proposed, Request},
    value::{Faults, Object, Value, parse_record},
};
use std::{str::FromStr, sync::Arc};

coded! {
    /// Why bytes are not a record that this version can read.
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum RecordError {
        /// The bytes are not JSON as records are written.
        #[error("not a record")]
        Json(#[from] Faults) => "not_a_record",
        /// A member is missing, or of another form than the format says.
        #[error("member `{member}` is missing or malformed")]
        Member {
            /// The member's name.
            member: String,
        } => "member_malformed",
        /// The envelope has a member that the format does not name.
        #[error("the envelope has a member `{member}` that the format does not name")]
        UnknownMember {
            /// The member's name.
            member: String,
        } => "unknown_member",
        /// A format of records that this version does not know.
        #[error("unknown format `{format}`")]
        UnknownFormat {
            /// The format.
            format: String,
        } => "unknown_format",
        /// A kind of record that this version does not know.
        #[error("unknown kind `{kind}`")]
        UnknownKind {
            /// The kind.
            kind: String,
        } => "unknown_kind",
    }
}

/// The members of an envelope beside its format.
const ENVELOPE: [&str; 9] =
    ["actor", "body", "entity", "entity_seq", "kind", "prev", "recorded_at", "tenant", "trace_id"];

/// Reads the envelope and the body.
pub(super) fn parse(bytes: &RecordBytes, steps: &[Step]) -> Result<(Envelope, Body), RecordError> {
    let (envelope, mut rest) = parse_envelope(bytes, steps)?;
    let kind = rest.take::<String>("kind")?;
    let kind = Kind::from_word(&kind).ok_or(RecordError::UnknownKind { kind })?;
    let body = rest.members("body")?;
    let claimed = rest.claimed.take();
    Ok((envelope.clone(), parse_body(kind, body, &envelope, claimed)?))
}

/// Reads the envelope alone, for a kind that is not known.
pub(super) fn parse_envelope(bytes: &RecordBytes, steps: &[Step]) -> Result<(Envelope, Members), RecordError> {
    let Value::Object(object) = parse_record(bytes)? else {
        return Err(missing("format"));
    };
    let object = newest(object, steps)?;
    if let Some((member, _)) = object.iter().find(|(member, _)| !ENVELOPE.contains(member)) {
        return Err(RecordError::UnknownMember { member: member.to_owned() });
    }
    let mut it = Members { object, claimed: None };
    let mut actor = it.members("actor")?;
    it.claimed = actor.claimed();
    let seq = it.place("entity_seq")?;
    let envelope = Envelope {
        tenant: it.parse("tenant")?,
        entity: it.parse("entity")?,
        seq,
        prev: it.parse("prev")?,
        recorded_at: it.fixed_time("recorded_at")?,
        trace: it.parse("trace_id")?,
        actor: Arc::new(parse_actor(&mut actor)?),
    };
    Ok((envelope, it))
}

pub(crate) fn parse_actor(it: &mut Members) -> Result<Actor, RecordError> {
    let kind = ActorType::from_word(&it.take::<String>("type")?).ok_or_else(|| missing("type"))?;
    Ok(Actor::new(it.parse("id")?, kind, it.maybe("on_behalf_of", Members::parse)?))
}

fn parse_body(kind: Kind, mut it: Members, envelope: &Envelope, claimed: Option<Value>) -> Result<Body, RecordError> {
    Ok(match kind {
        Kind::EventIngested => Body::EventIngested(parse_event(&mut it)?),
        Kind::StateChanged => Body::StateChanged(parse_state(&mut it)?),
        Kind::DecisionRecorded => Body::DecisionRecorded(Arc::new(parse_proposed(
            &mut it,
            &envelope.tenant,
            &envelope.entity,
            &envelope.actor,
            claimed,
        )?)),
        Kind::ActionValidated => Body::ActionValidated(Arc::new(parse_ruling(&mut it, Verdict::Allowed)?)),
        Kind::ApprovalRequired => Body::ApprovalRequired(Arc::new(parse_ruling(&mut it, Verdict::ApprovalRequired)?)),
        Kind::ActionBlocked => Body::ActionBlocked(Arc::new(parse_ruling(&mut it, Verdict::Blocked)?)),
        Kind::ApprovalGranted => Body::ApprovalGranted(Box::new(parse_grant(&mut it)?)),
        Kind::ApprovalDenied => Body::ApprovalDenied(parse_closing(&mut it)?),
        Kind::ApprovalRevoked => Body::ApprovalRevoked(parse_closing(&mut it)?),
        Kind::ApprovalExpired => Body::ApprovalExpired(parse_closing(&mut it)?),
        Kind::ApprovalSuperseded => Body::ApprovalSuperseded(parse_closing(&mut it)?),
        Kind::ApprovalEscalated => Body::ApprovalEscalated(Escalation {
            approval: it.parse("approval_id")?,
            reviewers: it.parse("reviewers")?,
            reason: it.take("reason")?,
        }),
        Kind::ReviewRejected => Body::ReviewRejected(RejectedReview {
            approval: it.maybe("approval_id", Members::parse)?,
            execution: it.maybe("execution_id", Members::parse)?,
            verdict: it.parse("verdict")?,
            reason: it.parse("reason")?,
        }),
        Kind::ActionExecuted => Body::ActionExecuted(parse_executed(&mut it)?),
        Kind::ActionFailed => Body::ActionFailed(parse_unsuccessful(&mut it)?),
        Kind::ActionUnknown => Body::ActionUnknown(parse_unsuccessful(&mut it)?),
        Kind::ExecutionRetried => Body::ExecutionRetried(Retry {
            execution: it.parse("execution_id")?,
            attempt: it.small("attempt")?,
            deadline: it.maybe("deadline", Members::fixed_time)?,
        }),
        Kind::ExecutionResolved => Body::ExecutionResolved(Resolved {
            action: it.parse("action")?,
            execution: it.parse("execution_id")?,
            result: it.parse("result")?,
            evidence: it.take("evidence")?,
            means: it.maybe("means", Members::parse)?,
            output: it.maybe_told("output")?,
        }),
        Kind::OutcomeConflict => Body::OutcomeConflict(parse_conflict(&mut it)?),
        Kind::EventRejected => Body::EventRejected(RejectedEvent {
            execution: it.parse("execution_id")?,
            event_type: it.take("event_type")?,
            reason: it.parse("reason")?,
            state: it.maybe("state", Members::parse)?,
            payload: it.told("payload")?,
        }),
        Kind::RefusalsSuppressed => Body::RefusalsSuppressed(Suppressed { recorded: it.number("recorded")? }),
        Kind::KeyPublished => Body::KeyPublished(Box::new(parse_key(&mut it)?)),
        Kind::KeyRevoked => Body::KeyRevoked(KeyRevoked {
            key_id: it.parse("key_id")?,
            from_index: it.number("from_index")?,
            reason: it.take("reason")?,
        }),
    })
}

/// A key under another id than its own is no key.
fn parse_key(it: &mut Members) -> Result<KeyPublished, RecordError> {
    let key: PublicKey = it.parse("x")?;
    if it.parse::<KeyId>("key_id")? != *key.id() {
        return Err(missing("key_id"));
    }
    let purpose = KeyPurpose::from_word(&it.take::<String>("purpose")?).ok_or_else(|| missing("purpose"))?;
    Ok(KeyPublished { key, purpose })
}

fn parse_event(it: &mut Members) -> Result<EventBody, RecordError> {
    Ok(EventBody {
        id: it.parse("event_id")?,
        kind: it.parse("event_type")?,
        payload: it.object.remove("payload").ok_or_else(|| missing("payload"))?,
        correlation: it.maybe("correlation", Members::take::<String>)?.map(Into::into),
        causation: it.maybe("causation", Members::take::<String>)?.map(Into::into),
        execution: it.maybe("execution_id", Members::parse)?,
    })
}

fn parse_state(it: &mut Members) -> Result<StateChange, RecordError> {
    let from = match it.object.remove("from") {
        Some(Value::Null) => None,
        Some(Value::String(from)) => Some(from.parse().map_err(|_| missing("from"))?),
        _ => return Err(missing("from")),
    };
    Ok(StateChange {
        event: it.parse("event_id")?,
        from,
        to: it.parse("to")?,
        state_version: it.number("state_version")?,
    })
}

/// `stream` is the entity in whose stream it stands.
pub(crate) fn parse_proposed(
    it: &mut Members,
    tenant: &TenantId,
    stream: &EntityRef,
    actor: &Arc<Actor>,
    claimed: Option<Value>,
) -> Result<Proposed, RecordError> {
    let mut authority = it.members("authority")?;
    let authority = actor::Granted::new(authority.names("roles")?, authority.names("permissions")?);
    let params = it.members("parameters")?.object.into_iter();
    let params = params.map(|(name, value)| Ok((name.parse().map_err(|_| missing("parameters"))?, value)));
    let params = Params::from_sorted(params.collect::<Result<_, RecordError>>()?);
    let commitments = parse_commitments(&mut it.members("commitments")?, &params)?;
    let action = it.parse("action")?;
    let entity = it.maybe("target", Members::parse)?.unwrap_or_else(|| stream.clone());
    let request = Request { tenant, entity: &entity, action: &action, actor, params: &params };
    let request_digest = request.combine(&commitments, &mut Vec::new());
    let notes = Notes {
        reasoning: it.maybe("reasoning", Members::take)?,
        confidence: it.maybe("confidence", Members::take)?,
        evidence: it.maybe("evidence", Members::names)?.unwrap_or_default(),
        idempotency_key: it.maybe("idempotency_key", Members::parse)?,
        correlation: it.maybe("correlation", Members::take)?,
        approval: it.maybe("approval_id", Members::parse)?,
    };
    let risk = |word: String| {
        [Risk::Low, Risk::Medium, Risk::High, Risk::Critical]
            .into_iter()
            .find(|risk| risk.as_str() == word)
            .ok_or_else(|| missing("risk"))
    };
    Ok(Proposed {
        action,
        entity,
        actor: Arc::clone(actor),
        claimed,
        params,
        offered: it.maybe("offered", Members::parse)?,
        salt: Salt::decode(&it.take::<String>("salt")?).ok_or_else(|| missing("salt"))?,
        commitments,
        request_digest,
        risk: it.maybe("risk", Members::take)?.map(risk).transpose()?,
        authority,
        notes,
    })
}

fn parse_commitments(it: &mut Members, params: &Params) -> Result<Commitments, RecordError> {
    let actor = it.parse("actor")?;
    let params = params.iter().map(|(name, _)| it.parse(&format!("parameters.{name}"))).collect::<Result<_, _>>()?;
    match it.object.is_empty() {
        true => Ok(Commitments { actor, params }),
        false => Err(missing("commitments")),
    }
}

pub(crate) fn parse_ruling(it: &mut Members, verdict: Verdict) -> Result<Ruling, RecordError> {
    if it.take::<String>("decision")? != verdict.as_str() {
        return Err(missing("decision"));
    }
    let hold = match it.maybe("expires_at", Members::fixed_time)? {
        None => None,
        Some(expires_at) => {
            Some(HoldTerms { reviewers: it.parse("reviewers")?, quorum: it.small("quorum")?, expires_at })
        }
    };
    let execution = match it.maybe("execution_id", Members::parse)? {
        None => None,
        Some(execution) => Some(ExecutionTerms {
            execution,
            attempt: it.small("attempt")?,
            effect: Effect::from_word(&it.take::<String>("effect")?).ok_or_else(|| missing("effect"))?,
            deadline: it.maybe("deadline", Members::fixed_time)?,
        }),
    };
    if execution.is_some() != (verdict == Verdict::Allowed) {
        return Err(missing("execution_id"));
    }
    let issue = Issue {
        issued_by: it.take::<String>("issued_by")?.into(),
        anchor: it.take::<String>("anchor")?.into(),
        key_id: it.take::<String>("key_id")?.into(),
    };
    Ok(Ruling {
        action: it.parse("action")?,
        reason: it.parse("reason")?,
        domain_version: it.parse("domain_version")?,
        policy_version: it.parse("policy_version")?,
        contract_digest: it.parse("contract_digest")?,
        state_version: it.number("state_version")?,
        request_digest: it.parse("request_digest")?,
        receipt: it.parse("receipt_id")?,
        issue,
        checks: it.checks()?,
        approval: it.maybe("approval_id", Members::parse)?,
        hold,
        execution,
        target: it.maybe("target", Members::parse)?,
    })
}

fn parse_grant(it: &mut Members) -> Result<Grant, RecordError> {
    Ok(Grant {
        approval: it.parse("approval_id")?,
        grants: it.small("grants")?,
        quorum: it.small("quorum")?,
        complete: it.flag("complete")?,
        request_digest: it.parse("request_digest")?,
        contract_digest: it.parse("contract_digest")?,
        state_version: it.number("state_version")?,
        shown_digest: it.parse("shown_digest")?,
        reason: it.take("reason")?,
    })
}

fn parse_closing(it: &mut Members) -> Result<Closing, RecordError> {
    Ok(Closing { approval: it.parse("approval_id")?, reason: it.maybe("reason", Members::take)? })
}

fn parse_executed(it: &mut Members) -> Result<Executed, RecordError> {
    Ok(Executed {
        action: it.parse("action")?,
        execution: it.parse("execution_id")?,
        attempt: it.small("attempt")?,
        message: it.told("message")?,
        output: it.maybe_told("output")?,
        emitted: it.maybe("emitted", Members::names)?.unwrap_or_default(),
    })
}

fn parse_unsuccessful(it: &mut Members) -> Result<Unsuccessful, RecordError> {
    Ok(Unsuccessful {
        action: it.parse("action")?,
        execution: it.parse("execution_id")?,
        attempt: it.small("attempt")?,
        cause: it.parse("cause")?,
        message: it.told("message")?,
    })
}

fn parse_conflict(it: &mut Members) -> Result<Conflict, RecordError> {
    Ok(Conflict {
        action: it.parse("action")?,
        execution: it.parse("execution_id")?,
        attempt: it.small("attempt")?,
        result: it.parse("result")?,
        message: it.told("message")?,
        output: it.maybe_told("output")?,
    })
}

/// An object whose members are taken out one by one.
pub(crate) struct Members {
    object: Object,
    /// What the actor's JSON claimed, set aside by the envelope.
    claimed: Option<Value>,
}

pub(crate) fn missing(member: &str) -> RecordError {
    RecordError::Member { member: member.to_owned() }
}

impl Members {
    /// The members of a value that must be an object.
    pub(crate) fn of(value: Value) -> Result<Self, RecordError> {
        match value {
            Value::Object(object) => Ok(Self { object, claimed: None }),
            _ => Err(missing("format")),
        }
    }

    pub(crate) fn has(&self, member: &str) -> bool {
        self.object.get(member).is_some()
    }

    /// A string member that must be this one.
    pub(crate) fn expect(&mut self, member: &str, wanted: &str) -> Result<(), RecordError> {
        if self.take::<String>(member)? == wanted { Ok(()) } else { Err(missing(member)) }
    }

    pub(crate) fn flag(&mut self, member: &str) -> Result<bool, RecordError> {
        self.object.remove(member).and_then(|value| value.as_bool()).ok_or_else(|| missing(member))
    }

    /// An array of objects.
    pub(crate) fn objects(&mut self, member: &str) -> Result<Vec<Self>, RecordError> {
        match self.object.remove(member) {
            Some(Value::Array(items)) => items.into_iter().map(Self::of).collect(),
            _ => Err(missing(member)),
        }
    }

    /// What an actor's JSON claimed.
    pub(crate) fn claimed(&mut self) -> Option<Value> {
        self.object.remove("claimed")
    }

    /// A string member.
    pub(crate) fn take<T: From<String>>(&mut self, member: &str) -> Result<T, RecordError> {
        match self.object.remove(member) {
            Some(Value::String(text)) => Ok(text.into()),
            _ => Err(missing(member)),
        }
    }

    /// A string member in the form of a name, an id or a digest.
    pub(crate) fn parse<T: FromStr>(&mut self, member: &str) -> Result<T, RecordError> {
        self.take::<String>(member)?.parse().map_err(|_| missing(member))
    }

    /// A time in the form with its fraction.
    pub(crate) fn fixed_time(&mut self, member: &str) -> Result<crate::base::timestamp::Timestamp, RecordError> {
        let text: String = self.take(member)?;
        if text.len() == 24 { text.parse().map_err(|_| missing(member)) } else { Err(missing(member)) }
    }

    pub(crate) fn number(&mut self, member: &str) -> Result<u64, RecordError> {
        self.object.remove(member).and_then(|value| value.as_number()?.as_u64()).ok_or_else(|| missing(member))
    }

    /// A sequence: they begin with 1.
    pub(crate) fn place(&mut self, member: &str) -> Result<u64, RecordError> {
        self.number(member).and_then(|seq| if seq > 0 { Ok(seq) } else { Err(missing(member)) })
    }

    pub(crate) fn small(&mut self, member: &str) -> Result<u32, RecordError> {
        self.number(member)?.try_into().map_err(|_| missing(member))
    }

    pub(crate) fn members(&mut self, member: &str) -> Result<Self, RecordError> {
        match self.object.remove(member) {
            Some(Value::Object(object)) => Ok(Self { object, claimed: None }),
            _ => Err(missing(member)),
        }
    }

    /// An array of strings of one form.
    fn names<T: FromStr>(&mut self, member: &str) -> Result<Vec<T>, RecordError> {
        let Some(Value::Array(items)) = self.object.remove(member) else {
            return Err(missing(member));
        };
        items
            .iter()
            .map(|item| item.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| missing(member)))
            .collect()
    }

    fn checks(&mut self) -> Result<Vec<(Code, CheckResult)>, RecordError> {
        let Some(Value::Array(items)) = self.object.remove("checks") else {
            return Err(missing("checks"));
        };
        let check = |item: Value| {
            let Value::Object(object) = item else { return Err(missing("checks")) };
            let mut it = Self { object, claimed: None };
            let result = CheckResult::from_word(&it.take::<String>("result")?).ok_or_else(|| missing("result"))?;
            Ok((it.parse("name")?, result))
        };
        items.into_iter().map(check).collect()
    }

    fn told(&mut self, member: &str) -> Result<Told, RecordError> {
        self.maybe_told(member)?.ok_or_else(|| missing(member))
    }

    fn maybe_told(&mut self, member: &str) -> Result<Option<Told>, RecordError> {
        if let Some(value) = self.object.remove(member) {
            return Ok(Some(Told::Whole(value)));
        }
        let digest = self.maybe(&format!("{member}_digest"), Self::parse)?;
        let Some(digest) = digest else { return Ok(None) };
        Ok(Some(Told::Digest { length: self.number(&format!("{member}_length"))?, digest: Box::new(digest) }))
    }

    /// A member that may be absent.
    pub(crate) fn maybe<T>(
        &mut self,
        member: &str,
        read: impl FnOnce(&mut Self, &str) -> Result<T, RecordError>,
    ) -> Result<Option<T>, RecordError> {
        match self.object.get(member) {
            None => Ok(None),
            Some(_) => read(self, member).map(Some),
        }
    }
}

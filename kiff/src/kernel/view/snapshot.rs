//! A view as bytes, and back (`docs/formats.md` §12), so that a cold entity need not be folded from its first record.
//!
//! A snapshot is a cache and no evidence. One that does not read back as a whole, or was made under other rules, is ignored.

use super::{
    entity_view::{SnapshotMark, View},
    open::{Denial, OpenApproval, OpenExecution},
    refusals::RefusalRun,
};
use crate::{
    base::{
        digest::Digest,
        ids::{EntityRef, ExecutionId, TenantId},
    },
    domain::{Domain, contract::Effect, machine::FactsBox},
    kernel::{
        record::{
            Head, RecordError, Verdict,
            body::{Ruling, Sender},
            missing, read,
            write::{self, Members},
        },
        request::StoredProposal,
    },
    value::{Value, walk},
};
use std::sync::Arc;

/// The most bytes that a snapshot may have. A larger view costs more to read than to fold.
const MAX_BYTES: usize = 1 << 20;
/// Where the JSON begins: after its digest and a space.
const JSON_AT: usize = 72;
const FORMAT: &str = "kiff-snapshot/1";

/// Writes a view. `None` if it would be too large, or would not read back as the same view.
pub(crate) fn write(view: &View, domain: &Domain) -> Option<Vec<u8>> {
    let json = encode(view, domain)?;
    let mut bytes = Digest::of(&json).encode().to_vec();
    bytes.push(b' ');
    bytes.extend_from_slice(&json);
    // The facts are the host's own type. Only a try shows whether they survive their JSON.
    let again = read(&bytes, domain, &view.head.tenant, &view.head.entity)?;
    (described(again) == described(view.clone())).then_some(bytes)
}

/// Everything that a view holds of its stream, to compare two views.
fn described(view: View) -> String {
    format!("{:?}", View { snapshot: SnapshotMark::default(), ..view })
}

/// Reads a view. `None` if the bytes are damaged, of another stream, or made under other rules.
pub(crate) fn read(bytes: &[u8], domain: &Domain, tenant: &TenantId, entity: &EntityRef) -> Option<View> {
    let (digest, json) = bytes.split_at_checked(JSON_AT)?;
    if bytes.len() > MAX_BYTES || digest.strip_suffix(b" ")? != Digest::of(json).encode() {
        return None;
    }
    decode(json, domain, View::empty(domain, tenant.clone(), entity.clone())).ok()
}

fn encode(view: &View, domain: &Domain) -> Option<Vec<u8>> {
    // Facts that failed under today's code may fold under tomorrow's, so they are always folded anew.
    if view.head.seq == 0 || view.proposal.is_some() || view.facts_failed {
        return None;
    }
    let facts = match &view.facts {
        Some(facts) => Some((blank(domain, view)?, facts.to_text()?)),
        None => None,
    };
    let entity = &view.head.entity;
    let mut json = Vec::new();
    let mut members = Members::open(&mut json);
    members.objects("approvals", &view.approvals, |members, approval| write_approval(members, approval, entity));
    members.objects("denials", &view.denials, |members, denial| write_denial(members, denial, entity));
    members.digest("domain_digest", &domain.digest());
    members.plain("entity", entity.as_str());
    members.objects("executions", &view.executions, |members, open| write_execution(members, open, entity));
    members.maybe(facts, |members, (blank, now)| {
        members.nested("facts", |members| {
            members.text("blank", &blank);
            members.text("now", &now);
        });
    });
    members.value("flagged", &Value::Bool(view.flagged));
    members.plain("format", FORMAT);
    members.nested("head", |members| {
        members.digest("leaf", &view.head.leaf);
        members.time("recorded_at", view.head.recorded_at);
        members.number("seq", view.head.seq);
    });
    members.objects("refusals", &view.refusals.0, write_refusals);
    members.maybe(view.state.as_ref(), |members, state| members.plain("state", state.as_str()));
    members.number("state_version", view.state_version);
    members.plain("tenant", view.head.tenant.as_str());
    members.close();
    Some(json)
}

/// The facts of an entity without events. If a snapshot has others, the type of the facts has changed since.
fn blank(domain: &Domain, view: &View) -> Option<String> {
    domain.machine(view.head.entity.kind())?.blank.as_ref()?.to_text()
}

fn write_approval(members: &mut Members<'_>, approval: &OpenApproval, entity: &EntityRef) {
    members.value("complete", &Value::Bool(approval.complete));
    members.maybe(approval.escalated.as_ref(), |members, reviewers| members.plain("escalated", reviewers.as_str()));
    members.objects("grants", &approval.grants, |members, by| write::write_actor(members, by, None));
    members.time("opened_at", approval.opened_at);
    write_proposed(members, &approval.proposed, entity);
    members.nested("ruling", |members| approval.ruling.write(members, Verdict::ApprovalRequired));
}

fn write_denial(members: &mut Members<'_>, denial: &Denial, entity: &EntityRef) {
    members.approval(denial.approval);
    members.plain("by", denial.by.as_str());
    write_proposed(members, &denial.proposed, entity);
    members.maybe(denial.reason.as_ref(), |members, reason| members.text("reason", reason));
}

fn write_execution(members: &mut Members<'_>, open: &OpenExecution, entity: &EntityRef) {
    members.plain("action", open.action.as_str());
    members.number("attempt", open.attempt.into());
    members.maybe(open.deadline, |members, deadline| members.time("deadline", deadline));
    members.maybe(open.doubt.as_ref(), |members, cause| members.plain("doubt", cause.as_str()));
    members.plain("effect", open.effect.as_str());
    members.execution(open.execution);
    members.maybe(open.proposed.as_ref(), |members, proposed| write_proposed(members, proposed, entity));
    members.nested("requester", |members| write::write_actor(members, &open.requester, None));
    members.time("since", open.since);
}

fn write_refusals(members: &mut Members<'_>, run: &RefusalRun) {
    members.plain("actor", run.actor.as_str());
    members.number("count", run.count);
    members.time("since", run.since);
    members.value("suppressed", &Value::Bool(run.is_suppressed));
}

/// Writes a proposal as its own record has it: the actor and the body.
fn write_proposed(members: &mut Members<'_>, proposed: &StoredProposal, entity: &EntityRef) {
    members.nested("proposed", |members| {
        members.nested("actor", |members| write::write_actor(members, &proposed.actor, proposed.claimed.as_ref()));
        members.nested("body", |members| proposed.write(members, entity));
    });
}

/// Fills the empty view of a stream.
fn decode(json: &[u8], domain: &Domain, mut view: View) -> Result<View, RecordError> {
    let tape = walk(json).ok_or_else(|| missing("format"))?;
    let mut members = read::Members::of(&tape)?;
    members.expect("format", FORMAT)?;
    members.expect("domain_digest", &domain.digest().to_string())?;
    members.expect("tenant", view.head.tenant.as_str())?;
    members.expect("entity", view.head.entity.as_str())?;
    view.facts = read_facts(&mut members, domain, &view)?;
    let tenant = view.head.tenant.clone();
    let entity = view.head.entity.clone();
    for mut approval in members.objects("approvals")? {
        view.approvals.push(read_approval(&mut approval, &tenant, &entity)?);
    }
    for mut denial in members.objects("denials")? {
        view.denials.push(read_denial(&mut denial, &tenant, &entity)?);
    }
    for mut execution in members.objects("executions")? {
        view.executions.push(read_execution(&mut execution, &tenant, &entity)?);
    }
    for mut run in members.objects("refusals")? {
        view.refusals.0.push(read_refusals(&mut run)?);
    }
    view.flagged = members.flag("flagged")?;
    view.state = members.maybe("state", read::Members::parse)?;
    view.state_version = members.number("state_version")?;
    let mut head = members.members("head")?;
    let seq = head.place("seq")?;
    let leaf = head.parse("leaf")?;
    view.head = Head { tenant, entity, seq, leaf, recorded_at: head.fixed_time("recorded_at")? };
    view.snapshot = SnapshotMark { seq, revision: 0 };
    Ok(view)
}

/// Reads the facts. The snapshot and the empty view must both have facts of the same type, or neither.
fn read_facts(members: &mut read::Members, domain: &Domain, view: &View) -> Result<Option<FactsBox>, RecordError> {
    let Some(facts) = &view.facts else {
        return if members.has("facts") { Err(missing("facts")) } else { Ok(None) };
    };
    let mut stored = members.members("facts")?;
    stored.expect("blank", &blank(domain, view).ok_or_else(|| missing("blank"))?)?;
    let now: String = stored.take("now")?;
    facts.parse(&now).ok_or_else(|| missing("now")).map(Some)
}

fn read_approval(
    members: &mut read::Members,
    tenant: &TenantId,
    entity: &EntityRef,
) -> Result<OpenApproval, RecordError> {
    let ruling = Ruling::read(&mut members.members("ruling")?, Verdict::ApprovalRequired)?;
    let grants = members
        .objects("grants")?
        .iter_mut()
        .map(|actor| read::parse_actor(actor).map(Arc::new))
        .collect::<Result<_, _>>()?;
    Ok(OpenApproval {
        id: ruling.approval.ok_or_else(|| missing("approval_id"))?,
        proposed: read_proposed(members, tenant, entity)?,
        opened_at: members.fixed_time("opened_at")?,
        reviewers: ruling.hold.as_ref().map(|hold| hold.reviewers.clone()),
        escalated: members.maybe("escalated", read::Members::parse)?,
        grants,
        complete: members.flag("complete")?,
        ruling: Arc::new(ruling),
    })
}

fn read_denial(members: &mut read::Members, tenant: &TenantId, entity: &EntityRef) -> Result<Denial, RecordError> {
    Ok(Denial {
        approval: members.parse("approval_id")?,
        by: members.parse("by")?,
        reason: members.maybe("reason", read::Members::take)?,
        proposed: read_proposed(members, tenant, entity)?,
    })
}

fn read_refusals(members: &mut read::Members) -> Result<RefusalRun, RecordError> {
    Ok(RefusalRun {
        actor: members.parse("actor")?,
        count: members.number("count")?,
        since: members.fixed_time("since")?,
        is_suppressed: members.flag("suppressed")?,
    })
}

fn read_execution(
    members: &mut read::Members,
    tenant: &TenantId,
    entity: &EntityRef,
) -> Result<OpenExecution, RecordError> {
    let effect = Effect::from_word(&members.take::<String>("effect")?).ok_or_else(|| missing("effect"))?;
    let execution: ExecutionId = members.parse("execution_id")?;
    Ok(OpenExecution {
        execution,
        action: members.parse("action")?,
        requester: Arc::new(read::parse_actor(&mut members.members("requester")?)?),
        attempt: members.small("attempt")?,
        effect,
        deadline: members.maybe("deadline", read::Members::fixed_time)?,
        since: members.fixed_time("since")?,
        doubt: members.maybe("doubt", read::Members::parse)?,
        proposed: if members.has("proposed") { Some(read_proposed(members, tenant, entity)?) } else { None },
    })
}

fn read_proposed(
    members: &mut read::Members,
    tenant: &TenantId,
    entity: &EntityRef,
) -> Result<Arc<StoredProposal>, RecordError> {
    let mut proposed = members.members("proposed")?;
    let mut actor = proposed.members("actor")?;
    let claimed = actor.claimed();
    let actor = Arc::new(read::parse_actor(&mut actor)?);
    let sender = Sender { tenant, stream: entity, actor: &actor, claimed };
    Ok(Arc::new(StoredProposal::read(&mut proposed.members("body")?, sender)?))
}

//! A view as bytes, and back (`docs/formats.md` §12), so that a cold entity need not be folded from its first record.
//!
//! A snapshot is a cache and no evidence. What does not read back as a whole, or was made under other rules, is nothing.

use super::{
    entity_view::{SnapshotMark, View},
    open::{Denial, OpenApproval, OpenExecution},
    refusals::RefusalRun,
};
use crate::{
    base::{
        digest::Digest,
        ids::{ApprovalId, EntityRef, ExecutionId, TenantId},
    },
    domain::{Domain, contract::Effect, machine::FactsBox},
    kernel::{
        record::{
            Head, RecordError, Verdict,
            body::{Ruling, Sender},
            missing, read,
            write::{self, Members},
        },
        request::Proposed,
    },
    value::{Value, walk},
};
use std::sync::Arc;

/// The most bytes that a snapshot may have. A view that needs more is not worth its keep.
const MOST: usize = 1 << 20;
/// A digest, before the JSON that it is of.
const JSON_AT: usize = 72;
const FORMAT: &str = "kiff-snapshot/1";

/// The bytes of a view; nothing if they would be too many, or would not read back as the same view.
pub(crate) fn write(view: &View, domain: &Domain) -> Option<Vec<u8>> {
    let json = encode(view, domain)?;
    let mut bytes = Digest::of(&json).encode().to_vec();
    bytes.push(b' ');
    bytes.extend_from_slice(&json);
    // The facts are the host's own type, and nothing but a try tells whether they survive their JSON.
    let again = read(&bytes, domain, &view.head.tenant, &view.head.entity)?;
    (said(again) == said(view.clone())).then_some(bytes)
}

/// Everything that a view says of its stream.
fn said(view: View) -> String {
    format!("{:?}", View { snapshot: SnapshotMark::default(), ..view })
}

/// The view that the bytes are of; nothing if they are damaged, of another stream, or made under other rules.
pub(crate) fn read(bytes: &[u8], domain: &Domain, tenant: &TenantId, entity: &EntityRef) -> Option<View> {
    let (digest, json) = bytes.split_at_checked(JSON_AT)?;
    if bytes.len() > MOST || digest.strip_suffix(b" ")? != Digest::of(json).encode() {
        return None;
    }
    decode(json, domain, View::empty(domain, tenant.clone(), entity.clone())).ok()
}

fn encode(view: &View, domain: &Domain) -> Option<Vec<u8>> {
    // Facts that failed may be right under the code that comes next, so they are always folded anew.
    if view.head.seq == 0 || view.proposal.is_some() || view.facts_failed {
        return None;
    }
    let facts = match &view.facts {
        Some(facts) => Some((blank(domain, view)?, facts.to_text()?)),
        None => None,
    };
    let (mut json, entity) = (Vec::new(), &view.head.entity);
    let mut it = Members::open(&mut json);
    it.objects("approvals", &view.approvals, |it, approval| write_approval(it, approval, entity));
    it.objects("denials", &view.denials, |it, denial| write_denial(it, denial, entity));
    it.digest("domain_digest", &domain.digest());
    it.plain("entity", entity.as_str());
    it.objects("executions", &view.executions, |it, open| write_execution(it, open, entity));
    it.maybe(facts, |it, (blank, now)| {
        it.nested("facts", |it| {
            it.text("blank", &blank);
            it.text("now", &now);
        });
    });
    it.value("flagged", &Value::Bool(view.flagged));
    it.plain("format", FORMAT);
    it.nested("head", |it| {
        it.digest("leaf", &view.head.leaf);
        it.time("recorded_at", view.head.recorded_at);
        it.number("seq", view.head.seq);
    });
    it.objects("refusals", &view.refusals.0, write_refusals);
    it.maybe(view.state.as_ref(), |it, state| it.plain("state", state.as_str()));
    it.number("state_version", view.state_version);
    it.plain("tenant", view.head.tenant.as_str());
    it.close();
    Some(json)
}

/// The facts of an entity without events. Where they look otherwise, the type of the facts has changed.
fn blank(domain: &Domain, view: &View) -> Option<String> {
    domain.machine(view.head.entity.kind())?.blank.as_ref()?.to_text()
}

fn write_approval(it: &mut Members<'_>, approval: &OpenApproval, entity: &EntityRef) {
    it.value("complete", &Value::Bool(approval.complete));
    it.maybe(approval.escalated.as_ref(), |it, reviewers| it.plain("escalated", reviewers.as_str()));
    it.objects("grants", &approval.grants, |it, by| write::write_actor(it, by, None));
    it.time("opened_at", approval.opened_at);
    write_proposed(it, &approval.proposed, entity);
    it.nested("ruling", |it| approval.ruling.write(it, Verdict::ApprovalRequired));
}

fn write_denial(it: &mut Members<'_>, denial: &Denial, entity: &EntityRef) {
    it.approval(denial.approval);
    it.plain("by", denial.by.as_str());
    write_proposed(it, &denial.proposed, entity);
    it.maybe(denial.reason.as_ref(), |it, reason| it.text("reason", reason));
}

fn write_execution(it: &mut Members<'_>, open: &OpenExecution, entity: &EntityRef) {
    it.plain("action", open.action.as_str());
    it.number("attempt", open.attempt.into());
    it.maybe(open.deadline, |it, deadline| it.time("deadline", deadline));
    it.maybe(open.doubt.as_ref(), |it, cause| it.plain("doubt", cause.as_str()));
    it.plain("effect", open.effect.as_str());
    it.execution(open.execution);
    it.maybe(open.proposed.as_ref(), |it, proposed| write_proposed(it, proposed, entity));
    it.nested("requester", |it| write::write_actor(it, &open.requester, None));
    it.time("since", open.since);
}

fn write_refusals(it: &mut Members<'_>, run: &RefusalRun) {
    it.plain("actor", run.actor.as_str());
    it.number("count", run.count);
    it.time("since", run.since);
    it.value("suppressed", &Value::Bool(run.is_suppressed));
}

/// A proposal as its own record has it: who asked, and the body.
fn write_proposed(it: &mut Members<'_>, proposed: &Proposed, entity: &EntityRef) {
    it.nested("proposed", |it| {
        it.nested("actor", |it| write::write_actor(it, &proposed.actor, proposed.claimed.as_ref()));
        it.nested("body", |it| proposed.write(it, entity));
    });
}

/// Fills a view of the stream that is empty yet.
fn decode(json: &[u8], domain: &Domain, mut view: View) -> Result<View, RecordError> {
    let tape = walk(json).ok_or_else(|| missing("format"))?;
    let mut it = read::Members::of(&tape)?;
    it.expect("format", FORMAT)?;
    it.expect("domain_digest", &domain.digest().to_string())?;
    it.expect("tenant", view.head.tenant.as_str())?;
    it.expect("entity", view.head.entity.as_str())?;
    view.facts = read_facts(&mut it, domain, &view)?;
    let (tenant, entity) = (view.head.tenant.clone(), view.head.entity.clone());
    for mut it in it.objects("approvals")? {
        view.approvals.push(read_approval(&mut it, &tenant, &entity)?);
    }
    for mut it in it.objects("denials")? {
        let approval: ApprovalId = it.parse("approval_id")?;
        let (by, reason) = (it.parse("by")?, it.maybe("reason", read::Members::take)?);
        view.denials.push(Denial { approval, proposed: read_proposed(&mut it, &tenant, &entity)?, by, reason });
    }
    for mut it in it.objects("executions")? {
        view.executions.push(read_execution(&mut it, &tenant, &entity)?);
    }
    for mut it in it.objects("refusals")? {
        let (actor, count, since) = (it.parse("actor")?, it.number("count")?, it.fixed_time("since")?);
        view.refusals.0.push(RefusalRun { actor, count, since, is_suppressed: it.flag("suppressed")? });
    }
    view.flagged = it.flag("flagged")?;
    view.state = it.maybe("state", read::Members::parse)?;
    view.state_version = it.number("state_version")?;
    let mut it = it.members("head")?;
    let (seq, leaf, recorded_at) = (it.place("seq")?, it.parse("leaf")?, it.fixed_time("recorded_at")?);
    view.head = Head { tenant, entity, seq, leaf, recorded_at };
    view.snapshot = SnapshotMark { seq, revision: 0 };
    Ok(view)
}

/// Both have facts and of the same type, or neither has.
fn read_facts(it: &mut read::Members, domain: &Domain, view: &View) -> Result<Option<FactsBox>, RecordError> {
    let Some(facts) = &view.facts else {
        return if it.has("facts") { Err(missing("facts")) } else { Ok(None) };
    };
    let mut it = it.members("facts")?;
    it.expect("blank", &blank(domain, view).ok_or_else(|| missing("blank"))?)?;
    let now: String = it.take("now")?;
    facts.parse(&now).ok_or_else(|| missing("now")).map(Some)
}

fn read_approval(it: &mut read::Members, tenant: &TenantId, entity: &EntityRef) -> Result<OpenApproval, RecordError> {
    let ruling = Ruling::read(&mut it.members("ruling")?, Verdict::ApprovalRequired)?;
    let grants =
        it.objects("grants")?.iter_mut().map(|it| read::parse_actor(it).map(Arc::new)).collect::<Result<_, _>>()?;
    Ok(OpenApproval {
        id: ruling.approval.ok_or_else(|| missing("approval_id"))?,
        proposed: read_proposed(it, tenant, entity)?,
        opened_at: it.fixed_time("opened_at")?,
        reviewers: ruling.hold.as_ref().map(|hold| hold.reviewers.clone()),
        escalated: it.maybe("escalated", read::Members::parse)?,
        grants,
        complete: it.flag("complete")?,
        ruling: Arc::new(ruling),
    })
}

fn read_execution(it: &mut read::Members, tenant: &TenantId, entity: &EntityRef) -> Result<OpenExecution, RecordError> {
    let effect = Effect::from_word(&it.take::<String>("effect")?).ok_or_else(|| missing("effect"))?;
    let execution: ExecutionId = it.parse("execution_id")?;
    Ok(OpenExecution {
        execution,
        action: it.parse("action")?,
        requester: Arc::new(read::parse_actor(&mut it.members("requester")?)?),
        attempt: it.small("attempt")?,
        effect,
        deadline: it.maybe("deadline", read::Members::fixed_time)?,
        since: it.fixed_time("since")?,
        doubt: it.maybe("doubt", read::Members::parse)?,
        proposed: if it.has("proposed") { Some(read_proposed(it, tenant, entity)?) } else { None },
    })
}

fn read_proposed(it: &mut read::Members, tenant: &TenantId, entity: &EntityRef) -> Result<Arc<Proposed>, RecordError> {
    let mut it = it.members("proposed")?;
    let mut actor = it.members("actor")?;
    let claimed = actor.claimed();
    let actor = Arc::new(read::parse_actor(&mut actor)?);
    let sender = Sender { tenant, stream: entity, actor: &actor, claimed };
    Ok(Arc::new(Proposed::read(&mut it.members("body")?, sender)?))
}

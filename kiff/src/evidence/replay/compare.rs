//! What other rules would have decided.

use super::{Key, lines};
use crate::{
    base::code::Code,
    base::ids::{ActionName, ApprovalId, EntityRef, ExecutionId, Ids, ReceiptId, Salt, TraceId, Ulid},
    domain::Domain,
    kernel::{
        decide::{EffectBy, Propose},
        decision::Decided,
        known::Known,
        proposal::admit_again,
        record::{
            Record, Verdict,
            body::{Body, Issue},
        },
        refusal::Refusal,
        request::Proposed,
        step::{Call, Case, Done, Step, step},
        view::{View, fold},
    },
};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// Decides every recorded proposal again, under another version of the domain, at the time and in the state
/// of the log, and lists what would be decided differently.
///
/// A decision that hung on an approval, a key or a signer is left out, and so is a proposal whose
/// parameters were not admitted: the log has only the digest of what was offered.
///
/// ```
/// use kiff::{Verdict, replay};
/// # fn domain(version: &str, threshold: u64) -> Result<kiff::Domain, kiff::DomainError> {
/// #     use kiff::{Call, Contract, Definition, Domain, Machine, Outcome, Param};
/// #     let refund = Contract::new("REFUND_ORDER", "order")
/// #         .allowed_states(["PAID"])
/// #         .approval_when("amount_above_threshold", "orders.approve")
/// #         .param("cents", u64::KIND)
/// #         .emits(["ORDER_REFUNDED"]);
/// #     let refund = Definition::new(refund)
/// #         .try_approval_when("amount_above_threshold", move |at| Ok(at.param::<u64>("cents")? > threshold))
/// #         .executor(|_: Call<'_>| Ok(Outcome::new("paid back").emit("ORDER_REFUNDED")));
/// #     Domain::builder("shop", version)
/// #         .table(Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED"))
/// #         .define(refund)
/// #         .role("approver", ["orders.approve"])
/// #         .build()
/// # }
/// # fn log(domain: kiff::Domain) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
/// #     use kiff::{Authority, NewEvent, Proposal, Runtime};
/// #     let rt = Runtime::builder(domain).build()?.blocking();
/// #     rt.ingest(&Authority::service("stripe")?, "order:1", NewEvent::new("evt_1", "ORDER_PAID"))?.accepted()?;
/// #     let agent = Authority::agent("bot", [""; 0])?;
/// #     rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1").param("cents", 80_00))?.executed()?;
/// #     Ok(rt.export()?)
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Yesterday a refund of 80.00 ran: people were asked from 100.00 on.
/// let yesterday = log(domain("v1", 100_00)?)?;
/// assert!(replay::compare(&domain("v1", 100_00)?, &yesterday).is_empty());
///
/// // What if they were asked from 50.00 on?
/// let changes = replay::compare(&domain("v2", 50_00)?, &yesterday);
/// let [change] = changes.differences.as_slice() else { return Err("one decision would differ".into()) };
/// assert_eq!(change.was.decision, Verdict::Allowed);
/// assert_eq!(change.now.decision, Verdict::ApprovalRequired);
/// assert_eq!(change.now.reason, "amount_above_threshold");
/// println!("{changes}");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn compare(domain: &Domain, log: &[u8]) -> Comparison {
    let mut views: BTreeMap<Key, View> = BTreeMap::new();
    let mut comparison = Comparison::default();
    let mut pending: Option<(u64, Arc<Proposed>, Outlook)> = None;
    for (index, line) in (0u64..).zip(lines(log)) {
        let record = match Record::parse(line.into()) {
            Ok(record) => record,
            Err(error) => {
                comparison.unreadable.push((index, error.code()));
                continue;
            }
        };
        let key = (record.tenant().clone(), record.entity().clone());
        if let Body::DecisionRecorded(proposed) = &record.body {
            let target = (key.0.clone(), proposed.entity.clone());
            let view = views.get(&target).cloned();
            let view = view.unwrap_or_else(|| View::empty(domain, target.0, target.1));
            pending = Some((index, Arc::clone(proposed), outlook(domain, &view, proposed, &record)));
        } else if let Some(ruling) = record.body.ruling()
            && let Some((index, proposed, now)) = pending.take()
        {
            comparison.add(
                index,
                &proposed,
                Outlook { decision: verdict_of(&record.body), reason: ruling.reason.clone() },
                now,
            );
        }
        let view =
            views.entry(key).or_insert_with_key(|(tenant, entity)| View::empty(domain, tenant.clone(), entity.clone()));
        if let Err(error) = fold(view, &record) {
            comparison.unreadable.push((index, error.code()));
        }
    }
    comparison
}

fn verdict_of(body: &Body) -> Verdict {
    match body {
        Body::ActionValidated(_) => Verdict::Allowed,
        Body::ApprovalRequired(_) => Verdict::ApprovalRequired,
        _ => Verdict::Blocked,
    }
}

/// What the domain would decide about a stored proposal now.
fn outlook(domain: &Domain, view: &View, proposal: &Arc<Proposed>, record: &Record) -> Outlook {
    let mut admitted = admit_again(domain, proposal);
    // Approvals and keys belong to the history, not to the rules.
    let notes = &mut Arc::make_mut(&mut admitted.proposal).notes;
    notes.approval = None;
    notes.idempotency_key = None;
    let tenant = record.tenant();
    let call = Call { ids: no_ids(), now: record.recorded_at(), is_unsigned: false };
    let issuer = Issue { issued_by: "replay".into(), anchor: "none".into(), key_id: "none".into() };
    let refused = View::bare(tenant.clone(), EntityRef::reserved("refused"));
    let known = Known::of_views([Arc::new(view.clone()), Arc::new(refused)]);
    let case = Case { domain, tenant, call: &call, issuer: &issuer };
    match step(&case, &Propose { admitted: &admitted, effect_by: EffectBy::Host }, &known) {
        Step::Done(Done { reply: Decided::Held(hold), .. }) => {
            Outlook { decision: Verdict::ApprovalRequired, reason: hold.approval.ruling.reason.clone() }
        }
        Step::Done(Done { reply: Decided::Blocked(block), .. }) => {
            Outlook { decision: Verdict::Blocked, reason: block.reason }
        }
        // Without a key and an approval the views are all that a proposal needs.
        Step::Done(_) | Step::Need(_) | Step::Fault(_) => {
            Outlook { decision: Verdict::Allowed, reason: Code::fixed("none") }
        }
    }
}

fn no_ids() -> Ids {
    let nothing = Ulid::new(0, [0; 10]);
    Ids::new(
        TraceId::new(nothing),
        ReceiptId::new(nothing),
        ApprovalId::new(nothing),
        ExecutionId::new(nothing),
        Salt::new([0; 16]),
    )
}

/// What other rules would decide differently.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// How many decisions were made again.
    pub compared: u64,
    /// How many were left out, because they hung on more than the rules.
    pub left_out: u64,
    /// The decisions that would differ, in the order of the log.
    pub differences: Vec<Difference>,
    /// Records that could not be read or followed, with the reason.
    pub unreadable: Vec<(u64, Code)>,
}

/// One decision that would differ.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The index of its proposal in the log; 0 is the first record.
    pub index: u64,
    /// The entity.
    pub entity: EntityRef,
    /// The action.
    pub action: ActionName,
    /// What was decided.
    pub was: Outlook,
    /// What would be decided now.
    pub now: Outlook,
}

/// A decision and its reason.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The decision.
    pub decision: Verdict,
    /// Its reason code; `none` if there is none.
    pub reason: Code,
}

impl Comparison {
    /// True if every decision would be the same, and every record could be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty() && self.unreadable.is_empty()
    }

    fn add(&mut self, index: u64, proposed: &Proposed, was: Outlook, now: Outlook) {
        if proposed.offered.is_some() && proposed.risk.is_some() || hangs_on_history(&was.reason) {
            self.left_out += 1;
            return;
        }
        self.compared += 1;
        if was != now {
            self.differences.push(Difference {
                index,
                entity: proposed.entity.clone(),
                action: proposed.action.clone(),
                was,
                now,
            });
        }
    }
}

/// True for reasons that an approval, a key or a signer gave.
fn hangs_on_history(reason: &Code) -> bool {
    let approval: ApprovalId = ApprovalId::new(Ulid::new(0, [0; 10]));
    let reasons = [
        Refusal::ApprovalUnknown { approval },
        Refusal::ApprovalMismatch { approval, field: "" },
        Refusal::ApprovalStale { approval, what: "" },
        Refusal::ApprovalConsumed { approval },
        Refusal::ApprovalDenied { approval, by: None, note: None },
        Refusal::ApprovalRevoked { approval },
        Refusal::ApprovalExpired { approval },
        Refusal::TooManyOpenApprovals { open: 0, most: 0 },
        Refusal::IdempotencyKeyReused,
        Refusal::SignerUnavailable,
    ];
    reasons.iter().any(|refusal| refusal.code() == *reason)
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} decisions made again, {} would differ", self.compared, self.differences.len())?;
        if self.left_out > 0 {
            write!(f, "; {} left out", self.left_out)?;
        }
        for difference in &self.differences {
            write!(f, "\n{difference}")?;
        }
        self.unreadable
            .iter()
            .try_for_each(|(index, reason)| write!(f, "\nrecord {index} cannot be followed: {reason}"))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}: {} on {} was {}, would be {}", self.index, self.action, self.entity, self.was, self.now)
    }
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason == *"none" {
            true => write!(f, "{}", self.decision),
            false => write!(f, "{} ({})", self.decision, self.reason),
        }
    }
}

//! Decides every proposal of a log again, under other rules.

use super::{
    comparison::{Comparison, Difference, Outlook},
    lines::lines,
    stream::StreamKey,
};
use crate::{
    base::{
        code::Code,
        ids::{ApprovalId, EntityRef, ExecutionId, Ids, ReceiptId, Salt, TraceId, Ulid},
    },
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
        request::StoredProposal,
        step::{Call, Case, Step, step},
        view::{View, fold},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// Decides every recorded proposal again under another version of the domain, at the time and in the state of the log,
/// and lists the decisions that would differ.
///
/// Decisions that depended on an approval, a key or a signer are left out. So are proposals whose parameters were not
/// admitted, because the log has only a digest of those.
///
/// ```
/// use kiff::{record::Verdict, replay};
#[doc = include_str!("../../../docs/refunds.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Yesterday a refund of 80.00 ran, because people were asked only above 100.00.
/// let yesterday = log(domain("v1", 100_00)?)?;
/// assert!(replay::compare(&domain("v1", 100_00)?, &yesterday).is_empty());
///
/// // With a threshold of 50.00 it would have waited for them.
/// let changes = replay::compare(&domain("v2", 50_00)?, &yesterday);
/// let [change] = changes.differences.as_slice() else { return Err("exactly one decision differs".into()) };
/// assert_eq!(change.was.decision, Verdict::Allowed);
/// assert_eq!(change.now.decision, Verdict::ApprovalRequired);
/// assert_eq!(change.now.reason, "amount_above_threshold");
/// println!("{changes}");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn compare(domain: &Domain, log: &[u8]) -> Comparison {
    let mut views: BTreeMap<StreamKey, View> = BTreeMap::new();
    let mut comparison = Comparison::default();
    let mut undecided: Option<Undecided> = None;
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
            let target = (record.tenant().clone(), proposed.entity.clone());
            let view = views.get(&target).cloned();
            let view = view.unwrap_or_else(|| View::empty(domain, target.0, target.1));
            let now = outlook(domain, &view, proposed, &record);
            undecided = Some(Undecided { index, proposed: Arc::clone(proposed), now });
        } else if let Some(ruling) = record.body.ruling()
            && let Some(undecided) = undecided.take()
        {
            let was = Outlook { decision: verdict_of(&record.body), reason: ruling.reason.clone() };
            undecided.compare(was, &mut comparison);
        }
        let view =
            views.entry(key).or_insert_with_key(|(tenant, entity)| View::empty(domain, tenant.clone(), entity.clone()));
        if let Err(error) = fold(view, &record) {
            comparison.unreadable.push((index, error.code()));
        }
    }
    comparison
}

/// A proposal of the log whose recorded decision has not been read yet.
struct Undecided {
    index: u64,
    proposed: Arc<StoredProposal>,
    now: Option<Outlook>,
}

impl Undecided {
    fn compare(self, was: Outlook, comparison: &mut Comparison) {
        // Of parameters that were not admitted the log has only a digest. They do not matter to an unknown action,
        // which has no risk.
        let lacks_parameters = self.proposed.offered.is_some() && self.proposed.risk.is_some();
        let Some(now) = self.now.filter(|_| !lacks_parameters && !depends_on_history(&was.reason)) else {
            comparison.left_out += 1;
            return;
        };
        comparison.compared += 1;
        if was != now {
            comparison.differences.push(Difference {
                index: self.index,
                entity: self.proposed.entity.clone(),
                action: self.proposed.action.clone(),
                was,
                now,
            });
        }
    }
}

fn verdict_of(body: &Body) -> Verdict {
    match body {
        Body::ActionValidated(_) => Verdict::Allowed,
        Body::ApprovalRequired(_) => Verdict::ApprovalRequired,
        _ => Verdict::Blocked,
    }
}

/// The decision that the domain would make about a recorded proposal; `None` if it needed more than the view.
fn outlook(domain: &Domain, view: &View, proposal: &Arc<StoredProposal>, record: &Record) -> Option<Outlook> {
    let mut admitted = admit_again(domain, proposal);
    // An approval or an idempotency key would bring in the history, which is not under comparison.
    let notes = &mut Arc::make_mut(&mut admitted.proposal).notes;
    notes.approval = None;
    notes.idempotency_key = None;
    let tenant = record.tenant();
    let call = Call { ids: no_ids(), now: record.recorded_at(), is_unsigned: false };
    let issuer = Issue { issued_by: "replay".into(), anchor: "none".into(), key_id: "none".into() };
    let refused = View::bare(tenant.clone(), EntityRef::reserved("refused"));
    let known = Known::of_views([Arc::new(view.clone()), Arc::new(refused)]);
    let case = Case { domain, tenant, call: &call, issuer: &issuer };
    let Step::Done(done) = step(&case, &Propose { admitted: &admitted, effect_by: EffectBy::Host }, &known) else {
        return None;
    };
    Some(match done.reply {
        Decided::Held(hold) => {
            Outlook { decision: Verdict::ApprovalRequired, reason: hold.approval.ruling.reason.clone() }
        }
        Decided::Blocked(block) => Outlook { decision: Verdict::Blocked, reason: block.reason },
        Decided::Cleared(_) | Decided::Concluded(_) => {
            Outlook { decision: Verdict::Allowed, reason: Code::fixed("none") }
        }
    })
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

/// Whether the reason of a decision lies in an approval, a key or a signer, and so not in the rules.
fn depends_on_history(reason: &Code) -> bool {
    let approval = ApprovalId::new(Ulid::new(0, [0; 10]));
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

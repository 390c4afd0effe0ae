//! Calls that write nothing. Each folds the stream's tail first.

use super::{Runtime, RuntimeError, desk::parse};
use crate::{
    base::{
        actor::Authority,
        code::Code,
        ids::{ActionName, ApprovalId, EntityRef, ExecutionId, StateName},
        timestamp::Timestamp,
    },
    domain::machine::{Facts, FactsBox},
    evidence::timeline::Timeline,
    kernel::{
        conclusion::Doubt,
        decide::{Explain, allowed_actions},
        decision::Checklist,
        proposal::Proposal,
        record::{CheckResult, Record, Verdict},
        refusal::Refusal,
        review::PendingApproval,
    },
    runtime::answer::InDoubt,
    store::{
        Mark, MarkKind, OpenMark, StoreError,
        transfer::{self, ExportError, ImportError, Imported},
    },
};
use std::io::{BufRead, Write};

/// How many open marks are read from the store at once.
const PAGE: usize = 1_000;

/// The state of an entity, as the log has it now.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct EntityState {
    /// The state.
    pub state: StateName,
    /// How many events were accepted.
    pub state_version: u64,
    /// True if an executor's event was rejected and no event has been accepted since. A person should look at the entity.
    pub is_flagged: bool,
    /// Approvals that can still be used.
    pub open_approvals: Vec<ApprovalId>,
    /// Executions without a settled outcome.
    pub open_executions: Vec<ExecutionId>,
    /// When its last record was written.
    pub recorded_at: Timestamp,
    facts: Option<FactsBox>,
}

impl EntityState {
    /// The facts folded beside the state, if the machine folds facts of this type.
    #[must_use]
    pub fn facts<F: Facts>(&self) -> Option<&F> {
        self.facts.as_ref().and_then(FactsBox::get)
    }
}

/// The decision that would be made now.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The decision.
    pub decision: Verdict,
    /// Its reason code; `none` if it would be cleared.
    pub reason: Code,
    /// Every failed check with the values that were compared.
    pub refusals: Vec<Refusal>,
    /// Every check by name.
    pub checks: Vec<(Code, CheckResult)>,
}

impl Runtime {
    /// Reads the state of an entity. `None` if the log has no event of it.
    ///
    /// ```
    /// use kiff::{Authority, Domain, Event, Facts, NewEvent, Runtime, Value, domain::Machine};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Clone, Debug, Default, Serialize, Deserialize)]
    /// struct OrderFacts {
    ///     paid_cents: i64,
    /// }
    ///
    /// impl Facts for OrderFacts {
    ///     fn apply(&mut self, event: &Event<'_>) {
    ///         let cents = event.get("cents").and_then(|cents| cents.as_number()?.as_i64());
    ///         self.paid_cents = self.paid_cents.saturating_add(cents.unwrap_or(0));
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let order = Machine::new("order").starts("ORDER_PAID", "PAID").facts::<OrderFacts>();
    /// let rt = Runtime::builder(Domain::builder("shop", "v1").table(order).build()?).build()?.blocking();
    /// let paid = NewEvent::new("evt_1", "ORDER_PAID").payload(Value::object([("cents", 49_00)]));
    /// rt.ingest(&Authority::service("stripe")?, "order:1", paid)?.accepted()?;
    ///
    /// let order = rt.state("order:1")?.ok_or("no such order")?;
    /// assert_eq!(order.state, "PAID");
    /// assert_eq!(order.facts::<OrderFacts>().map(|facts| facts.paid_cents), Some(49_00));
    /// assert!(rt.state("order:2")?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the log cannot be read.
    pub async fn state(&self, entity: &str) -> Result<Option<EntityState>, RuntimeError> {
        let view = self.refresh(&entity.parse()?).await?;
        let Some(state) = view.state.clone() else { return Ok(None) };
        Ok(Some(EntityState {
            state,
            state_version: view.state_version,
            is_flagged: view.flagged,
            open_approvals: view.approvals.iter().map(|approval| approval.id).collect(),
            open_executions: view.executions.iter().map(|open| open.execution).collect(),
            recorded_at: view.head.recorded_at,
            facts: view.facts.clone(),
        }))
    }

    /// Says what would be decided about a proposal now. Nothing is recorded and nothing runs.
    ///
    /// ```
    /// use kiff::{Authority, Proposal, record::Verdict};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"])?;
    /// let refund = Proposal::new("REFUND_ORDER", "order:1").param("cents", 999_00);
    /// let would = rt.explain(&agent, refund.clone())?;
    /// assert_eq!(would.decision, Verdict::ApprovalRequired);
    /// assert_eq!(would.reason, "amount_above_threshold");
    ///
    /// let would = rt.explain(&Authority::agent("new-bot", ["trainee"])?, refund)?;
    /// assert_eq!(would.decision, Verdict::Blocked);
    /// assert_eq!(would.reason, "permission_denied");
    /// for refusal in &would.refusals {
    ///     println!("{refusal}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the proposal is not admitted or the log cannot be read.
    pub async fn explain(&self, authority: &Authority, proposal: Proposal) -> Result<Explanation, RuntimeError> {
        let (admitted, mut call) = self.admit(authority, proposal)?;
        let explained = self.transact(&Explain { admitted: &admitted }, &mut call).await?.reply;
        let Checklist { refusals, checks } = explained.checklist;
        Ok(Explanation { decision: explained.decision, reason: explained.reason, refusals, checks })
    }

    /// Lists the actions that this authority could propose for the entity now, as far as that is known without parameters:
    /// it holds the permissions, the state allows the action, and no execution is open.
    ///
    /// # Errors
    /// [`RuntimeError`] if the log cannot be read.
    pub async fn allowed_actions(&self, authority: &Authority, entity: &str) -> Result<Vec<ActionName>, RuntimeError> {
        let caller = self.caller(authority);
        let view = self.refresh(&entity.parse()?).await?;
        Ok(allowed_actions(self.domain(), &view, &caller.granted))
    }

    /// Reads every record of an entity, oldest first.
    ///
    /// ```
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let timeline = rt.timeline("order:1")?;
    /// let lines: Vec<_> = timeline.entries().map(|entry| format!("{} {}", entry.kind, entry.summary)).collect();
    /// assert_eq!(
    ///     lines,
    ///     ["event_ingested ORDER_PLACED", "state_changed CREATED", "event_ingested ORDER_PAID", "state_changed CREATED → PAID"],
    /// );
    /// println!("{timeline}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the log cannot be read.
    pub async fn timeline(&self, entity: &str) -> Result<Timeline, RuntimeError> {
        Ok(Timeline::new(self.stream(&entity.parse()?, 0).await?))
    }

    /// Lists the approvals of this tenant that can still be granted, denied or used, with the text to show to a reviewer.
    /// Expired ones are not among them.
    ///
    /// ```
    /// use kiff::{Authority, Proposal};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let agent = Authority::agent("bot", ["operator"])?;
    /// let refund = Proposal::new("REFUND_ORDER", "order:1").param("cents", 999_00).reasoning("the parcel is lost");
    /// rt.execute(&agent, refund)?;
    ///
    /// let pending = rt.pending_approvals()?;
    /// assert_eq!(pending.len(), 1);
    /// for approval in pending {
    ///     println!("{} wants {}: {}", approval.requester.id, approval.action, approval.shown);
    ///     assert_eq!((approval.grants, approval.quorum), (0, 2));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the log cannot be read.
    pub async fn pending_approvals(&self) -> Result<Vec<PendingApproval>, RuntimeError> {
        let mut all = Vec::new();
        let now = self.inner.clock.now();
        for open in self.open_marks(MarkKind::Approval).await? {
            let view = self.refresh(&open.stream).await?;
            if let Mark::Approval(id) = open.mark {
                let now = view.head.effective(now);
                if let Some(approval) = view.approval(id).filter(|approval| !approval.has_expired(now)) {
                    all.push(PendingApproval::of(self.domain(), &view, approval)?);
                }
            }
        }
        Ok(all)
    }

    /// Lists the executions of this tenant that were cleared and have no settled outcome, those of other processes too.
    /// Executions that run in this process now are not in doubt, and not among them.
    ///
    /// The example of [`resolve`](Self::resolve) settles what this lists.
    ///
    /// # Errors
    /// [`RuntimeError`] if the log cannot be read.
    pub async fn in_doubt(&self) -> Result<Vec<InDoubt>, RuntimeError> {
        let mut all = Vec::new();
        for open in self.open_marks(MarkKind::Execution).await? {
            let Mark::Execution(id) = open.mark else { continue };
            // INVARIANT: looked up before the log. An execution that was cleared and does not run has ended, so the view has no
            // open execution by then if its outcome is known.
            if self.is_running(id) {
                continue;
            }
            let view = self.refresh(&open.stream).await?;
            let open = view.execution(id);
            all.extend(open.map(|open| {
                let doubt = Doubt::of_open(open, false);
                InDoubt::listed(open.action.clone(), view.head.entity.clone(), id, doubt)
            }));
        }
        Ok(all)
    }

    /// Exports the whole log of the tenant as `log.jsonl`: one record per line, in the order of the log.
    ///
    /// ```
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let log = rt.export()?;
    /// let report = kiff::replay::verify_with(rt.runtime().domain(), &log);
    /// assert!(report.holds(), "{report}");
    /// assert_eq!(report.to_string(), "4 records of 1 entities: the log holds");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the log cannot be read.
    pub async fn export(&self) -> Result<Vec<u8>, RuntimeError> {
        let mut text = Vec::new();
        match self.export_to(&mut text).await {
            Ok(_) => Ok(text),
            Err(ExportError::Store(error)) => Err(error.into()),
            // A vector never fails to write.
            Err(ExportError::Write(error)) => Err(StoreError::failed(error).into()),
        }
    }

    /// Writes the whole log to a file, page by page, and returns the number of records. The module
    /// [`transfer`](crate::store::transfer) has an example.
    ///
    /// # Errors
    /// [`ExportError`] if the log cannot be read or the writer fails.
    pub async fn export_to(&self, writer: impl Write + Send) -> Result<u64, ExportError> {
        transfer::export_from(&*self.inner.store, &self.tenant, writer).await
    }

    /// Imports a `log.jsonl` of this tenant into the store, page by page. The module
    /// [`transfer`](crate::store::transfer) has an example; [`transfer::import`] says what is
    /// checked.
    ///
    /// # Errors
    /// [`ImportError`] with the line at which the import ended.
    pub async fn import_from(&self, reader: impl BufRead + Send) -> Result<Imported, ImportError> {
        transfer::import_into(&*self.inner.store, Some(&self.tenant), reader).await
    }

    /// Reads every record of a stream after a sequence.
    pub(super) async fn stream(&self, entity: &EntityRef, after: u64) -> Result<Vec<Record>, RuntimeError> {
        let mut records: Vec<Record> = Vec::new();
        loop {
            let after = records.last().map_or(after, Record::entity_seq);
            let page = self.inner.store.read(&self.tenant, entity, after, PAGE).await?;
            let count = page.len();
            for (seq, bytes) in (after..).zip(page) {
                records.push(parse(entity, seq, bytes)?);
            }
            if count < PAGE {
                return Ok(records);
            }
        }
    }

    /// Reads every open mark of a kind.
    pub(super) async fn open_marks(&self, kind: MarkKind) -> Result<Vec<OpenMark>, RuntimeError> {
        let mut all: Vec<OpenMark> = Vec::new();
        loop {
            let page = self.inner.store.open(&self.tenant, kind, all.last(), PAGE).await?;
            let count = page.len();
            all.extend(page);
            if count < PAGE {
                return Ok(all);
            }
        }
    }
}

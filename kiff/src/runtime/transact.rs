//! The one loop: fetch what the kernel needs, ask it, sign, append, and on a conflict ask again.

use super::{
    Runtime, RuntimeError,
    desk::{Appended, Desk},
    running::Running,
};
use crate::{
    base::{few::Few, ids::EntityRef},
    evidence::receipt::{Receipt, Unsigned},
    kernel::{
        decision::Acknowledged,
        known::{Fault, Known, Need},
        record::{Record, TooLarge, seal},
        step::{Call, Case, Command, Done, ReceiptOf, Step, step},
    },
    store::Batch,
};

/// How often a call is decided anew when others change the same streams.
pub(super) const MAX_TRIES: u32 = 1_000;

/// A command that was carried out. Its records are stored.
pub(super) struct Transacted<R> {
    pub(super) reply: R,
    pub(super) records: Vec<Record>,
    pub(super) receipt: Option<Receipt>,
    /// Proof that this call has stored the records.
    pub(super) acknowledged: Option<Acknowledged>,
    /// Marks the execution that the command clears as running in this process. It is entered before the append: as soon as
    /// the clearance is stored, another call could otherwise take the execution for abandoned.
    pub(super) running: Option<Running>,
}

/// How an append came out.
enum Commit<R> {
    Stored(Transacted<R>),
    /// A stream has moved, or another call has made the claim: decide again.
    Conflict(EntityRef),
    /// The signer failed, and a clearance needs its receipt.
    Unsigned,
}

impl Runtime {
    /// Carries out a command on the runtime's own store.
    pub(super) async fn transact<C: Command>(
        &self,
        command: &C,
        call: &mut Call,
    ) -> Result<Transacted<C::Reply>, RuntimeError> {
        self.transact_at(&mut self.own_desk(), command, call, MAX_TRIES).await
    }

    /// Carries out a command: decides, and decides again after a conflict, until the records are stored. Every try has the
    /// same ids and the same time, so that deciding twice gives the same bytes.
    pub(super) async fn transact_at<C: Command, D: Desk>(
        &self,
        desk: &mut D,
        command: &C,
        call: &mut Call,
        max_tries: u32,
    ) -> Result<Transacted<C::Reply>, RuntimeError> {
        let mut tries = 0;
        loop {
            let mut known = Known::default();
            let done = self.decide_at(desk, command, call, &mut known).await?;
            match self.commit(desk, done, known, call).await? {
                Commit::Stored(transacted) => return Ok(transacted),
                Commit::Unsigned => call.is_unsigned = true,
                Commit::Conflict(entity) => {
                    tries += 1;
                    // Endless contention is an error, not a hang.
                    if tries > max_tries {
                        return Err(RuntimeError::Contended { entity, tries });
                    }
                }
            }
        }
    }

    /// Asks the kernel, and fetches what it needs, until it has decided. A command has finitely many needs, and `known`
    /// keeps every answer, so each round gets further.
    async fn decide_at<C: Command, D: Desk>(
        &self,
        desk: &mut D,
        command: &C,
        call: &Call,
        known: &mut Known,
    ) -> Result<Done<C::Reply>, RuntimeError> {
        let case = Case { domain: &self.inner.domain, tenant: &self.tenant, call, issuer: &self.inner.issue };
        loop {
            match step(&case, command, known) {
                Step::Done(done) => return Ok(done),
                Step::Fault(fault) => return Err(fault.into()),
                Step::Need(Need::View(stream)) => {
                    let (view, is_fresh) = desk.kept_view(&stream).await?;
                    known.add_view(view, is_fresh);
                }
                Step::Need(Need::FreshView(stream)) => known.add_view(desk.fresh_view(&stream).await?, true),
                Step::Need(Need::Claim(claim)) => {
                    let found = desk.find(&claim).await?;
                    known.add_claim(claim, found);
                }
                Step::Need(Need::Record(stream, seq)) => known.add_record(desk.record(&stream, seq).await?),
                Step::Need(Need::Running(id)) => known.add_running(id, self.is_running(id)),
            }
        }
    }

    /// Seals what was decided, signs, appends, and folds what was stored into the kept views.
    async fn commit<R, D: Desk>(
        &self,
        desk: &mut D,
        done: Done<R>,
        mut known: Known,
        call: &Call,
    ) -> Result<Commit<R>, RuntimeError> {
        let Done { writes, guards, receipt, starts, reply } = done;
        let mut batch = Batch::new(self.tenant.clone());
        let mut views = Few::None;
        let mut moved = None;
        for write in writes {
            let view = known.take_view(&write.stream, write.after).ok_or_else(|| unseen(&write.stream))?;
            let records = seal(&view.head, write.drafts, call.ids.trace, call.now)
                .map_err(|TooLarge { kind, bytes }| RuntimeError::RecordTooLarge { kind, bytes })?;
            moved.get_or_insert_with(|| write.stream.clone());
            batch = batch.with(write.stream, write.after, records).map_err(|error| unseen(&error.stream))?;
            views.push(view);
        }
        let Some(moved) = moved else {
            let Ok(receipt) = self.receipt(&receipt, &batch).await else { return Ok(Commit::Unsigned) };
            let transacted = Transacted { reply, records: Vec::new(), receipt, acknowledged: None, running: None };
            return Ok(Commit::Stored(transacted));
        };
        for (stream, seq) in guards {
            batch = batch.with(stream, seq, Vec::new()).map_err(|error| unseen(&error.stream))?;
        }
        let running = starts.map(|execution| Running::enter(&self.inner, execution));
        let Ok(receipt) = self.receipt(&receipt, &batch).await else { return Ok(Commit::Unsigned) };
        // The kept views are changed in place by the fold below, if nobody else holds them.
        drop(known);
        if desk.append(&batch).await? == Appended::Conflict {
            drop(views);
            desk.renew(&batch).await?;
            return Ok(Commit::Conflict(moved));
        }
        desk.keep(views, &batch, starts.is_some()).await?;
        let records = batch.into_records();
        Ok(Commit::Stored(Transacted { reply, records, receipt, acknowledged: Some(Acknowledged(())), running }))
    }

    /// The receipt that goes with a reply. A clearance must not be stored without one. Any other decision may be, and its
    /// receipt can be issued later from the log.
    async fn receipt(&self, wanted: &ReceiptOf, batch: &Batch) -> Result<Option<Receipt>, NotSigned> {
        match wanted {
            ReceiptOf::Nothing => Ok(None),
            ReceiptOf::Stored(record) => Ok(self.reissue(record).await),
            ReceiptOf::Drafts => Ok(self.sign(batch).await.unwrap_or_default()),
            ReceiptOf::Clearance => self.sign(batch).await,
        }
    }

    /// Signs the receipt of the decision among the records of a batch.
    async fn sign(&self, batch: &Batch) -> Result<Option<Receipt>, NotSigned> {
        let Some(signer) = &self.inner.signer else { return Ok(None) };
        let records = batch.parts().iter().flat_map(|part| part.records());
        let Some(unsigned) = records.filter_map(Unsigned::of).next() else { return Ok(None) };
        match signer.sign(&unsigned.message()).await {
            Ok(signature) => Ok(Some(unsigned.signed(signature))),
            Err(_) => Err(NotSigned),
        }
    }

    /// Issues the receipt of a stored record again, if the signer has the key that it names.
    pub(crate) async fn reissue(&self, record: &Record) -> Option<Receipt> {
        let signer = self.inner.signer.as_ref()?;
        let unsigned = Unsigned::of(record).filter(|unsigned| unsigned.key_id() == signer.key_id())?;
        let signature = signer.sign(&unsigned.message()).await.ok()?;
        Some(unsigned.signed(signature))
    }
}

struct NotSigned;

fn unseen(stream: &EntityRef) -> RuntimeError {
    RuntimeError::Inconsistent { entity: stream.clone(), what: "records were decided without a view of their stream" }
}

impl From<Fault> for RuntimeError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::ApprovalUnknown(approval) => Self::ApprovalUnknown { approval },
            Fault::ExecutionUnknown(execution) => Self::ExecutionUnknown { execution },
            Fault::NoExecutor(action) => Self::NoExecutor { action },
            Fault::Inconsistent { entity, what } => Self::Inconsistent { entity, what },
        }
    }
}

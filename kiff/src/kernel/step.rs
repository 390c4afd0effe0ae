//! The one door: [`step`] answers every question of authority.

use super::{
    known::{Fault, Known, Need, Pause},
    record::{Draft, Record, body::Issue},
    view::View,
};
use crate::{
    base::{
        few::Few,
        ids::{EntityRef, ExecutionId, Ids, TenantId},
        timestamp::Timestamp,
    },
    domain::Domain,
};

/// Something that can be asked of the kernel. There is one implementation for each: a proposal, a resumption, a review,
/// an event, the end of an execution, and so on.
pub(crate) trait Command: Sync {
    /// The answer. It holds once the records are stored.
    type Reply: Send;

    /// Decides, or says what it must know first. Pure: the same arguments give the same records.
    ///
    /// It asks `known` for everything in a fixed order, so that every round gets further than the one before.
    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Self::Reply>, Pause>;
}

/// Answers one command: with the records to write, or with what must be known first.
///
/// Asking again after a conflict, with the same call and newer knowledge, is safe: a batch that met a conflict stored
/// nothing.
pub(crate) fn step<C: Command>(case: &Case<'_>, command: &C, known: &Known) -> Step<C::Reply> {
    match command.decide(case, known) {
        // An append is protected by the sequence at which it is made: a stale view costs a conflict and a second try. An
        // answer that writes nothing has no such protection, so it may come from fresh views only.
        Ok(done) if done.writes.as_slice().is_empty() => match known.stream_to_refresh() {
            Some(stream) => Step::Need(Need::FreshView(stream.clone())),
            None => Step::Done(done),
        },
        Ok(done) => Step::Done(done),
        Err(Pause::Need(need)) => Step::Need(need),
        Err(Pause::Fault(fault)) => Step::Fault(fault),
    }
}

/// How far one step of the kernel has come.
pub(crate) enum Step<R> {
    /// The driver fetches this and asks again.
    Need(Need),
    /// Decided.
    Done(Done<R>),
    /// The command cannot be carried out at all, and nothing is recorded of it.
    Fault(Fault),
}

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Done<R> {
    /// The records to append, all of them in one batch.
    pub(crate) writes: Few<Write>,
    /// Streams that must still be at these sequences when the batch is appended.
    pub(crate) guards: Few<(EntityRef, u64)>,
    /// The receipt that goes with the reply.
    pub(crate) receipt: ReceiptOf,
    /// The execution whose effect follows the append. It is marked as running before the append, and nothing may come
    /// between the append and the effect.
    pub(crate) starts: Option<ExecutionId>,
    pub(crate) reply: R,
}

/// Records for one stream, to be sealed after the head of its view.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) stream: EntityRef,
    /// The sequence of that view: where the stream must still be.
    pub(crate) after: u64,
    pub(crate) drafts: Vec<Draft>,
}

/// The receipt that goes with a reply.
#[derive(Debug)]
pub(crate) enum ReceiptOf {
    /// There is none.
    Nothing,
    /// That of the decision among the drafts, if it can be signed.
    Drafts,
    /// The same, and it must be signed before the drafts are stored: nothing is cleared without its receipt.
    Clearance,
    /// That of a stored decision, issued again if the signer still has the key that it names.
    Stored(Box<Record>),
}

impl<R> Done<R> {
    /// An answer that writes nothing.
    pub(crate) fn answer(reply: R) -> Self {
        let writes = Few::None;
        Self { writes, guards: Few::None, receipt: ReceiptOf::Nothing, starts: None, reply }
    }

    /// An answer that holds once these records are stored in the view's stream.
    pub(crate) fn write(view: &View, drafts: Vec<Draft>, reply: R) -> Self {
        let mut done = Self::answer(reply);
        if !drafts.is_empty() {
            done.writes.push(Write { stream: view.head.entity.clone(), after: view.head.seq, drafts });
        }
        done
    }

    /// The same with another reply.
    pub(crate) fn map<T>(self, reply: impl FnOnce(R) -> T) -> Done<T> {
        let Self { writes, guards, receipt, starts, reply: old } = self;
        Done { writes, guards, receipt, starts, reply: reply(old) }
    }

    pub(crate) fn with_receipt(self, receipt: ReceiptOf) -> Self {
        Self { receipt, ..self }
    }

    pub(crate) fn with_receipt_of(self, decision: &Record) -> Self {
        self.with_receipt(ReceiptOf::Stored(Box::new(decision.clone())))
    }

    /// An effect follows: this execution's.
    pub(crate) fn starting(self, execution: ExecutionId) -> Self {
        Self { starts: Some(execution), ..self }
    }
}

/// The domain's rules, and what one call brings with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) domain: &'a Domain,
    pub(crate) tenant: &'a TenantId,
    pub(crate) call: &'a Call,
    /// Who issues decisions, as the runtime was built.
    pub(crate) issuer: &'a Issue,
}

/// What one call draws from outside. It is drawn once, so that a decision that is made again after a conflict gives the
/// same bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) ids: Ids,
    pub(crate) now: Timestamp,
    /// The signer has failed in this call: nothing may be cleared any more.
    pub(crate) is_unsigned: bool,
}

impl Case<'_> {
    /// The time of a decision in the view's stream, where time does not go back.
    pub(crate) fn time(&self, view: &View) -> Timestamp {
        view.head.effective(self.call.now)
    }

    /// Who issues the decision. Without a working signer there is no key to name.
    pub(crate) fn issue(&self) -> Issue {
        let mut issue = self.issuer.clone();
        if self.call.is_unsigned {
            issue.key_id = "none".into();
        }
        issue
    }
}

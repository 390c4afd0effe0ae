//! A shop with a log that grows, and what its ledgers need.

use kiff::{
    Answer, Authority, Blocking, Code, Domain, NewEvent, Outcome, Proposal, Receipt, Runtime, Timestamp,
    domain::{Call, Contract, Definition, Machine},
    keys::Ed25519Signer,
    ledger::{BlockingLedger, Ed25519LogSigner, HeadCell, HeadSet, LedgerBuilder, LedgerError, LogSigner},
    log::{Frontier, TreeHead, VerifierKey, WitnessPolicy},
    record::Digest,
    store::{EventStore, MemoryStore, StoreError},
    testing::ManualClock,
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

pub(crate) const LOG: &str = "kiff.dev/log/default";

fn log_signer() -> Ed25519LogSigner {
    Ed25519LogSigner::new(LOG, Ed25519Signer::from_seed(&[2; 32])).unwrap()
}

pub(crate) fn ledger_key() -> VerifierKey {
    log_signer().verifier_key().clone()
}

pub(crate) fn log_policy() -> WitnessPolicy {
    WitnessPolicy::none()
}

pub(crate) struct Shop {
    pub(crate) runtime: Runtime,
    clock: ManualClock,
    next: AtomicUsize,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::on(MemoryStore::new())
    }

    pub(crate) fn on(store: impl EventStore) -> Self {
        Self::build(store, None)
    }

    /// One that gives receipts.
    pub(crate) fn signed() -> Self {
        Self::build(MemoryStore::new(), Some(Ed25519Signer::from_seed(&[1; 32])))
    }

    fn build(store: impl EventStore, signer: Option<Ed25519Signer>) -> Self {
        let contract = Contract::new("CLOSE", "order").allowed_states(["OPEN"]).emits(["CLOSED"]);
        let executor = |_: Call<'_>| Ok(Outcome::new("closed").emit("CLOSED"));
        let machine = Machine::new("order").starts("OPENED", "OPEN").moves("OPEN", "CLOSED", "CLOSED");
        let domain = Domain::builder("shop", "v1")
            .table(machine)
            .define(Definition::new(contract).executor(executor))
            .build()
            .unwrap();
        let clock = ManualClock::at("2026-05-24T09:50:18.431Z".parse().unwrap());
        let builder = Runtime::builder(domain).store(store).clock(clock.clone());
        let builder = signer.into_iter().fold(builder, |builder, signer| builder.signer(signer));
        Self { runtime: builder.build().unwrap(), clock, next: AtomicUsize::new(0) }
    }

    fn blocking(&self) -> Blocking {
        self.runtime.blocking()
    }

    pub(crate) fn now(&self) -> Timestamp {
        kiff::clock::Clock::now(&self.clock)
    }

    pub(crate) fn ledger(&self) -> LedgerBuilder {
        self.runtime.ledger(log_signer())
    }

    /// Two records for each event.
    pub(crate) fn grow(&self, events: usize) {
        self.grow_from(0, events);
    }

    /// The same with entities of their own, so that the records are others.
    pub(crate) fn grow_from(&self, seller: usize, events: usize) {
        for _ in 0..events {
            self.open_order(seller);
        }
    }

    fn open_order(&self, seller: usize) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let order = format!("order:{seller}-{number}");
        let event = NewEvent::new(format!("evt_{seller}_{number}"), "OPENED");
        self.blocking().ingest(&Authority::service("web").unwrap(), &order, event).unwrap().accepted().unwrap();
        order
    }

    /// The receipt of an order that was closed.
    pub(crate) fn receipt(&self) -> Receipt {
        let order = self.open_order(0);
        let answer = self.blocking().execute(&Authority::agent("bot", [""; 0]).unwrap(), Proposal::new("CLOSE", order));
        let Answer::Executed(done) = answer.unwrap() else { panic!("not executed") };
        done.receipt.unwrap()
    }

    /// The records in the order of the log.
    pub(crate) fn log(&self) -> Vec<Vec<u8>> {
        let log = self.blocking().export().unwrap();
        log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
    }
}

/// A head that is kept outside the store.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Option<String>>>);

impl Kept {
    pub(crate) fn text(&self) -> Option<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn put(&self, text: &str) {
        *self.0.lock().unwrap() = Some(text.to_owned());
    }
}

impl HeadCell for Kept {
    async fn load(&self) -> Result<Option<String>, StoreError> {
        Ok(self.text())
    }

    async fn set(&self, expected: Option<&str>, next: &str) -> Result<HeadSet, StoreError> {
        let mut text = self.0.lock().unwrap();
        if text.as_deref() != expected {
            return Ok(HeadSet::Conflict);
        }
        *text = Some(next.to_owned());
        Ok(HeadSet::Done)
    }
}

pub(crate) fn head(ledger: &BlockingLedger) -> TreeHead {
    ledger.checkpoint().unwrap().checkpoint.unverified().head()
}

pub(crate) fn code(result: Result<impl std::fmt::Debug, LedgerError>) -> Code {
    result.unwrap_err().code()
}

pub(crate) fn frontier(log: &[Vec<u8>]) -> Frontier {
    let mut frontier = Frontier::new();
    log.iter().for_each(|record| frontier.append(Digest::leaf(record)));
    frontier
}

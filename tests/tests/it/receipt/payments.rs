//! An issuer, and a service that pays on receipts alone.

use super::kit::SEED;
use kiff::{
    Authority, Decision, Domain, NewEvent, Proposal, Runtime,
    domain::param::ParamKind,
    domain::{Contract, Definition, Machine},
    guard::{Guard, ReplayStore, Request},
    keys::Ed25519Signer,
    receipt::Warrant,
    testing::{FixedIds, ManualClock},
    verify::KeySet,
};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// An issuer, and a payment service with a clock of its own.
pub(super) struct World {
    pub(super) clock: ManualClock,
    pub(super) rt: kiff::Blocking,
    pub(super) events: AtomicUsize,
    pub(super) paid: AtomicUsize,
}

impl World {
    pub(super) fn new() -> Self {
        Self::of("shop", "acme", &SEED)
    }

    pub(super) fn of(issuer: &str, tenant: &str, seed: &[u8; 32]) -> Self {
        let refund = Contract::new("REFUND_ORDER", "order")
            .allowed_states(["PAID"])
            .permissions(["orders.refund"])
            .approval_when("large", "orders.approve")
            .param("amount", ParamKind::DECIMAL)
            .optional_param("note", ParamKind::STRING)
            .emits(["ORDER_REFUNDED"]);
        let cancel =
            Contract::new("CANCEL_ORDER", "order").allowed_states(["PAID"]).param("amount", ParamKind::DECIMAL);
        let large = |at: &kiff::domain::Situation<'_>| {
            at.params().get("amount").and_then(kiff::Value::as_str).is_some_and(|amount| amount.len() > 5)
        };
        let table = Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED");
        let domain = Domain::builder("shop", "v1")
            .table(table)
            .define(Definition::new(refund).approval_when("large", large))
            .define(Definition::new(cancel))
            .role("operator", ["orders.refund"])
            .role("lead", ["orders.approve"])
            .build()
            .unwrap();
        let clock = ManualClock::default();
        clock.set("2026-05-24T09:00:00.000Z");
        let rt = Runtime::builder(domain)
            .tenant(tenant)
            .issued_by(issuer)
            .clock(clock.clone())
            .ids(FixedIds::default())
            .signer(Ed25519Signer::from_seed(seed))
            .build()
            .unwrap()
            .blocking();
        Self { clock, rt, events: AtomicUsize::default(), paid: AtomicUsize::default() }
    }

    /// The answer to a proposal on an order that is paid.
    pub(super) fn decide(&self, order: &str, action: &str, amount: &str) -> Decision {
        let number = self.events.fetch_add(1, Ordering::Relaxed);
        let paid = NewEvent::new(format!("evt_{number}"), "ORDER_PAID");
        let _ = self.rt.ingest(&Authority::service("stripe").unwrap(), &format!("order:{order}"), paid).unwrap();
        let agent = Authority::agent("bot", ["operator"]).unwrap().on_behalf_of("alice").unwrap();
        let asked = Proposal::new(action, format!("order:{order}")).param("amount", amount);
        self.rt.decide(&agent, asked).unwrap()
    }

    pub(super) fn warrant_for(&self, order: &str, action: &str, amount: &str) -> Warrant {
        match self.decide(order, action, amount) {
            Decision::Allowed(allowed) => allowed.warrant().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn warrant(&self) -> String {
        self.warrant_for("o_1", "REFUND_ORDER", "49.00").to_json()
    }

    pub(super) fn guard(&self, store: impl ReplayStore) -> Guard {
        guard(&self.clock, store)
    }

    /// A payment that counts how often it runs.
    pub(super) fn pay(&self, guard: &Guard, warrant: &str, request: &Request) -> Result<(String, bool), String> {
        let pay = || {
            let number = self.paid.fetch_add(1, Ordering::Relaxed) + 1;
            Ok::<_, std::io::Error>(format!("payment {number}").into_bytes())
        };
        match guard.require_blocking(warrant.as_bytes(), request, pay) {
            Ok(passage) => Ok((String::from_utf8(passage.outcome).unwrap(), passage.is_repeat)),
            Err(error) => Err(error.code().to_string()),
        }
    }

    #[track_caller]
    pub(super) fn refused(&self, guard: &Guard, warrant: &str, request: &Request, code: &str) {
        let before = self.paid.load(Ordering::Relaxed);
        assert_eq!(self.pay(guard, warrant, request), Err(code.to_owned()));
        assert_eq!(self.paid.load(Ordering::Relaxed), before, "it ran");
    }
}

pub(super) fn keys() -> KeySet {
    KeySet::new().with(Ed25519Signer::from_seed(&SEED).public_key().clone())
}

pub(super) fn guard(clock: &ManualClock, store: impl ReplayStore) -> Guard {
    Guard::builder(keys(), "shop").max_age(5 * MINUTE).skew(MINUTE).clock(clock.clone()).store(store).build()
}

pub(super) fn request() -> Request {
    Request::new("acme", "order:o_1", "REFUND_ORDER").unwrap().param("amount", "49.00")
}

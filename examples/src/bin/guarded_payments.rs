//! A payment service that pays only against a receipt: one payment that it makes, and each case that it refuses.
//!
//! The agents' service and the payment service share only the issuer's public key. The warrant travels with the call,
//! as an HTTP header would.

use kiff::{
    Answer, Authority, Blocking, Decision, Domain, DomainError, Failure, NewEvent, Outcome, Proposal, Runtime,
    domain::{Call, Contract, Definition, Machine, param::ParamKind},
    guard::{Guard, GuardError, GuardRefusal, MemoryReplayStore, Request},
    keys::Ed25519Signer,
    receipt::Warrant,
    testing::{FixedIds, ManualClock},
    verify::Revocations,
};
use kiff_examples::{demo_key, scenarios::Result};
use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The payment service. It trusts only its own view of the request, and the warrant that came with it.
#[derive(Clone)]
struct Payments {
    guard: Guard,
    payments: Arc<Mutex<Vec<String>>>,
}

impl Payments {
    /// A payment service that trusts the key of the agents' service.
    fn new(clock: &ManualClock, revocations: Revocations) -> Self {
        let guard = Guard::builder(demo_key::keys(), "refund-agents")
            .max_age(Duration::from_secs(300))
            .clock(clock.clone())
            .revocations(revocations)
            .store(MemoryReplayStore::new())
            .build();
        Self { guard, payments: Arc::default() }
    }

    /// Pays if exactly this request was cleared. It pays the amount in the request.
    fn pay(&self, tenant: &str, order: &str, amount: &str, warrant: &str) -> Result<String, Unpaid> {
        let request = Request::new(tenant, order, "REFUND_ORDER").map(|request| request.param("amount", amount));
        let request = request.map_err(|_| GuardRefusal::OtherRequest)?;
        let effect = || {
            let mut payments = self.payments.lock().unwrap_or_else(PoisonError::into_inner);
            payments.push(format!("{amount} for {order} of {tenant}"));
            Ok(format!("payment {}", payments.len()).into_bytes())
        };
        let paid = self.guard.require_blocking(warrant.as_bytes(), &request, effect)?;
        let again = if paid.is_repeat { ", as told before" } else { "" };
        Ok(format!("{}{again}", String::from_utf8_lossy(&paid.outcome)))
    }
}

/// Why a payment was not made, or is not known to be.
type Unpaid = GuardError<std::io::Error>;

/// The domain of the agents' service: small refunds run at once, and a person must approve large ones.
fn domain() -> Result<Domain, DomainError> {
    let contract = Contract::new("REFUND_ORDER", "order")
        .allowed_states(["PAID"])
        .permissions(["orders.refund"])
        .approval_when("large", "orders.approve")
        .param("amount", ParamKind::DECIMAL)
        .emits(["ORDER_REFUNDED"]);
    let refund = Definition::new(contract)
        .try_approval_when("large", |at| Ok(at.param::<rust_decimal::Decimal>("amount")?.to_string().len() > 5))
        .executor(pay_back);
    Domain::builder("refunds", "v1")
        .table(Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED"))
        .define(refund)
        .role("operator", ["orders.refund"])
        .role("lead", ["orders.approve"])
        .build()
}

/// The executor. It calls the payment service and shows the warrant.
fn pay_back(call: Call<'_>) -> Result<Outcome, Failure> {
    let payments = call.provided::<Payments>()?;
    let warrant = call.provided::<Warrant>()?;
    let at = call.situation();
    let amount = at.params().get("amount").and_then(kiff::Value::as_str);
    let amount = amount.ok_or_else(|| Failure::not_applied("no amount"))?;
    match payments.pay(at.tenant().as_str(), at.entity().as_str(), amount, &warrant.to_json()) {
        Ok(payment) => Ok(Outcome::new(payment).emit("ORDER_REFUNDED")),
        // A refused payment was not made. After any other error, and if the receipt was used before, nobody knows.
        Err(GuardError::Refused(why)) if why.code() != "in_doubt" => Err(Failure::not_applied(why)),
        Err(error) => Err(error.into()),
    }
}

fn agents(clock: &ManualClock, payments: &Payments, tenant: &str, signer: Ed25519Signer) -> Result<Blocking> {
    let rt = Runtime::builder(domain()?)
        .tenant(tenant)
        .issued_by("refund-agents")
        .clock(clock.clone())
        .ids(FixedIds::default())
        .signer(signer)
        .provide(payments.clone())
        .build()?
        .blocking();
    for order in ["order:a", "order:b", "order:c"] {
        let paid = NewEvent::new(format!("evt_{}", order.replace(':', "_")), "ORDER_PAID");
        rt.ingest(&Authority::service("shop")?, order, paid)?.accepted()?;
    }
    Ok(rt)
}

/// A warrant for an effect that the host runs itself.
fn warrant(rt: &Blocking, order: &str, amount: &str) -> Result<String> {
    let agent = Authority::agent("bot", ["operator"])?;
    match rt.decide(&agent, Proposal::new("REFUND_ORDER", order).param("amount", amount))? {
        Decision::Allowed(allowed) => Ok(allowed.warrant().ok_or("no signer")?.to_json()),
        other => Err(format!("not cleared: {other:?}").into()),
    }
}

fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let clock = ManualClock::default();
    clock.set("2026-05-24T10:00:00Z");
    let payments = Payments::new(&clock, Revocations::new());
    let mut print = |case: &str, answer: Result<String, Unpaid>| match answer {
        Ok(paid) => writeln!(out, "{case:16} {paid}"),
        Err(error) => writeln!(out, "{case:16} refused, {}: {error}", error.code()),
    };

    let rt = agents(&clock, &payments, "acme", demo_key::signer())?;
    let agent = Authority::agent("bot", ["operator"])?;
    let done = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:a").param("amount", "49.00"))?.executed()?;
    print("by an executor", Ok(done.message))?;

    let cleared = warrant(&rt, "order:b", "20.00")?;
    print("no receipt", payments.pay("acme", "order:b", "20.00", ""))?;
    print("other amount", payments.pay("acme", "order:b", "99.00", &cleared))?;
    print("other entity", payments.pay("acme", "order:a", "20.00", &cleared))?;
    print("other tenant", payments.pay("umbrella", "order:b", "20.00", &cleared))?;
    print("forged", payments.pay("acme", "order:c", "20.00", &cleared.replace("order:b", "order:c")))?;
    print("other key", payments.pay("acme", "order:b", "20.00", &forged(&clock, &payments)?))?;
    let lost = Revocations::new().with(demo_key::signer().key_id().clone(), 0);
    print("revoked key", Payments::new(&clock, lost).pay("acme", "order:b", "20.00", &cleared))?;
    print("as cleared", payments.pay("acme", "order:b", "20.00", &cleared))?;
    print("used again", payments.pay("acme", "order:b", "20.00", &cleared))?;
    print("used elsewhere", payments.pay("acme", "order:c", "20.00", &cleared))?;

    // The receipt of a held decision instead of one that clears.
    let Answer::Held(held) = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:c").param("amount", "999.00"))?
    else {
        return Err("not held".into());
    };
    let receipt = held.receipt.ok_or("no signer")?.to_json();
    print("held", payments.pay("acme", "order:c", "999.00", &with_receipt(&cleared, &receipt)))?;

    clock.advance(Duration::from_secs(3600));
    print("expired", payments.pay("acme", "order:b", "20.00", &cleared))?;
    let paid = payments.payments.lock().unwrap_or_else(PoisonError::into_inner).join("; ");
    writeln!(out, "paid: {paid}")?;
    Ok(())
}

/// A warrant by somebody who has everything except the key.
fn forged(clock: &ManualClock, payments: &Payments) -> Result<String> {
    let rt = agents(clock, payments, "acme", Ed25519Signer::from_seed(&[7; 32]))?;
    warrant(&rt, "order:b", "20.00")
}

/// The warrant with another receipt in it.
fn with_receipt(warrant: &str, receipt: &str) -> String {
    let (head, tail) = warrant.split_once("\"receipt\":").unwrap_or((warrant, ""));
    let tail = tail.split_once('}').map_or("", |(_, tail)| tail);
    format!("{head}\"receipt\":{receipt}{tail}")
}

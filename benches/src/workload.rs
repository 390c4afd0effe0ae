//! The measured workload: one cleared and executed action of a small domain, with five records.

use kiff::{
    Answer, Authority, Ctx, Domain, DomainError, NewEvent, Outcome, Proposal, Runtime, StateMachine, Value, action,
    params, store::MemoryStore,
};
use rust_decimal::Decimal;
use std::{
    error::Error,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// The entity type of the workload.
pub const ENTITY: &str = "order";
/// The tenant of the workload.
pub const TENANT: &str = "bench";
/// The agent that proposes.
pub const AGENT: &str = "ops-agent";
/// Its role.
pub const ROLE: &str = "operator";
/// The parameters, in the order of their names.
pub const PARAMS: [(&str, &str); 2] = [("amount", "49.00"), ("reason", "the parcel came late")];
/// The message of the executor.
pub const MESSAGE: &str = "credit noted";

/// An order whose events lead back to its one state, so that one entity allows any number of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "order")]
#[expect(clippy::exhaustive_enums, reason = "a domain's states are its own")]
pub enum Order {
    /// The one state.
    #[enter(on = "ORDER_PAID")]
    #[enter(on = "ORDER_NOTED", from = Paid)]
    #[enter(on = "ORDER_CREDITED", from = Paid)]
    Paid,
}

/// Notes a credit.
#[action(allowed_states = [Paid], permissions = ["orders.credit"], emits = ["ORDER_CREDITED"])]
pub fn credit_order(_order: &Ctx<'_, Order>, _amount: Decimal, _reason: String) -> Outcome {
    Outcome::new(MESSAGE).event("ORDER_CREDITED", Value::object::<&str, &str>([]))
}

/// The domain of the workload.
///
/// # Errors
/// [`DomainError`] if the domain is unsound.
pub fn domain() -> Result<Domain, DomainError> {
    Domain::builder("credits", "v1").machine::<Order>().action::<credit_order>().role(ROLE, ["orders.credit"]).build()
}

/// A runtime on a memory store of its own, with default settings.
///
/// # Errors
/// If the domain is unsound.
pub fn runtime() -> Result<(Runtime, MemoryStore), Box<dyn Error>> {
    let store = MemoryStore::new();
    let runtime = Runtime::builder(domain()?).tenant(TENANT).store(store.clone()).build()?;
    Ok((runtime, store))
}

/// The proposing agent.
#[must_use]
pub fn agent() -> Authority {
    let Ok(agent) = Authority::agent(AGENT, [ROLE]) else { unreachable!("the names are well-formed") };
    agent
}

/// The proposal.
#[must_use]
pub fn proposal(entity: &str) -> Proposal {
    let [(_, amount), (_, reason)] = PARAMS;
    Proposal::new("CREDIT_ORDER", entity).params(params! { amount: amount, reason: reason })
}

/// Opens an entity and gives it `records` records of history, two for each event.
///
/// # Errors
/// If the runtime refuses.
pub fn give_history(runtime: &Runtime, entity: &str, records: usize) -> Result<(), Box<dyn Error>> {
    let source = Authority::service("shop")?;
    for number in 0..records.div_ceil(2).max(1) {
        let kind = if number == 0 { "ORDER_PAID" } else { "ORDER_NOTED" };
        let event = NewEvent::new(format!("{entity}.{number}").replace(':', "-"), kind);
        if !now(runtime.ingest(&source, entity, event))??.is_in_the_log() {
            return Err(format!("event {number} of {entity} was refused").into());
        }
    }
    Ok(())
}

/// Executes one proposal.
///
/// # Errors
/// If it was not executed.
pub fn execute(runtime: &Runtime, agent: &Authority, proposal: Proposal) -> Result<(), Box<dyn Error>> {
    match now(runtime.execute(agent, proposal))?? {
        Answer::Executed(_) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

/// The output of a future that never waits, as nothing here does.
///
/// # Errors
/// If it waits.
pub fn now<F: Future>(future: F) -> Result<F::Output, &'static str> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => Err("the future waits"),
    }
}

//! Support tickets: some actions an agent may do alone, some a human must grant, and one the customer must allow first.

use kiff::{Ctx, Domain, DomainError, Event, Facts, Outcome, StateMachine, Value, action};
use serde::{Deserialize, Serialize};

/// A ticket, and the events that move it.
#[expect(clippy::exhaustive_enums, reason = "the states of this domain, all of them")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, StateMachine)]
#[state_machine(entity = "ticket", facts = Customer)]
pub enum Ticket {
    /// The customer waits.
    #[enter(on = "TICKET_OPENED", sources = ["helpdesk"])]
    Open,
    /// A human has it.
    #[enter(from = Open, on = "TICKET_ESCALATED")]
    Escalated,
    /// The customer has an answer.
    #[enter(from = Open, on = "TICKET_RESOLVED")]
    Resolved,
    /// Done.
    #[enter(from = Resolved, on = "TICKET_CLOSED")]
    Closed,
}

/// What the events of a ticket say about its customer.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The customer lets us share personal data.
    pub has_consented: bool,
}

impl Facts for Customer {
    fn apply(&mut self, event: &Event<'_>) {
        if event.kind() == "TICKET_OPENED" {
            self.has_consented = event.get("consent").and_then(Value::as_bool).unwrap_or_default();
        }
    }
}

/// Answers the customer.
#[action(allowed_states = [Open], permissions = ["tickets.work"], emits = ["TICKET_RESOLVED"])]
pub fn reply(
    ticket: &Ctx<'_, Ticket>,
    /// The answer, as the customer reads it.
    text: String,
) -> Outcome {
    Outcome::new(format!("{} answered in {} letters", ticket.id(), text.len())).emit("TICKET_RESOLVED")
}

/// Gives the customer a credit. A human must grant it.
#[action(
    allowed_states = [Open],
    permissions = ["tickets.work"],
    risk = High,
    approval = Required,
    reviewers = "credits.approve",
    emits = ["TICKET_RESOLVED"],
    timeout = "30s",
    summary = "{entity}: a credit of {cents} cents",
)]
pub fn give_credit(
    ticket: &Ctx<'_, Ticket>,
    /// How much, in cents.
    cents: u32,
) -> Outcome {
    Outcome::new(format!("{} credited with {cents} cents", ticket.id())).emit("TICKET_RESOLVED")
}

/// Sends the customer's data to a partner. A human must grant it, and is not even asked unless the customer
/// has consented: checks come before the approval.
#[action(
    allowed_states = [Open],
    permissions = ["tickets.work"],
    risk = Critical,
    approval = Required,
    reviewers = "data.approve",
    checks = [customer_consented],
    emits = ["TICKET_RESOLVED"],
    timeout = "30s",
)]
pub fn share_data(
    ticket: &Ctx<'_, Ticket>,
    /// Who is to get the data.
    partner: String,
) -> Outcome {
    Outcome::new(format!("data of {} sent to {partner}", ticket.id())).emit("TICKET_RESOLVED")
}

fn customer_consented(ticket: &Ctx<'_, Ticket>) -> bool {
    ticket.facts().has_consented
}

/// Hands the ticket to a human. Never needs approval: nothing may stand between an agent and help.
#[action(allowed_states = [Open], permissions = ["tickets.work"], approval = Never, emits = ["TICKET_ESCALATED"])]
pub fn escalate(
    ticket: &Ctx<'_, Ticket>,
    /// Why, in the agent's words.
    _reason: String,
) -> Outcome {
    Outcome::new(format!("{} escalated", ticket.id())).emit("TICKET_ESCALATED")
}

/// Closes a ticket that is resolved, and no other.
#[action(allowed_states = [Resolved], permissions = ["tickets.work"], emits = ["TICKET_CLOSED"])]
pub fn close(ticket: &Ctx<'_, Ticket>) -> Outcome {
    Outcome::new(format!("{} closed", ticket.id())).emit("TICKET_CLOSED")
}

/// Everything that an agent may do to a ticket, and who may do it.
///
/// # Errors
/// All faults of the domain at once.
pub fn domain() -> Result<Domain, DomainError> {
    Domain::builder("support-ops", "v1")
        .machine::<Ticket>()
        .action::<reply>()
        .action::<give_credit>()
        .action::<share_data>()
        .action::<escalate>()
        .action::<close>()
        .role("support_agent", ["tickets.work"])
        .role("support_lead", ["credits.approve", "data.approve"])
        .build()
}

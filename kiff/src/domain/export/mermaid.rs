//! A machine as a drawing: its states, its steps, and the actions that may run in each state.

use crate::{
    base::ids::StateName,
    domain::{
        built::Domain,
        checked::{Action, CheckedApproval},
    },
};
use std::fmt::Write as _;

impl Domain {
    /// The state machine of an entity as a Mermaid `stateDiagram-v2`, with the actions that may run in each state, their
    /// risk, and when a person must approve. `None` if the domain has no such entity.
    ///
    /// A state that nothing leaves is drawn as an end. The text is the same for the same domain, so it can be kept in a
    /// repository and compared.
    ///
    /// ```
    /// use kiff::{Domain, Risk, domain::{Contract, Definition, Machine}};
    ///
    /// let ticket = Machine::new("ticket")
    ///     .starts("TICKET_OPENED", "OPEN").sources(["helpdesk"])
    ///     .moves("OPEN", "TICKET_CLOSED", "CLOSED");
    /// let close = Contract::new("CLOSE_TICKET", "ticket")
    ///     .allowed_states(["OPEN"])
    ///     .risk(Risk::High)
    ///     .approval_required("tickets.approve")
    ///     .emits(["TICKET_CLOSED"]);
    /// let domain = Domain::builder("support", "v1").table(ticket).define(Definition::new(close));
    /// let domain = domain.role("lead", ["tickets.approve"]).build()?;
    ///
    /// assert_eq!(domain.to_mermaid("ticket").as_deref(), Some("\
    /// stateDiagram-v2
    ///     state \"OPEN\" as s_OPEN
    ///     state \"CLOSED\" as s_CLOSED
    ///     [*] --> s_OPEN : TICKET_OPENED (from helpdesk)
    ///     s_OPEN --> s_CLOSED : TICKET_CLOSED
    ///     s_CLOSED --> [*]
    ///     note right of s_OPEN
    ///         CLOSE_TICKET, high risk, consent required
    ///     end note
    /// "));
    /// # Ok::<(), kiff::DomainError>(())
    /// ```
    #[must_use]
    pub fn to_mermaid(&self, entity: &str) -> Option<String> {
        let machine = self.machine(entity)?;
        let mut out = "stateDiagram-v2\n".to_owned();
        // A state may have the name of a keyword, so each is drawn under a name that is not one.
        machine.states.iter().for_each(|state| line(&mut out, &format!("state \"{state}\" as s_{state}")));
        machine.steps.iter().for_each(|step| {
            let from = step.from.as_ref().map_or_else(|| "[*]".to_owned(), |from| format!("s_{from}"));
            let sources: Vec<&str> = step.sources.iter().map(|source| source.as_str()).collect();
            let sources =
                if sources.is_empty() { String::new() } else { format!(" (from {})", escaped(&sources.join(", "))) };
            line(&mut out, &format!("{from} --> s_{} : {}{sources}", step.to, step.on));
        });
        let ends = machine.states.iter().filter(|state| machine.is_end(state));
        ends.for_each(|state| line(&mut out, &format!("s_{state} --> [*]")));
        machine.states.iter().for_each(|state| self.note(&mut out, entity, state));
        Some(out)
    }

    /// Adds the actions that may run in a state.
    fn note(&self, out: &mut String, entity: &str, state: &StateName) {
        let here = |action: &&Action| action.entity == *entity && action.allowed.contains(state);
        let mut actions = self.actions().filter(here).peekable();
        if actions.peek().is_none() {
            return;
        }
        line(out, &format!("note right of s_{state}"));
        for action in actions {
            let consent = match &action.approval {
                CheckedApproval::Never => "no consent".to_owned(),
                CheckedApproval::Required => "consent required".to_owned(),
                CheckedApproval::When(code, _) => format!("consent if {code}"),
            };
            line(out, &format!("    {}, {} risk, {consent}", action.name, action.risk()));
        }
        line(out, "end note");
    }
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "    {text}");
}

/// The text of a label. These are the only characters of names that have a meaning in a label.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            ':' | '~' | '@' | '+' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            plain => out.push(plain),
        }
        out
    })
}

//! Questions that a reviewer of a sound domain would ask.

use super::{
    built::Domain,
    checked::{Action, CheckedApproval, CheckedMachine},
};
use crate::{
    base::{
        actor::ActorType,
        code::{Code, coded},
        ids::StateName,
    },
    domain::{
        contract::{ApprovalNeed, Effect, Risk},
        param::{ParamKind, ParamSpec},
    },
};
use std::{fmt, time::Duration};

coded! {
    /// Something in a sound domain that is most likely a mistake, with its place and advice.
    ///
    /// A warning is given only where a mistake is likely. A test can keep a domain free of them and name those it accepts:
    ///
    /// ```
    /// use kiff::{Domain, Param, domain::{Contract, Definition, DomainWarning, Machine}};
    ///
    /// let pay = Contract::new("PAY", "invoice").doc("Pays an invoice.").allowed_states(["OPEN"]).emits(["INVOICE_PAID"]);
    /// let pay = pay.param("cents", u64::KIND).param_doc("How much, in cents.");
    /// let invoice = Machine::new("invoice")
    ///     .starts("INVOICE_SENT", "OPEN")
    ///     .moves("OPEN", "INVOICE_PAID", "PAID")
    ///     .moves("OPEN", "INVOICE_LOST", "LOST");
    /// let domain = Domain::builder("books", "v1").table(invoice).define(Definition::new(pay)).build()?;
    ///
    /// let mut warnings = domain.lint();
    /// // A lost invoice stays lost, on purpose.
    /// warnings.retain(|warning| !matches!(warning, DomainWarning::DeadEnd { state, .. } if state == "LOST"));
    /// let codes: Vec<_> = warnings.iter().map(DomainWarning::code).collect();
    /// assert_eq!(codes, ["unbounded_number"]);
    /// # Ok::<(), kiff::DomainError>(())
    /// ```
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum DomainWarning {
        /// A state that nothing leaves, in which no action may run, and to which no action leads: an entity gets stuck there
        /// through the events of others. An end to which an action leads is the purpose of the action.
        DeadEnd {
            /// Where the machine was added.
            place: String,
            /// The entity type.
            entity: String,
            /// The state.
            state: String,
        } => "dead_end",
        /// A number without bounds that nobody looks at: no check of the action reads it, and the action never asks for
        /// approval, so any number that an agent writes is used. A check that was made by hand may read every parameter.
        UnboundedNumber {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The parameter, as a JSON pointer: `/cents`, `/lines/count`.
            param: String,
        } => "unbounded_number",
        /// An effect of high or critical risk that would happen twice, without a timeout: if the provider does not answer, the
        /// entity is blocked for as long as the call hangs.
        NoTimeout {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The risk.
            risk: Risk,
            /// The lease, which is the deadline of an action without a timeout.
            lease: Duration,
        } => "no_timeout",
        /// An effect of high or critical risk that leaves the entity where the action may run again without approval: an agent
        /// that proposes it twice gets it twice.
        Repeatable {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The state that it does not leave.
            state: String,
        } => "repeatable",
        /// An action of high or critical risk that needs no permission: every actor may propose it.
        OpenToAll {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The risk.
            risk: Risk,
        } => "open_to_all",
        /// Agents may review, even their own requests: an agent could approve itself.
        AgentConsentsToItself {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
        } => "agent_consents_to_itself",
        /// A needless waiver: the risk is not high, or the action asks for approval.
        NeedlessWaiver {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
        } => "needless_waiver",
        /// An action or a parameter without documentation, from which a model learns its meaning.
        Undocumented {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The parameter, as a JSON pointer; `None` for the action itself.
            param: Option<String>,
        } => "undocumented",
    }
}

impl fmt::Display for DomainWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeadEnd { place, entity, state } => write!(
                f,
                "{place}: entity `{entity}`: nothing leads out of state `{state}`, and no action leads there or runs there; add a step, or an action"
            ),
            Self::UnboundedNumber { place, action, param } => write!(
                f,
                "{place}: action `{action}`: `{param}` has no bounds, and neither a check nor a reviewer sees it; bound it with `#[derive(Param)]`, add a check, or ask for approval"
            ),
            Self::NoTimeout { place, action, risk, lease } => write!(
                f,
                "{place}: action `{action}` has {risk} risk and no timeout, so a lost execution counts as abandoned only after the lease of {} s; add `timeout = \"30s\"`",
                lease.as_secs()
            ),
            Self::Repeatable { place, action, state } => write!(
                f,
                "{place}: action `{action}` leaves the entity in `{state}`, where it may run again; emit an event that leads out, or ask for approval each time"
            ),
            Self::OpenToAll { place, action, risk } => write!(
                f,
                "{place}: action `{action}` has {risk} risk but needs no permission; add `permissions = [\"..\"]`"
            ),
            Self::AgentConsentsToItself { place, action } => write!(
                f,
                "{place}: action `{action}` lets agents review even their own requests; leave out `separate_reviewer = false`, or `Agent`"
            ),
            Self::NeedlessWaiver { place, action } => {
                write!(
                    f,
                    "{place}: action `{action}` waives an approval that it does not need to ask for; leave out `waiver`"
                )
            }
            Self::Undocumented { place, action, param: None } => {
                write!(
                    f,
                    "{place}: action `{action}` has no documentation, so a model does not learn what it does; add some"
                )
            }
            Self::Undocumented { place, action, param: Some(param) } => write!(
                f,
                "{place}: action `{action}`: `{param}` has no documentation, so a model does not learn what it is for; add some"
            ),
        }
    }
}

impl Domain {
    /// The warnings of this domain: machines first, then the actions in the order of their names.
    ///
    /// A domain with warnings is sound, because [`build`](crate::domain::DomainBuilder::build) reports every fault. [`DomainWarning`]
    /// shows how a test keeps a domain free of warnings.
    #[must_use]
    pub fn lint(&self) -> Vec<DomainWarning> {
        let mut found = Vec::new();
        for machine in self.machines() {
            self.lint_machine(machine, &mut found);
        }
        for action in self.actions() {
            lint_effect(action, self.bounds().lease, &mut found);
            lint_consent(action, &mut found);
            lint_params(action, &mut found);
        }
        found
    }

    fn lint_machine(&self, machine: &CheckedMachine, found: &mut Vec<DomainWarning>) {
        let of_entity = || self.actions().filter(|action| action.entity == machine.entity);
        let is_dead = |state: &&StateName| {
            let leads_there = |action: &Action| {
                let steps = action.allowed.iter().flat_map(|from| {
                    action.emits.iter().filter_map(move |event| action.machine.step(Some(from), event))
                });
                steps.into_iter().any(|step| step.to == **state)
            };
            machine.is_end(state) && !of_entity().any(|action| action.allowed.contains(state) || leads_there(action))
        };
        found.extend(machine.states.iter().filter(is_dead).map(|state| DomainWarning::DeadEnd {
            place: machine.place.clone(),
            entity: machine.entity.to_string(),
            state: state.to_string(),
        }));
    }
}

fn lint_effect(action: &Action, lease: Duration, found: &mut Vec<DomainWarning>) {
    let place = || action.contract.location.clone();
    let name = || action.name.to_string();
    let risk = action.risk();
    if risk < Risk::High {
        return;
    }
    if action.permissions.is_empty() {
        found.push(DomainWarning::OpenToAll { place: place(), action: name(), risk });
    }
    if action.effect() != Effect::Once {
        return;
    }
    if action.timeout().is_none() {
        found.push(DomainWarning::NoTimeout { place: place(), action: name(), risk, lease });
    }
    let leads_out = |state: &&StateName| {
        let steps = action.emits.iter().filter_map(|event| action.machine.step(Some(state), event));
        steps.into_iter().any(|step| !action.allowed.contains(&step.to))
    };
    let stays = action.allowed.iter().find(|state| !leads_out(state));
    if let (Some(state), false) = (stays, matches!(action.approval, CheckedApproval::Required)) {
        found.push(DomainWarning::Repeatable { place: place(), action: name(), state: state.to_string() });
    }
}

fn lint_consent(action: &Action, found: &mut Vec<DomainWarning>) {
    let contract = &action.contract;
    let place = || contract.location.clone();
    let name = || action.name.to_string();
    let asks = contract.approval != ApprovalNeed::Never;
    if asks && !contract.separate_reviewer && action.reviewer_kinds().contains(&ActorType::Agent) {
        found.push(DomainWarning::AgentConsentsToItself { place: place(), action: name() });
    }
    if !contract.waiver.is_empty() && (asks || contract.risk < Risk::High) {
        found.push(DomainWarning::NeedlessWaiver { place: place(), action: name() });
    }
}

fn lint_params(action: &Action, found: &mut Vec<DomainWarning>) {
    let place = || action.contract.location.clone();
    let name = || action.name.to_string();
    if action.doc().is_empty() {
        found.push(DomainWarning::Undocumented { place: place(), action: name(), param: None });
    }
    for param in &action.params {
        let at = format!("/{}", param.name);
        let mut seen = Seen::default();
        seen.spec(&param.spec, &at);
        let warning = |param| DomainWarning::Undocumented { place: place(), action: name(), param: Some(param) };
        found.extend(seen.undocumented.into_iter().map(warning));
        let warning = |param| DomainWarning::UnboundedNumber { place: place(), action: name(), param };
        found.extend(seen.unbounded.into_iter().filter(|_| nobody_looks(action, param.name.as_str())).map(warning));
    }
}

/// Whether no reviewer and no check ever sees the parameter. A check that was made by hand may read all of them.
fn nobody_looks(action: &Action, param: &str) -> bool {
    let looks = |code: &Code| action.functions.get(code.as_str()).is_none_or(|known| known.asks.contains(&param));
    matches!(action.approval, CheckedApproval::Never) && !action.checks.iter().any(|(code, _)| looks(code))
}

/// Findings in a parameter and inside it, as JSON pointers without the places in lists.
#[derive(Default)]
struct Seen {
    undocumented: Vec<String>,
    unbounded: Vec<String>,
}

impl Seen {
    fn spec(&mut self, spec: &ParamSpec, at: &str) {
        if spec.doc.is_empty() {
            self.undocumented.push(at.to_owned());
        }
        self.kind(spec.kind, at);
    }

    fn kind(&mut self, kind: ParamKind, at: &str) {
        match kind {
            ParamKind::Integer { min, max } if is_as_wide_as_its_type(min, max) => self.unbounded.push(at.to_owned()),
            ParamKind::Decimal { min, max } if min.is_none() || max.is_none() => self.unbounded.push(at.to_owned()),
            ParamKind::List { of, .. } | ParamKind::Nullable(of) => self.kind(*of, at),
            ParamKind::Object(fields) => {
                fields.iter().for_each(|field| self.spec(field, &format!("{at}/{}", field.name)));
            }
            ParamKind::Enum(variants) => {
                let contents = variants.iter().filter_map(|variant| Some((variant.name, variant.content?)));
                contents.for_each(|(name, kind)| self.kind(kind, &format!("{at}/{name}")));
            }
            // A rule bounds the value by itself.
            ParamKind::Ruled { .. } | ParamKind::Bool | ParamKind::String { .. } => {}
            ParamKind::Integer { .. } | ParamKind::Decimal { .. } => {}
        }
    }
}

/// The range of a type of 8 or 16 bits is a bound; that of a wider type is not one that somebody chose.
fn is_as_wide_as_its_type(min: i128, max: i128) -> bool {
    let widest = [u32::MAX.into(), u64::MAX.into(), i32::MAX.into(), i64::MAX.into(), i128::MAX];
    let lowest = [i32::MIN.into(), i64::MIN.into(), i128::MIN];
    widest.contains(&max) || lowest.contains(&min)
}

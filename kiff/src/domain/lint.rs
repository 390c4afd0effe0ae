//! What a reviewer of a sound domain would ask about.

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
    /// Something in a domain that holds together, and is yet most likely not meant so: where, and what to do.
    ///
    /// Each is told only where little speaks for it. A test keeps a domain free of them, and names what it accepts:
    ///
    /// ```
    /// use kiff::{Contract, Definition, Domain, DomainWarning, Machine, Param};
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
    /// // Nobody finds a lost invoice again, and that is meant.
    /// warnings.retain(|warning| !matches!(warning, DomainWarning::DeadEnd { state, .. } if state == "LOST"));
    /// let codes: Vec<_> = warnings.iter().map(DomainWarning::code).collect();
    /// assert_eq!(codes, ["unbounded_number"]);
    /// # Ok::<(), kiff::DomainError>(())
    /// ```
    #[non_exhaustive]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum DomainWarning {
        /// A state that nothing leaves, in which no action may run, and to which no action leads: an entity gets stuck there
        /// by what others report. Where an action leads, the end is what the action is for.
        DeadEnd {
            /// Where the machine was added.
            place: String,
            /// The entity type.
            entity: String,
            /// The state.
            state: String,
        } => "dead_end",
        /// A number without bounds that nobody looks at: no check of the action asks about it, and the action never asks for
        /// approval, so whatever an agent writes is what happens. Of checks that were made by hand each may ask about all.
        UnboundedNumber {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The parameter, as a JSON pointer: `/cents`, `/lines/count`.
            param: String,
        } => "unbounded_number",
        /// An effect that cannot be taken back, of high or critical risk, that would happen twice, and without a timeout: if
        /// the provider does not answer, the entity is blocked for as long as the call hangs.
        NoTimeout {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The risk.
            risk: Risk,
            /// The lease that stands in for a timeout in the log.
            lease: Duration,
        } => "no_timeout",
        /// An effect of high or critical risk that leaves the entity where it may run again, without a consent for each: an
        /// agent that proposes it twice gets it twice.
        Repeatable {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The state that it does not lead out of.
            state: String,
        } => "repeatable",
        /// An action of high or critical risk that asks for no permission: every actor may propose it.
        OpenToAll {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The risk.
            risk: Risk,
        } => "open_to_all",
        /// Agents may review, and their own requests too: an agent could consent to itself.
        AgentConsentsToItself {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
        } => "agent_consents_to_itself",
        /// A waiver for what needs none: the risk is not high, or approval is asked for.
        NeedlessWaiver {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
        } => "needless_waiver",
        /// An action or a parameter without documentation, which is all that a model is told of it.
        Undocumented {
            /// Where the action is declared.
            place: String,
            /// The action.
            action: String,
            /// The parameter, as a JSON pointer; nothing for the action itself.
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
                "{place}: action `{action}`: `{param}` has no bounds, and nobody looks at it; bound it with `#[derive(Param)]`, add a check, or ask for approval"
            ),
            Self::NoTimeout { place, action, risk, lease } => write!(
                f,
                "{place}: action `{action}` has {risk} risk, happens once, and has no timeout, so only after the lease of {} s does it count as abandoned; add `timeout = \"30s\"`",
                lease.as_secs()
            ),
            Self::Repeatable { place, action, state } => write!(
                f,
                "{place}: action `{action}` leaves the entity in `{state}`, where it may run again; emit an event that leads out, or ask for approval each time"
            ),
            Self::OpenToAll { place, action, risk } => write!(
                f,
                "{place}: action `{action}` has {risk} risk and asks for no permission; add `permissions = [\"..\"]`"
            ),
            Self::AgentConsentsToItself { place, action } => write!(
                f,
                "{place}: action `{action}` lets agents review, and their own requests too; leave out `separate_reviewer = false`, or `Agent`"
            ),
            Self::NeedlessWaiver { place, action } => {
                write!(f, "{place}: action `{action}` waives an approval that it need not ask for; leave out `waiver`")
            }
            Self::Undocumented { place, action, param: None } => {
                write!(
                    f,
                    "{place}: action `{action}` has no documentation, so a model is not told what it does; add some"
                )
            }
            Self::Undocumented { place, action, param: Some(param) } => write!(
                f,
                "{place}: action `{action}`: `{param}` has no documentation, so a model is not told what it is for; add some"
            ),
        }
    }
}

impl Domain {
    /// What a reviewer of this domain would ask about: machines first, then the actions in the order of their names.
    ///
    /// A domain with warnings is sound: [`build`](crate::DomainBuilder::build) has told every fault. [`DomainWarning`]
    /// shows how a test keeps a domain free of them.
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
    let (place, name) = (|| action.contract.location.clone(), || action.name.to_string());
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
    let (place, name) = (|| contract.location.clone(), || action.name.to_string());
    let asks = contract.approval != ApprovalNeed::Never;
    if asks && !contract.separate_reviewer && action.reviewer_kinds().contains(&ActorType::Agent) {
        found.push(DomainWarning::AgentConsentsToItself { place: place(), action: name() });
    }
    if !contract.waiver.is_empty() && (asks || contract.risk < Risk::High) {
        found.push(DomainWarning::NeedlessWaiver { place: place(), action: name() });
    }
}

fn lint_params(action: &Action, found: &mut Vec<DomainWarning>) {
    let (place, name) = (|| action.contract.location.clone(), || action.name.to_string());
    if action.doc().is_empty() {
        found.push(DomainWarning::Undocumented { place: place(), action: name(), param: None });
    }
    for param in &action.params {
        let at = format!("/{}", param.name);
        let mut seen = Seen::default();
        seen.spec(&param.spec, &at);
        let told = |param| DomainWarning::Undocumented { place: place(), action: name(), param: Some(param) };
        found.extend(seen.undocumented.into_iter().map(told));
        let told = |param| DomainWarning::UnboundedNumber { place: place(), action: name(), param };
        found.extend(seen.unbounded.into_iter().filter(|_| nobody_looks(action, param.name.as_str())).map(told));
    }
}

/// No reviewer is ever shown the parameter, and no check asks about it. Of a check that was made by hand nobody knows.
fn nobody_looks(action: &Action, param: &str) -> bool {
    let looks = |code: &Code| action.functions.get(code.as_str()).is_none_or(|known| known.asks.contains(&param));
    matches!(action.approval, CheckedApproval::Never) && !action.checks.iter().any(|(code, _)| looks(code))
}

/// What was seen in a parameter and inside it, as JSON pointers; the places in a list are left out.
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
            // A rule is a bound of its own.
            ParamKind::Ruled { .. } | ParamKind::Bool | ParamKind::String { .. } => {}
            ParamKind::Integer { .. } | ParamKind::Decimal { .. } => {}
        }
    }
}

/// A type of 8 or 16 bits is a bound by itself, and nobody chose the one of a wider type.
fn is_as_wide_as_its_type(min: i128, max: i128) -> bool {
    let widest = [u32::MAX.into(), u64::MAX.into(), i32::MAX.into(), i64::MAX.into(), i128::MAX];
    let lowest = [i32::MIN.into(), i64::MIN.into(), i128::MIN];
    widest.contains(&max) || lowest.contains(&min)
}

//! A domain as data: everything that it declares, in a fixed order, for pages, reviews and other programs.
//!
//! [`Domain::describe`] returns it, and serde serialises it. Equal domains have equal texts, so the text can be kept in a
//! repository and compared when a contract changes. It is for reading: the digests, which it includes, bind an approval to
//! its rules.
//!
//! ```
//! use kiff::{Domain, Param, domain::{Contract, Definition, Machine}};
//!
//! let refund = Contract::new("REFUND_ORDER", "order").doc("Pays an order back.").allowed_states(["PAID"]);
//! let refund = refund.param("cents", u32::KIND).param_doc("How much, in cents.").permissions(["orders.refund"]);
//! let order = Machine::new("order").starts("ORDER_PAID", "PAID");
//! let domain = Domain::builder("shop", "v1").table(order).define(Definition::new(refund));
//! let domain = domain.role("operator", ["orders.refund"]).build()?;
//!
//! let described = domain.describe();
//! assert_eq!(described.domain_version, "shop-v1");
//! assert_eq!(described.actions[0].parameters[0].doc, "How much, in cents.");
//! let json = serde_json::to_value(&described)?;
//! assert_eq!(json["actions"][0]["parameters"][0]["shape"]["max"], "4294967295");
//! assert_eq!(json["roles"]["operator"][0], "orders.refund");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::domain::{
    bounds::Bounds,
    built::Domain,
    checked::{Action, CheckedApproval, CheckedMachine},
    contract::Contract,
    param::{ParamKind, ParamSpec},
};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// A domain.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DomainDescription {
    /// The version of the domain, as every decision records it.
    pub domain_version: String,
    /// The version of the policy.
    pub policy_version: String,
    /// The digest of the domain, `sha256:` and hexadecimal digits.
    pub digest: String,
    /// The bounds that keep a hostile agent from growing the log.
    pub bounds: BoundsDescription,
    /// The machines, sorted by entity type.
    pub machines: Vec<MachineDescription>,
    /// The actions, sorted by name.
    pub actions: Vec<ActionDescription>,
    /// The permissions of each role, as far as the policy knows them.
    pub roles: BTreeMap<String, Vec<String>>,
}

/// The domain's [`Bounds`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BoundsDescription {
    /// How many refusals of one actor are recorded one by one.
    pub refusals: u64,
    /// How many approvals one requester may have open.
    pub open_approvals: usize,
    /// How many events one execution may emit.
    pub emitted_events: usize,
    /// How long an execution without an outcome may last before it counts as abandoned, in milliseconds.
    pub lease_ms: u64,
}

/// A state machine.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MachineDescription {
    /// The entity type.
    pub entity: String,
    /// The states, in the order in which they were declared.
    pub states: Vec<String>,
    /// The steps, in the order in which they were declared.
    pub transitions: Vec<TransitionDescription>,
    /// The events that have an upcast, sorted.
    pub upcasts: Vec<String>,
}

/// One allowed step.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TransitionDescription {
    /// The state before; `None` for an entity without events.
    pub from: Option<String>,
    /// The event type.
    pub on: String,
    /// The state after.
    pub to: String,
    /// The sources that may report the event; empty for every service and human.
    pub sources: Vec<String>,
}

/// An action: every member of its contract.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActionDescription {
    /// The action's name.
    pub name: String,
    /// The entity type that it acts on.
    pub entity: String,
    /// What it does.
    pub doc: String,
    /// Where it is declared: `src/orders.rs:12`. Not serialised, because it moves with every line above it.
    #[serde(skip)]
    pub location: String,
    /// The digest of the contract and its machine.
    pub contract_digest: String,
    /// The states in which it may run.
    pub allowed_states: Vec<String>,
    /// The permissions that the requester must hold, all of them.
    pub permissions: Vec<String>,
    /// `low`, `medium`, `high` or `critical`.
    pub risk: &'static str,
    /// The approval that it needs; `None` if it never needs one.
    pub approval: Option<ApprovalDescription>,
    /// The checks, in their order.
    pub checks: Vec<String>,
    /// The events that the executor may emit.
    pub emits: Vec<String>,
    /// `once`, `idempotent` or `none`.
    pub effect: &'static str,
    /// How long the executor may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// How long after its clearance another attempt may start, in milliseconds; for an idempotent effect.
    pub retry_within_ms: Option<u64>,
    /// The text for a reviewer; empty for a plain list of the parameters.
    pub summary: String,
    /// Why a high or critical risk needs no approval; empty if it is not waived.
    pub waiver: String,
    /// The parameters, sorted by name.
    pub parameters: Vec<ParamDescription>,
}

/// The approval that an action needs.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalDescription {
    /// The policy that says when, which is the reason code; `None` if every execution needs approval.
    pub when: Option<String>,
    /// The permission that a reviewer must hold.
    pub reviewers: String,
    /// How many different reviewers must grant.
    pub quorum: u32,
    /// How long an approval is valid, in seconds.
    pub expires_secs: u64,
    /// Whether the requester and its principal are barred from reviewing.
    pub separate_reviewer: bool,
    /// Which kinds of actor may review.
    pub reviewer_kinds: Vec<&'static str>,
}

/// A parameter, or a field of one.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParamDescription {
    /// The name that an agent writes.
    pub name: String,
    /// False if it may be left out.
    pub required: bool,
    /// Its documentation.
    pub doc: String,
    /// The values that it may hold.
    pub shape: ShapeDescription,
}

/// One variant of an enum.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VariantDescription {
    /// The word that an agent writes.
    pub name: String,
    /// Its documentation.
    pub doc: String,
    /// Its content; `None` for a plain word.
    pub content: Option<ShapeDescription>,
}

/// The values that a parameter may hold: [`ParamKind`] with text for every number, because not every reader holds numbers
/// exactly.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ShapeDescription {
    /// Text.
    #[non_exhaustive]
    String {
        /// The least characters.
        min_len: u32,
        /// The most; `None` for no bound.
        max_len: Option<u32>,
    },
    /// `true` or `false`.
    Boolean,
    /// An exact integer.
    #[non_exhaustive]
    Integer {
        /// The smallest value.
        min: String,
        /// The largest value.
        max: String,
    },
    /// An exact decimal.
    #[non_exhaustive]
    Decimal {
        /// The smallest value.
        min: Option<String>,
        /// The largest value.
        max: Option<String>,
    },
    /// A list.
    #[non_exhaustive]
    List {
        /// What each item is.
        of: Box<ShapeDescription>,
        /// The least items.
        min_len: u32,
        /// The most; `None` for no bound.
        max_len: Option<u32>,
    },
    /// An object of these fields and no others.
    #[non_exhaustive]
    Object {
        /// The fields, in the order in which they were declared.
        fields: Vec<ParamDescription>,
    },
    /// One of these.
    #[non_exhaustive]
    Enum {
        /// The variants, in the order in which they were declared.
        variants: Vec<VariantDescription>,
    },
    /// Null, or another shape.
    #[non_exhaustive]
    Nullable {
        /// The other shape.
        of: Box<ShapeDescription>,
    },
    /// The values of another shape that a rule of the type accepts.
    #[non_exhaustive]
    Ruled {
        /// The shape without the rule.
        of: Box<ShapeDescription>,
        /// The rule's name.
        rule: &'static str,
    },
}

impl Domain {
    /// The domain as data: see [`describe`](crate::domain::describe).
    #[must_use]
    pub fn describe(&self) -> DomainDescription {
        let mut machines: Vec<_> = self.machines().map(machine).collect();
        machines.sort_by(|a, b| a.entity.cmp(&b.entity));
        let roles = self.policy().describe();
        DomainDescription {
            domain_version: self.version().to_string(),
            policy_version: self.policy_version().to_string(),
            digest: self.digest().to_string(),
            bounds: bounds(self.bounds()),
            machines,
            actions: self.actions().map(action).collect(),
            roles: roles.iter().map(|(role, held)| (role.to_string(), texts(held))).collect(),
        }
    }
}

fn bounds(bounds: Bounds) -> BoundsDescription {
    BoundsDescription {
        refusals: bounds.refusals,
        open_approvals: bounds.open_approvals,
        emitted_events: bounds.emitted_events,
        lease_ms: millis(bounds.lease),
    }
}

fn machine(machine: &CheckedMachine) -> MachineDescription {
    let transitions = machine.steps.iter().map(|step| TransitionDescription {
        from: step.from.as_ref().map(ToString::to_string),
        on: step.on.to_string(),
        to: step.to.to_string(),
        sources: texts(&step.sources),
    });
    MachineDescription {
        entity: machine.entity.to_string(),
        states: texts(&machine.states),
        transitions: transitions.collect(),
        upcasts: texts(&machine.upcasts),
    }
}

fn action(action: &Action) -> ActionDescription {
    let contract: &Contract = &action.contract;
    let parameters = action.params.iter().map(|param| parameter(param.name.as_str(), &param.spec));
    ActionDescription {
        name: action.name.to_string(),
        entity: action.entity.to_string(),
        doc: contract.doc.clone(),
        location: contract.location.clone(),
        contract_digest: action.digest.to_string(),
        allowed_states: texts(&action.allowed),
        permissions: texts(&action.permissions),
        risk: contract.risk.as_str(),
        approval: approval(action),
        checks: action.checks.iter().map(|(code, _)| code.to_string()).collect(),
        emits: texts(&action.emits),
        effect: contract.effect.as_str(),
        timeout_ms: contract.timeout.map(millis),
        retry_within_ms: action.retry_within().map(millis),
        summary: contract.summary.clone(),
        waiver: contract.waiver.clone(),
        parameters: parameters.collect(),
    }
}

fn approval(action: &Action) -> Option<ApprovalDescription> {
    let when = match &action.approval {
        CheckedApproval::Never => return None,
        CheckedApproval::Required => None,
        CheckedApproval::When(code, _) => Some(code.to_string()),
    };
    Some(ApprovalDescription {
        when,
        reviewers: action.contract.reviewers.clone(),
        quorum: action.contract.quorum,
        expires_secs: action.contract.expires.as_secs(),
        separate_reviewer: action.contract.separate_reviewer,
        reviewer_kinds: action.reviewer_kinds().iter().map(|kind| kind.as_str()).collect(),
    })
}

fn parameter(name: &str, spec: &ParamSpec) -> ParamDescription {
    let shape = shape(spec.kind);
    ParamDescription { name: name.to_owned(), required: spec.required, doc: spec.doc.to_owned(), shape }
}

fn shape(kind: ParamKind) -> ShapeDescription {
    let most = |max: u32| (max < u32::MAX).then_some(max);
    match kind {
        ParamKind::Bool => ShapeDescription::Boolean,
        ParamKind::String { min_len, max_len } => ShapeDescription::String { min_len, max_len: most(max_len) },
        ParamKind::Integer { min, max } => ShapeDescription::Integer { min: min.to_string(), max: max.to_string() },
        ParamKind::Decimal { min, max } => {
            ShapeDescription::Decimal { min: min.map(str::to_owned), max: max.map(str::to_owned) }
        }
        ParamKind::List { of, min_len, max_len } => {
            ShapeDescription::List { of: Box::new(shape(*of)), min_len, max_len: most(max_len) }
        }
        ParamKind::Object(fields) => {
            ShapeDescription::Object { fields: fields.iter().map(|field| parameter(field.name, field)).collect() }
        }
        ParamKind::Enum(variants) => {
            let variants = variants.iter().map(|variant| VariantDescription {
                name: variant.name.to_owned(),
                doc: variant.doc.to_owned(),
                content: variant.content.map(shape),
            });
            ShapeDescription::Enum { variants: variants.collect() }
        }
        ParamKind::Nullable(of) => ShapeDescription::Nullable { of: Box::new(shape(*of)) },
        ParamKind::Ruled { of, rule } => ShapeDescription::Ruled { of: Box::new(shape(*of)), rule: rule.name() },
    }
}

fn texts<T: ToString>(all: impl IntoIterator<Item = T>) -> Vec<String> {
    all.into_iter().map(|name| name.to_string()).collect()
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

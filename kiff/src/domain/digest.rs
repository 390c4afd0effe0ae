//! The digests of contracts and domains: the forms `kiff-contract/1` and `kiff-domain/1` (`docs/formats.md` §7).
//!
//! A key at its default is left out, so that a key of a later release does not change an old digest.

use super::{
    bounds::Bounds,
    checked::{Action, CheckedApproval, CheckedMachine, CheckedStep},
};
use crate::{
    base::{
        actor::{ActorType, PermissionPolicy},
        digest::Digest,
    },
    domain::contract::{Contract, Declaration, Effect, Risk},
    value::{Limits, NumberRule, Object, Value},
};
use std::{sync::Arc, time::Duration};

/// The digest of one contract and its machine.
pub(super) fn contract_digest(action: &Action) -> Digest {
    Digest::of(&Value::from(describe(action)).to_canonical())
}

/// The bounds and limits of a domain.
#[derive(Clone, Copy)]
pub(super) struct Allowed<'a> {
    pub(super) bounds: Bounds,
    pub(super) limits: &'a Limits,
}

/// The digest of a whole domain: its versions, its contracts, its machines and its roles.
pub(super) fn domain_digest(
    version: &str,
    policy_version: &str,
    machines: &[Arc<CheckedMachine>],
    actions: &[Arc<Action>],
    policy: &dyn PermissionPolicy,
    allowed: Allowed<'_>,
) -> Digest {
    let upcasts = upcasts_form(machines);
    let contracts =
        actions.iter().map(|action| (action.name.as_str().to_owned(), Value::from(action.digest.to_string())));
    let machines = machines.iter().map(|machine| (machine.entity.as_str().to_owned(), machine_form(machine)));
    let roles = policy
        .describe()
        .into_iter()
        .map(|(role, held)| (role.to_string(), texts(held.iter().map(|permission| permission.as_str()))));
    let mut form: Object = [
        ("format", Value::from("kiff-domain/1")),
        ("domain_version", Value::from(version)),
        ("policy_version", Value::from(policy_version)),
        ("contracts", Value::object(contracts)),
        ("machines", Value::object(machines)),
        ("roles", Value::object(roles)),
    ]
    .into_iter()
    .collect();
    if allowed.bounds != Bounds::default() {
        form.insert("bounds", bounds_form(allowed.bounds));
    }
    if *allowed.limits != Limits::default() {
        form.insert("limits", limits_form(allowed.limits));
    }
    if !upcasts.is_empty() {
        form.insert("upcasts", upcasts);
    }
    Digest::of(&Value::from(form).to_canonical())
}

/// Facts that were folded without an upcast differ from those folded with it, so a snapshot of the former must not be taken
/// for one of the latter. No contract changes with an upcast, so approvals stay good.
fn upcasts_form(machines: &[Arc<CheckedMachine>]) -> Object {
    let machines = machines.iter().filter(|machine| !machine.upcasts.is_empty());
    machines
        .map(|machine| (machine.entity.as_str(), texts(machine.upcasts.iter().map(|event| event.as_str()))))
        .collect()
}

fn bounds_form(bounds: Bounds) -> Value {
    Value::object([
        ("emitted_events", Value::from(bounds.emitted_events)),
        ("lease_ms", millis(bounds.lease)),
        ("open_approvals", Value::from(bounds.open_approvals)),
        ("refusals", Value::from(bounds.refusals)),
    ])
}

fn limits_form(limits: &Limits) -> Value {
    let numbers = match limits.numbers {
        NumberRule::Any => "any",
        NumberRule::SafeIntegers => "safe_integers",
    };
    Value::object([
        ("bytes", Value::from(limits.bytes)),
        ("depth", Value::from(limits.depth)),
        ("members", Value::from(limits.members)),
        ("number", Value::from(limits.number)),
        ("numbers", Value::from(numbers)),
        ("string", Value::from(limits.string)),
    ])
}

fn describe(action: &Action) -> Object {
    let contract: &Contract = &action.contract;
    let mut form: Object = [
        ("format", Value::from("kiff-contract/1")),
        ("action", Value::from(action.name.as_str())),
        ("entity", Value::from(action.entity.as_str())),
        ("allowed_states", sorted(action.allowed.iter().map(|state| state.as_str()))),
        ("machine", machine_form(&action.machine)),
    ]
    .into_iter()
    .collect();
    let mut put = |key: &str, changed: bool, value: Value| {
        if changed {
            form.insert(key, value);
        }
    };
    put("permissions", !action.permissions.is_empty(), sorted(action.permissions.iter().map(|held| held.as_str())));
    put("risk", contract.risk != Risk::Low, contract.risk.as_str().into());
    put("effect", contract.effect != Effect::Once, contract.effect.as_str().into());
    put("emits", !action.emits.is_empty(), sorted(action.emits.iter().map(|event| event.as_str())));
    put("checks", !action.checks.is_empty(), texts(action.checks.iter().map(|(code, _)| code.as_str())));
    put("parameters", !action.params.is_empty(), params_form(action));
    put("timeout_ms", contract.timeout.is_some(), millis(contract.timeout.unwrap_or_default()));
    let window = action.retry_within();
    put(
        "retry_within_ms",
        window.is_some_and(|window| window != DEFAULT_RETRY_WITHIN),
        millis(window.unwrap_or_default()),
    );
    put("waiver", !contract.waiver.is_empty(), contract.waiver.as_str().into());
    put("summary", !contract.summary.is_empty(), contract.summary.as_str().into());
    let approval = match &action.approval {
        CheckedApproval::Never => None,
        CheckedApproval::Required => Some(Value::from("required")),
        CheckedApproval::When(code, _) => Some(Value::object([("when", code.as_str())])),
    };
    let asked = approval.is_some();
    put("approval", asked, approval.unwrap_or(Value::Null));
    put("reviewers", action.reviewers.is_some(), action.reviewers.as_ref().map(|held| held.as_str()).into());
    put("quorum", asked && contract.quorum != 1, contract.quorum.into());
    put(
        "expires_ms",
        asked && contract.expires.as_secs() != Declaration::DEFAULT_EXPIRY_SECS,
        millis(contract.expires),
    );
    put("separate_reviewer", asked && !contract.separate_reviewer, false.into());
    let mut kinds: Vec<&str> = contract.reviewer_kinds.iter().map(|kind| kind.as_str()).collect();
    kinds.dedup();
    put("reviewer_kinds", asked && contract.reviewer_kinds != [ActorType::Human], sorted(kinds.into_iter()));
    form
}

const DEFAULT_RETRY_WITHIN: Duration = Duration::from_millis(Declaration::DEFAULT_RETRY_WITHIN_MS);

fn params_form(action: &Action) -> Value {
    Value::object(action.params.iter().map(|param| (param.name.as_str().to_owned(), param.spec.describe())))
}

fn machine_form(machine: &CheckedMachine) -> Value {
    let step = |step: &CheckedStep| {
        let mut form: Object =
            [("on", Value::from(step.on.as_str())), ("to", Value::from(step.to.as_str()))].into_iter().collect();
        if let Some(from) = &step.from {
            form.insert("from", from.as_str());
        }
        if !step.sources.is_empty() {
            form.insert("sources", sorted(step.sources.iter().map(|source| source.as_str())));
        }
        Value::from(form)
    };
    let mut steps: Vec<Value> = machine.steps.iter().map(step).collect();
    steps.sort_by_cached_key(Value::to_canonical);
    Value::object([("entity", Value::from(machine.entity.as_str())), ("transitions", Value::from(steps))])
}

fn millis(span: Duration) -> Value {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).into()
}

fn texts<'a>(all: impl Iterator<Item = &'a str>) -> Value {
    Value::from(all.map(Value::from).collect::<Vec<_>>())
}

fn sorted<'a>(all: impl Iterator<Item = &'a str>) -> Value {
    let mut all: Vec<&str> = all.collect();
    all.sort_unstable();
    texts(all.into_iter())
}

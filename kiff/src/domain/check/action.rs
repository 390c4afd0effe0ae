//! Whether a contract holds together, and fits its machine and the roles.

use super::{
    names::{all_named, named},
    rules::RuleCheck,
};
use crate::{
    base::{
        digest::Digest,
        ids::{ActionName, EntityType, Permission},
    },
    domain::{
        action::Definition,
        checked::{Action, CheckedMachine},
        digest::contract_digest,
        fault::DomainFault,
    },
};
use std::{collections::BTreeSet, sync::Arc};

pub(in crate::domain) fn check_action(
    definition: Definition,
    machines: &[Arc<CheckedMachine>],
    held: Option<&BTreeSet<Permission>>,
    faults: &mut Vec<DomainFault>,
) -> Option<Action> {
    let Definition { contract, checks, approval, executor, functions } = definition;
    let place = format!("{}: action `{}`", contract.location, contract.name);
    let name = named(&place, ActionName::new(&contract.name), faults)?;
    let entity = named(&place, EntityType::new(&contract.entity), faults)?;
    let Some(machine) = machines.iter().find(|machine| machine.entity == entity) else {
        faults.push(DomainFault::NoMachine {
            place: contract.location,
            action: contract.name,
            entity: contract.entity,
        });
        return None;
    };
    let allowed = all_named(&place, &contract.allowed_states, faults);
    let permissions = all_named(&place, &contract.permissions, faults);
    let emits = all_named(&place, &contract.emits, faults);
    let reviewers = match contract.reviewers.as_str() {
        "" => None,
        text => named(&place, Permission::new(text), faults),
    };
    let mut rules = RuleCheck { contract: &contract, faults };
    let approval = rules.approval(approval, reviewers.as_ref());
    let checks = rules.checks(checks);
    let params = rules.params();
    rules.retry_window();
    let mut action = Action {
        name,
        entity,
        machine: Arc::clone(machine),
        allowed,
        permissions,
        approval,
        reviewers,
        checks,
        emits,
        params,
        digest: Digest::ZERO,
        executor,
        functions,
        contract,
    };
    check_states(&action, faults);
    check_permissions(&action, held, faults);
    action.digest = contract_digest(&action);
    Some(action)
}

fn check_states(action: &Action, faults: &mut Vec<DomainFault>) {
    let place = || action.contract.location.clone();
    let name = || action.name.to_string();
    if action.contract.allowed_states.is_empty() {
        faults.push(DomainFault::NoStates { place: place(), action: name() });
    }
    let mut seen = BTreeSet::new();
    for state in action.allowed.iter().filter(|state| !seen.insert(*state)) {
        let problem = format!("state `{state}` is allowed twice");
        faults.push(DomainFault::Rule { place: place(), action: name(), problem });
    }
    let machine = &action.machine;
    for state in &action.allowed {
        if !machine.states.contains(state) {
            faults.push(DomainFault::UnknownState {
                place: place(),
                action: name(),
                entity: action.entity.to_string(),
                state: state.to_string(),
                known: machine.states.iter().map(ToString::to_string).collect(),
            });
            continue;
        }
        if machine.unreached.contains(state) {
            faults.push(DomainFault::NeverInState { place: place(), action: name(), state: state.to_string() });
        }
        for event in action.emits.iter().filter(|event| machine.step(Some(state), event).is_none()) {
            faults.push(DomainFault::EmitsNowhere {
                place: place(),
                action: name(),
                event: event.to_string(),
                state: state.to_string(),
            });
        }
    }
}

fn check_permissions(action: &Action, held: Option<&BTreeSet<Permission>>, faults: &mut Vec<DomainFault>) {
    let Some(held) = held else { return };
    for permission in
        action.permissions.iter().chain(&action.reviewers).filter(|permission| !held.contains(*permission))
    {
        faults.push(DomainFault::PermissionNotHeld {
            place: action.contract.location.clone(),
            action: action.name.to_string(),
            permission: permission.to_string(),
        });
    }
}

pub(in crate::domain) fn check_unique_names(sorted: &[Arc<Action>], faults: &mut Vec<DomainFault>) {
    for pair in sorted.windows(2) {
        if let [first, second] = pair
            && first.name == second.name
        {
            faults.push(DomainFault::DuplicateAction {
                name: first.name.to_string(),
                first: first.contract.location.clone(),
                second: second.contract.location.clone(),
            });
        }
    }
}

//! Every check but the last, in their fixed order.

use crate::{
    base::{code::Code, ids::StateName, unwind::caught},
    domain::{
        Action,
        ctx::{RuleError, Situation},
        param::ParamFault,
    },
    kernel::{
        caller::holds_all, decision::Checklist, proposal::AdmittedProposal, refusal::Refusal, request::StoredProposal,
        step::Case, view::View,
    },
};

const ACTION: Code = Code::fixed("action");
const PERMISSION: Code = Code::fixed("permission");
const ENTITY: Code = Code::fixed("entity");
const STATE: Code = Code::fixed("state");
const PARAMETERS: Code = Code::fixed("parameters");
const OPEN_EXECUTION: Code = Code::fixed("open_execution");

/// Runs every check but the last, in their fixed order. A caller without the permission learns nothing of the entity: the
/// other checks are skipped then.
pub(super) fn examine(case: &Case<'_>, view: &View, admitted: &AdmittedProposal) -> Checklist {
    let proposal = &admitted.proposal;
    let mut checklist = Checklist::default();
    let Some(action) = admitted.action.as_deref() else {
        let refusal = Refusal::ActionUnknown { action: proposal.action.clone(), entity: proposal.entity.clone() };
        checklist.fail(&ACTION, refusal);
        [PERMISSION, ENTITY, STATE, PARAMETERS, OPEN_EXECUTION].iter().for_each(|name| checklist.skip(name));
        return checklist;
    };
    checklist.checks.reserve(7 + action.checks.len());
    checklist.pass(&ACTION);
    if holds_all(action, &proposal.authority) {
        checklist.pass(&PERMISSION);
    } else {
        let missing =
            action.permissions.iter().filter(|permission| !proposal.authority.holds(permission)).cloned().collect();
        checklist.fail(&PERMISSION, Refusal::PermissionDenied { action: action.name.clone(), missing });
    }
    examine_entity(view, action, &mut checklist);
    examine_params(&admitted.faults, &mut checklist);
    examine_custom(case, view, proposal, action, &mut checklist);
    match view.executions.first() {
        _ if !may_see_entity(&checklist) => checklist.skip(&OPEN_EXECUTION),
        None => checklist.pass(&OPEN_EXECUTION),
        Some(open) if open.doubt.is_some() => {
            checklist.fail(&OPEN_EXECUTION, Refusal::ExecutionInDoubt { execution: open.execution });
        }
        Some(open) => checklist.fail(&OPEN_EXECUTION, Refusal::ExecutionOpen { execution: open.execution }),
    }
    checklist
}

/// True unless the permission is missing. It is checked before everything that a refusal could reveal.
fn may_see_entity(checklist: &Checklist) -> bool {
    !matches!(checklist.refusals.first(), Some(Refusal::PermissionDenied { .. }))
}

fn examine_entity(view: &View, action: &Action, checklist: &mut Checklist) {
    if !checklist.is_clean() {
        checklist.skip(&ENTITY);
        checklist.skip(&STATE);
        return;
    }
    let Some(state) = &view.state else {
        checklist.fail(&ENTITY, Refusal::EntityUnknown { entity: view.head.entity.clone() });
        checklist.skip(&STATE);
        return;
    };
    if view.facts_failed {
        checklist.fail(&ENTITY, Refusal::FactsUnreliable { entity: view.head.entity.clone() });
    } else {
        checklist.pass(&ENTITY);
    }
    if action.allowed.contains(state) {
        checklist.pass(&STATE);
    } else {
        checklist.fail(
            &STATE,
            Refusal::StateNotAllowed {
                action: action.name.clone(),
                current: state.clone(),
                allowed: action.allowed.clone(),
            },
        );
    }
}

fn examine_params(faults: &[ParamFault], checklist: &mut Checklist) {
    match faults {
        _ if !may_see_entity(checklist) => checklist.skip(&PARAMETERS),
        [] => checklist.pass(&PARAMETERS),
        faults => checklist.fail(&PARAMETERS, Refusal::ParametersInvalid { faults: faults.to_vec() }),
    }
}

/// Runs the contract's own checks, in their order. They run only if all checks before them passed, so that users' code
/// can rely on the state and the parameters.
fn examine_custom(case: &Case<'_>, view: &View, proposal: &StoredProposal, action: &Action, checklist: &mut Checklist) {
    let Some(state) = view.state.as_ref().filter(|_| checklist.is_clean()) else {
        action.checks.iter().for_each(|(name, _)| checklist.skip(name));
        return;
    };
    let situation = situation(case, view, state, proposal);
    for (name, ask) in &action.checks {
        // A check that panics or fails does not hold: nothing is cleared on a check that gave no answer.
        if answer(|| ask(&situation)).unwrap_or(false) {
            checklist.pass(name);
        } else {
            checklist.fail(
                name,
                Refusal::CheckFailed { check: name.clone(), state: state.clone(), params: proposal.params.clone() },
            );
        }
    }
}

/// The situation that users' rules judge.
pub(super) fn situation<'a>(
    case: &Case<'a>,
    view: &'a View,
    state: &'a StateName,
    proposal: &'a StoredProposal,
) -> Situation<'a> {
    Situation {
        tenant: &view.head.tenant,
        entity: &proposal.entity,
        state: state.as_str(),
        state_version: view.state_version,
        facts: view.facts.as_ref(),
        actor: &proposal.actor,
        now: case.time(view),
        params: &proposal.params,
        execution: None,
    }
}

/// Runs users' code, which may panic. `None` if it gave no answer.
pub(super) fn answer(ask: impl FnOnce() -> Result<bool, RuleError>) -> Option<bool> {
    caught(ask).and_then(Result::ok)
}

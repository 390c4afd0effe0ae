//! Every check but the last, in their fixed order.

use super::Case;
use crate::{
    base::{actor::Granted, code::Code, defect::is_sown, ids::StateName, unwind::caught},
    domain::{
        Action,
        ctx::{RuleError, Situation},
        param::ParamFault,
    },
    kernel::{
        decision::{Refusal, Sheet},
        proposal::Asked,
        request::Proposed,
        view::View,
    },
};

const ACTION: Code = Code::fixed("action");
const PERMISSION: Code = Code::fixed("permission");
const ENTITY: Code = Code::fixed("entity");
const STATE: Code = Code::fixed("state");
const PARAMETERS: Code = Code::fixed("parameters");
const OPEN_EXECUTION: Code = Code::fixed("open_execution");

/// Runs every check but the last, in their fixed order. Whoever lacks the permission is told nothing of
/// the entity: the rest is skipped then.
pub(super) fn examine(case: &Case<'_>, asked: &Asked) -> Sheet {
    let (view, proposed) = (case.view, &asked.proposed);
    let mut sheet = Sheet::default();
    let Some(action) = asked.action.as_deref() else {
        let refusal = Refusal::ActionUnknown { action: proposed.action.clone(), entity: proposed.entity.clone() };
        sheet.fail(&ACTION, refusal);
        [PERMISSION, ENTITY, STATE, PARAMETERS, OPEN_EXECUTION].iter().for_each(|name| sheet.skip(name));
        return sheet;
    };
    sheet.checks.reserve(7 + action.checks.len());
    sheet.pass(&ACTION);
    if holds_all(action, &proposed.authority) {
        sheet.pass(&PERMISSION);
    } else {
        let missing =
            action.permissions.iter().filter(|permission| !proposed.authority.holds(permission)).cloned().collect();
        sheet.fail(&PERMISSION, Refusal::PermissionDenied { action: action.name.clone(), missing });
    }
    examine_entity(view, action, &mut sheet);
    examine_params(&asked.faults, &mut sheet);
    examine_custom(case, proposed, action, &mut sheet);
    match view.executions.first().filter(|_| !is_sown("open_execution_unchecked")) {
        _ if !told_of_entity(&sheet) => sheet.skip(&OPEN_EXECUTION),
        None => sheet.pass(&OPEN_EXECUTION),
        Some(open) if open.doubt.is_some() => {
            sheet.fail(&OPEN_EXECUTION, Refusal::ExecutionInDoubt { execution: open.execution });
        }
        Some(open) => sheet.fail(&OPEN_EXECUTION, Refusal::ExecutionOpen { execution: open.execution }),
    }
    sheet
}

/// True unless the permission failed.
fn told_of_entity(sheet: &Sheet) -> bool {
    !matches!(sheet.refusals.first(), Some(Refusal::PermissionDenied { .. }))
}

fn examine_entity(view: &View, action: &Action, sheet: &mut Sheet) {
    if !sheet.is_clean() {
        sheet.skip(&ENTITY);
        sheet.skip(&STATE);
        return;
    }
    let Some(state) = &view.state else {
        sheet.fail(&ENTITY, Refusal::EntityUnknown { entity: view.head.entity.clone() });
        sheet.skip(&STATE);
        return;
    };
    if view.facts_failed {
        sheet.fail(&ENTITY, Refusal::FactsUnreliable { entity: view.head.entity.clone() });
    } else {
        sheet.pass(&ENTITY);
    }
    if action.allowed.contains(state) {
        sheet.pass(&STATE);
    } else {
        sheet.fail(
            &STATE,
            Refusal::StateNotAllowed {
                action: action.name.clone(),
                current: state.clone(),
                allowed: action.allowed.clone(),
            },
        );
    }
}

fn examine_params(faults: &[ParamFault], sheet: &mut Sheet) {
    match faults {
        _ if !told_of_entity(sheet) => sheet.skip(&PARAMETERS),
        [] => sheet.pass(&PARAMETERS),
        faults => sheet.fail(&PARAMETERS, Refusal::ParametersInvalid { faults: faults.to_vec() }),
    }
}

/// The contract's own checks, in their order. They are asked only where all before them passed, so that
/// they need not doubt the state or the parameters.
fn examine_custom(case: &Case<'_>, proposed: &Proposed, action: &Action, sheet: &mut Sheet) {
    let Some(state) = case.view.state.as_ref().filter(|_| sheet.is_clean()) else {
        action.checks.iter().for_each(|(name, _)| sheet.skip(name));
        return;
    };
    let situation = situation(case, state, proposed);
    for (name, ask) in &action.checks {
        // A check that panics or cannot be asked does not hold.
        if answer(|| ask(&situation)).unwrap_or(false) {
            sheet.pass(name);
        } else {
            sheet.fail(
                name,
                Refusal::CheckFailed { check: name.clone(), state: state.clone(), params: proposed.params.clone() },
            );
        }
    }
}

/// True if all the permissions of the contract are held.
pub(super) fn holds_all(action: &Action, authority: &Granted) -> bool {
    action.permissions.iter().all(|permission| authority.holds(permission))
}

/// What a rule is told.
pub(super) fn situation<'a>(case: &Case<'a>, state: &'a StateName, proposed: &'a Proposed) -> Situation<'a> {
    let view = case.view;
    Situation {
        tenant: &view.head.tenant,
        entity: &proposed.entity,
        state: state.as_str(),
        state_version: view.state_version,
        facts: view.facts.as_ref(),
        actor: &proposed.actor,
        now: case.now(),
        params: &proposed.params,
        execution: None,
    }
}

/// Asks users' code, which may panic; `None` if it gave no answer.
pub(super) fn answer(ask: impl FnOnce() -> Result<bool, RuleError>) -> Option<bool> {
    caught(ask).and_then(Result::ok)
}

//! Whether each code means one thing.

use crate::domain::{
    checked::{Action, CheckedApproval},
    fault::DomainFault,
};
use std::{collections::BTreeMap, sync::Arc};

/// The names of the checks that every proposal meets. No custom check may take one of them.
pub(super) const FIXED_CHECKS: [&str; 7] =
    ["action", "permission", "entity", "state", "parameters", "open_execution", "approval"];

/// The reasons of the runtime itself. A check or a policy of the same name would give one word two meanings.
pub(super) const RUNTIME_CODES: [&str; 19] = [
    "action_unknown",
    "approval_consumed",
    "approval_denied",
    "approval_expired",
    "approval_mismatch",
    "approval_required",
    "approval_revoked",
    "approval_stale",
    "approval_unknown",
    "entity_unknown",
    "execution_in_doubt",
    "execution_open",
    "facts_unreliable",
    "idempotency_key_reused",
    "parameters_invalid",
    "permission_denied",
    "signer_unavailable",
    "state_not_allowed",
    "too_many_open_approvals",
];

/// The code of a check says what must hold, and that of a policy says why a person is asked. A code that is both would say in
/// the log that something held and that it did not.
pub(in crate::domain) fn check_codes(actions: &[Arc<Action>], faults: &mut Vec<DomainFault>) {
    let mut checks: BTreeMap<&str, &Action> = BTreeMap::new();
    for action in actions {
        for (code, _) in &action.checks {
            checks.entry(code.as_str()).or_insert(action);
        }
    }
    for action in actions {
        let CheckedApproval::When(code, _) = &action.approval else { continue };
        // The action that uses the code in both ways is the one most likely at fault.
        let own = action.checks.iter().any(|(check, _)| check == code).then_some(&**action);
        if let Some(check) = own.or_else(|| checks.get(code.as_str()).copied()) {
            faults.push(DomainFault::CodeWithTwoMeanings {
                code: code.to_string(),
                policy: format!("{}: action `{}`", action.contract.location, action.name),
                check: format!("{}: action `{}`", check.contract.location, check.name),
            });
        }
    }
}

/// A code that stands for two functions has two meanings for a reader of the log. Only the functions of one entity are
/// compared: those of two entities always differ, because a function takes the context of one entity.
pub(in crate::domain) fn check_functions(actions: &[Arc<Action>], faults: &mut Vec<DomainFault>) {
    let mut known: BTreeMap<(&str, bool, &str), (&Action, &str)> = BTreeMap::new();
    for action in actions {
        for (code, function) in &action.functions {
            // A code that is both a policy and a check is a fault of its own.
            let is_policy = matches!(&action.approval, CheckedApproval::When(policy, _) if policy == *code);
            let (first, meant) =
                *known.entry((action.entity.as_str(), is_policy, *code)).or_insert((&**action, function.path));
            if meant == function.path {
                continue;
            }
            faults.push(DomainFault::CodeOfTwoFunctions {
                code: (*code).to_owned(),
                first: format!("{}: action `{}`", first.contract.location, first.name),
                second: format!("{}: action `{}`", action.contract.location, action.name),
                functions: [meant, function.path].map(str::to_owned),
            });
        }
    }
}

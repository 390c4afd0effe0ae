//! Whether a contract and the rules given with it fit together, and whether each code means one thing.

use super::{Action, CheckedApproval, DomainFault, build::named};
use crate::{
    base::code::Code,
    base::ids::{ParamName, Permission},
    domain::{
        action::Ask,
        contract::{ApprovalNeed, Contract, Effect, Risk},
        param::CheckedParam,
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// The names of the checks that every proposal meets. No custom check may have one of them.
pub(crate) const FIXED_CHECKS: [&str; 7] =
    ["action", "permission", "entity", "state", "parameters", "open_execution", "approval"];

/// The reasons that the runtime gives by itself. A check or a policy of the same name would give one word two meanings.
const RUNTIME_CODES: [&str; 19] = [
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

/// A code is a check's, which says what must hold, or a policy's, which says why a person is asked. One that is both says
/// in the log that something held and that it did not.
pub(super) fn check_codes(actions: &[Arc<Action>], faults: &mut Vec<DomainFault>) {
    let mut checks: BTreeMap<&str, &Action> = BTreeMap::new();
    for action in actions {
        for (code, _) in &action.checks {
            checks.entry(code.as_str()).or_insert(action);
        }
    }
    for action in actions {
        let CheckedApproval::When(code, _) = &action.approval else { continue };
        // Of two actions that both ask it, the one at fault is most likely the one that asks both ways.
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

/// A code that stands for two functions tells a reader of the log two things. Of two entities the functions must differ,
/// because each is asked about one, so only those of one entity are compared.
pub(super) fn check_functions(actions: &[Arc<Action>], faults: &mut Vec<DomainFault>) {
    let mut known: BTreeMap<(&str, bool, &str), (&Action, &str)> = BTreeMap::new();
    for action in actions {
        for (code, function) in &action.functions {
            // That one is a policy and the other a check is a fault of its own.
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

/// Checks that a contract and the rules given with it fit together.
pub(super) struct RuleCheck<'a> {
    pub(super) contract: &'a Contract,
    pub(super) faults: &'a mut Vec<DomainFault>,
}

impl RuleCheck<'_> {
    fn problem(&mut self, problem: impl Into<String>) {
        let (place, action) = (self.contract.location.clone(), self.contract.name.clone());
        self.faults.push(DomainFault::Rule { place, action, problem: problem.into() });
    }

    pub(super) fn approval(&mut self, rule: Option<(String, Ask)>, reviewers: Option<&Permission>) -> CheckedApproval {
        let (place, action, risk) = (self.contract.location.clone(), self.contract.name.clone(), self.contract.risk);
        let never = self.contract.approval == ApprovalNeed::Never;
        if never && risk >= Risk::High && self.contract.waiver.is_empty() {
            self.faults.push(DomainFault::RiskWithoutApproval { place, action, risk: risk.as_str() });
        } else if !never && reviewers.is_none() && self.contract.reviewers.is_empty() {
            self.faults.push(DomainFault::NoReviewers { place, action });
        }
        if !never && self.contract.quorum == 0 {
            self.problem("a quorum of 0 asks nobody; say `approval = Never`");
        }
        if !never && self.contract.expires.is_zero() {
            self.problem("an approval that expires at once can never be used");
        }
        if !never && self.contract.reviewer_kinds.is_empty() {
            self.problem("no kind of actor may review");
        }
        match (&self.contract.approval, rule) {
            (ApprovalNeed::Never, None) => CheckedApproval::Never,
            (ApprovalNeed::Required, None) => CheckedApproval::Required,
            (ApprovalNeed::When(want), Some((given, ask))) if *want == given => match self.code(&given) {
                Some(code) => CheckedApproval::When(code, ask),
                None => CheckedApproval::Required,
            },
            (ApprovalNeed::When(want), _) => {
                self.problem(format!("approval asks the policy `{want}`, which was not given"));
                CheckedApproval::Required
            }
            (_, Some((given, _))) => {
                self.problem(format!("the policy `{given}` was given, and the contract does not ask it"));
                CheckedApproval::Required
            }
        }
    }

    pub(super) fn checks(&mut self, given: Vec<(String, Ask)>) -> Vec<(Code, Ask)> {
        let mut checks: Vec<(Code, Ask)> = Vec::with_capacity(given.len());
        for (name, ask) in given {
            let Some(code) = self.code(&name) else { continue };
            if checks.iter().any(|(known, _)| *known == code) {
                self.problem(format!("check `{code}` is given twice"));
            } else {
                checks.push((code, ask));
            }
        }
        checks
    }

    fn code(&mut self, name: &str) -> Option<Code> {
        if FIXED_CHECKS.contains(&name) {
            self.problem(format!("`{name}` is the name of a check that every action has; rename yours"));
        }
        if RUNTIME_CODES.contains(&name) {
            self.problem(format!("`{name}` is a reason that the runtime gives itself; rename yours"));
        }
        let place = format!("{}: action `{}`", self.contract.location, self.contract.name);
        named(&place, Code::new(name), self.faults)
    }

    /// A window for an effect that is never retried: the author believed that it is.
    pub(super) fn retry_window(&mut self) {
        match self.contract.retry_within {
            Some(_) if self.contract.effect != Effect::Idempotent => {
                self.problem("`retry_within` is for an idempotent effect, which alone is retried");
            }
            Some(window) if window.is_zero() => self.problem("`retry_within` of zero lets nothing be retried"),
            _ => {}
        }
    }

    pub(super) fn params(&mut self) -> Vec<CheckedParam> {
        let place = format!("{}: action `{}`", self.contract.location, self.contract.name);
        let mut params: Vec<CheckedParam> = Vec::with_capacity(self.contract.params.len());
        for (name, spec) in &self.contract.params {
            let Some(name) = named(&place, ParamName::new(name), self.faults) else { continue };
            params.push(CheckedParam { name, spec: *spec });
        }
        params.sort_by(|a, b| a.name.cmp(&b.name));
        let repeated: Vec<_> = params
            .windows(2)
            .filter(|pair| matches!(pair, [a, b] if a.name == b.name))
            .filter_map(|pair| pair.first())
            .map(|param| param.name.clone())
            .collect();
        for name in repeated {
            self.problem(format!("parameter `{name}` is declared twice"));
        }
        let mut flaws = Vec::new();
        for param in &params {
            param.spec.kind.flaws(&format!("parameter `{}`", param.name), &mut flaws);
        }
        flaws.into_iter().for_each(|flaw| self.problem(flaw));
        params
    }
}

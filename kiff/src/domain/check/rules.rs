//! Whether a contract and the rules given with it fit together.

use super::{
    codes::{FIXED_CHECKS, RUNTIME_CODES},
    names::named,
};
use crate::{
    base::{
        code::Code,
        ids::{ParamName, Permission},
    },
    domain::{
        action::Ask,
        checked::CheckedApproval,
        contract::{ApprovalNeed, Contract, Effect, Risk},
        fault::DomainFault,
        param::CheckedParam,
    },
};

/// Checks that a contract and the rules given with it fit together.
pub(super) struct RuleCheck<'a> {
    pub(super) contract: &'a Contract,
    pub(super) faults: &'a mut Vec<DomainFault>,
}

impl RuleCheck<'_> {
    fn problem(&mut self, problem: impl Into<String>) {
        self.faults.push(DomainFault::Rule {
            place: self.contract.location.clone(),
            action: self.contract.name.clone(),
            problem: problem.into(),
        });
    }

    pub(super) fn approval(&mut self, rule: Option<(String, Ask)>, reviewers: Option<&Permission>) -> CheckedApproval {
        let place = self.contract.location.clone();
        let action = self.contract.name.clone();
        let risk = self.contract.risk;
        let never = self.contract.approval == ApprovalNeed::Never;
        if never && risk >= Risk::High && self.contract.waiver.is_empty() {
            self.faults.push(DomainFault::RiskWithoutApproval { place, action, risk: risk.as_str() });
        } else if !never && reviewers.is_none() && self.contract.reviewers.is_empty() {
            self.faults.push(DomainFault::NoReviewers { place, action });
        }
        if !never && self.contract.quorum == 0 {
            self.problem("a quorum of 0 asks nobody; write `approval = Never`");
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
                self.problem(format!("approval depends on the policy `{want}`, which was not given"));
                CheckedApproval::Required
            }
            (_, Some((given, _))) => {
                self.problem(format!("the policy `{given}` was given, but the contract does not name it"));
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
            self.problem(format!("`{name}` is a reason of the runtime itself; rename yours"));
        }
        let place = format!("{}: action `{}`", self.contract.location, self.contract.name);
        named(&place, Code::new(name), self.faults)
    }

    /// A window for an effect that is never retried shows that its author expected retries.
    pub(super) fn retry_window(&mut self) {
        match self.contract.retry_within {
            Some(_) if self.contract.effect != Effect::Idempotent => {
                self.problem("`retry_within` applies to an idempotent effect only; no other is retried");
            }
            Some(window) if window.is_zero() => self.problem("a `retry_within` of zero allows no retry"),
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

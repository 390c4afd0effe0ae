//! How executions end, and who settles what is in doubt.

use super::{LEASE, Reference, holds, is_same_person, step};
use crate::model::plan::{Effect, Outcome, Person, Who};

impl Reference {
    pub(crate) fn attempt(&self, at: usize) -> u32 {
        self.executions[at].attempt
    }

    /// Which execution has how many seconds for its answer.
    pub(crate) fn timeout(&self, at: usize) -> Option<u64> {
        self.of(&self.executions[at].request).timeout
    }

    // Rules 7 and 8: three results, and a late one is never lost.
    pub(crate) fn end(&mut self, at: usize, attempt: u32, outcome: Outcome) -> String {
        let (entity, present) = (self.executions[at].request.entity, self.executions[at].attempt);
        let cause = match outcome {
            Outcome::Error => Some("error"),
            Outcome::Panic => Some("panicked"),
            Outcome::Late if self.timeout(at).is_some() => Some("timed_out"),
            Outcome::Late => Some("error"),
            _ => None,
        };
        let is_open = self.entities[entity].open.contains(&at);
        if !is_open || present != attempt {
            if cause.is_some() {
                return self.again(at);
            }
            self.touch(entity);
            let since = self.time(entity);
            self.entities[entity].open.retain(|open| *open != at);
            self.entities[entity].open.push(at);
            let it = &mut self.executions[at];
            if !is_open || present <= attempt {
                (it.attempt, it.deadline) = (attempt, None);
            }
            (it.effect, it.since, it.doubt, it.told) = (Effect::Once, since, Some("outcome_conflict"), None);
            return format!("in_doubt:outcome_conflict:{attempt}:#{at}");
        }
        self.touch(entity);
        let effect = self.executions[at].effect;
        let cause = cause.or((outcome == Outcome::NotApplied && attempt > 1).then_some("earlier_attempt"));
        match (outcome.events(), cause) {
            (Some(events), _) => self.settle(at, "executed", events),
            (None, Some(cause)) if effect != Effect::None => {
                let it = &mut self.executions[at];
                (it.doubt, it.deadline) = (Some(cause), None);
                format!("in_doubt:{cause}:{attempt}:#{at}")
            }
            _ => self.settle(at, "failed", &[]),
        }
    }

    pub(super) fn settle(&mut self, at: usize, told: &'static str, events: &[&str]) -> String {
        let entity = self.executions[at].request.entity;
        self.executions[at].told = Some(told);
        self.entities[entity].open.retain(|open| *open != at);
        let ends = !self.of(&self.executions[at].request).allowed.contains(&2);
        let mut moved = false;
        for event in events.iter().filter(|event| **event == "NOTE" || (**event == "END" && ends)) {
            if let Some(to) = step(self.entities[entity].state, event) {
                self.moves(entity, to);
                moved = true;
            }
        }
        if moved {
            self.supersede(entity);
        }
        format!("{told}:#{at}")
    }

    // Rule 7: who settles what is in doubt, and when nobody may say that it did nothing.
    pub(super) fn may_settle(&mut self, at: usize, by: &Person) -> Option<&'static str> {
        let request = &self.executions[at].request;
        let is_open = self.entities[request.entity].open.contains(&at);
        let refusal = match by {
            _ if !holds(by, "kiff.resolve") => Some("permission_denied"),
            _ if !is_open => Some("execution_not_open"),
            _ if by.who == Who::Agent => Some("reviewer_kind"),
            _ if is_same_person(by, &request.by) => Some("self_review"),
            _ => None,
        };
        self.touch(self.executions[at].request.entity);
        refusal
    }

    pub(super) fn may_land(&self, at: usize) -> bool {
        let it = &self.executions[at];
        it.deadline.is_some_and(|deadline| self.time(it.request.entity) < deadline)
    }

    pub(crate) fn resolve(&mut self, at: usize, by: &Person, outcome: Outcome) -> String {
        match self.may_settle(at, by) {
            Some(refusal) => format!("refused:{refusal}"),
            None => match outcome.events() {
                Some(events) => self.settle(at, "executed", events),
                None if self.may_land(at) => "refused:execution_still_running".to_owned(),
                None => self.settle(at, "failed", &[]),
            },
        }
    }

    /// A retry is another attempt under the same id; the answer is what comes of it.
    pub(crate) fn retry(&mut self, at: usize, by: &Person, outcome: Outcome) -> String {
        let refusal = self.may_settle(at, by);
        let now = self.time(self.executions[at].request.entity);
        let action = self.of(&self.executions[at].request);
        let (timeout, end) = (action.timeout, self.executions[at].since + action.window);
        let refusal = refusal.or_else(|| match &self.executions[at] {
            it if it.effect != Effect::Idempotent => Some("execution_not_retryable"),
            _ if self.may_land(at) => Some("execution_still_running"),
            _ if end <= now => Some("execution_not_retryable"),
            _ => None,
        });
        if let Some(refusal) = refusal {
            return format!("refused:{refusal}");
        }
        let it = &mut self.executions[at];
        it.attempt += 1;
        it.deadline = Some(now + timeout.map_or(LEASE, |timeout| timeout.min(end - now)));
        it.doubt = None;
        self.effects += 1;
        self.end(at, self.executions[at].attempt, outcome)
    }
}

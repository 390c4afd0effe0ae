//! One run: every call is made of kiff and of the reference, and both must say the same.

use super::{
    plan::{Ask, ENTITIES, EVENTS, Op, Outcome, Person, Rules, Step, Wish},
    reference::{Reference, Request, Ruled},
    world::{World, action_name, authority, result, told_error, told_event, told_review},
};
use kiff::{Blocking, NewEvent, Proposal, RuntimeError, Value, doubt::Resolution, replay};
use std::time::Duration;

/// Makes the calls, and says where kiff and the reference differ.
pub(crate) fn run(rules: &Rules, steps: &[Step]) -> Result<(), String> {
    let mut run = Run { world: World::new(rules), model: Reference::new(rules.clone(), ENTITIES.len()) };
    run.begin(rules)?;
    for (number, step) in steps.iter().enumerate() {
        run.step(rules, step).map_err(|why| format!("{why}\nat call {number}: {step:?}"))?;
    }
    run.end()
}

struct Run {
    world: World,
    model: Reference,
}

/// One call: what kiff said, and what it should have said.
type Both = (Result<String, RuntimeError>, String);

impl Run {
    /// The entities are open, or there would be little to do with them; the last one is left to chance.
    fn begin(&mut self, rules: &Rules) -> Result<(), String> {
        for entity in 0..ENTITIES.len() - 1 {
            for (event, id) in [(0, 100), (1, 101)] {
                let id = id + 2 * entity as u8;
                let ingest = Op::Ingest { entity, event, id, other_payload: false, by: super::plan::SOURCES[0] };
                self.step(rules, &Step { op: ingest, runtime: 0, is_away: false })?;
            }
        }
        Ok(())
    }

    fn step(&mut self, rules: &Rules, step: &Step) -> Result<(), String> {
        self.world.store.set_away(step.is_away);
        let told = if step.is_away { self.ask_in_vain(rules, step) } else { self.ask(rules, step) };
        self.world.store.set_away(false);
        if let Some((told, wanted)) = told {
            let told = told.unwrap_or_else(|error| told_error(&error));
            same("the answer", &told, &wanted)?;
        }
        self.compare()
    }

    fn compare(&mut self) -> Result<(), String> {
        for (at, (entity, _)) in ENTITIES.iter().enumerate() {
            same(entity, &self.world.state(at), &self.model.state(at))?;
        }
        same("what is pending", &self.world.pending(), &self.model.pending())?;
        same("what is in doubt", &self.world.in_doubt(), &self.model.in_doubt())?;
        same("the number of effects", &self.world.lab.started().len(), &self.model.effects)
    }

    /// While the store is away no call is answered, and nothing is done.
    fn ask_in_vain(&mut self, rules: &Rules, step: &Step) -> Option<Both> {
        let rt = self.world.runtimes[step.runtime].clone();
        self.world.lab.next(Some(Outcome::Quiet));
        let (approvals, executions) = self.world.counts();
        let told = match &step.op {
            Op::Ingest { entity, event, id, other_payload, by } => {
                self.ingest(&rt, *entity, *event, *id, *other_payload, by)
            }
            Op::Execute { ask, .. } | Op::Drop { ask } | Op::Decide { ask } => {
                let (_, proposal, _) = self.proposal(rules, ask);
                rt.execute(&authority(&ask.by), proposal).map(|answer| self.world.told(answer))
            }
            Op::Resume { which, .. } if approvals > 0 => {
                let id = self.world.approval(which.index(approvals));
                rt.resume(id).map(|answer| self.world.told(answer))
            }
            Op::Review { which, by, wish } if approvals > 0 => self.review(&rt, which.index(approvals), by, *wish),
            Op::Retry { which, by, .. } if executions > 0 => {
                let id = self.world.execution(which.index(executions));
                rt.retry(&authority(by), id).map(|resolved| self.world.told_resolved(resolved))
            }
            _ => return None,
        };
        Some((told, "error".to_owned()))
    }

    fn ask(&mut self, rules: &Rules, step: &Step) -> Option<Both> {
        let rt = self.world.runtimes[step.runtime].clone();
        let (approvals, executions) = self.world.counts();
        match &step.op {
            Op::Ingest { entity, event, id, other_payload, by } => {
                let known = rules.actions.iter().any(|action| action.machine == ENTITIES[*entity].1);
                let wanted = self.model.ingest(*entity, known, *event, *id, *other_payload, *by);
                Some((self.ingest(&rt, *entity, *event, *id, *other_payload, by), wanted))
            }
            Op::Execute { ask, .. } | Op::Drop { ask } | Op::Decide { ask } => {
                let (request, proposal, approval) = self.proposal(rules, ask);
                let ruled = self.model.rule(&request, ask.key, approval);
                Some(self.propose(step, &ask.by, proposal, ruled))
            }
            Op::Settle { which, outcome } => {
                let count = self.world.permits.len();
                let (at, attempt, permit) = (count > 0).then(|| self.world.permits.remove(which.index(count)))?;
                // A host knows no panic and no deadline; what it cannot say is an error.
                let outcome = if outcome.events().is_some() || *outcome == Outcome::NotApplied {
                    *outcome
                } else {
                    Outcome::Error
                };
                let wanted = self.model.end(at, attempt, outcome);
                Some((rt.record_outcome(permit, result(outcome)).map(|answer| self.world.told(answer)), wanted))
            }
            Op::Resume { which, outcome } if approvals > 0 => {
                let at = which.index(approvals);
                self.world.lab.next(Some(*outcome));
                let ruled = self.model.resume(at);
                let wanted = self.ran(ruled, *outcome);
                Some((rt.resume(self.world.approval(at)).map(|answer| self.world.told(answer)), wanted))
            }
            Op::Review { which, by, wish } if approvals > 0 => {
                let at = which.index(approvals);
                let wanted = self.model.review(at, *by, *wish);
                Some((self.review(&rt, at, by, *wish), wanted))
            }
            Op::Resolve { which, by, outcome } if executions > 0 => {
                let at = which.index(executions);
                let wanted = self.model.resolve(at, by, *outcome);
                let resolution = match result(*outcome) {
                    Ok(outcome) => Resolution::Succeeded(outcome),
                    Err(_) => Resolution::NotApplied,
                };
                let resolved = rt.resolve(&authority(by), self.world.execution(at), resolution, "seen");
                Some((resolved.map(|resolved| self.world.told_resolved(resolved)), wanted))
            }
            Op::Retry { which, by, outcome } if executions > 0 => {
                let at = which.index(executions);
                self.world.lab.next(Some(*outcome));
                let wanted = self.model.retry(at, by, *outcome);
                let retried = rt.retry(&authority(by), self.world.execution(at));
                Some((retried.map(|resolved| self.world.told_resolved(resolved)), wanted))
            }
            Op::Forward(seconds) => {
                self.model.now += seconds;
                self.world.clock.advance(Duration::from_secs(*seconds));
                None
            }
            Op::Back => {
                self.model.now = 0;
                self.world.clock.set(super::world::START);
                None
            }
            _ => None,
        }
    }

    /// Proposes to kiff what the reference has ruled on.
    fn propose(&mut self, step: &Step, by: &Person, proposal: Proposal, ruled: Ruled) -> Both {
        let rt = self.world.runtimes[step.runtime].clone();
        match step.op {
            Op::Execute { outcome, .. } => {
                self.world.lab.next(Some(outcome));
                let wanted = self.ran(ruled, outcome);
                (rt.execute(&authority(by), proposal).map(|answer| self.world.told(answer)), wanted)
            }
            Op::Decide { .. } => {
                let wanted = match ruled {
                    Ruled::Said(said) => said,
                    Ruled::Run(at) => format!("allowed:#{at}"),
                };
                (rt.decide(&authority(by), proposal).map(|decision| self.world.told_decision(decision)), wanted)
            }
            _ => {
                self.world.lab.next(None);
                let wanted = match ruled {
                    Ruled::Said(said) => said,
                    Ruled::Run(at) => {
                        self.model.effects += 1;
                        format!("dropped:#{at}")
                    }
                };
                (Ok(self.world.dropped(step.runtime, by, proposal)), wanted)
            }
        }
    }

    /// What a ruling of the reference comes to, if this comes of the effect.
    fn ran(&mut self, ruled: Ruled, outcome: Outcome) -> String {
        match ruled {
            Ruled::Said(said) => said,
            Ruled::Run(at) => {
                self.model.effects += 1;
                let attempt = self.model.attempt(at);
                self.model.end(at, attempt, outcome)
            }
        }
    }

    fn proposal(&self, rules: &Rules, ask: &Ask) -> (Request, Proposal, Option<usize>) {
        let approvals = self.world.counts().0;
        let approval = ask.approval.filter(|_| approvals > 0).map(|which| which.index(approvals));
        let action = ask.action.index(rules.actions.len());
        let own = ENTITIES.iter().position(|(_, machine)| *machine == rules.actions[action].machine);
        let entity = ask.entity.or(own).unwrap_or(0);
        let cents = ask.cents.map_or_else(|| Value::from("many"), Value::from);
        let mut proposal = Proposal::new(action_name(action), ENTITIES[entity].0).param("cents", cents);
        if let Some(key) = ask.key {
            proposal = proposal.idempotency_key(format!("k{key}"));
        }
        if let Some(at) = approval {
            proposal = proposal.approval(self.world.approval(at));
        }
        (Request { by: ask.by, action, entity, cents: ask.cents }, proposal, approval)
    }

    fn ingest(
        &self,
        rt: &Blocking,
        entity: usize,
        event: usize,
        id: u8,
        other: bool,
        by: &Person,
    ) -> Result<String, RuntimeError> {
        let event = NewEvent::new(format!("e{id}"), EVENTS[event]).payload(Value::from(u64::from(other)));
        rt.ingest(&authority(by), ENTITIES[entity].0, event).map(told_event)
    }

    fn review(&self, rt: &Blocking, at: usize, by: &Person, wish: Wish) -> Result<String, RuntimeError> {
        let (by, id) = (authority(by), self.world.approval(at));
        let review = match wish {
            Wish::Grant => rt.grant(&by, id, ""),
            Wish::Deny => rt.deny(&by, id, ""),
            Wish::Revoke => rt.revoke(&by, id, ""),
            Wish::Escalate(to) => rt.escalate(&by, id, to.parse().unwrap(), ""),
        };
        review.map(told_review)
    }

    /// The log replays, and every runtime holds what it says.
    fn end(&self) -> Result<(), String> {
        let log = self.world.witness.export().unwrap();
        for report in [replay::verify(&log), replay::verify_with(&self.world.domain, &log)] {
            same("the log", &report.holds(), &true).map_err(|why| format!("{why}\n{report}"))?;
        }
        for rt in self.world.runtimes.iter().chain([&self.world.witness]) {
            for (entity, _) in ENTITIES {
                let rebuild = rt.rebuild(entity).unwrap();
                same(entity, &rebuild.matches(), &true).map_err(|why| format!("{why}\n{rebuild}"))?;
            }
        }
        Ok(())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, told: &T, wanted: &T) -> Result<(), String> {
    if told == wanted { Ok(()) } else { Err(format!("{what}: kiff says {told:?}, the reference {wanted:?}")) }
}

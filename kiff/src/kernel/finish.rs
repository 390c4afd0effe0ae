//! The end of an execution: its outcome, its events, and what happens when nobody knows.

use super::{
    conclusion::Concluded,
    decision::Cleared,
    emit::{Emitter, as_value},
    known::{ANY_MOMENT, Known, Pause},
    recall::recall,
    record::{
        Draft,
        body::{Body, Conflict, Executed, Reported, Unsuccessful},
    },
    step::{Case, Command, Done},
    view::View,
};
use crate::{
    base::code::Code,
    domain::{
        action::{Certainty, Failure, Outcome},
        contract::Effect,
    },
    value::Value,
};

/// How an execution ended, as far as the driver knows.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Succeeded(Outcome),
    NotApplied(String),
    Unknown { cause: Code, message: String },
}

impl From<Result<Outcome, Failure>> for Ending {
    fn from(result: Result<Outcome, Failure>) -> Self {
        match result {
            Ok(outcome) => Self::Succeeded(outcome),
            Err(Failure { certainty: Certainty::NotApplied, message }) => Self::NotApplied(message),
            Err(Failure { certainty: Certainty::Unknown, message }) => {
                Self::Unknown { cause: Code::fixed("error"), message }
            }
        }
    }
}

impl From<Ending> for Result<Outcome, Failure> {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Succeeded(outcome) => Ok(outcome),
            Ending::NotApplied(message) => Err(Failure::not_applied(message)),
            Ending::Unknown { message, .. } => Err(Failure::unknown(message)),
        }
    }
}

/// Asks to record how an execution ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finish<'a> {
    pub(crate) cleared: &'a Cleared,
    pub(crate) ending: &'a Ending,
}

/// The reply to [`Finish`].
#[derive(Debug)]
pub(crate) enum Finished {
    /// The end is recorded, and the records have the conclusion.
    Recorded,
    /// The execution was settled before, and this end adds nothing. The recorded conclusion stands.
    AlreadySettled(Concluded),
}

impl Command for Finish<'_> {
    type Reply = Finished;

    /// Events that came while the effect ran are facts. The events of the outcome go on from them, and those that no longer
    /// can are recorded as `event_rejected`.
    fn decide(&self, case: &Case<'_>, known: &Known) -> Result<Done<Finished>, Pause> {
        let entity = &self.cleared.proposal.entity;
        let mut view = known.view(entity)?;
        if !self.is_open_in(view) {
            // An execution that the log does not have is a fault, not a late result.
            known.execution(self.cleared.terms.execution, ANY_MOMENT)?;
            // Another process may have cleared the attempt: a stale view would take its end for a late one.
            view = known.fresh_view(entity, ANY_MOMENT)?.value;
        }
        let drafts = if self.is_open_in(view) { self.end(case, view) } else { self.late() };
        if drafts.is_empty() {
            let recorded = recall(known, self.cleared.terms.execution, ANY_MOMENT)?;
            return Ok(recorded.map(Finished::AlreadySettled));
        }
        Ok(Done::write(view, drafts, Finished::Recorded))
    }
}

impl Finish<'_> {
    fn is_open_in(&self, view: &View) -> bool {
        let terms = &self.cleared.terms;
        view.execution(terms.execution).is_some_and(|open| open.attempt == terms.attempt)
    }

    fn end(&self, case: &Case<'_>, view: &View) -> Vec<Draft> {
        let Cleared { action, proposal, terms, .. } = self.cleared;
        let source = &proposal.actor;
        let unsuccessful = |cause: Code, message: &str| Unsuccessful {
            action: proposal.action.clone(),
            execution: terms.execution,
            attempt: terms.attempt,
            cause,
            message: Reported::of(Value::from(message)),
        };
        let body = match self.ending {
            Ending::Succeeded(outcome) => {
                let max_events = case.domain.bounds().emitted_events;
                let done = Executed::of(proposal.action.clone(), *terms, outcome, max_events);
                let mut drafts = Vec::with_capacity(1 + 2 * outcome.events.len());
                drafts.push(Draft::new(source, Body::ActionExecuted(done)));
                let emitter = Emitter { case, view, action: Some(action), source, execution: terms.execution };
                emitter.emit(outcome, &mut drafts);
                return drafts;
            }
            // This attempt knows nothing of an earlier one, so the doubt stays.
            Ending::NotApplied(message) if terms.attempt > 1 && terms.effect != Effect::None => {
                Body::ActionUnknown(unsuccessful(Code::fixed("earlier_attempt"), message))
            }
            Ending::NotApplied(message) => Body::ActionFailed(unsuccessful(Code::fixed("not_applied"), message)),
            // The contract says that nothing outside can have happened.
            Ending::Unknown { message, .. } if terms.effect == Effect::None => {
                Body::ActionFailed(unsuccessful(Code::fixed("no_effect"), message))
            }
            Ending::Unknown { cause, message } => Body::ActionUnknown(unsuccessful(cause.clone(), message)),
        };
        vec![Draft::new(source, body)]
    }

    /// The records of a result for an execution that was settled without it. The result may contradict the settlement, so
    /// the entity is in doubt again. A result that nobody knows contradicts nothing and is not recorded.
    fn late(&self) -> Vec<Draft> {
        let Cleared { proposal, terms, .. } = self.cleared;
        let (result, message, output) = match self.ending {
            Ending::Succeeded(outcome) => {
                let events = outcome.events.iter().map(as_value);
                let reported = Value::object([
                    ("output", outcome.output.clone().unwrap_or(Value::Null)),
                    ("events", Value::from(events.collect::<Vec<_>>())),
                ]);
                (Code::fixed("succeeded"), outcome.message.clone(), Some(Reported::output(reported)))
            }
            Ending::NotApplied(message) => (Code::fixed("not_applied"), message.clone(), None),
            Ending::Unknown { .. } => return Vec::new(),
        };
        let conflict = Conflict {
            action: proposal.action.clone(),
            execution: terms.execution,
            attempt: terms.attempt,
            result,
            message: Reported::of(Value::from(message)),
            output,
        };
        vec![Draft::new(&proposal.actor, Body::OutcomeConflict(conflict))]
    }
}

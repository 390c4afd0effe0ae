//! Runs of refusals: how often each actor was refused in a stream since its last event.

use crate::base::{ids::ActorId, timestamp::Timestamp};
use std::time::Duration;

/// How often each actor was refused since the last event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RefusalRuns(pub(super) Vec<RefusalRun>);

/// How often one actor was refused since the last event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RefusalRun {
    pub(super) actor: ActorId,
    pub(super) count: u64,
    pub(super) since: Timestamp,
    /// A record says that from there on the actor's refusals are not recorded.
    pub(super) is_suppressed: bool,
}

/// How the next refusal of an actor is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalRecord {
    /// On its own.
    Single,
    /// As the one record that stands for the rest; so many came before.
    Suppression(u64),
    /// Not at all.
    Nothing,
}

/// The two records that count in a run of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is the record of one refusal.
    Once,
    /// From here on refusals are not recorded.
    FromHereOn,
}

/// Which runs a time ends: streams of the tenant's own have no events to end one, so a day does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunsEnd {
    WithTheNextEvent,
    AfterADay,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How many actors' runs one view keeps. Actors are authenticated by the host, so there are few.
const MAX_RUNS: usize = 256;

impl RefusalRuns {
    /// How the next refusal of `actor` is recorded, with `most` recorded one by one.
    pub(super) fn next(&self, actor: &ActorId, most: u64, now: Timestamp, end: RunsEnd) -> RefusalRecord {
        match self.0.iter().find(|run| run.actor == *actor && !run.is_over(now, end)) {
            None if most == 0 => RefusalRecord::Suppression(0),
            None => RefusalRecord::Single,
            Some(run) if run.count < most => RefusalRecord::Single,
            Some(run) if !run.is_suppressed => RefusalRecord::Suppression(run.count),
            Some(_) => RefusalRecord::Nothing,
        }
    }

    /// Counts a recorded refusal.
    pub(super) fn count(&mut self, actor: &ActorId, at: Timestamp, refused: Refused, end: RunsEnd) {
        self.0.retain(|run| !run.is_over(at, end));
        let is_suppressed = refused == Refused::FromHereOn;
        let once = u64::from(!is_suppressed);
        if let Some(run) = self.0.iter_mut().find(|run| run.actor == *actor) {
            run.count += once;
            run.is_suppressed |= is_suppressed;
            return;
        }
        if self.0.len() >= MAX_RUNS {
            self.0.remove(0);
        }
        self.0.push(RefusalRun { actor: actor.clone(), count: once, since: at, is_suppressed });
    }
}

impl RefusalRun {
    fn is_over(&self, now: Timestamp, end: RunsEnd) -> bool {
        end == RunsEnd::AfterADay && self.since + DAY <= now
    }
}

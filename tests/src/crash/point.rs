//! Points at which the process ends itself, as a crash would end it there.

use std::{
    error::Error,
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

/// What the process does at the time.
#[expect(clippy::exhaustive_enums, reason = "for the tests alone")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It settles what an earlier process left.
    Recovery,
    /// It pays.
    Lap,
}

/// A place in the code.
#[expect(clippy::exhaustive_enums, reason = "for the tests alone")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// Before an append reaches the store.
    AppendBefore,
    /// After the store has acknowledged an append, before the runtime knows.
    AppendAfter,
    /// Before a payment is written to the ledger.
    PaymentBefore,
    /// After it is written, before it is synced.
    PaymentWritten,
    /// After it is synced, before the executor returns.
    PaymentSynced,
}

impl Spot {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::AppendBefore, Self::AppendAfter, Self::PaymentBefore, Self::PaymentWritten, Self::PaymentSynced];

    fn word(self) -> &'static str {
        match self {
            Self::AppendBefore => "append_before",
            Self::AppendAfter => "append_after",
            Self::PaymentBefore => "payment_before",
            Self::PaymentWritten => "payment_written",
            Self::PaymentSynced => "payment_synced",
        }
    }
}

impl Phase {
    fn word(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::Lap => "lap",
        }
    }
}

/// The moment at which a process passes a spot for the n-th time in a phase. Written as `lap:append_before:3`.
#[expect(clippy::exhaustive_structs, reason = "for the tests alone")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The phase.
    pub phase: Phase,
    /// The spot.
    pub spot: Spot,
    /// Which time: 1 for the first.
    pub time: u32,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.phase.word(), self.spot.word(), self.time)
    }
}

impl FromStr for Point {
    type Err = Box<dyn Error + Send + Sync>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let no_point = || format!("`{text}` is no point");
        let mut words = text.split(':');
        let (phase, spot) = (words.next(), words.next());
        let phase = [Phase::Recovery, Phase::Lap].into_iter().find(|it| Some(it.word()) == phase);
        let spot = Spot::ALL.into_iter().find(|it| Some(it.word()) == spot);
        Ok(Self {
            phase: phase.ok_or_else(no_point)?,
            spot: spot.ok_or_else(no_point)?,
            time: words.next().ok_or_else(no_point)?.parse()?,
        })
    }
}

/// Counts how often each spot is passed, and aborts the process at the one that was asked for.
#[derive(Debug)]
pub struct Points {
    abort_at: Option<Point>,
    passed: Mutex<(Phase, Vec<Spot>)>,
}

impl Points {
    /// Aborts at this point, or nowhere. Starts in the recovery.
    #[must_use]
    pub fn new(abort_at: Option<Point>) -> Self {
        Self { abort_at, passed: Mutex::new((Phase::Recovery, Vec::new())) }
    }

    /// Begins a phase.
    pub fn enter(&self, phase: Phase) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) = (phase, Vec::new());
    }

    /// Passes a spot, if the process is not to end here.
    pub fn pass(&self, spot: Spot) {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        passed.1.push(spot);
        let Some(point) = self.abort_at.filter(|point| point.phase == passed.0 && point.spot == spot) else { return };
        if passed.1.iter().filter(|it| **it == spot).count() == usize::try_from(point.time).unwrap_or(usize::MAX) {
            std::process::abort();
        }
    }
}

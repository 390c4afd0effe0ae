//! A clock that moves by hand, and ids that count.

use crate::{
    base::{
        ids::{ApprovalId, ExecutionId, Ids, ReceiptId, Salt, TraceId, Ulid},
        timestamp::Timestamp,
    },
    runtime::clock::{Clock, EntropyError, IdGen},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

/// A clock that moves by hand. Clones show the same time.
///
/// ```
/// use kiff::{clock::Clock, testing::ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::default();
/// clock.set("2026-05-24T09:50:18Z");
/// let shown = clock.clone();
/// clock.advance(Duration::from_millis(1_500));
/// assert_eq!(shown.now().to_string(), "2026-05-24T09:50:19.500Z");
/// ```
///
/// Give a clone to [`RuntimeBuilder::clock`](crate::RuntimeBuilder::clock) and keep one.
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    ms: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self { ms: Arc::new(AtomicI64::new(time.unix_ms())) }
    }

    /// Sets the time, as `2026-05-24T09:50:18Z` or with milliseconds. It may go back.
    ///
    /// # Panics
    /// If the text is not a time: this is for tests.
    #[track_caller]
    #[expect(clippy::panic, reason = "a mistake in a test")]
    pub fn set(&self, time: &str) {
        match time.parse::<Timestamp>() {
            Ok(time) => self.ms.store(time.unix_ms(), Ordering::SeqCst),
            Err(error) => panic!("`{time}`: {error}"),
        }
    }

    /// Moves forward.
    pub fn advance(&self, span: Duration) {
        self.ms.fetch_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.ms.load(Ordering::SeqCst))
    }
}

/// Ids that count from one, so that a log is the same in every run. Never use it outside tests: its ids and
/// salts can be guessed.
///
/// ```
/// use kiff::{Authority, Domain, NewEvent, Runtime, domain::Machine, testing::{FixedIds, ManualClock}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
/// let log = || -> Result<Vec<u8>, Box<dyn std::error::Error>> {
///     let builder = Runtime::builder(domain.clone()).clock(ManualClock::default()).ids(FixedIds::default());
///     let rt = builder.build()?.blocking();
///     rt.ingest(&Authority::service("shop")?, "order:1", NewEvent::new("evt_1", "ORDER_PLACED"))?.accepted()?;
///     Ok(rt.export()?)
/// };
/// // The same bytes in every run.
/// assert_eq!(log()?, log()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct FixedIds {
    next: Arc<AtomicU64>,
}

impl IdGen for FixedIds {
    fn draw(&self, now: Timestamp) -> Result<Ids, EntropyError> {
        let number = self.next.fetch_add(1, Ordering::SeqCst) + 1;
        let mut random = [0; 10];
        for (byte, from) in random.iter_mut().rev().zip(number.to_be_bytes().into_iter().rev()) {
            *byte = from;
        }
        let mut salt = [0; 16];
        for (byte, from) in salt.iter_mut().rev().zip(number.to_be_bytes().into_iter().rev()) {
            *byte = from;
        }
        let ulid = Ulid::new(u64::try_from(now.unix_ms()).unwrap_or_default(), random);
        Ok(Ids::new(
            TraceId::new(ulid),
            ReceiptId::new(ulid),
            ApprovalId::new(ulid),
            ExecutionId::new(ulid),
            Salt::new(salt),
        ))
    }
}

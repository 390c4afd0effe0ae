//! Time, ids and timers, behind traits: the heart takes them as arguments, the runtime fetches them here.

use crate::{
    ids::{ApprovalId, ExecutionId, Ids, ReceiptId, Salt, TraceId, Ulid},
    timestamp::Timestamp,
};
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// Tells the time. Users may implement it; the default is [`SystemClock`].
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time now. It may go back: within a stream, recorded time does not.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Makes ids. Users may implement it, for tests; the default is [`RandomIds`].
///
/// The ids must be unguessable and never repeat: an approval id is a handle that people pass round, and
/// a salt hides what a commitment commits to.
pub trait IdGen: fmt::Debug + Send + Sync + 'static {
    /// All the ids that one call may need.
    ///
    /// # Errors
    /// [`EntropyError`] if the system has no randomness to give. Nothing is decided then.
    fn draw(&self, now: Timestamp) -> Result<Ids, EntropyError>;
}

/// The system has no randomness to give.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
#[error("the system gave no randomness")]
pub struct EntropyError(#[source] getrandom::Error);

/// Ids from the operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct RandomIds;

impl IdGen for RandomIds {
    fn draw(&self, now: Timestamp) -> Result<Ids, EntropyError> {
        let mut ulids = [[0u8; 10]; 4];
        let mut salt = [0u8; 16];
        // One call to the system for everything: it costs more than the rest of this function.
        let mut pool = [0u8; 56];
        getrandom::fill(&mut pool).map_err(EntropyError)?;
        let mut rest = pool.iter().copied();
        for byte in ulids.as_flattened_mut().iter_mut().chain(&mut salt) {
            *byte = rest.next().unwrap_or_default();
        }
        let ms = u64::try_from(now.unix_ms()).unwrap_or_default();
        let [trace, receipt, approval, execution] = ulids.map(|random| Ulid::new(ms, random));
        Ok(Ids::new(
            TraceId::new(trace),
            ReceiptId::new(receipt),
            ApprovalId::new(approval),
            ExecutionId::new(execution),
            Salt::new(salt),
        ))
    }
}

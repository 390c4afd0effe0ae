//! Bounds on what the log holds of one entity.

use std::time::Duration;

/// Bounds that keep a hostile agent from growing the log, and a lost execution from blocking it for good. All
/// are for one entity.
///
/// ```
/// use kiff::{Bounds, Domain, Machine};
/// use std::time::Duration;
///
/// let bounds = Bounds::default().with_open_approvals(4).with_lease(Duration::from_secs(60));
/// let domain = Domain::builder("shop", "v1")
///     .table(Machine::new("order").starts("ORDER_PLACED", "CREATED"))
///     .bounds(bounds)
///     .build()?;
/// assert_eq!(domain.bounds().open_approvals, 4);
/// assert_eq!(domain.bounds().refusals, 100);
/// # Ok::<(), kiff::DomainError>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many refusals of one actor are recorded one by one since the last event. 100 by default.
    pub refusals: u64,
    /// How many approvals one requester may have open. 32 by default.
    pub open_approvals: usize,
    /// How many events one execution may emit. 64 by default; the rest is recorded as rejected.
    pub emitted_events: usize,
    /// After how long an execution without an outcome counts as abandoned, where its contract names no
    /// timeout. Ten minutes by default. Until then nobody can say that it did nothing, and nobody retries it.
    ///
    /// It is for executions of other processes: one cannot see what runs in another, and what runs in its own it
    /// leaves alone however long it takes. Each process reads it by its own clock, and no safety rests on that: one
    /// whose clock is ahead calls an attempt abandoned too early, and a success that comes then is recorded as
    /// `outcome_conflict` and puts the entity in doubt again. So let it be longer than any attempt takes, by more than
    /// clocks differ.
    pub lease: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { refusals: 100, open_approvals: 32, emitted_events: 64, lease: Duration::from_secs(600) }
    }
}

impl Bounds {
    /// The same with this many refusals.
    #[must_use]
    pub const fn with_refusals(mut self, refusals: u64) -> Self {
        self.refusals = refusals;
        self
    }

    /// The same with this many open approvals.
    #[must_use]
    pub const fn with_open_approvals(mut self, open_approvals: usize) -> Self {
        self.open_approvals = open_approvals;
        self
    }

    /// The same with this many emitted events.
    #[must_use]
    pub const fn with_emitted_events(mut self, emitted_events: usize) -> Self {
        self.emitted_events = emitted_events;
        self
    }

    /// The same with this lease.
    #[must_use]
    pub const fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }
}

//! Bounds on what the log holds of one entity.

use std::time::Duration;

/// Bounds that keep a hostile agent from growing the log, and a lost execution from blocking it for good. All
/// are for one entity.
///
/// ```
/// use kiff::{Domain, domain::{Bounds, Machine}};
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
    /// How many refusals of one actor since the last event are recorded one by one. 100 by default.
    pub refusals: u64,
    /// How many approvals one requester may have open. 32 by default.
    pub open_approvals: usize,
    /// How many events one execution may emit. 64 by default. Further events are recorded as rejected.
    pub emitted_events: usize,
    /// How long an execution without an outcome may last before it counts as abandoned, where its contract names no
    /// timeout. Ten minutes by default. Until then it can neither be resolved as "not applied" nor be retried.
    ///
    /// The lease is for executions of other processes, which a process cannot see. It leaves its own executions alone,
    /// however long they take. Each process reads the lease by its own clock, and no safety rests on that: a process whose
    /// clock is ahead calls an attempt abandoned too early, and a success that arrives afterwards is recorded as
    /// `outcome_conflict` and puts the entity in doubt again. Choose a lease that is longer than any attempt, by more than
    /// the clocks differ.
    pub lease: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { refusals: 100, open_approvals: 32, emitted_events: 64, lease: Duration::from_secs(600) }
    }
}

impl Bounds {
    /// Sets how many refusals are recorded one by one.
    #[must_use]
    pub const fn with_refusals(mut self, refusals: u64) -> Self {
        self.refusals = refusals;
        self
    }

    /// Sets how many approvals may be open.
    #[must_use]
    pub const fn with_open_approvals(mut self, open_approvals: usize) -> Self {
        self.open_approvals = open_approvals;
        self
    }

    /// Sets how many events may be emitted.
    #[must_use]
    pub const fn with_emitted_events(mut self, emitted_events: usize) -> Self {
        self.emitted_events = emitted_events;
        self
    }

    /// Sets the lease.
    #[must_use]
    pub const fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }
}

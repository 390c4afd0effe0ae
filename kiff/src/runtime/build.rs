//! Building a runtime.

use super::{BuildError, Inner, Runtime};
use crate::{
    base::ids::{KeyId, TenantId},
    domain::{
        Domain,
        action::{ActionContract, Provided, Providers},
    },
    evidence::{
        receipt::{DynSigner, Receipt, Signer},
        warrant::Warrant,
    },
    kernel::record::body::Issue,
    runtime::{
        clock::{Clock, IdGen, RandomIds, SystemClock, ThreadTimer, Timer},
        probe::{Probe, Probes},
        views::Views,
    },
    store::{DynStore, EventStore, MemoryStore},
};
use std::{any::Any, sync::Arc};

/// How many entities' views a runtime keeps by default.
const VIEWS: usize = 10_000;

/// Builds a runtime for a domain. Everything else has a default.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use kiff::{Domain, Runtime, domain::Machine};
///
/// let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
/// let rt = Runtime::builder(domain).tenant("shop-de").issued_by("refund-service").build()?;
/// # let _ = rt;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct RuntimeBuilder {
    domain: Domain,
    tenant: String,
    store: Option<Arc<dyn DynStore>>,
    clock: Option<Arc<dyn Clock>>,
    ids: Option<Arc<dyn IdGen>>,
    timer: Option<Arc<dyn Timer>>,
    signer: Option<SignerBox>,
    providers: Providers,
    probes: Probes,
    issued_by: String,
    anchor: String,
    views: usize,
    snapshots: u64,
}

/// A signer whose `Debug` reveals nothing of it.
pub(super) struct SignerBox(pub(super) Arc<dyn DynSigner>);

impl std::fmt::Debug for SignerBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl Runtime {
    /// Starts a runtime for a domain.
    pub fn builder(domain: Domain) -> RuntimeBuilder {
        RuntimeBuilder::new(domain)
    }
}

impl RuntimeBuilder {
    pub(super) fn new(domain: Domain) -> Self {
        Self {
            domain,
            tenant: "default".to_owned(),
            store: None,
            clock: None,
            ids: None,
            timer: None,
            signer: None,
            providers: Providers::default(),
            probes: Probes::default(),
            issued_by: "kiff".to_owned(),
            anchor: "none".to_owned(),
            views: VIEWS,
            snapshots: 0,
        }
    }

    /// Sets the tenant whose log to use, `default` by default. [`Runtime::tenant`] gives the others.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// Sets the store that keeps the records, in memory by default.
    ///
    /// ```
    /// use kiff::{Authority, Domain, NewEvent, Runtime, domain::Machine, store::MemoryStore};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
    /// // `SqliteStore` (feature `sqlite-bundled`) keeps the log in a file.
    /// let store = MemoryStore::new();
    /// let rt = Runtime::builder(domain.clone()).store(store.clone()).build()?.blocking();
    /// rt.ingest(&Authority::service("shop")?, "order:1", NewEvent::new("evt_1", "ORDER_PLACED"))?.accepted()?;
    ///
    /// // Another process, or the same one after a restart, goes on from the log.
    /// let rt = Runtime::builder(domain).store(store).build()?.blocking();
    /// assert!(rt.state("order:1")?.is_some_and(|order| order.state == "CREATED"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn store(mut self, store: impl EventStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Provides a value to the executors that take it by reference. One of each type: a second replaces the first.
    ///
    /// ```
    /// use kiff::{
    ///     Authority, Domain, NewEvent, Outcome, Proposal, Runtime,
    ///     domain::{Call, Contract, Definition, Machine},
    /// };
    ///
    /// /// A client of the bank, or of anything else that an effect needs.
    /// struct Bank {
    ///     name: &'static str,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let domain = Domain::builder("shop", "v1")
    /// #     .table(Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED"))
    /// #     .define(
    /// #         Definition::new(Contract::new("REFUND_ORDER", "order").allowed_states(["PAID"]).emits(["ORDER_REFUNDED"]))
    /// #             .executor(|call: Call<'_>| {
    /// #                 let bank = call.provided::<Bank>()?;
    /// #                 Ok(Outcome::new(format!("paid back by {}", bank.name)).emit("ORDER_REFUNDED"))
    /// #             }),
    /// #     )
    /// #     .build()?;
    /// // `#[action]` functions take it as `bank: &Bank`; an executor by hand asks `call.provided::<Bank>()?`.
    /// let rt = Runtime::builder(domain).provide(Bank { name: "the first bank" }).build()?.blocking();
    /// # rt.ingest(&Authority::service("stripe")?, "order:1", NewEvent::new("evt_1", "ORDER_PAID"))?.accepted()?;
    /// let agent = Authority::agent("bot", [""; 0])?;
    /// let done = rt.execute(&agent, Proposal::new("REFUND_ORDER", "order:1"))?.executed()?;
    /// assert_eq!(done.message, "paid back by the first bank");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A value that several executors change, or that the host keeps a handle on, is provided as an `Arc` and taken as
    /// `&Arc<Bank>`.
    pub fn provide<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.providers.insert(value);
        self
    }

    /// Registers the probe of an action, which [`Runtime::probe`] and [`Runtime::recover`] ask about executions in doubt. An
    /// action has one probe: a second replaces the first.
    ///
    /// ```
    /// use kiff::{Answer, Authority, Failure, Outcome, Proposal, doubt::{Probed, Probing}};
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let shop = shop(|_| Err(Failure::unknown("no answer from the bank")))?;
    /// # let domain = shop.domain().clone();
    /// // A closure here; a client of the provider implements `Probe`.
    /// let rt = kiff::Runtime::builder(domain)
    ///     .probe("REFUND_ORDER", |asked: &Probing| {
    ///         let cents: u64 = asked.params.decode("cents")?;
    ///         let seen = Outcome::new(format!("the bank has paid {cents} as {}", asked.execution_id));
    ///         Ok(Probed::Applied(seen.emit("ORDER_REFUNDED")))
    ///     })
    ///     .build()?
    ///     .blocking();
    /// # let source = Authority::service("stripe")?;
    /// # for (id, event) in [("evt_1", "ORDER_PLACED"), ("evt_2", "ORDER_PAID")] {
    /// #     rt.ingest(&source, "order:1", kiff::NewEvent::new(id, event))?.accepted()?;
    /// # }
    /// # let agent = Authority::agent("bot", ["operator"])?;
    /// # let refund = Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00);
    /// # let Answer::InDoubt(doubt) = rt.execute(&agent, refund)? else { return Err("known".into()) };
    /// # let done = rt.probe(&Authority::human("lee", ["lead"])?, doubt.execution_id)?.settled()?.executed()?;
    /// # assert!(done.message.contains("the bank has paid 2000"), "{}", done.message);
    /// # Ok(())
    /// # }
    /// ```
    pub fn probe(mut self, action: impl Into<String>, probe: impl Probe) -> Self {
        self.probes.insert(action.into(), Arc::new(probe));
        self
    }

    /// Registers a probe for an annotated function, by the type of its name.
    pub fn probe_for<A: ActionContract>(self, probe: impl Probe) -> Self {
        self.probe(A::CONTRACT.name, probe)
    }

    /// Sets the signer of receipts. Without a signer there are no receipts, and everything else works.
    pub fn signer(mut self, signer: impl Signer) -> Self {
        self.signer = Some(SignerBox(Arc::new(signer)));
        self
    }

    /// Sets the issuer that decisions name, `kiff` by default.
    pub fn issued_by(mut self, issuer: impl Into<String>) -> Self {
        self.issued_by = issuer.into();
        self
    }

    /// Sets the anchor that decisions name, `none` by default: an address where the log is anchored, never evidence.
    pub fn anchor(mut self, anchor: impl Into<String>) -> Self {
        self.anchor = anchor.into();
        self
    }

    /// Sets the clock, the system's by default.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Sets the generator of ids, which are random by default.
    pub fn ids(mut self, ids: impl IdGen) -> Self {
        self.ids = Some(Arc::new(ids));
        self
    }

    /// Sets the timer that keeps deadlines, a thread of the library's own by default.
    ///
    /// ```
    /// use kiff::{Domain, Runtime, clock::Timer, domain::{BoxFuture, Machine}};
    /// use std::time::Duration;
    ///
    /// /// The timer of the async runtime that the host has anyway.
    /// #[derive(Debug)]
    /// struct HostTimer;
    ///
    /// impl Timer for HostTimer {
    ///     fn sleep(&self, after: Duration) -> BoxFuture<'static, ()> {
    ///         // With tokio: `Box::pin(tokio::time::sleep(after))`.
    /// #         let _ = after;
    /// #         Box::pin(std::future::ready(()))
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
    /// let rt = Runtime::builder(domain).timer(HostTimer).build()?;
    /// # let _ = rt;
    /// # Ok(())
    /// # }
    /// ```
    pub fn timer(mut self, timer: impl Timer) -> Self {
        self.timer = Some(Arc::new(timer));
        self
    }

    /// Sets how many entities' views to keep between calls, 10,000 by default.
    pub fn cached_views(mut self, most: usize) -> Self {
        self.views = most;
        self
    }

    /// Keeps a snapshot of an entity's view in the store after every so many records of the entity, so that an entity
    /// with a long history is opened from its last snapshot and not from its first record. 0 for none, the default.
    ///
    /// ```
    /// use kiff::{Authority, Domain, NewEvent, Runtime, domain::Machine, store::MemoryStore};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let order = Machine::new("order").starts("ORDER_PLACED", "CREATED").moves("CREATED", "ORDER_NOTED", "CREATED");
    /// let domain = Domain::builder("shop", "v1").table(order).build()?;
    /// let store = MemoryStore::new();
    /// let rt = Runtime::builder(domain.clone()).store(store.clone()).snapshots(1_000).build()?.blocking();
    /// # let rt = Runtime::builder(domain.clone()).store(store.clone()).snapshots(10).build()?.blocking();
    /// rt.ingest(&Authority::service("shop")?, "order:1", NewEvent::new("evt_0", "ORDER_PLACED"))?.accepted()?;
    /// for number in 1..=20 {
    ///     let event = NewEvent::new(format!("evt_{number}"), "ORDER_NOTED");
    ///     rt.ingest(&Authority::service("shop")?, "order:1", event)?.accepted()?;
    /// }
    ///
    /// // Another process reads the snapshot and what came after it.
    /// let rt = Runtime::builder(domain).store(store).snapshots(1_000).build()?.blocking();
    /// assert_eq!(rt.state("order:1")?.map(|order| order.state_version), Some(21));
    /// assert!(rt.rebuild("order:1")?.matches());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The cost: the call whose records make a snapshot due waits for one [`set_cell`](EventStore::set_cell) of the store, a
    /// few kilobytes for most views, unless it is about to run an effect. If the store fails, no error is returned, and the
    /// next snapshot is tried after as many records again. A view of more than 1 MiB is not kept. A cold entity costs one
    /// more read from the store.
    ///
    /// The risk: a snapshot is a cache, and no evidence. It is ignored if it is damaged, if the domain's
    /// digest or the facts' initial value have changed, or if the log does not have the record on which it stands. But
    /// **its content is not proved by the log**: anybody who can write to the database can give an entity another state
    /// until somebody calls [`rebuild`](Runtime::rebuild), which never relies on it and reports the difference, or
    /// checks the decisions with [`replay`](crate::evidence::replay). Leave it off where that matters more than the time
    /// to open.
    ///
    /// [`Facts`](crate::Facts) must survive their JSON: a field that serde skips is lost. If you change what `apply` does, give
    /// the domain a new version, as for every other rule.
    pub fn snapshots(mut self, every: u64) -> Self {
        self.snapshots = every;
        self
    }

    /// Builds the runtime.
    ///
    /// # Errors
    /// [`BuildError`] if an executor wants something that was not provided, a probe is for an action that the domain
    /// does not have, or a name is malformed.
    pub fn build(self) -> Result<Runtime, BuildError> {
        let shown = [Provided::of::<Receipt>(), Provided::of::<Warrant>()];
        let has = |wanted: &Provided| self.providers.has(wanted) || self.signer.is_some() && shown.contains(wanted);
        if let Some((action, wanted)) = self.domain.needs().find(|(_, wanted)| !has(wanted)) {
            let action = action.clone();
            let name = wanted.name;
            if shown.contains(&wanted) {
                return Err(BuildError::NoSigner { action, wanted: name });
            }
            return Err(if self.providers.has_arc(&wanted) {
                BuildError::ProvidedInArc { action, wanted: name }
            } else {
                BuildError::NotProvided { action, wanted: name }
            });
        }
        if let Some(action) = self.probes.actions().find(|action| self.domain.action(action).is_none()) {
            return Err(BuildError::ProbeWithoutAction { action: action.to_owned() });
        }
        for (what, text) in [("the issuer", &self.issued_by), ("the anchor", &self.anchor)] {
            if text.is_empty()
                || text.len() > 512
                || text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
            {
                return Err(BuildError::Issue { what });
            }
        }
        let tenant = TenantId::new(&self.tenant)?;
        let signer = self.signer.map(|signer| signer.0);
        let key_id = match &signer {
            // A receipt can name no other id, and nobody could verify it.
            Some(signer) => KeyId::new(signer.key_id()).map_err(BuildError::KeyId)?.as_str().into(),
            None => "none".into(),
        };
        let inner = Inner {
            issue: Issue { issued_by: self.issued_by.into(), anchor: self.anchor.into(), key_id },
            store: self.store.unwrap_or_else(|| Arc::new(MemoryStore::default())),
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            ids: self.ids.unwrap_or_else(|| Arc::new(RandomIds)),
            timer: self.timer.unwrap_or_else(|| Arc::new(ThreadTimer::default())),
            signer,
            providers: self.providers,
            probes: self.probes,
            views: Views::new(self.views),
            snapshots: self.snapshots,
            running: Default::default(),
            domain: self.domain,
        };
        Ok(Runtime { inner: Arc::new(inner), tenant })
    }
}

//! Guards the service that has the effect: nothing runs without a receipt that says so, and nothing runs twice.
//!
//! A payment service has neither the log nor the domain. It pins the issuer's keys, and requires a [`Warrant`] of every
//! call: the receipt of the clearance, with the salt and the actor that its request digest was computed with. A [`Guard`]
//! takes nothing on the receipt's word: tenant, entity, action and every parameter come from the service's own request,
//! and the issuer is the one that the guard was built with.
//!
//! ```
//! use kiff::{guard::{Guard, GuardError, Request}, verify::KeySet};
//! # use kiff::{
//! #     Authority, Decision, Domain, NewEvent, Proposal, Runtime,
//! #     domain::{Contract, Definition, Machine, param::ParamKind}, keys::Ed25519Signer,
//! # };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let orders = Machine::new("order").starts("ORDER_PAID", "PAID").moves("PAID", "ORDER_REFUNDED", "REFUNDED");
//! # let refund = Contract::new("REFUND_ORDER", "order").allowed_states(["PAID"]).emits(["ORDER_REFUNDED"]);
//! # let refund = refund.param("amount", ParamKind::DECIMAL);
//! # let domain = Domain::builder("shop", "v1").table(orders).define(Definition::new(refund)).build()?;
//! # let signer = Ed25519Signer::generate()?;
//! # let published = KeySet::new().with(signer.public_key().clone()).to_json();
//! # let rt = Runtime::builder(domain).tenant("acme").issued_by("refund-agents").signer(signer).build()?.blocking();
//! # rt.ingest(&Authority::service("stripe")?, "order:1", NewEvent::new("evt_1", "ORDER_PAID"))?.accepted()?;
//! # let asked = Proposal::new("REFUND_ORDER", "order:1").param("amount", "49.00");
//! # let Decision::Allowed(allowed) = rt.decide(&Authority::agent("bot", [""; 0])?, asked)? else { panic!() };
//! # let warrant = allowed.warrant().ok_or("no warrant")?.to_json().into_bytes();
//! // In the payment service, once:
//! let guard = Guard::builder(KeySet::from_json(published.as_bytes())?, "refund-agents").build();
//!
//! // For each call: what is about to be done, and the warrant that came along.
//! let request = Request::new("acme", "order:1", "REFUND_ORDER")?.param("amount", "49.00");
//! let paid = guard.require_blocking(&warrant, &request, || Ok::<_, std::io::Error>(b"re_1".to_vec()))?;
//! assert_eq!((paid.outcome.as_slice(), paid.is_repeat), (&b"re_1"[..], false));
//!
//! // The same receipt again: the first outcome, and nothing runs.
//! let again = guard.require_blocking(&warrant, &request, || Err(std::io::Error::other("never called")))?;
//! assert_eq!((again.outcome.as_slice(), again.is_repeat), (&b"re_1"[..], true));
//!
//! // Another amount was never cleared.
//! let more = Request::new("acme", "order:1", "REFUND_ORDER")?.param("amount", "499.00");
//! let refused = guard.require_blocking(&warrant, &more, || Ok::<_, std::io::Error>(Vec::new()));
//! assert!(matches!(refused, Err(GuardError::Refused(why)) if why.code() == "other_request"));
//! # Ok(())
//! # }
//! ```

mod error;
mod replay_store;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use error::{GuardError, GuardRefusal};
pub use replay_store::{Begun, MemoryReplayStore, ReplayError, ReplayStore, Usage};
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use sqlite::SqliteReplayStore;

use crate::{
    base::{
        ids::{ActionName, EntityRef, NameError, ParamName, ReceiptId, TenantId},
        timestamp::Timestamp,
    },
    domain::param::Params,
    evidence::{
        receipt::{Receipt, ReceiptFault},
        verify::{KeySet, ReceiptVerifier, Revocations},
        warrant::Warrant,
    },
    kernel::{record::Verdict, request},
    runtime::clock::{Clock, SystemClock, block_on},
    value::Value,
};
use replay_store::DynReplayStore;
use std::{collections::BTreeMap, fmt, future::Future, sync::Arc, time::Duration};

/// How old a receipt may be by default.
const MAX_AGE: Duration = Duration::from_secs(5 * 60);
/// How far the clocks may be apart by default.
const SKEW: Duration = Duration::from_secs(60);

/// The request that a service is about to carry out, in its own words: nothing in it comes from the receipt.
///
/// Every parameter of the action goes in, with the values that will be used; one left out is refused like one that is
/// different. Decimals are texts with the digits as they were proposed (`"49.00"` is not `"49.0"`), and so are integers
/// beyond ±(2^53 − 1).
#[derive(Clone, Debug)]
pub struct Request {
    tenant: TenantId,
    entity: EntityRef,
    action: ActionName,
    params: BTreeMap<ParamName, Value>,
    /// A parameter's name breaks its alphabet: such a request was never cleared.
    is_malformed: bool,
}

impl Request {
    /// An action on an entity of a tenant.
    ///
    /// # Errors
    /// [`NameError`] if one of the names breaks its alphabet.
    pub fn new(tenant: impl AsRef<str>, entity: impl AsRef<str>, action: impl AsRef<str>) -> Result<Self, NameError> {
        Ok(Self {
            tenant: TenantId::new(tenant)?,
            entity: entity.as_ref().parse()?,
            action: ActionName::new(action)?,
            params: BTreeMap::new(),
            is_malformed: false,
        })
    }

    /// A parameter, as it will be used.
    #[must_use]
    pub fn param(mut self, name: impl AsRef<str>, value: impl Into<Value>) -> Self {
        match ParamName::new(name) {
            Ok(name) => drop(self.params.insert(name, value.into())),
            Err(_) => self.is_malformed = true,
        }
        self
    }

    /// True if the receipt was given for exactly this, asked by whom the warrant says.
    fn is_of(&self, warrant: &Warrant) -> bool {
        let params = self.params.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let params = Params::from_sorted(params);
        let Self { tenant, entity, action, .. } = self;
        let request = request::Request { tenant, entity, action, actor: warrant.actor(), params: &params };
        !self.is_malformed && request.digest(warrant.salt()).1 == warrant.receipt().request_digest()
    }
}

/// Lets an effect run only with a receipt that says so, and once for each receipt.
///
/// Cheap to clone; clones are the same guard. The example of this [module](self) shows it at work.
#[derive(Clone)]
pub struct Guard {
    verifier: Arc<ReceiptVerifier>,
    max_age: Duration,
    skew: Duration,
    clock: Arc<dyn Clock>,
    store: Arc<dyn DynReplayStore>,
}

/// An effect that has run.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The effect's outcome, when it ran.
    pub outcome: Vec<u8>,
    /// True if it ran for an earlier call with the same receipt.
    pub is_repeat: bool,
    /// The receipt.
    pub receipt_id: ReceiptId,
}

impl Guard {
    /// Starts a guard that trusts these keys, of the issuer that calls itself so.
    pub fn builder(keys: KeySet, issuer: impl Into<String>) -> GuardBuilder {
        GuardBuilder {
            verifier: ReceiptVerifier::new(keys).issuer(issuer),
            max_age: MAX_AGE,
            skew: SKEW,
            clock: None,
            store: None,
        }
    }

    /// Runs the effect if the warrant's receipt clears exactly this request, and was not used before. `text` is the
    /// [warrant as JSON](Warrant::to_json), as it came with the call; of a call without one it is empty.
    ///
    /// That the effect runs is kept before it starts, and its outcome after it ends. A repeat gets that outcome. If there
    /// is none, because the effect failed, was dropped or still runs, a repeat is refused with `in_doubt`: the effect is
    /// never run a second time.
    ///
    /// # Errors
    /// [`GuardError`]: why it was refused, or that the effect or the store failed.
    pub async fn require<E, F>(
        &self,
        text: &[u8],
        request: &Request,
        effect: impl FnOnce() -> F,
    ) -> Result<Passage, GuardError<E>>
    where
        F: Future<Output = Result<Vec<u8>, E>>,
    {
        let receipt = self.admit(text, request, self.clock.now())?;
        let usage = self.usage(&receipt);
        let receipt_id = receipt.receipt_id();
        match self.store.begin(&usage).await.map_err(GuardError::Store)? {
            Begun::New => {}
            Begun::Done(outcome) => return Ok(Passage { outcome, is_repeat: true, receipt_id }),
            Begun::InDoubt => return Err(GuardRefusal::InDoubt { receipt_id }.into()),
            Begun::OtherRecord => return Err(GuardRefusal::ReceiptIdReused { receipt_id }.into()),
            Begun::Forgotten => {
                let issued_at = receipt.issued_at();
                return Err(GuardRefusal::Receipt(ReceiptFault::TooOld { issued_at }).into());
            }
        }
        let outcome = effect().await.map_err(GuardError::Effect)?;
        match self.store.finish(&usage, &outcome).await {
            Ok(()) => Ok(Passage { outcome, is_repeat: false, receipt_id }),
            Err(source) => Err(GuardError::OutcomeNotKept { outcome, source }),
        }
    }

    /// The same for code without an async runtime.
    ///
    /// # Errors
    /// As [`require`](Self::require).
    pub fn require_blocking<E>(
        &self,
        text: &[u8],
        request: &Request,
        effect: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Passage, GuardError<E>> {
        block_on(self.require(text, request, || std::future::ready(effect())))
    }

    /// Everything but single use.
    fn admit(&self, text: &[u8], request: &Request, now: Timestamp) -> Result<Receipt, GuardRefusal> {
        if text.is_empty() {
            return Err(GuardRefusal::NoReceipt);
        }
        let warrant = Warrant::parse(text)?;
        let verified = self.verifier.verify_receipt(warrant.receipt().clone(), now)?;
        let receipt = verified.receipt();
        if *receipt.tenant() != request.tenant {
            return Err(GuardRefusal::Receipt(ReceiptFault::OtherTenant { found: receipt.tenant().clone() }));
        }
        if *receipt.entity() != request.entity {
            return Err(GuardRefusal::OtherEntity { found: receipt.entity().clone() });
        }
        if *receipt.action() != request.action {
            return Err(GuardRefusal::OtherAction { found: receipt.action().clone() });
        }
        if receipt.decision() != Verdict::Allowed {
            return Err(GuardRefusal::NotAllowed { decision: receipt.decision() });
        }
        if !request.is_of(&warrant) {
            return Err(GuardRefusal::OtherRequest);
        }
        Ok(receipt.clone())
    }

    /// A receipt is too old for every clock that may be meant when its use is forgotten.
    fn usage(&self, receipt: &Receipt) -> Usage {
        let keep = self.max_age.saturating_add(self.skew.saturating_mul(2));
        Usage {
            tenant: receipt.tenant().clone(),
            receipt_id: receipt.receipt_id(),
            record: receipt.record(),
            issued_at: receipt.issued_at(),
            now: self.clock.now(),
            until: receipt.issued_at() + keep,
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// Collects what a guard needs beside keys and issuer. Everything has a default.
#[must_use]
pub struct GuardBuilder {
    verifier: ReceiptVerifier,
    max_age: Duration,
    skew: Duration,
    clock: Option<Arc<dyn Clock>>,
    store: Option<Arc<dyn DynReplayStore>>,
}

impl GuardBuilder {
    /// How old a receipt may be. Five minutes by default.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// How far the issuer's clock and this one may be apart. A minute by default.
    pub fn skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// Keys that were revoked: no receipt of theirs is accepted, because a guard has no proof of its place in the log.
    pub fn revocations(mut self, revocations: Revocations) -> Self {
        self.verifier = self.verifier.revocations(revocations);
        self
    }

    /// Tells the time. The system's clock by default.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Where used receipts are kept. In memory by default, which is forgotten with the process: a service that restarts
    /// within the maximum age, or has several processes, needs one that is not.
    pub fn store(mut self, store: impl ReplayStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// The guard.
    pub fn build(self) -> Guard {
        Guard {
            verifier: Arc::new(self.verifier.max_age(self.max_age).skew(self.skew)),
            max_age: self.max_age,
            skew: self.skew,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            store: self.store.unwrap_or_else(|| Arc::new(MemoryReplayStore::default())),
        }
    }
}

impl fmt::Debug for GuardBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardBuilder").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

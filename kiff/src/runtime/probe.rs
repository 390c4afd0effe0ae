//! Probes, which ask the provider about an execution whose outcome nobody knows.

use crate::{
    base::{
        actor::Actor,
        debug::with_causes,
        ids::{ActionName, EntityRef, ExecutionId, TenantId},
        timestamp::Timestamp,
    },
    domain::{
        action::{BoxFuture, Outcome},
        param::Params,
    },
    kernel::doubt::ProbedActions,
};
use std::{collections::BTreeMap, error::Error, fmt, sync::Arc};

/// Asks the provider of an action's effect whether an execution happened there. Users implement it, one for each
/// action that can be asked about, and so does every closure from [`Probing`] to `Result<Probed, _>`.
///
/// A probe only looks. It must change nothing at the provider, because it may be asked any number of times, and nothing locks
/// the entity while it runs. Register it with
/// [`RuntimeBuilder::probe`](crate::RuntimeBuilder::probe), and ask it with [`Runtime::probe`](crate::Runtime::probe).
///
/// ```
/// use kiff::{Outcome, doubt::{Probe, Probed, Probing}};
/// use std::{collections::BTreeMap, error::Error};
///
/// /// A client of the bank.
/// struct Bank {
///     /// Payments by their idempotency keys, with their references.
///     payments: BTreeMap<String, String>,
/// }
///
/// impl Probe for Bank {
///     async fn probe(&self, asked: &Probing) -> Result<Probed, Box<dyn Error + Send + Sync>> {
///         // Ask the bank here, with the key that the executor paid under. A plain error, such as a lost connection,
///         // settles nothing.
///         Ok(match self.payments.get(&asked.execution_id.to_string()) {
///             Some(reference) => Probed::Applied(Outcome::new(format!("payment {reference}")).emit("ORDER_REFUNDED")),
///             None => Probed::NotApplied,
///         })
///     }
/// }
/// ```
pub trait Probe: Send + Sync + 'static {
    /// Whether the effect happened.
    ///
    /// # Errors
    /// Any error, if the provider cannot be asked now. The execution stays in doubt, as it does after a panic, and
    /// where no answer comes within the contract's timeout, or the domain's lease if it has none.
    fn probe(&self, asked: &Probing) -> impl Future<Output = Result<Probed, Box<dyn Error + Send + Sync>>> + Send;
}

impl<F> Probe for F
where
    F: Fn(&Probing) -> Result<Probed, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
{
    fn probe(&self, asked: &Probing) -> impl Future<Output = Result<Probed, Box<dyn Error + Send + Sync>>> + Send {
        std::future::ready(self(asked))
    }
}

/// A probe's answer.
#[expect(clippy::exhaustive_enums, reason = "complete by meaning: it happened, it did not, or nobody can say")]
#[derive(Clone, Debug)]
pub enum Probed {
    /// The effect happened. The outcome is the one that the executor would have reported: its events are taken in, and its
    /// message becomes the evidence in the log, so let it name what the provider shows.
    Applied(Outcome),
    /// Certainly nothing happened. It is accepted only if the deadline had passed when the probe was called. Return it if the
    /// provider would know of the effect by now, and [`Unknown`](Self::Unknown) if it may not know yet.
    NotApplied,
    /// The provider cannot say.
    Unknown,
}

/// The execution that a [`Probe`] is asked about.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Probing {
    /// The tenant whose log has it.
    pub tenant: TenantId,
    /// Its id: the key that the provider was given, the same for every attempt.
    pub execution_id: ExecutionId,
    /// Which attempt was the last: 1 for the first.
    pub attempt: u32,
    /// The entity.
    pub entity: EntityRef,
    /// The action.
    pub action: ActionName,
    /// The parameters that were cleared, in their canonical form.
    pub params: Params,
    /// Who asked for it.
    pub requester: Arc<Actor>,
    /// When it was cleared, or came into doubt again.
    pub since: Timestamp,
}

/// [`Probe`] with its future boxed, so that a runtime can hold any.
pub(crate) trait DynProbe: Send + Sync {
    /// The probe's answer, or in words why there is none.
    fn ask<'a>(&'a self, asked: &'a Probing) -> BoxFuture<'a, Result<Probed, String>>;
}

impl<P: Probe> DynProbe for P {
    fn ask<'a>(&'a self, asked: &'a Probing) -> BoxFuture<'a, Result<Probed, String>> {
        // The error is the user's own: it is put into words where a panic of it is caught.
        Box::pin(async move { self.probe(asked).await.map_err(|error| with_causes(&*error)) })
    }
}

/// The probes of a runtime, by the names of their actions.
#[derive(Clone, Default)]
pub(crate) struct Probes(BTreeMap<String, Arc<dyn DynProbe>>);

impl Probes {
    pub(crate) fn insert(&mut self, action: String, probe: Arc<dyn DynProbe>) {
        self.0.insert(action, probe);
    }

    pub(crate) fn of(&self, action: &ActionName) -> Option<&Arc<dyn DynProbe>> {
        self.0.get(action.as_str())
    }

    pub(crate) fn actions(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl ProbedActions for Probes {
    fn has_probe(&self, action: &ActionName) -> bool {
        self.of(action).is_some()
    }
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

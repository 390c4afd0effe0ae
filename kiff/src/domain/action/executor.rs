//! Executors, and the calls that they receive.

use super::{failure::Failure, outcome::Outcome};
use crate::{
    base::ids::ExecutionId,
    domain::{
        ctx::{Ctx, Situation},
        machine::StateMachine,
        param::Param,
    },
};
use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    pin::Pin,
    sync::Arc,
};

/// A future that can be sent between threads, boxed.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs the effect of a cleared proposal. Users may implement it; `#[action]` does, and so does every
/// closure from [`Call`] to `Result<Outcome, Failure>`.
///
/// A [`Call`] cannot be made outside the runtime, so an executor cannot be run without a clearance.
pub trait Executor: Send + Sync + 'static {
    /// Runs the effect.
    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Outcome, Failure>>;

    /// The types that the host must provide. They are checked when the runtime is built.
    fn needs(&self) -> Vec<Provided> {
        Vec::new()
    }
}

impl<F> Executor for F
where
    F: for<'a> Fn(Call<'a>) -> Result<Outcome, Failure> + Send + Sync + 'static,
{
    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(std::future::ready(self(call)))
    }
}

/// One cleared execution, as an [`Executor`] receives it.
#[derive(Debug)]
pub struct Call<'a> {
    situation: Situation<'a>,
    execution: &'a ExecutionId,
    attempt: u32,
    providers: &'a Providers,
    /// Evidence of the clearance, to show to others.
    shown: &'a [&'a (dyn Any + Send + Sync)],
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        situation: Situation<'a>,
        execution: &'a ExecutionId,
        attempt: u32,
        providers: &'a Providers,
        shown: &'a [&'a (dyn Any + Send + Sync)],
    ) -> Self {
        let situation = Situation { execution: Some(*execution), ..situation };
        Self { situation, execution, attempt, providers, shown }
    }

    /// The entity, its state, who proposed, the parameters.
    #[must_use]
    pub fn situation(&self) -> &Situation<'a> {
        &self.situation
    }

    /// The situation through the types of a state machine.
    ///
    /// # Errors
    /// [`Failure::not_applied`] if the domain has another machine for the entity.
    pub fn ctx<M: StateMachine>(&self) -> Result<Ctx<'a, M>, Failure> {
        self.situation.ctx().map_err(Failure::not_applied)
    }

    /// Decodes a parameter.
    ///
    /// # Errors
    /// [`Failure::not_applied`] if it is missing or of another kind.
    pub fn param<T: Param>(&self, name: &str) -> Result<T, Failure> {
        self.situation.param(name).map_err(Failure::not_applied)
    }

    /// The value of this type that the host provided. The [`ExecutionId`] of this execution is always provided, and so are
    /// the [`Receipt`](crate::Receipt) of the clearance and a [`Warrant`](crate::receipt::Warrant) if the runtime has a signer.
    ///
    /// # Errors
    /// [`Failure::not_applied`] if the host provided none. If [`Executor::needs`] names the type, building the runtime fails
    /// already.
    pub fn provided<T: Any + Send + Sync>(&self) -> Result<&'a T, Failure> {
        let own: &'a (dyn Any + Send + Sync) = self.execution;
        own.downcast_ref()
            .or_else(|| self.shown.iter().find_map(|shown| shown.downcast_ref()))
            .or_else(|| self.providers.get())
            .ok_or_else(|| Failure::not_applied(format_args!("the host provides no `{}`", type_name::<T>())))
    }

    /// The id under which the provider should deduplicate the effect. A retry has the same id.
    #[must_use]
    pub fn execution_id(&self) -> ExecutionId {
        *self.execution
    }

    /// 1 for the first attempt.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

/// A type that the host must provide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provided {
    pub(crate) id: TypeId,
    /// The same in an `Arc`, which hosts often provide by mistake.
    arc: TypeId,
    pub(crate) name: &'static str,
}

impl Provided {
    /// Names a type.
    #[must_use]
    pub fn of<T: Any + Send + Sync>() -> Self {
        Self { id: TypeId::of::<T>(), arc: TypeId::of::<Arc<T>>(), name: type_name::<T>() }
    }
}

/// The values that the host provides to executors, by type.
#[derive(Clone, Default)]
pub(crate) struct Providers(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl Providers {
    pub(crate) fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(value));
    }

    pub(crate) fn has(&self, wanted: &Provided) -> bool {
        wanted.id == TypeId::of::<ExecutionId>() || self.0.contains_key(&wanted.id)
    }

    /// Whether an `Arc` of the type is provided.
    pub(crate) fn has_arc(&self, wanted: &Provided) -> bool {
        self.0.contains_key(&wanted.arc)
    }

    fn get<T: Any>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} provided", self.0.len())
    }
}

//! Parameters: what an agent may propose, declared as data and decoded without coercion.

mod admit;
mod decimal;
mod fault;
mod kind;
#[cfg(test)]
mod tests;
mod types;

use crate::{base::ids::ParamName, value::Value};

pub use fault::{ParamFault, ParamProblem};
pub use kind::{ParamKind, ParamRule, ParamSpec, VariantSpec};

pub(crate) use admit::{faults_of, take};

/// A type that an agent can propose a value of. Implemented for `String`, `bool`, the integers,
/// `Option`, `Vec` and, with the feature `decimal`, `rust_decimal::Decimal`; `#[derive(Param)]` does it for structs,
/// enums and newtypes of these. Users may implement it by hand.
///
/// `decode` must accept every value that `KIND` admits: what a proposal offers is held against `KIND`, before any check
/// is asked. A rule on top of that is part of the kind ([`ParamKind::Ruled`]), or belongs in a check.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an action parameter",
    label = "an agent cannot propose a value of this type",
    note = "parameters are `String`, `bool`, integers, `Decimal` (feature `decimal`), and `Option` or `Vec` of these; floats are not exact, so they are none",
    note = "for a struct or an enum of your own write `#[derive(kiff::Param)]`; what the host provides is taken by reference: `&{Self}`"
)]
pub trait Param: Sized + Send {
    /// What is admitted.
    const KIND: ParamKind;
    /// False for a parameter that may be left out.
    const REQUIRED: bool = true;

    /// Takes the value out of its canonical form.
    ///
    /// # Errors
    /// [`ParamFault`] if the value is of another kind.
    fn decode(value: &Value) -> Result<Self, ParamFault>;

    /// What an absent parameter means, if it may be absent.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

/// The admitted parameters of a proposal: canonical values by name, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(ParamName, Value)>);

impl Params {
    /// INVARIANT: sorted by name, each name once.
    pub(crate) fn from_sorted(all: Vec<(ParamName, Value)>) -> Self {
        Self(all)
    }

    /// The value of a parameter, if it was given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(given, _)| given.as_str() == name).map(|(_, value)| value)
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ParamName, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Decodes a parameter.
    ///
    /// ```
    /// use kiff::{Call, Contract, Definition, Outcome, Param};
    /// # use kiff::{Authority, Domain, Machine, NewEvent, Proposal, Runtime};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let refund = Contract::new("REFUND_ORDER", "order")
    ///     .allowed_states(["PAID"])
    ///     .param("cents", u64::KIND)
    ///     .optional_param("note", String::KIND);
    /// let refund = Definition::new(refund).executor(|call: Call<'_>| {
    ///     let params = call.situation().params();
    ///     let cents: u64 = params.decode("cents")?;
    ///     // What may be left out is an `Option`.
    ///     let note: Option<String> = params.decode("note")?;
    ///     Ok(Outcome::new(format!("{cents} paid back, {}", note.unwrap_or_default())))
    /// });
    /// # let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PAID", "PAID")).define(refund).build()?;
    /// # let rt = Runtime::builder(domain).build()?.blocking();
    /// # rt.ingest(&Authority::service("stripe"), "order:1", NewEvent::new("evt_1", "ORDER_PAID"))?.accepted()?;
    /// # let refund = Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00).param("note", "with regrets");
    /// # let done = rt.execute(&Authority::agent("bot", [""; 0]), refund)?.executed()?;
    /// # assert_eq!(done.message, "2000 paid back, with regrets");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ParamFault`] if it is missing or of another kind.
    pub fn decode<T: Param>(&self, name: &str) -> Result<T, ParamFault> {
        decode_at(name, self.get(name), T::decode, T::absent)
    }
}

/// A parameter as the domain holds it: the name checked.
#[derive(Clone, Debug)]
pub(crate) struct CheckedParam {
    pub(crate) name: ParamName,
    pub(crate) spec: ParamSpec,
}

/// Decodes what stands under a name, or says what is wrong there.
pub(crate) fn decode_at<T>(
    name: &str,
    value: Option<&Value>,
    decode: fn(&Value) -> Result<T, ParamFault>,
    absent: fn() -> Option<T>,
) -> Result<T, ParamFault> {
    let decoded = match value {
        Some(value) => decode(value),
        None => absent().ok_or_else(|| ParamFault::new("", ParamProblem::Missing)),
    };
    decoded.map_err(|fault| fault.inside(name))
}

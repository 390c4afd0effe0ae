//! The parameters of a proposal.

use super::{
    decode::{Param, decode_at},
    fault::ParamFault,
    kind::ParamSpec,
};
use crate::{base::ids::ParamName, value::Value};

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

    /// The parameters, in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ParamName, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Decodes a parameter.
    ///
    /// ```
    /// use kiff::{Outcome, Param, domain::{Call, Contract, Definition}};
    /// # use kiff::{Authority, Domain, NewEvent, Proposal, Runtime, domain::Machine};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let refund = Contract::new("REFUND_ORDER", "order")
    ///     .allowed_states(["PAID"])
    ///     .param("cents", u64::KIND)
    ///     .optional_param("note", String::KIND);
    /// let refund = Definition::new(refund).executor(|call: Call<'_>| {
    ///     let params = call.situation().params();
    ///     let cents: u64 = params.decode("cents")?;
    ///     // An `Option` may be left out.
    ///     let note: Option<String> = params.decode("note")?;
    ///     Ok(Outcome::new(format!("{cents} paid back, {}", note.unwrap_or_default())))
    /// });
    /// # let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PAID", "PAID")).define(refund).build()?;
    /// # let rt = Runtime::builder(domain).build()?.blocking();
    /// # rt.ingest(&Authority::service("stripe")?, "order:1", NewEvent::new("evt_1", "ORDER_PAID"))?.accepted()?;
    /// # let refund = Proposal::new("REFUND_ORDER", "order:1").param("cents", 20_00).param("note", "with regrets");
    /// # let done = rt.execute(&Authority::agent("bot", [""; 0])?, refund)?.executed()?;
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

/// A parameter whose name has been checked.
#[derive(Clone, Debug)]
pub(crate) struct CheckedParam {
    pub(crate) name: ParamName,
    pub(crate) spec: ParamSpec,
}

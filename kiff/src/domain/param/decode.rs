//! Values of Rust types, taken out of a proposal.

use super::{
    fault::{ParamFault, ParamProblem},
    kind::ParamKind,
};
use crate::value::Value;

/// A type that an agent can propose a value of. Implemented for `String`, `bool`, the integers,
/// `Option`, `Vec` and, with the feature `decimal`, `rust_decimal::Decimal`; `#[derive(Param)]` does it for structs,
/// enums and newtypes of these. Users may implement it by hand.
///
/// `decode` must accept every value that `KIND` admits, because a proposal is compared with `KIND` before any check is
/// called. A further rule is part of the kind ([`ParamKind::Ruled`]), or belongs in a check.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an action parameter",
    label = "an agent cannot propose a value of this type",
    note = "parameters are `String`, `bool`, integers, `Decimal` (feature `decimal`), and `Option` or `Vec` of these; floats are not exact, so they are not among them",
    note = "for a struct or an enum of your own write `#[derive(kiff::Param)]`; what the host provides is taken by reference: `&{Self}`"
)]
pub trait Param: Sized + Send {
    /// The shape of the values that are admitted.
    const KIND: ParamKind;
    /// False for a parameter that may be left out.
    const REQUIRED: bool = true;

    /// Decodes a value in its canonical form.
    ///
    /// # Errors
    /// [`ParamFault`] if the value is of another kind.
    fn decode(value: &Value) -> Result<Self, ParamFault>;

    /// The value of an absent parameter, if it may be absent.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

/// Decodes the value of a name. The two functions are those of [`Param`].
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

//! The Rust types whose values an agent can propose.

use super::{decode::Param, fault::ParamFault, kind::ParamKind};
use crate::value::{Number, Value};
use std::marker::PhantomData;

impl Param for String {
    const KIND: ParamKind = ParamKind::STRING;
    fn decode(value: &Value) -> Result<Self, ParamFault> {
        value.as_str().map(str::to_owned).ok_or_else(|| ParamFault::wrong_type("a string", value))
    }
}

impl Param for bool {
    const KIND: ParamKind = ParamKind::Bool;
    fn decode(value: &Value) -> Result<Self, ParamFault> {
        value.as_bool().ok_or_else(|| ParamFault::wrong_type("a boolean", value))
    }
}

macro_rules! integers {
    ($($Int:ty: $max:expr;)*) => {$(
        impl Param for $Int {
            const KIND: ParamKind = ParamKind::Integer { min: <$Int>::MIN as i128, max: $max };
            fn decode(value: &Value) -> Result<Self, ParamFault> {
                let number = match value {
                    Value::Number(number) => number.as_i128(),
                    Value::String(digits) => Number::parse(digits).as_ref().and_then(Number::as_i128),
                    _ => None,
                };
                number.and_then(|n| n.try_into().ok()).ok_or_else(|| ParamFault::wrong_type("an integer", value))
            }
        }
    )*};
}
integers! {
    i8: Self::MAX as i128;
    i16: Self::MAX as i128;
    i32: Self::MAX as i128;
    i64: Self::MAX as i128;
    i128: Self::MAX;
    isize: Self::MAX as i128;
    u8: Self::MAX as i128;
    u16: Self::MAX as i128;
    u32: Self::MAX as i128;
    u64: Self::MAX as i128;
    // A bound is an `i128`, so the upper half of a `u128` is not admitted.
    u128: i128::MAX;
    usize: Self::MAX as i128;
}

impl<T: Param> Param for Option<T> {
    const KIND: ParamKind = T::KIND;
    const REQUIRED: bool = false;
    fn decode(value: &Value) -> Result<Self, ParamFault> {
        if value.is_null() { Ok(None) } else { T::decode(value).map(Some) }
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Param> Param for Vec<T> {
    const KIND: ParamKind = ParamKind::list(&Item::<T>::KIND);
    fn decode(value: &Value) -> Result<Self, ParamFault> {
        let items = value.as_array().ok_or_else(|| ParamFault::wrong_type("an array", value))?;
        let place = |(place, item): (usize, &Value)| T::decode(item).map_err(|fault| fault.inside(&place.to_string()));
        items.iter().enumerate().map(place).collect()
    }
}

#[cfg(feature = "decimal")]
impl Param for rust_decimal::Decimal {
    const KIND: ParamKind = ParamKind::DECIMAL;
    fn decode(value: &Value) -> Result<Self, ParamFault> {
        let digits = match value {
            Value::String(digits) => digits,
            Value::Number(number) => number.as_str(),
            _ => return Err(ParamFault::wrong_type("a decimal", value)),
        };
        Self::from_str_exact(digits).map_err(|_| ParamFault::new("", super::fault::ParamProblem::NotADecimal))
    }
}

/// The kind of a type where a value cannot be left out, such as in a list.
pub(crate) struct Item<T>(PhantomData<T>);

impl<T: Param> Item<T> {
    pub(crate) const KIND: ParamKind = if T::REQUIRED { T::KIND } else { ParamKind::Nullable(&T::KIND) };
}

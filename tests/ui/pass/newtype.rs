//! Newtypes of what an agent can propose, with bounds of their own.
#![deny(unused, missing_docs, unused_qualifications)]

use kiff::{Param, Value, domain::param::ParamKind};

/// A share of a hundred.
#[derive(Debug, PartialEq, Param)]
#[param(min = 1, max = 100)]
pub struct Percent(u8);

/// A change that may be negative.
#[derive(Debug, PartialEq, Param)]
#[param(min = -10, crate = ::kiff)]
pub struct Change(i64);

/// Words, if there are any.
#[derive(Debug, PartialEq, Param)]
pub struct Words(Option<String>);

fn main() {
    assert_eq!(Percent::KIND, ParamKind::Integer { min: 1, max: 100 });
    assert_eq!(Change::KIND, ParamKind::Integer { min: -10, max: i128::from(i64::MAX) });
    assert_eq!((Words::KIND, Words::REQUIRED), (ParamKind::STRING, false));
    assert_eq!(Words::absent(), Some(Words(None)));
    assert_eq!(Percent::absent(), None);
    assert_eq!(Percent::decode(&Value::from(100)), Ok(Percent(100)));
    assert_eq!(Percent::decode(&Value::from(101)).unwrap_err().to_string(), "`` must be between 1 and 100");
    assert!(Percent::decode(&Value::from(0)).is_err());
    assert!(Percent::decode(&Value::from("x")).is_err());
}

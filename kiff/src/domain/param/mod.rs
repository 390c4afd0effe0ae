//! Parameters: what an agent may propose, declared as data and decoded without coercion.

mod decimal;
mod fault;
mod kind;
pub(crate) mod decode;
mod types;
mod params;
mod admit;
#[cfg(test)]
mod tests;

pub use fault::{ParamFault, ParamProblem};
pub use kind::{ParamKind, ParamRule, ParamSpec, VariantSpec};
pub use params::Params;

pub(crate) use admit::{faults_of, take};
pub(crate) use decode::{Param, decode_at};
pub(in crate::domain) use params::CheckedParam;

//! Domains: what may be declared, which faults are found, and what a domain shows of itself.

mod build;
mod defects;
mod params;
mod rule_functions;
mod schema;
mod tools;

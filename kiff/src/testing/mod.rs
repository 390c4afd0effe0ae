//! What tests need, yours and ours. Behind the feature `testing`.

pub mod store_suite;

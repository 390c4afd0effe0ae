//! The tests of kiff that need more than kiff itself: rules of authority, formats, examples, stores, compile-fail
//! cases, crashes, bytes at random. Unpublished, so that what they depend on never reaches kiff's manifest.

pub mod codes;
pub mod crash;
pub mod fuzzed;

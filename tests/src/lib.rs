//! The tests of kiff that need more than kiff itself: rules of authority, formats, examples, stores, compile-fail
//! cases. Unpublished, so that what they depend on never reaches kiff's manifest.

//! The macros of kiff; use them through `kiff`.

//! Calls of users' code that must not unwind into the caller.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// The result of users' code; `None` if it panics.
pub(crate) fn caught<T>(ask: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(answer) => Some(answer),
        Err(thrown) => {
            discard(thrown);
            None
        }
    }
}

/// Drops the payload of a panic. Its destructor is users' code too and may panic again; that payload is leaked.
pub(crate) fn discard(thrown: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(thrown))) {
        mem::forget(again);
    }
}

#[cfg(test)]
mod tests {
    use super::caught;
    use std::panic::panic_any;

    /// Panics with another of its kind when it is dropped.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(Self);
        }
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_caught() {
        assert_eq!(caught(|| 7), Some(7));
        assert_eq!(caught(|| -> u8 { panic_any(Bomb) }), None);
    }
}

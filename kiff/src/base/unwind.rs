//! Users' code, called so that it cannot unwind into the caller.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// What users' code gives; nothing if it panics.
pub(crate) fn caught<T>(ask: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(answer) => Some(answer),
        Err(thrown) => {
            discard(thrown);
            None
        }
    }
}

/// Drops what was thrown. That is users' code too, and may throw something as bad; then that is leaked.
pub(crate) fn discard(thrown: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(thrown))) {
        mem::forget(again);
    }
}

#[cfg(test)]
mod tests {
    use super::caught;
    use std::panic::panic_any;

    /// Throws another of its kind whenever it is dropped.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(Self);
        }
    }

    #[test]
    fn what_panics_whenever_it_is_dropped_is_caught() {
        assert_eq!(caught(|| 7), Some(7));
        assert_eq!(caught(|| -> u8 { panic_any(Bomb) }), None);
    }
}

//! A buffer that each thread reuses, for bytes that are hashed or copied as soon as they are written.

use std::cell::Cell;

/// A buffer that has grown beyond this is not kept.
const MAX_KEPT: usize = 64 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends the thread's buffer, empty. A call within a call gets one of its own.
pub(crate) fn with_scratch<T>(work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    // A thread that is ending has dropped its buffer already.
    let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
    buffer.clear();
    let result = work(&mut buffer);
    if buffer.capacity() <= MAX_KEPT {
        let _ = BUFFER.try_with(|kept| kept.set(buffer));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_and_is_not_shared() {
        with_scratch(|outer| {
            outer.push(1);
            with_scratch(|inner| inner.push(2));
            assert_eq!(*outer, [1]);
        });
        with_scratch(|again| assert!(again.is_empty()));
    }
}

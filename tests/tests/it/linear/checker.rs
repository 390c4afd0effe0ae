//! Whether a history of calls that overlapped is that of some order in which they came one by one.
//!
//! The search is that of Wing and Gong: what may come next is whatever began before the first end among the rest. What
//! was tried is remembered, as the set of calls that are through and the state that they led to.

use std::{collections::HashSet, hash::Hash};

/// One step of a history: what was seen, and between which two ticks of one clock it must have happened.
#[derive(Clone, Debug)]
pub(crate) struct Step<T> {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) seen: T,
}

/// A thing with states, of which each step tells what must have been seen.
pub(crate) trait Sequential: Clone + Eq + Hash {
    type Seen;

    /// The state behind the step; nothing if this cannot be seen in this state.
    fn after(&self, seen: &Self::Seen) -> Option<Self>;
}

/// The most steps of one history: their set is one word.
pub(crate) const MOST: usize = 128;

/// An order of the steps that the thing could have gone through one by one; nothing if there is none.
pub(crate) fn order<S: Sequential>(start: &S, history: &[Step<S::Seen>]) -> Option<Vec<usize>> {
    assert!(history.len() <= MOST, "{} steps are too many", history.len());
    let mut search = Search { history, tried: HashSet::new(), order: Vec::new() };
    search.goes_on(start, 0).then_some(search.order)
}

struct Search<'a, S: Sequential> {
    history: &'a [Step<S::Seen>],
    tried: HashSet<(u128, S)>,
    order: Vec<usize>,
}

impl<S: Sequential> Search<'_, S> {
    fn goes_on(&mut self, state: &S, through: u128) -> bool {
        if self.order.len() == self.history.len() {
            return true;
        }
        if !self.tried.insert((through, state.clone())) {
            return false;
        }
        let rest = |at: &usize| through & (1 << at) == 0;
        let first_end = (0..self.history.len()).filter(rest).map(|at| self.history[at].to).min();
        for at in (0..self.history.len()).filter(rest) {
            if first_end.is_some_and(|end| self.history[at].from > end) {
                continue;
            }
            let Some(next) = state.after(&self.history[at].seen) else { continue };
            self.order.push(at);
            if self.goes_on(&next, through | (1 << at)) {
                return true;
            }
            self.order.pop();
        }
        false
    }
}

mod tests {
    use super::{Sequential, Step, order};

    /// A register: what is written is what is read.
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Register(u32);

    #[derive(Clone, Copy)]
    enum Seen {
        Wrote(u32),
        Read(u32),
    }

    impl Sequential for Register {
        type Seen = Seen;
        fn after(&self, seen: &Seen) -> Option<Self> {
            match *seen {
                Seen::Wrote(it) => Some(Self(it)),
                Seen::Read(it) => (it == self.0).then_some(Self(it)),
            }
        }
    }

    #[test]
    fn histories_of_a_register_are_told_apart() {
        use Seen::{Read, Wrote};
        let check = |steps: &[(u64, u64, Seen)], wanted: bool| {
            let history: Vec<_> = steps.iter().map(|&(from, to, seen)| Step { from, to, seen }).collect();
            assert_eq!(order(&Register(0), &history).is_some(), wanted);
        };
        check(&[], true);
        check(&[(1, 2, Wrote(1)), (3, 4, Read(1))], true);
        check(&[(1, 2, Wrote(1)), (3, 4, Read(0))], false);
        // While the write goes on, both may be read, but not the old value after the new one.
        check(&[(1, 9, Wrote(1)), (2, 3, Read(0)), (4, 5, Read(1))], true);
        check(&[(1, 9, Wrote(1)), (2, 3, Read(1)), (4, 5, Read(0))], false);
        check(&[(1, 9, Wrote(1)), (1, 9, Wrote(2)), (10, 11, Read(1)), (12, 13, Read(2))], false);
        check(&[(1, 9, Wrote(1)), (1, 9, Wrote(2)), (10, 11, Read(1)), (12, 13, Read(1))], true);
    }
}

//! kiff against a reference: random domains and random calls, and after each call both say the same.

mod defects;
mod plan;
mod reference;
mod run;
mod world;

use self::{
    plan::{rules, steps},
    run::run,
};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::{cell::Cell, panic};

/// How many runs there are; `KIFF_MODEL_RUNS` asks for more.
const RUNS: u32 = 64;

#[test]
fn kiff_says_what_the_reference_says() {
    let runs = std::env::var("KIFF_MODEL_RUNS").map_or(RUNS, |runs| runs.parse().unwrap());
    let config = Config { cases: runs, failure_persistence: None, max_shrink_iters: 1_000, ..Config::default() };
    // A sown defect is to be found by the same runs every time; otherwise each run is another.
    let mut runner = match std::env::var("KIFF_DEFECT") {
        Ok(_) => TestRunner::new_with_rng(
            Config { max_shrink_iters: 0, ..config },
            TestRng::deterministic_rng(RngAlgorithm::ChaCha),
        ),
        Err(_) => TestRunner::new(config),
    };
    // Executors panic on purpose, and kiff catches it; their messages would hide the one that counts.
    let found = without_panic_messages(|| {
        runner.run(&(rules(), steps()), |(rules, steps)| run(&rules, &steps).map_err(TestCaseError::fail))
    });
    if let Err(error) = found {
        panic!("{error}");
    }
}

/// Hides what panics print on this thread alone: the hook is that of all tests of this program.
fn without_panic_messages<T>(run: impl FnOnce() -> T) -> T {
    thread_local!(static IS_QUIET: Cell<bool> = const { Cell::new(false) });
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !IS_QUIET.get() {
            print(panic);
        }
    }));
    IS_QUIET.set(true);
    let result = run();
    IS_QUIET.set(false);
    result
}

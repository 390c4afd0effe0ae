//! kiff against a reference: random domains and random calls, and after each call both say the same.

#[cfg(test)]
mod defects;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod run;
#[cfg(test)]
mod world;

#[cfg(test)]
mod tests {
    use crate::{
        plan::{rules, steps},
        run::run,
    };
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    use std::panic;

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
        panic::set_hook(Box::new(|_| {}));
        let found = runner.run(&(rules(), steps()), |(rules, steps)| {
            run(&rules, &steps).map_err(proptest::test_runner::TestCaseError::fail)
        });
        let _ = panic::take_hook();
        if let Err(error) = found {
            panic!("{error}");
        }
    }
}

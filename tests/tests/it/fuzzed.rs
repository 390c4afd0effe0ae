//! Readers of bytes from outside, with bytes at random. Longer runs are in `CONTRIBUTING.md`.

use kiff_tests::fuzzed::{Mutator, TARGETS, Target};
use std::{collections::BTreeSet, env, fs, panic, path::Path};

/// What begins well and is changed at random never breaks what a target says.
fn hold(name: &str) {
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else { panic!("no target `{name}`") };
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let rounds = number("KIFF_FUZZ_ROUNDS").unwrap_or(target.rounds.into());
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty());
    for seed in &seeds {
        assert!(try_one(target, seed), "a seed is not admitted: {}", seed.escape_ascii());
    }
    let mut mutator = Mutator::new(number("KIFF_FUZZ_SEED").unwrap_or(1));
    for _ in 0..rounds {
        let _ = try_one(target, &mutator.next_from(&seeds));
    }
}

fn try_one(target: &Target, bytes: &[u8]) -> bool {
    panic::catch_unwind(|| (target.run)(bytes)).unwrap_or_else(|cause| {
        eprintln!("`{}` does not hold for b\"{}\"", target.name, bytes.escape_ascii());
        panic::resume_unwind(cause)
    })
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test] fn $name() { hold(stringify!($name)); })*

        #[test]
        fn every_target_is_run_here_and_by_the_fuzzer() {
            let here: BTreeSet<_> = [$(stringify!($name)),*].into();
            assert_eq!(here, TARGETS.iter().map(|target| target.name).collect());
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
            let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
            for name in &here {
                assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
                let source = fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
                assert!(source.contains(&format!("fuzzed::{name}(bytes);")), "{name}");
            }
            assert_eq!(fs::read_dir(folder.join("fuzz_targets")).unwrap().count(), here.len());
        }
    };
}

targets! { value proposal event review record replay receipt checkpoint proof key_set disclosure }

//! Says which tests a plain `cargo test` leaves out, and how to run them.

use std::{fs, io, io::Write, path::Path};

/// A feature of this package, whether it is on, what it adds, and the test that it belongs to.
const FEATURES: &[(&str, bool, &str, &str)] = &[
    ("cli", cfg!(feature = "cli"), "the program `kiff`, run on files", "cli"),
    ("postgres", cfg!(feature = "postgres"), "the store on PostgreSQL, which must be installed", "postgres"),
    ("ui", cfg!(feature = "ui"), "what the compiler says to each mistake, word for word", "ui"),
];

#[test]
fn what_is_left_out_is_said() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    for (feature, is_on, what, test) in FEATURES {
        let needs = format!("name = \"{test}\"");
        let entry = manifest.split("[[test]]").find(|entry| entry.contains(&needs)).unwrap();
        assert!(entry.contains(&format!("required-features = [\"{feature}\"]")), "{entry}");
        if !is_on {
            // Not by `println`, which is kept from those who must know.
            let command = format!("cargo test -p kiff-tests --features {feature} --test {test}");
            writeln!(io::stderr(), "left out: {what}. Run: {command}").unwrap();
        }
    }
    // A feature that switches tests on and is not told of would be left out in silence.
    let tests = manifest.split("[[").filter(|entry| entry.starts_with("test]]"));
    let gated = tests.filter(|entry| entry.contains("required-features")).count();
    assert_eq!(gated, FEATURES.len(), "tests/Cargo.toml has a test that this one does not know");
}

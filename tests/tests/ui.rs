//! What a user of the macros sees: each mistake in a file of its own, with the compiler's whole answer.
//! Written anew with `TRYBUILD=overwrite cargo test -p kiff-tests --test ui`, and then read.

/// One folder each under `tests/ui`.
const TOPICS: [&str; 18] = [
    "approval",
    "checks",
    "effect",
    "emits",
    "generics",
    "key",
    "machine",
    "method",
    "name",
    "newtype",
    "parameter",
    "permission",
    "permit",
    "registration",
    "return",
    "reviewers",
    "send",
    "state",
];

#[test]
fn the_macros_accept_what_is_right_and_teach_what_is_wrong() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    for topic in TOPICS {
        cases.compile_fail(format!("ui/{topic}/*.rs"));
    }
}

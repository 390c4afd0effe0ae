//! What a user of the macros sees: each mistake in a file of its own, with the compiler's whole answer.
//! Written anew with `TRYBUILD=overwrite cargo test -p kiff-tests --test ui`, and then read.

/// One folder each under `tests/ui`.
const TOPICS: [&str; 19] = [
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
    "param",
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

#[test]
fn ten_mistakes_in_one_file_have_ten_messages_in_one_run() {
    let told = include_str!("../ui/key/ten_at_once.stderr");
    let messages: Vec<_> =
        told.lines().filter(|line| line.starts_with("error") || line.starts_with("warning")).collect();
    assert_eq!(messages.len(), 10, "{told}");
    assert!(messages.iter().all(|message| message.starts_with("error: action `refund_order`: ")), "{told}");
}

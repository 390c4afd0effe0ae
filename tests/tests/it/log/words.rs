//! Every code of the log's folders is in the published tables.

use kiff_tests::codes::coded;
use std::{fs, path::Path};

#[test]
fn every_code_is_published() {
    let formats = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../kiff/docs/formats.md")).unwrap();
    let codes: Vec<_> = ["evidence/log", "ledger"].into_iter().flat_map(coded).collect();
    for code in &codes {
        assert!(
            formats.contains(&format!("`{}`", code.word)),
            "kiff/docs/formats.md has no `{}` of {}",
            code.word,
            code.of
        );
    }
    assert!(codes.len() > 60, "only {} codes were found", codes.len());
}

//! Every code of the log's rooms is in the published tables.

use std::{fs, path::Path};

#[test]
fn every_code_is_published() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let formats = fs::read_to_string(root.join("kiff/docs/formats.md")).unwrap();
    let mut found = 0;
    for room in ["evidence/log", "ledger"] {
        for entry in fs::read_dir(root.join("kiff/src").join(room)).unwrap() {
            let source = fs::read_to_string(entry.unwrap().path()).unwrap();
            for function in source.split("pub fn code(&self)").skip(1) {
                let body = function.split("\n    }\n").next().unwrap();
                for word in body.lines().filter_map(|line| line.split('"').nth(1)) {
                    assert!(formats.contains(&format!("`{word}`")), "kiff/docs/formats.md has no `{word}`");
                    found += 1;
                }
            }
        }
    }
    assert!(found > 60, "only {found} codes were found");
}

//! The defects of `tests/defects` fit the sources, and the page on security has a row on each.
//! `tests/defects/run.sh` sows them, and checks that the tests find them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The patches by the names of their defects.
fn patches() -> BTreeMap<String, String> {
    let files = fs::read_dir(root().join("tests/defects")).unwrap().map(|entry| entry.unwrap().path());
    let patches = files.filter(|path| path.extension().is_some_and(|end| end == "patch"));
    patches
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// One place that a patch changes: the file, and its lines before and after.
struct Hunk {
    file: String,
    before: String,
    after: String,
}

fn hunks(patch: &str) -> Vec<Hunk> {
    let mut file = "";
    let mut hunks = Vec::new();
    // A line like `--- a/kiff/src/lib.rs` is none of a hunk's.
    for line in patch.lines().filter(|line| !line.starts_with("--- a/")) {
        if let Some(path) = line.strip_prefix("+++ b/") {
            file = path;
        } else if line.starts_with("@@ ") {
            hunks.push(Hunk { file: file.to_owned(), before: String::new(), after: String::new() });
        } else if let (Some(hunk), Some(text)) = (hunks.last_mut(), line.strip_prefix([' ', '-', '+'])) {
            if !line.starts_with('+') {
                hunk.before += &format!("{text}\n");
            }
            if !line.starts_with('-') {
                hunk.after += &format!("{text}\n");
            }
        }
    }
    hunks
}

#[test]
fn every_defect_fits_the_sources() {
    let mut sources = BTreeMap::new();
    for (defect, patch) in patches() {
        let switch = format!("crate::defect::is_sown(\"{defect}\")");
        let hunks = hunks(&patch);
        assert!(!hunks.is_empty(), "{defect} changes nothing");
        for Hunk { file, before, after } in hunks {
            let path = root().join(&file);
            let source = sources.entry(file.clone()).or_insert_with(|| fs::read_to_string(path).unwrap());
            // Once, so that it is changed where it was meant to be.
            let places = source.matches(&before).count();
            assert_eq!(places, 1, "{defect} is for lines of {file} that are there {places} times:\n{before}");
            assert!(after.contains(&switch), "{defect} breaks {file} without its switch");
            // One patch is applied after another.
            *source = source.replacen(&before, &after, 1);
        }
    }
}

#[test]
fn the_page_has_a_row_on_every_defect() {
    let page = fs::read_to_string(root().join("kiff/docs/security.md")).unwrap();
    let (_, table) = page.split_once("\n| defect | what then happens | found by |\n| --- | --- | --- |\n").unwrap();
    let rows = table.lines().map_while(|line| line.strip_prefix("| ")).map(|row| row.split(" |").next().unwrap());
    assert_eq!(rows.collect::<Vec<_>>(), patches().into_keys().collect::<Vec<_>>());
}

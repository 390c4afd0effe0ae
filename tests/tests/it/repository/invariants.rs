//! What `kiff/docs/architecture.md` promises, as far as the sources alone can show it.

use super::sources::sources;
use std::{collections::BTreeSet, fs, path::PathBuf};

fn kiff(path: &str) -> String {
    fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../kiff").join(path)).unwrap()
}

/// The files that say a word.
fn that_say(word: &str) -> BTreeSet<&'static str> {
    sources().files().filter(|file| file.words.contains(word)).map(|file| file.path.as_str()).collect()
}

#[test]
fn a_permit_comes_from_a_clearance_and_an_acknowledgement_alone() {
    // The append that was acknowledged makes the one, and trades the clearance for a permit with it.
    let of_permits = ["kernel/decision.rs", "runtime/execute.rs", "runtime/transact.rs"];
    assert_eq!(that_say("Acknowledged"), of_permits.into());
    let decision = kiff("src/kernel/decision.rs");
    for name in ["Clearance", "Permit", "Cleared", "Acknowledged"] {
        let (before, _) = decision.split_once(&format!("struct {name}")).unwrap();
        let derived = before.rsplit("#[derive(").next().unwrap().split(')').next().unwrap();
        assert_eq!(derived, "Debug", "{name} may be neither copied nor made up");
    }
    for file in sources().files().filter(|file| file.path != "kernel/decision.rs") {
        let text = kiff(&format!("src/{}", file.path)).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!text.contains("Permit { cleared"), "{} makes a permit", file.path);
    }
}

#[test]
fn kiff_names_no_async_runtime() {
    // The database driver of one store needs one; it is optional, and no other line may name a runtime.
    let manifest = kiff("Cargo.toml");
    let rest = manifest.lines().filter(|line| !line.starts_with("sqlx = ") && !line.starts_with('#'));
    let named: Vec<_> = rest.filter(|line| line.contains("tokio") || line.contains("async-std")).collect();
    assert!(named.is_empty(), "kiff/Cargo.toml names a runtime: {named:?}");
    let wrong: Vec<_> = that_say("tokio").into_iter().filter(|path| !path.starts_with("store/postgres/")).collect();
    assert!(wrong.is_empty(), "{wrong:?} name tokio");
}

#[test]
fn the_page_names_what_is_there() {
    let page = kiff("docs/architecture.md");
    for folder in sources().files().map(|file| file.folder()).filter(|folder| !folder.is_empty()) {
        assert!(page.contains(&format!("`{folder}/`")), "docs/architecture.md has no line on {folder}/");
    }
    let rules = page.split("## Where each rule lives").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<_> = rules.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert_eq!(rows.len(), 11);
    for row in rows {
        let places: Vec<_> = row.split('|').nth(2).unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!places.is_empty(), "{row}");
        for place in places {
            let paths = [format!("{place}.rs"), format!("{place}/mod.rs")];
            let is_there = sources().files().any(|file| paths.contains(&file.path));
            assert!(is_there, "docs/architecture.md: there is no {place}");
        }
    }
}

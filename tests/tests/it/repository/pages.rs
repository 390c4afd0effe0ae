//! The pages in `kiff/docs/` name tests and files, and these exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn docs() -> PathBuf {
    root().join("kiff/docs")
}

/// Every `fn` in the sources and the tests, by name.
fn functions() -> BTreeSet<String> {
    let mut waiting = ["kiff", "kiff-macros", "tests", "examples"].map(|package| root().join(package)).to_vec();
    let mut found = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            waiting.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with("target")));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for line in text.lines() {
                let line = line.trim_start();
                let line = line.strip_prefix("async ").unwrap_or(line);
                if let Some((name, _)) = line.strip_prefix("fn ").and_then(|rest| rest.split_once(['(', '<'])) {
                    found.insert(name.to_owned());
                }
            }
        }
    }
    found
}

/// What stands between single backticks in the last column of a table.
fn named_in_tables(page: &str) -> Vec<String> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let cells = rows.filter_map(|row| row.trim_end().trim_end_matches('|').rsplit('|').next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn every_test_that_the_pages_name_exists() {
    let functions = functions();
    for (name, least) in [("security.md", 50), ("verify.md", 15)] {
        let page = fs::read_to_string(docs().join(name)).unwrap();
        let named = named_in_tables(&page);
        assert!(named.len() > least, "the tables of {name} name only {} tests", named.len());
        let missing: Vec<_> = named.iter().filter(|name| !functions.contains(*name)).collect();
        assert!(missing.is_empty(), "kiff/docs/{name} names tests that are not there: {missing:#?}");
    }
}

/// Whoever reads the page has the scripts before them, as CI runs them. `KIFF_OVERWRITE=1` puts them there anew.
#[test]
fn the_page_for_auditors_prints_the_scripts_in_full() {
    let path = docs().join("verify.md");
    let mut page = fs::read_to_string(&path).unwrap();
    for (chapter, language, name) in [
        ("## 5. Python", "python", "verify.py"),
        ("## 6. Node", "js", "verify.mjs"),
        ("## 7. openssl", "bash", "verify.sh"),
        ("## 8. DSSE", "python", "dsse.py"),
    ] {
        let script = fs::read_to_string(root().join("tests/interop").join(name)).unwrap();
        let chapter = page.find(&format!("\n{chapter}\n")).unwrap_or_else(|| panic!("no chapter {chapter}"));
        let fence = format!("\n```{language}\n");
        let start = chapter + page[chapter..].find(&fence).unwrap() + fence.len();
        let end = start + page[start..].find("```\n").unwrap();
        if std::env::var_os("KIFF_OVERWRITE").is_some() {
            page.replace_range(start..end, &script);
            fs::write(&path, &page).unwrap();
        } else {
            assert!(page[start..end] == script, "kiff/docs/verify.md prints another {name}: KIFF_OVERWRITE=1 mends it");
        }
    }
}

/// Links to items (`crate::..`) are checked by rustdoc.
#[test]
fn pages_link_to_files_that_exist() {
    let mut broken = Vec::new();
    for page in fs::read_dir(docs()).unwrap().map(|entry| entry.unwrap().path()) {
        if page.extension().is_none_or(|end| end != "md") {
            continue;
        }
        let text = fs::read_to_string(&page).unwrap();
        let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let defined = text.lines().filter(|line| line.starts_with('[')).filter_map(|line| line.split_once("]: "));
        for target in inline.chain(defined.map(|(_, target)| target)) {
            let target = target.split('#').next().unwrap_or_default();
            let is_elsewhere = target.contains("://") || target.contains("crate::");
            if !target.is_empty() && !is_elsewhere && !page.with_file_name(target).exists() {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links lead nowhere: {broken:#?}");
}

//! The words that kiff's sources declare as codes, for the tests that hold each of them to a page or to a test.

use std::{fs, path::Path};

/// A variant of an enum that `coded!` declares, with its own word.
#[derive(Debug)]
#[non_exhaustive]
pub struct Coded {
    /// The enum.
    pub of: String,
    /// The variant.
    pub variant: String,
    /// Its code.
    pub word: String,
}

/// Every variant with a word of its own, of all public enums under a folder of `kiff/src`.
#[must_use]
pub fn coded(folder: &str) -> Vec<Coded> {
    let mut found = Vec::new();
    for source in sources(folder) {
        for block in source.split("\ncoded! {\n").skip(1) {
            let block = block.split("\n}\n").next().unwrap_or_default();
            let Some((_, variants)) = block.split_once("    pub enum ") else { continue };
            let of = leading_name(variants);
            let mut variant = "";
            for line in variants.lines() {
                // Fields and closing braces stand deeper, or begin with no letter.
                if let Some(name) = line.strip_prefix("        ").filter(|name| name.starts_with(char::is_uppercase)) {
                    variant = leading_name(name);
                }
                if let Some((_, rest)) = line.split_once("=> \"") {
                    let word = rest.split('"').next().unwrap_or_default();
                    found.push(Coded { of: of.to_owned(), variant: variant.to_owned(), word: word.to_owned() });
                }
            }
        }
    }
    found
}

/// Every word that a source under a folder of `kiff/src` fixes as a code without an enum.
#[must_use]
pub fn fixed(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources(folder) {
        let words = source.split("Code::fixed(\"").skip(1).filter_map(|rest| rest.split('"').next());
        found.extend(words.map(str::to_owned));
    }
    found
}

fn leading_name(text: &str) -> &str {
    text.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default()
}

/// The sources under a folder, without their unit tests.
fn sources(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../kiff/src").join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push(text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned());
            }
        }
    }
    found
}

//! The rooms of kiff look inward only: `kiff/docs/architecture.md` draws the plan, this test holds it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// The rooms, inner ones first, and the modules of `kiff/src` in each. A module is a file, or a folder
/// with all that is in it. A module may use its own room and those before it.
const ROOMS: &[(&str, &[&str])] = &[
    (
        "vocabulary",
        &[
            "ids",
            "scratch",
            "defect",
            "caught",
            "digest",
            "base64",
            "public_key",
            "timestamp",
            "value",
            "admission",
            "actor",
            "event",
            "param",
            "machine",
            "ctx",
            "contract",
            "action",
            "private",
        ],
    ),
    ("domain", &["domain", "describe"]),
    (
        "heart",
        &[
            "request", "proposal", "record", "view", "decision", "approval", "decide", "finish", "ingest", "settle",
            "keys",
        ],
    ),
    ("evidence", &["receipt", "verify", "warrant", "log", "replay", "timeline"]),
    (
        "drivers",
        &[
            "sync", "clock", "key", "cache", "store", "log_file", "executor", "answer", "probe", "runtime", "ledger",
            "blocking", "guard",
        ],
    ),
    ("testing", &["testing"]),
    // It names nothing by `crate`: the program has what any other has.
    ("program", &["bin"]),
];

/// What the pure rooms never say: whoever needs it gets it as an argument.
const IMPURE: &[&str] =
    &["async", "await", "SystemTime", "Instant", "getrandom", "Mutex", "RwLock", "thread", "std::fs", "std::net"];

/// What a store in this crate may use, so that one in another crate can be written the same way.
const FOR_STORES: &[&str] = &["ids", "record", "store", "action"];

#[test]
fn every_file_has_a_room() {
    for source in sources() {
        assert!(
            source.module == "lib" || room_of(&source.module).is_some(),
            "kiff/src/{}: the module `{}` has no room. Find the innermost room whose rules it keeps, add it to \
             ROOMS in tests/tests/rooms.rs, and write a line on it into kiff/docs/architecture.md.",
            source.path,
            source.module
        );
    }
    let found: BTreeSet<_> = sources().iter().map(|source| source.module.as_str()).collect();
    let gone: Vec<_> = modules().filter(|module| !found.contains(*module)).collect();
    assert!(gone.is_empty(), "ROOMS names modules that kiff/src does not have: {gone:?}");
}

#[test]
fn dependencies_point_inward() {
    let roots = root_names();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(room) = room_of(&source.module) else { continue };
        for (line, target) in uses(source, &roots) {
            match room_of(&target) {
                Some(used) if used <= room => {}
                Some(used) => wrong.push(format!(
                    "{}:{line}: {} ({}) uses `{target}` ({})",
                    source.path, source.module, ROOMS[room].0, ROOMS[used].0
                )),
                None => wrong.push(format!("{}:{line}: `{target}` is in no room", source.path)),
            }
        }
    }
    assert!(wrong.is_empty(), "these look outward:\n{}", wrong.join("\n"));
}

#[test]
fn what_another_module_has_is_named_from_the_root() {
    // The test above reads `crate::` paths alone.
    for source in sources() {
        let depth = source.path.matches('/').count() - usize::from(source.path.ends_with("/mod.rs"));
        let climbs = "super::".repeat(depth + 1);
        assert!(!source.code.contains(&climbs), "{}: say `crate::` instead of `{climbs}`", source.path);
    }
}

#[test]
fn the_heart_asks_nobody_for_time_or_chance() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| matches!(room_of(&source.module), Some(0..=3))) {
        for (number, line) in (1..).zip(source.code.lines()) {
            let said = IMPURE.iter().filter(|word| says(line, word));
            wrong.extend(said.map(|word| format!("{}:{number}: says `{word}`", source.path)));
        }
    }
    assert!(wrong.is_empty(), "the pure rooms are given what they need as arguments:\n{}", wrong.join("\n"));
}

#[test]
fn a_store_uses_nothing_that_another_crate_could_not() {
    let roots = root_names();
    let stores = |source: &&Source| source.module == "store" && !source.path.ends_with("mod.rs");
    for source in sources().iter().filter(stores) {
        for (line, target) in uses(source, &roots) {
            assert!(FOR_STORES.contains(&target.as_str()), "{}:{line}: a store uses `{target}`", source.path);
        }
    }
}

#[test]
fn a_permit_comes_from_a_clearance_and_an_acknowledgement_alone() {
    let makers: [(&str, &[&str]); 4] = [
        ("Clearance { cleared", &["decide/records.rs", "settle.rs"]),
        ("Permit { cleared", &["decision.rs"]),
        ("Acknowledged(())", &["runtime/commit.rs"]),
        // The one trade of a clearance for a permit: `Stored::permit`.
        (".acknowledged(", &["runtime/commit.rs"]),
    ];
    for (made, places) in makers {
        for source in sources() {
            let is_definition = format!("pub struct {}", made.split(' ').next().unwrap());
            let code = source.code.replace(&is_definition, "");
            let is_made = code.split_whitespace().collect::<Vec<_>>().join(" ").contains(made);
            assert!(!is_made || places.contains(&source.path.as_str()), "{} makes `{made}`", source.path);
        }
    }
    let decision = sources().iter().find(|source| source.path == "decision.rs").unwrap().code.as_str();
    for name in ["Clearance", "Permit", "Cleared"] {
        let before = decision.split(&format!("struct {name} ")).next().unwrap();
        let attributes = before.rsplit(['}', ';']).next().unwrap();
        assert!(!attributes.contains("Clone") && !attributes.contains("Default"), "{name} can be copied or made up");
    }
}

#[test]
fn kiff_names_no_async_runtime() {
    let manifest = fs::read_to_string(crate_dir().join("Cargo.toml")).unwrap();
    // The database driver of one store needs one; it is optional, and no other line may name a runtime.
    let rest = manifest.lines().filter(|line| !line.starts_with("sqlx = ") && !line.starts_with('#'));
    let named: Vec<_> = rest.filter(|line| line.contains("tokio") || line.contains("async-std")).collect();
    assert!(named.is_empty(), "kiff/Cargo.toml names a runtime: {named:?}");
    for source in sources().iter().filter(|source| !source.path.starts_with("store/postgres/")) {
        assert!(!source.code.contains("tokio::"), "{} names tokio", source.path);
    }
}

#[test]
fn the_plan_names_what_is_there() {
    let plan = fs::read_to_string(crate_dir().join("docs/architecture.md")).unwrap();
    for folder in sources().iter().filter_map(|source| source.path.split_once('/')).map(|(folder, _)| folder) {
        assert!(plan.contains(&format!("`{folder}/")), "docs/architecture.md has no line on {folder}/");
    }
    let rules = plan.split("## Where each rule lives").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<_> = rules.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert_eq!(rows.len(), 11);
    for row in rows {
        let places: Vec<_> = row.split('|').nth(2).unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!places.is_empty(), "{row}");
        for place in places {
            let paths = [format!("{place}.rs"), format!("{place}/mod.rs")];
            assert!(
                sources().iter().any(|source| paths.contains(&source.path)),
                "docs/architecture.md: there is no {place}"
            );
        }
    }
}

#[test]
fn the_reader_of_this_test_reads() {
    let code = blanked("use crate::{a::b, c::{self, d}}; // crate::e\nlet x = \"crate::f\"; /* crate::g */ 'c'");
    assert_eq!(targets(&code), [(1, "a".to_owned()), (1, "c".to_owned())]);
    assert_eq!(targets("x(crate::view::closed(), super::y)"), [(1, "view".to_owned())]);
    let code = without_tests("fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\nfn c() {}");
    assert!(code.contains("fn a") && code.contains("fn c") && !code.contains("fn b"), "{code}");
    assert!(says("let x: Instant = y;", "Instant") && !says("let instants = Instantly;", "Instant"));
}

fn room_of(module: &str) -> Option<usize> {
    ROOMS.iter().position(|(_, modules)| modules.contains(&module))
}

fn modules() -> impl Iterator<Item = &'static str> {
    ROOMS.iter().flat_map(|(_, modules)| modules.iter().copied())
}

/// One file of `kiff/src`, as far as it is code: comments, texts and tests are blanks.
struct Source {
    path: String,
    module: String,
    code: String,
}

fn crate_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../kiff")
}

/// Read once for all tests.
fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
        let mut sources = Vec::new();
        collect(&crate_dir().join("src"), "", &mut sources);
        assert!(sources.len() > 20, "the sources were not found");
        sources
    });
    &SOURCES
}

fn collect(dir: &Path, under: &str, sources: &mut Vec<Source>) {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = format!("{under}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), sources);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            let module = name.split(['/', '.']).next().unwrap().to_owned();
            let code = without_tests(&blanked(&fs::read_to_string(&path).unwrap()));
            sources.push(Source { path: name, module, code });
        }
    }
}

/// What `lib.rs` re-exports, by name, and the module that it comes from: `crate::Value` is `value`.
fn root_names() -> BTreeMap<String, String> {
    let lib = sources().iter().find(|source| source.path == "lib.rs").unwrap().code.as_str();
    let mut names = BTreeMap::new();
    for item in lib.split("pub use ").skip(1) {
        let item = item.split(';').next().unwrap();
        let (module, items) = item.split_once("::").unwrap();
        if module.trim() == "kiff_macros" {
            continue;
        }
        for name in items.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty()) {
            names.insert(name.to_owned(), module.trim().to_owned());
        }
    }
    names
}

/// The modules that a file names, with the line where it does.
fn uses(source: &Source, roots: &BTreeMap<String, String>) -> Vec<(usize, String)> {
    let module = |target: String| roots.get(&target).cloned().unwrap_or(target);
    targets(&source.code).into_iter().map(|(line, target)| (line, module(target))).collect()
}

/// What follows each `crate::`; of a group, each member.
fn targets(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with('$')) {
        let rest = &code[at + "crate::".len()..];
        let line = 1 + code[..at].matches('\n').count();
        let mut depth = 0;
        let mut word = String::new();
        for c in rest.chars() {
            let is_name = c.is_alphanumeric() || c == '_';
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                // Of `a::b` the first word counts, of a group the first word of each member.
                _ if is_name && depth <= 1 && !word.ends_with(' ') => word.push(c),
                ':' if depth <= 1 => word.push(' '),
                ',' if depth == 1 => word.push(','),
                _ => {}
            }
            if depth < 0 || depth == 0 && !is_name {
                break;
            }
        }
        let words = word.split(',').map(|member| member.split(' ').next().unwrap_or_default().trim());
        found.extend(words.filter(|word| !word.is_empty()).map(|word| (line, word.to_owned())));
    }
    found
}

/// The text with comments, strings and characters blanked. Lines stay where they are.
fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = skipped(rest).unwrap_or(0);
        if end == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[end..];
        }
    }
    out
}

/// The length of the comment, string or character with which the text begins.
fn skipped(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    if rest.starts_with("r#\"") {
        return Some(rest.find("\"#").map_or(rest.len(), |end| end + 2));
    }
    let closed_by = rest.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == closed_by => return Some(at + 1),
            // A lifetime, not a character.
            _ if closed_by == '\'' && at > 1 && !rest.starts_with("'\\") => return None,
            _ => {}
        }
    }
    None
}

/// The text without what is compiled for tests alone.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(start) = out.find("#[cfg(test)]") {
        let Some(open) = out[start..].find(['{', ';']).map(|at| start + at) else { break };
        let end = if out[open..].starts_with(';') { open + 1 } else { end_of_block(&out, open) };
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
    }
    out
}

fn end_of_block(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, c) in code[open..].char_indices() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return open + at + 1;
        }
    }
    code.len()
}

fn says(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(part_of_name) && !line[at + word.len()..].starts_with(part_of_name))
}

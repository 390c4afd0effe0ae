//! The folders of kiff use each other in one direction, and no two files use each other.
//!
//! A path counts as a use of the file that defines the item, however many `mod.rs` re-export it on the way: so a child
//! may take a sibling's item through `super::`. A re-export (`pub use child::Item`) says where an item can be found and
//! is no use. A `mod.rs` and its child use each other if the child takes an item that is defined in the `mod.rs`, and
//! the `mod.rs` takes one of the child's beyond re-exporting it. Unit tests may use anything.

use super::sources::{File, Sources, sources};
use std::collections::BTreeSet;

/// The folders in reading order, each with those that it uses. What these use it may use as well.
const FOLDERS: &[(&str, &[&str])] = &[
    ("value", &[]),
    ("base", &["value"]),
    ("domain", &["base"]),
    ("macro_support", &["domain"]),
    ("kernel", &["domain"]),
    ("evidence", &["kernel"]),
    ("store", &["kernel"]),
    ("runtime", &["evidence", "store"]),
    ("ledger", &["runtime"]),
    ("guard", &["runtime"]),
    ("testing", &["macro_support", "ledger", "guard"]),
];

/// What the pure folders never say: who needs it takes it as an argument.
const IMPURE: &[&str] = &["async", "await", "SystemTime", "Instant", "getrandom", "Mutex", "RwLock", "thread"];
const IMPURE_STD: &[&str] = &["env", "fs", "net", "process", "thread"];
const PURE: &[&str] = &["value", "base", "domain", "kernel"];

fn may_use(folder: &str, used: &str) -> bool {
    let Some((_, direct)) = FOLDERS.iter().find(|(name, _)| *name == folder) else {
        panic!("kiff/src/{folder} is no folder of FOLDERS")
    };
    folder == used || direct.iter().any(|next| may_use(next, used))
}

/// Each use of a file of another: who uses what, and where it is defined.
fn uses(sources: &Sources) -> Vec<(&File, &str, &File)> {
    let in_folders = sources.files().filter(|file| !file.folder().is_empty());
    let used = |file, path| sources.resolve(file, path).and_then(|(used, item)| Some((file, item?, used)));
    let uses = in_folders.flat_map(|file| file.paths.iter().filter_map(move |path| used(file, path)));
    uses.filter(|(file, _, used)| file.path != used.path).collect()
}

#[test]
fn the_reader_of_these_tests_reads() {
    let parent = "mod child;\npub use child::{Child as Kid};\npub struct Own;\nfn f() { child::make() }";
    let child = "use super::{Kid, Own};\n#[cfg(test)]\nmod tests { use crate::x::Y; }\n\
                 fn make() { assert!(crate::z::Z::<T>::new() == $crate::w::W); use crate::z::{a, b::{c}}; }";
    let files = [("x/mod.rs", parent), ("x/child.rs", child), ("z.rs", ""), ("lib.rs", "")];
    let sources = Sources::new(files.map(|(path, text)| File::read(path, text)).concat());
    let mut found: Vec<_> = uses(&sources).iter().map(|(file, item, used)| [&*file.path, item, &*used.path]).collect();
    found.sort_unstable();
    let child =
        ["Own", "Z", "a", "b"].map(|item| ["x/child.rs", item, if item == "Own" { "x/mod.rs" } else { "z.rs" }]);
    assert_eq!(found, [&child[..], &[["x/mod.rs", "make", "x/child.rs"]]].concat());
}

#[test]
fn folders_use_what_stands_above_them() {
    let wrong: BTreeSet<_> = uses(sources())
        .into_iter()
        .filter(|(file, _, used)| !may_use(file.folder(), used.folder()))
        .map(|(file, item, used)| format!("{} uses `{item}` of {}", file.path, used.path))
        .collect();
    assert!(wrong.is_empty(), "these look the wrong way:\n{}", Vec::from_iter(wrong).join("\n"));
}

#[test]
fn no_two_files_use_each_other() {
    let uses = uses(sources());
    let edges: BTreeSet<_> = uses.iter().map(|(file, _, used)| (&file.path, &used.path)).collect();
    let circles: Vec<_> = edges
        .iter()
        .filter(|(one, other)| one < other && edges.contains(&(other, one)))
        .map(|(one, other)| {
            let taken = |from: &str, of: &str| {
                let items = uses.iter().filter(|(file, _, used)| file.path == from && used.path == of);
                Vec::from_iter(items.map(|(_, item, _)| *item).collect::<BTreeSet<_>>()).join(", ")
            };
            format!("{one} uses {} of {other}, which uses {}", taken(one, other), taken(other, one))
        })
        .collect();
    assert!(circles.is_empty(), "these files use each other:\n{}", circles.join("\n"));
}

#[test]
fn the_pure_folders_ask_nobody_for_time_or_chance() {
    let pure = sources().files().filter(|file| PURE.contains(&file.folder()));
    let wrong: Vec<_> = pure
        .flat_map(|file| {
            let words = IMPURE.iter().filter(|word| file.words.contains(**word)).map(ToString::to_string);
            let of_std = file
                .paths
                .iter()
                .filter(|path| matches!(&path[..], [std, of, ..] if std == "std" && IMPURE_STD.contains(&&**of)));
            words.chain(of_std.map(|path| path.join("::"))).map(|word| format!("{} says `{word}`", file.path))
        })
        .collect();
    assert!(wrong.is_empty(), "the pure folders are given what they need as arguments:\n{}", wrong.join("\n"));
}

#[test]
fn a_store_uses_nothing_that_another_crate_could_not() {
    let public = sources().public();
    let is_store = |file: &File| {
        let path = file.path.strip_prefix("store/").unwrap_or_default();
        path == "memory.rs" || path.starts_with("sqlite/") || path.starts_with("postgres/")
    };
    let wrong: BTreeSet<_> = uses(sources())
        .into_iter()
        .filter(|(file, item, used)| {
            is_store(file) && used.folder() != "store" && !public.contains(&(used.path.as_str(), Some(*item)))
        })
        .map(|(file, item, used)| format!("{} uses `{item}` of {}", file.path, used.path))
        .collect();
    assert!(wrong.is_empty(), "a store of another crate could not:\n{}", Vec::from_iter(wrong).join("\n"));
}

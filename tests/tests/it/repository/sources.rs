//! The sources of kiff as a parser sees them: which file names what, and where that is defined.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::PathBuf,
    sync::LazyLock,
};
use syn::{Item, UseTree, Visibility};

/// The segments of a path: `["crate", "value", "Value"]`.
type Path = Vec<String>;

/// A file of `kiff/src`, or a module in braces in one, without its unit tests.
#[derive(Clone, Default)]
pub(super) struct File {
    /// Where it is, below `kiff/src`.
    pub(super) path: String,
    /// Its place among the modules: `["kernel", "view"]`.
    module: Path,
    /// Every path that it names, but for re-exports.
    pub(super) paths: Vec<Path>,
    /// Every name that it imports or re-exports, with the path behind it, and whether it is public.
    names: Vec<(String, Path, bool)>,
    /// The files of unit tests beside it.
    tests: Vec<String>,
    /// Every word that it says.
    pub(super) words: BTreeSet<String>,
}

impl File {
    /// A file, and each module that stands in braces in it.
    pub(super) fn read(path: &str, text: &str) -> Vec<Self> {
        let module = path.trim_end_matches(".rs").split('/').filter(|name| !["mod", "lib"].contains(name));
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut files = Vec::new();
        Self::read_module(path, module.map(str::to_owned).collect(), &parsed.items, &mut files);
        files
    }

    fn read_module(path: &str, module: Path, items: &[Item], files: &mut Vec<Self>) {
        let mut file = Self { path: path.to_owned(), module, ..Self::default() };
        for item in items {
            let tokens = item.to_token_stream();
            match item {
                Item::Mod(module) if is_test(&tokens) => file.tests.push(module.ident.to_string()),
                _ if is_test(&tokens) => {}
                Item::Use(import) => file.import(&import.tree, &import.vis, &mut Vec::new()),
                // A module with a path of its own is another's second name.
                Item::Mod(module) if module.attrs.iter().any(|attribute| attribute.path().is_ident("path")) => {}
                Item::Mod(module) => {
                    let name = module.ident.to_string();
                    if let Some((_, items)) = &module.content {
                        Self::read_module(path, file.child(&name), items, files);
                    }
                    file.names.push((name.clone(), vec!["self".to_owned(), name], is_public(&module.vis)));
                }
                _ => file.scan(tokens, &[]),
            }
        }
        files.push(file);
    }

    /// The folder at the top that it is in; empty for `lib.rs`.
    pub(super) fn folder(&self) -> &str {
        self.path.split_once('/').map_or("", |(folder, _)| folder)
    }

    fn child(&self, name: &str) -> Path {
        self.module.iter().map(String::as_str).chain([name]).map(str::to_owned).collect()
    }

    fn import(&mut self, tree: &UseTree, visibility: &Visibility, before: &mut Path) {
        let (name, last) = match tree {
            UseTree::Path(tree) => {
                before.push(tree.ident.to_string());
                self.import(&tree.tree, visibility, before);
                before.pop();
                return;
            }
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.import(tree, visibility, before)),
            UseTree::Name(tree) if tree.ident == "self" => (before.last().unwrap().clone(), None),
            UseTree::Name(tree) => (tree.ident.to_string(), Some(tree.ident.to_string())),
            UseTree::Rename(tree) => (tree.rename.to_string(), Some(tree.ident.to_string())),
            _ => ("*".to_owned(), None),
        };
        let path: Path = before.iter().cloned().chain(last).collect();
        self.words.extend(path.iter().cloned());
        if matches!(visibility, Visibility::Inherited) {
            self.paths.push(path.clone());
        }
        self.names.push((name, path, is_public(visibility)));
    }

    /// Takes the paths and the words out of any tokens, those of a macro too. In the braces of an import stands what
    /// goes on `before`.
    fn scan(&mut self, tokens: TokenStream, before: &[String]) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let is_colon =
            |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(sign)) if sign.as_char() == ':');
        let goes_on = |at: usize| is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1));
        let (mut path, mut at) = (before.to_vec(), 0);
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Ident(word) => {
                    path.push(word.to_string());
                    self.words.insert(word.to_string());
                    if goes_on(at) {
                        at += 2;
                        continue;
                    }
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && path.len() > before.len() => {
                    self.scan(group.stream(), &path);
                    path.clear();
                }
                TokenTree::Group(group) => self.scan(group.stream(), &[]),
                // What follows stands in the code of another file: `$crate::Path`.
                TokenTree::Punct(sign) if sign.as_char() == '$' => {
                    path.push("$".to_owned());
                    continue;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            if path.len() > before.len() {
                self.paths.push(path);
            }
            path = before.to_vec();
        }
    }
}

fn is_test(item: &TokenStream) -> bool {
    let text = item.to_string();
    text.starts_with("# [cfg (test") || text.starts_with("# [cfg (all (test")
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// All files but those of the program, which names kiff as any other program does.
pub(super) struct Sources(HashMap<Path, File>);

pub(super) fn sources() -> &'static Sources {
    static SOURCES: LazyLock<Sources> = LazyLock::new(|| {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../kiff/src");
        let (mut waiting, mut files) = (vec![root.clone()], Vec::new());
        while let Some(path) = waiting.pop() {
            if path.is_dir() {
                let entries = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
                waiting.extend(entries.filter(|path| *path != root.join("bin")));
            } else if let Some(name) = path.strip_prefix(&root).unwrap().to_str().filter(|name| name.ends_with(".rs")) {
                files.extend(File::read(name, &fs::read_to_string(&path).unwrap()));
            }
        }
        Sources::new(files)
    });
    &SOURCES
}

impl Sources {
    pub(super) fn new(files: Vec<File>) -> Self {
        let tests: Vec<Path> = files.iter().flat_map(|file| file.tests.iter().map(|name| file.child(name))).collect();
        let files = files.into_iter().map(|file| (file.module.clone(), file));
        let files: HashMap<_, _> = files.filter(|(module, _)| !tests.contains(module)).collect();
        let takes_all = files.values().find(|file| file.names.iter().any(|(name, ..)| name == "*"));
        assert!(takes_all.is_none(), "{} imports all of a module: name the items", takes_all.unwrap().path);
        Self(files)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &File> {
        self.0.values()
    }

    /// The file that defines what a path in `file` names, and the item; no item if that is the module itself. Nothing
    /// for what is no part of kiff.
    pub(super) fn resolve<'a>(&'a self, file: &'a File, path: &'a [String]) -> Option<(&'a File, Option<&'a str>)> {
        let up = path.iter().take_while(|word| *word == "super").count();
        let (mut at, rest) = match path.first()?.as_str() {
            "crate" => (self.0.get(&[][..])?, &path[1..]),
            "super" => (self.0.get(file.module.get(..file.module.len().checked_sub(up)?)?)?, &path[up..]),
            "self" => (file, &path[1..]),
            // The name of a child or of an import; a single word may be anything.
            name if path.len() > 1 && file.names.iter().any(|(known, ..)| known == name) => (file, path),
            _ => return None,
        };
        for (place, word) in rest.iter().enumerate() {
            let is_own = |path: &[String]| at.path == file.path && path == rest;
            if let Some(child) = self.0.get(&at.child(word)) {
                at = child;
            } else if let Some((_, path, _)) = at.names.iter().find(|(name, path, _)| name == word && !is_own(path)) {
                match self.resolve(at, path)? {
                    (module, None) => at = module,
                    found => return Some(found),
                }
            } else {
                return Some((at, Some(&rest[place])));
            }
        }
        Some((at, None))
    }

    /// Every item that another crate can name: what `lib.rs` and the public modules re-export.
    pub(super) fn public(&self) -> BTreeSet<(&str, Option<&str>)> {
        let (mut found, mut seen, mut waiting) =
            (BTreeSet::new(), BTreeSet::new(), Vec::from_iter(self.0.get(&[][..])));
        while let Some(file) = waiting.pop() {
            if !seen.insert(&file.module) {
                continue;
            }
            for (_, path, _) in file.names.iter().filter(|(.., is_public)| *is_public) {
                match self.resolve(file, path) {
                    Some((module, None)) => waiting.push(module),
                    Some((used, item)) => drop(found.insert((used.path.as_str(), item))),
                    None => {}
                }
            }
        }
        found
    }
}

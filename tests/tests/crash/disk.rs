//! A disk that loses power: what it was asked to write, what of that it has promised, and the files that may be found
//! when the power is back.

use crate::{
    process::Dice,
    trace::{Call, Step},
};
use std::collections::BTreeMap;

/// Disks write sectors of this size whole or not at all.
const SECTOR: usize = 512;

/// What is found after the power was lost.
#[derive(Debug)]
pub(crate) enum Loss<'a> {
    /// Only what was promised.
    All,
    /// Of what was not promised any part: each write whole, torn between its sectors, or not at all.
    Some(&'a mut Dice),
}

/// The files of one folder, on a disk with a cache.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    folder: String,
    nodes: Vec<Node>,
    /// The names as the process sees them, and as they were promised.
    names: BTreeMap<String, usize>,
    promised: BTreeMap<String, usize>,
    /// Changes of names that are not promised yet, in their order.
    renaming: Vec<(String, Option<usize>)>,
    open: BTreeMap<i64, Target>,
    running: BTreeMap<usize, (Call, Covers)>,
}

/// A file, whatever its names are.
#[derive(Debug, Default)]
struct Node {
    promised: Vec<u8>,
    pending: Vec<Pending>,
    /// How long the process sees it.
    len: u64,
}

#[derive(Clone, Debug)]
struct Pending {
    call: usize,
    has_ended: bool,
    change: Change,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Folder,
    Node(usize),
    Elsewhere,
}

/// What a sync covers, as it was when it began: the calls of a file, or how many changes of names.
#[derive(Clone, Debug, Default)]
struct Covers {
    calls: Vec<usize>,
    names: usize,
}

impl Disk {
    /// An empty folder of this path.
    pub(crate) fn new(folder: &std::path::Path) -> Self {
        Self { folder: folder.display().to_string(), ..Self::default() }
    }

    /// Does what the process did.
    pub(crate) fn step(&mut self, step: &Step) {
        match step {
            Step::Begin => {
                self.open.clear();
                // What the last process did not live to see the end of may have been done all the same.
                self.running.clear();
            }
            Step::Enter(number, call) => self.enter(*number, call),
            Step::Leave(number, result) => self.leave(*number, *result),
        }
    }

    /// The name of the file in the folder that this call is about.
    pub(crate) fn name_of(&self, file: i64) -> Option<&str> {
        let Some(Target::Node(node)) = self.open.get(&file) else { return None };
        self.names.iter().find(|(_, it)| *it == node).map(|(name, _)| name.as_str())
    }

    /// True if everything that was written to the file is promised.
    pub(crate) fn is_synced(&self, name: &str) -> bool {
        self.names.get(name).is_none_or(|node| self.nodes[*node].pending.is_empty())
            && self.names.get(name) == self.promised.get(name)
    }

    /// The files that are found after the power was lost now.
    pub(crate) fn after(&self, mut loss: Loss<'_>) -> BTreeMap<String, Vec<u8>> {
        let mut names = self.promised.clone();
        if let Loss::Some(dice) = &mut loss {
            let kept = usize::try_from(dice.below(self.renaming.len() as u64 + 1)).unwrap();
            self.renaming.iter().take(kept).for_each(|(name, node)| rename(&mut names, name, *node));
        }
        names.into_iter().map(|(name, node)| (name, self.nodes[node].after(&mut loss))).collect()
    }

    fn enter(&mut self, number: usize, call: &Call) {
        let mut covers = Covers::default();
        match call {
            Call::Write { file, at, bytes } => {
                if let Some(Target::Node(node)) = self.open.get(file) {
                    let node = &mut self.nodes[*node];
                    let at = at.unwrap_or(node.len);
                    node.len = node.len.max(at + bytes.len() as u64);
                    node.pend(number, Change::Write(usize::try_from(at).unwrap(), bytes.clone()));
                }
            }
            Call::Truncate { file, bytes } => {
                if let Some(Target::Node(node)) = self.open.get(file) {
                    self.nodes[*node].len = *bytes;
                    self.nodes[*node].pend(number, Change::Truncate(usize::try_from(*bytes).unwrap()));
                }
            }
            Call::Sync { file } => covers = self.covered_by(*file),
            Call::Other { file, name } => {
                let is_ours = matches!(self.open.get(file), Some(Target::Folder | Target::Node(_)));
                assert!(!is_ours, "a call that is not understood: {name}");
            }
            Call::Open { .. } | Call::Close { .. } | Call::Remove { .. } => {}
        }
        self.running.insert(number, (call.clone(), covers));
    }

    fn covered_by(&self, file: i64) -> Covers {
        match self.open.get(&file) {
            Some(Target::Node(node)) => {
                let ended = self.nodes[*node].pending.iter().filter(|it| it.has_ended);
                Covers { calls: ended.map(|it| it.call).collect(), names: 0 }
            }
            Some(Target::Folder) => Covers { calls: Vec::new(), names: self.renaming.len() },
            _ => Covers::default(),
        }
    }

    fn leave(&mut self, number: usize, result: i64) {
        let Some((call, covers)) = self.running.remove(&number) else { return };
        match call {
            Call::Open { path, truncates } => self.opened(&path, truncates, result, number),
            Call::Close { file } => drop(self.open.remove(&file)),
            Call::Remove { path } => {
                if let Some(name) = self.in_folder(&path) {
                    self.names.remove(&name);
                    self.renaming.push((name, None));
                }
            }
            Call::Write { file, .. } | Call::Truncate { file, .. } => {
                if let Some(Target::Node(node)) = self.open.get(&file) {
                    self.nodes[*node]
                        .pending
                        .iter_mut()
                        .filter(|it| it.call == number)
                        .for_each(|it| it.has_ended = true);
                }
            }
            Call::Other { .. } => {}
            Call::Sync { file } => match self.open.get(&file) {
                Some(Target::Node(node)) => self.nodes[*node].promise(&covers.calls),
                Some(Target::Folder) => {
                    let promised = self.renaming.drain(..covers.names);
                    promised.for_each(|(name, node)| rename(&mut self.promised, &name, node));
                }
                _ => {}
            },
        }
    }

    fn opened(&mut self, path: &str, truncates: bool, file: i64, number: usize) {
        let target = match self.in_folder(path) {
            _ if path == self.folder => Target::Folder,
            // The shared memory is made anew by whoever opens the log.
            None => Target::Elsewhere,
            Some(name) if name.ends_with("-shm") => Target::Elsewhere,
            Some(name) => Target::Node(*self.names.entry(name.clone()).or_insert_with(|| {
                self.nodes.push(Node::default());
                self.renaming.push((name, Some(self.nodes.len() - 1)));
                self.nodes.len() - 1
            })),
        };
        if let (Target::Node(node), true) = (target, truncates) {
            self.nodes[node].pend(number, Change::Truncate(0));
            self.nodes[node].len = 0;
        }
        self.open.insert(file, target);
    }

    fn in_folder(&self, path: &str) -> Option<String> {
        path.strip_prefix(&self.folder)?.strip_prefix('/').map(str::to_owned)
    }
}

impl Node {
    fn pend(&mut self, call: usize, change: Change) {
        self.pending.push(Pending { call, has_ended: false, change });
    }

    fn promise(&mut self, calls: &[usize]) {
        let (done, rest) = std::mem::take(&mut self.pending).into_iter().partition(|it| calls.contains(&it.call));
        self.pending = rest;
        let done: Vec<Pending> = done;
        done.iter().for_each(|it| it.change.apply(&mut self.promised, |_| true));
    }

    fn after(&self, loss: &mut Loss<'_>) -> Vec<u8> {
        let mut bytes = self.promised.clone();
        let Loss::Some(dice) = loss else { return bytes };
        for pending in &self.pending {
            match dice.below(4) {
                0 => {}
                1 => pending.change.apply(&mut bytes, |_| dice.below(2) == 0),
                _ => pending.change.apply(&mut bytes, |_| true),
            }
        }
        bytes
    }
}

impl Change {
    /// Changes the bytes, of a write only the sectors that are kept.
    fn apply(&self, bytes: &mut Vec<u8>, mut is_kept: impl FnMut(usize) -> bool) {
        let (at, written) = match self {
            Self::Truncate(len) => return bytes.resize(*len, 0),
            Self::Write(at, written) => (*at, written),
        };
        let mut from = 0;
        while from < written.len() {
            let sector = (at + from) / SECTOR;
            let to = written.len().min((sector + 1) * SECTOR - at);
            if is_kept(sector) {
                if bytes.len() < at + to {
                    bytes.resize(at + to, 0);
                }
                bytes[at + from..at + to].copy_from_slice(&written[from..to]);
            }
            from = to;
        }
    }
}

fn rename(names: &mut BTreeMap<String, usize>, name: &str, node: Option<usize>) {
    match node {
        Some(node) => drop(names.insert(name.to_owned(), node)),
        None => drop(names.remove(name)),
    }
}

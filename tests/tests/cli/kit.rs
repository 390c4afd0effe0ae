//! Running the program, and evidence to run it on.

use kiff::{
    Authority, Domain, NewEvent, Outcome, Proposal, Runtime,
    domain::{Call, Contract, Definition, Machine},
    keys::Ed25519Signer,
    ledger::Ed25519LogSigner,
    record::Digest,
    testing::{FixedIds, ManualClock},
    verify::KeySet,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// True if a line begins so. Why something was refused stands in the line below it, and counts here as if it came
    /// behind a colon.
    pub(crate) fn has(&self, start: &str) -> bool {
        self.out.lines().any(|line| line.starts_with(start))
            || self.joined().lines().any(|line| line.starts_with(start))
    }

    /// The output with each reason and its explanation in one line.
    pub(crate) fn joined(&self) -> String {
        self.out.replace("\n  ", ": ")
    }
}

/// Runs the program in a folder. Arguments are parted by spaces; `@` stands for the published vector.
pub(crate) fn run(folder: &Path, arguments: &str) -> Ran {
    let vector = vector().display().to_string();
    let arguments = arguments.split(' ').map(|word| word.replace('@', &vector));
    let output = Command::new(env!("CARGO_BIN_EXE_kiff_cli")).args(arguments).current_dir(folder).output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn vector() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/receipt")
}

/// A folder of a test's own, gone with it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kiff-tests-cli-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// One with a copy of the published vector.
    pub(crate) fn of_vector(name: &str) -> Self {
        let folder = Self::new(name);
        for entry in fs::read_dir(vector()).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.0.join(path.file_name().unwrap())).unwrap();
        }
        folder
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), text).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.0.join(name)).unwrap();
    }

    /// Replaces a text that must be there.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no {from}");
        self.write(name, text.replace(from, to));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Gives each line the hash of the line before it in its stream, as somebody would who rewrites a log.
pub(crate) fn chained(log: &str) -> String {
    let mut heads: Vec<(String, Digest)> = Vec::new();
    let mut out = String::new();
    for line in log.lines() {
        let Some((before, rest)) = line.split_once("\"prev\":\"") else {
            out += &format!("{line}\n");
            continue;
        };
        let entity = line.split("\"entity\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        let last = heads.iter().rev().find(|(known, _)| *known == entity).map_or(Digest::ZERO, |(_, leaf)| *leaf);
        let line = format!("{before}\"prev\":\"{last}{}", &rest[71..]);
        heads.push((entity, Digest::leaf(line.as_bytes())));
        out += &format!("{line}\n");
    }
    out
}

/// A shop whose log is signed: what makes bundles.
pub(crate) struct Shop {
    pub(crate) runtime: Runtime,
    orders: u32,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let contract = Contract::new("CLOSE", "order").allowed_states(["OPEN"]).emits(["CLOSED"]);
        let executor = |_: Call<'_>| Ok(Outcome::new("closed").emit("CLOSED"));
        let domain = Domain::builder("shop", "v1")
            .table(Machine::new("order").starts("OPENED", "OPEN").moves("OPEN", "CLOSED", "CLOSED"))
            .define(Definition::new(contract).executor(executor))
            .role("key_keeper", ["kiff.keys"])
            .build()
            .unwrap();
        let clock = ManualClock::at("2026-05-24T09:50:18.431Z".parse().unwrap());
        let builder = Runtime::builder(domain).clock(clock).ids(FixedIds::default()).signer(receipt_signer());
        Self { runtime: builder.build().unwrap(), orders: 0 }
    }

    /// Seven records, of which one is a decision.
    pub(crate) fn close_one(&mut self) {
        self.orders += 1;
        let (order, rt) = (format!("order:o_{}", self.orders), self.runtime.blocking());
        let event = NewEvent::new(format!("evt_{}", self.orders), "OPENED");
        rt.ingest(&Authority::service("web").unwrap(), &order, event).unwrap().accepted().unwrap();
        rt.execute(&Authority::agent("bot", [""; 0]).unwrap(), Proposal::new("CLOSE", &*order))
            .unwrap()
            .executed()
            .unwrap();
    }

    /// One record.
    pub(crate) fn revoke(&self, from_index: u64) {
        let keeper = Authority::human("kim", ["key_keeper"]).unwrap();
        let signer = receipt_signer();
        let change = self.runtime.blocking().revoke_key(&keeper, signer.key_id(), from_index, "stolen");
        change.unwrap().recorded().unwrap();
    }

    /// The evidence of now, in a new folder.
    pub(crate) fn bundle(&self, folder: &Path) {
        let signer = Ed25519LogSigner::new("kiff.dev/log/default", Ed25519Signer::from_seed(&[2; 32])).unwrap();
        let ledger = self.runtime.ledger(signer).open_blocking().unwrap();
        ledger.checkpoint().unwrap();
        ledger.bundle(folder, &KeySet::new().with(receipt_signer().public_key().clone())).unwrap();
    }
}

pub(crate) fn receipt_signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(&[1; 32])
}

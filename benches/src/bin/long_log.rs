//! Writes a bundle with a long log, for `kiff verify` and other readers.
//!
//! `cargo run --release -p kiff-benches --bin long_log <folder> [records] [entities] [receipts]`

use kiff::{
    Authority, NewEvent, Proposal, Receipt, Runtime,
    keys::Ed25519Signer,
    ledger::{Ed25519LogSigner, LogSigner},
    log::Frontier,
    record::Digest,
    store::MemoryStore,
    verify::KeySet,
};
use kiff_benches::workload::{AGENT, ENTITY, PARAMS, ROLE, TENANT, domain};
use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

/// The log of the published figure.
const RECORDS: u64 = 1_000_000;
const ENTITIES: u64 = 1_000;
const RECEIPTS: u64 = 1_000;
/// The number of records of an execution. The first event of an entity has two.
const FOR_EACH: u64 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = env::args().skip(1);
    let folder = PathBuf::from(words.next().ok_or("no folder is given")?);
    let mut number = |otherwise: u64| words.next().map_or(Ok(otherwise), |word| word.parse());
    let (records, entities, receipts) = (number(RECORDS)?, number(ENTITIES)?, number(RECEIPTS)?);
    let entities = entities.max(1);
    fs::create_dir_all(folder.join("receipts"))?;
    let mut log = Log::create(&folder, receipts)?;
    let each = (records / entities).saturating_sub(2) / FOR_EACH;
    for entity in 0..entities {
        // The last entity takes the remainder.
        let rest = (records - log.frontier.size()).saturating_sub(2) / FOR_EACH;
        log.write_entity(entity, if entity + 1 == entities { rest } else { each })?;
    }
    let (records, receipts) = log.finish(&folder)?;
    println!("{records} records of {entities} entities, {receipts} receipts: {}", folder.display());
    Ok(())
}

struct Log {
    file: BufWriter<File>,
    frontier: Frontier,
    receipts: PathBuf,
    left: u64,
    written: u64,
}

impl Log {
    fn create(folder: &Path, receipts: u64) -> Result<Self, Box<dyn Error>> {
        let file = BufWriter::new(File::create_new(folder.join("log.jsonl"))?);
        Ok(Self { file, frontier: Frontier::new(), receipts: folder.join("receipts"), left: receipts, written: 0 })
    }

    /// One entity in a store of its own, so that memory does not grow with the log.
    fn write_entity(&mut self, entity: u64, executions: u64) -> Result<(), Box<dyn Error>> {
        let name = format!("{ENTITY}:e_{entity}");
        let builder = Runtime::builder(domain()?).tenant(TENANT).store(MemoryStore::new());
        let rt = builder.signer(Ed25519Signer::from_seed(&[1; 32])).build()?.blocking();
        let event = NewEvent::new(format!("evt_{entity}"), "ORDER_PAID");
        rt.ingest(&Authority::service("shop")?, &name, event)?.accepted()?;
        let agent = Authority::agent(AGENT, [ROLE])?;
        for _ in 0..executions {
            let mut proposal = Proposal::new("CREDIT_ORDER", &*name);
            for (name, value) in PARAMS {
                proposal = proposal.param(name, value);
            }
            let done = rt.execute(&agent, proposal)?.executed()?;
            self.write_receipt(done.receipt)?;
        }
        for line in rt.export()?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            self.frontier.append(Digest::leaf(line));
            self.file.write_all(line)?;
            self.file.write_all(b"\n")?;
        }
        Ok(())
    }

    fn write_receipt(&mut self, receipt: Option<Receipt>) -> Result<(), Box<dyn Error>> {
        let Some(receipt) = receipt.filter(|_| self.left > 0) else { return Ok(()) };
        self.left -= 1;
        self.written += 1;
        Ok(fs::write(self.receipts.join(format!("{}.json", receipt.receipt_id())), receipt.to_json())?)
    }

    fn finish(mut self, folder: &Path) -> Result<(u64, u64), Box<dyn Error>> {
        self.file.flush()?;
        let signer = Ed25519LogSigner::new(format!("kiff.dev/log/{TENANT}"), Ed25519Signer::from_seed(&[2; 32]))?;
        let keys = KeySet::new().with(Ed25519Signer::from_seed(&[1; 32]).public_key().clone());
        fs::write(folder.join("checkpoint.txt"), signer.checkpoint(self.frontier.head()).to_string())?;
        fs::write(folder.join("vkeys.txt"), format!("{}\n", signer.verifier_key()))?;
        fs::write(folder.join("keys.jwks.json"), keys.to_json())?;
        Ok((self.frontier.size(), self.written))
    }
}

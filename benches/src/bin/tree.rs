//! Measures the tree over a log: the cost of an append beside hashing the record, and of proofs at a million records.

use kiff::{
    ledger::NodeFile,
    log::{Frontier, Nodes, ProofBuilder, Tree, TreeHead, verify_consistency, verify_inclusion},
    record::Digest,
};
use std::{
    error::Error,
    hint::black_box,
    io,
    time::{Duration, Instant},
};

type Failed = Box<dyn Error>;

/// The number of records in the log.
const RECORDS: u64 = 1_000_000;
/// The number of proofs of each kind.
const PROOFS: u64 = 20_000;
/// The average size of an execution's records, in bytes.
const RECORD: usize = 700;
/// Records in one round of the comparison, and the number of rounds. The sides alternate, because the machine has other
/// work. The shortest rounds are those without interruption.
const ROUND: u64 = 1_000;
const ROUNDS: u32 = 2_000;

fn main() -> Result<(), Failed> {
    let leaves = appending()?;
    let mut tree = Tree::new(Vec::new());
    tree.extend(leaves.iter().copied())?;
    println!("\nproofs at {RECORDS} records");
    proving("nodes in memory", &tree, &leaves)?;
    let path = std::env::temp_dir().join(format!("kiff-bench-nodes-{}", std::process::id()));
    let mut tree = Tree::new(NodeFile::open(&path)?);
    let start = Instant::now();
    tree.extend(leaves.iter().copied())?;
    println!("nodes in a file: {:.2} s to write {} of them", start.elapsed().as_secs_f64(), 2 * RECORDS);
    let proved = proving("nodes in a file", &tree, &leaves);
    std::fs::remove_file(&path)?;
    proved?;
    in_one_pass(&leaves)
}

/// Counts the node hashes for each leaf, and compares the time of the tree with that of the leaf hashes alone.
fn appending() -> Result<Vec<Digest>, Failed> {
    let leaves: Vec<Digest> = (0..RECORDS).map(|record| Digest::leaf(&record_of(record))).collect();
    let mut written = Counted(0);
    Tree::new(&mut written).extend(leaves.iter().copied())?;
    // Each written node was hashed once, and the leaves are among them.
    let hashes = written.0 - RECORDS;
    println!("{hashes} node hashes for {RECORDS} records: {:.6} each", hashes as f64 / RECORDS as f64);
    let frontier = frontier_of(&leaves);
    println!("bytes of the frontier: {}", frontier.to_bytes().len());

    let record = record_of(0);
    let (mut plain, mut with_tree) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        plain = plain.min(timed(|| (0..ROUND).for_each(|_| _ = black_box(Digest::leaf(black_box(&record))))));
        with_tree = with_tree.min(timed(|| {
            let mut frontier = Frontier::new();
            (0..ROUND).for_each(|_| frontier.append(Digest::leaf(black_box(&record))));
            black_box(frontier.head());
        }));
    }
    let ratio = with_tree.as_secs_f64() / plain.as_secs_f64();
    let each = |time: Duration| time.as_secs_f64() * 1e9 / ROUND as f64;
    println!(
        "leaf hashes of {RECORD} bytes: {:.0} ns each; with the tree: {:.0} ns; ratio {ratio:.2}",
        each(plain),
        each(with_tree)
    );
    Ok(leaves)
}

/// Counts the written nodes.
struct Counted(u64);

impl Nodes for &mut Counted {
    fn read(&self, _: u64) -> io::Result<Digest> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn write(&mut self, _: u64, nodes: &[Digest]) -> io::Result<()> {
        self.0 += nodes.len() as u64;
        Ok(())
    }
}

fn proving<N: Nodes>(what: &str, tree: &Tree<N>, leaves: &[Digest]) -> Result<(), Failed> {
    let head = tree.head();
    let places: Vec<u64> = (0..PROOFS).map(|number| number * 2_654_435_761 % RECORDS).collect();
    let mut hashes = 0;
    let start = Instant::now();
    for index in &places {
        hashes += black_box(tree.inclusion(*index, RECORDS)?).len();
    }
    tell(&format!("{what}: inclusion ({:.1} hashes)", hashes as f64 / PROOFS as f64), start.elapsed());
    let start = Instant::now();
    for index in &places {
        black_box(tree.consistency(index + 1, RECORDS)?);
    }
    tell(&format!("{what}: consistency"), start.elapsed());
    let start = Instant::now();
    for index in &places {
        let leaf = leaves.get(usize::try_from(*index)?).ok_or("no such record")?;
        verify_inclusion(leaf, *index, &tree.inclusion(*index, RECORDS)?, &head)?;
    }
    tell(&format!("{what}: inclusion, made and verified"), start.elapsed());
    let old = tree.head_at(RECORDS / 3)?;
    verify_consistency(&old, &head, &tree.consistency(old.size, RECORDS)?)?;
    Ok(())
}

/// Makes a proof as a reader of a log file would, without a tree.
fn in_one_pass(leaves: &[Digest]) -> Result<(), Failed> {
    let mut builder = ProofBuilder::inclusion(RECORDS / 3);
    let start = Instant::now();
    leaves.iter().for_each(|leaf| builder.append(*leaf));
    let proof = builder.proof()?;
    println!("one pass over {RECORDS} leaf hashes: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    let head: TreeHead = builder.head();
    let leaf = leaves.get(usize::try_from(RECORDS / 3)?).ok_or("no such record")?;
    Ok(verify_inclusion(leaf, RECORDS / 3, &proof, &head)?)
}

fn record_of(number: u64) -> Vec<u8> {
    let mut record = vec![b'x'; RECORD];
    record.splice(..8, number.to_be_bytes());
    record
}

fn frontier_of(leaves: &[Digest]) -> Frontier {
    let mut frontier = Frontier::new();
    leaves.iter().for_each(|leaf| frontier.append(*leaf));
    frontier
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn tell(what: &str, time: Duration) {
    println!("{what}: {:.2} µs each", time.as_secs_f64() * 1e6 / PROOFS as f64);
}

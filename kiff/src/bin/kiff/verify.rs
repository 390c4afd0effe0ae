//! `kiff verify`: all evidence of a bundle, in one pass over its log.

use super::{
    Ended,
    bundle::Bundle,
    checkpoint::{Expected, LogTrust},
    files::{self, Trouble},
    lines::Lines,
    receipts::Receipts,
    report::Report,
};
use clap::Args;
use kiff::{
    PublicKey, Record, TenantId,
    log::{Frontier, SignedCheckpoint, TlogProof, TreeHead, VerifiedCheckpoint},
    replay::LogVerifier,
    verify::KeySet,
};
use std::path::{Path, PathBuf};

/// Verifies a bundle of evidence, or a log alone, and tells what was proved and what was not.
///
/// A bundle is a folder with `log.jsonl` or `record.tlog-proof`, and where they are there `checkpoint.txt`,
/// `vkeys.txt`, `keys.jwks.json`, and `receipt.json` or `receipts/`. Checked are the form, sequence, chain and steps of
/// every record; the tree against the checkpoint; the signature of each receipt, its record, and whether its key was
/// revoked. A line `sha256:...` stands for an erased record: its hash counts, its content is gone.
///
/// Keys that come with a bundle show that it fits itself, and no more. What you know from elsewhere makes it evidence:
/// --keys and --vkeys, and a checkpoint that you hold since before, --since. No clock is read, and evidence does not
/// expire.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A folder, or a `log.jsonl`.
    bundle: PathBuf,
    /// The keys of receipts that you trust, as a JWK set.
    #[arg(long, value_name = "JWKS")]
    keys: Option<PathBuf>,
    /// The keys of the log and of the witnesses that you trust, one on each line. A checkpoint must be there then.
    #[arg(long, value_name = "FILE")]
    vkeys: Option<PathBuf>,
    /// How many of these witnesses must have signed the checkpoint.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "vkeys")]
    quorum: usize,
    /// A checkpoint of this log that you have held: the log must begin with its records.
    #[arg(long, value_name = "CHECKPOINT")]
    since: Option<PathBuf>,
    /// Prints one JSON object in place of lines.
    #[arg(long)]
    json: bool,
}

/// What the log has been compared with.
struct Heads {
    trust: LogTrust,
    checkpoint: Option<Expected>,
    verified: Option<VerifiedCheckpoint>,
    since: Option<Expected>,
    /// That of the proof beside a log: two signed heads that do not agree are a fork.
    proof: Option<Expected>,
}

impl Verify {
    pub(super) fn run(self) -> Result<Ended, Trouble> {
        let mut report = Report::new(self.json);
        let bundle = Bundle::at(&self.bundle)?;
        let mut heads = self.heads(&bundle, &mut report)?;
        let keys = self.receipt_keys(&bundle, &mut report)?;
        let mut receipts = Receipts::open(&bundle, keys, &mut report)?;
        // A proof is of one record, which a log has anyway: it goes first, and the receipts then meet the log.
        let proven = match &bundle.proof {
            Some(path) => verify_proof(path, &heads.trust, &mut report)?,
            None => None,
        };
        let (verifier, proved) = match (&bundle.log, proven) {
            (Some(path), proven) => {
                heads.proof = proven.map(|proven| Expected::new(proven.head));
                let verifier = pass(path, &mut heads, &mut receipts, &mut report)?;
                (verifier, heads.proved())
            }
            (None, Some(proven)) => {
                receipts.observe(proven.index, &proven.record, &mut report)?;
                (LogVerifier::new(), proven.head.size)
            }
            (None, None) => (LogVerifier::new(), 0),
        };
        let log_key = heads.log_key(&mut report)?;
        receipts.finish(|leaf| verifier.pruned(leaf), proved, log_key.as_ref(), &mut report)?;
        self.tell_limits(&bundle, &mut report);
        report.end()
    }

    fn heads(&self, bundle: &Bundle, report: &mut Report) -> Result<Heads, Trouble> {
        let trust = LogTrust::load(self.vkeys.as_deref(), bundle.vkeys.as_deref(), self.quorum, report)?;
        let mut heads = Heads { trust, checkpoint: None, verified: None, since: None, proof: None };
        match &bundle.checkpoint {
            Some(path) => match SignedCheckpoint::parse(&files::small(path)?) {
                Ok(checkpoint) => {
                    heads.checkpoint = Some(Expected::new(checkpoint.unverified().head()));
                    heads.verified = heads.trust.verify("checkpoint.txt", &checkpoint, report)?;
                }
                Err(fault) => report.refuse(fault.code(), &format!("checkpoint.txt: {fault}"))?,
            },
            None if heads.trust.is_given && bundle.log.is_some() => {
                report.refuse("checkpoint_missing", "there is no checkpoint that your keys could have signed")?;
            }
            None => {}
        }
        if let Some(path) = &self.since {
            let since = SignedCheckpoint::parse(&files::small(path)?).map_err(|fault| Trouble::at(path, fault))?;
            heads.expect(&since, bundle, report)?;
        }
        Ok(heads)
    }

    fn receipt_keys(&self, bundle: &Bundle, report: &mut Report) -> Result<KeySet, Trouble> {
        if let Some(path) = &self.keys {
            return KeySet::from_json(&files::small(path)?).map_err(|error| Trouble::at(path, error));
        }
        let Some(path) = &bundle.keys else { return Ok(KeySet::new()) };
        match KeySet::from_json(&files::small(path)?) {
            Ok(keys) => Ok(keys),
            Err(error) => {
                report.refuse(error.code(), &format!("keys.jwks.json: {error}"))?;
                Ok(KeySet::new())
            }
        }
    }

    /// What no run of this program can show, or this one did not.
    fn tell_limits(&self, bundle: &Bundle, report: &mut Report) {
        let has_receipts = bundle.receipt.is_some() || bundle.receipts.is_some();
        if has_receipts && self.keys.is_none() {
            report.not_proved(
                "receipt_keys",
                "that the keys of receipts are the issuer's: they came with the bundle (--keys)",
            );
        }
        if bundle.log.is_none() {
            report.not_proved("revocations", "that the receipt's key was not revoked: that is in the log");
        } else if self.since.is_none() {
            report.not_proved(
                "rollback",
                "that nothing was rolled back or written anew: only a head that you hold shows that (--since)",
            );
        }
        report
            .not_proved("time", "when anything happened: times are the word of who recorded them, and so are anchors");
    }
}

impl Heads {
    /// A head that the auditor holds. It must be of the log that the checkpoint is of.
    fn expect(&mut self, since: &SignedCheckpoint, bundle: &Bundle, report: &mut Report) -> Result<(), Trouble> {
        if bundle.log.is_none() {
            return report.refuse("log_missing", "a head that you hold can be compared with a log alone");
        }
        let origin = since.unverified().origin();
        if let Some(verified) = &self.verified
            && verified.checkpoint().origin() != origin
        {
            let detail = format!("the head that you hold is of {origin}, not of {}", verified.checkpoint().origin());
            return report.refuse("origin_unexpected", &detail);
        }
        // It is the auditor's own, so its witnesses have been looked at when it was taken.
        if let Some(key) = self.trust.key(origin, report)?
            && let Err(fault) = since.verify(key, &kiff::log::WitnessPolicy::none())
        {
            return report.refuse(fault.code(), &format!("the head that you hold: {fault}"));
        }
        self.since = Some(Expected::new(since.unverified().head()));
        Ok(())
    }

    fn observe(&mut self, frontier: &Frontier) {
        let all = self.checkpoint.iter_mut().chain(&mut self.since).chain(&mut self.proof);
        all.for_each(|expected| expected.observe(frontier));
    }

    fn judge(&mut self, records: u64, report: &mut Report) -> Result<(), Trouble> {
        if let Some(expected) = &self.checkpoint {
            let is_met = expected.judge("checkpoint.txt", records, report)?;
            self.tell_checkpoint(is_met, records, report);
            self.verified = self.verified.take().filter(|_| is_met);
        } else {
            report.not_proved(
                "checkpoint",
                "that the log is the one that its owner shows others: there is no checkpoint",
            );
        }
        if let Some(expected) = &self.since
            && expected.judge("the head that you hold", records, report)?
        {
            let size = expected.head.size;
            report.proved("since", format!("the log begins with the {size} records of the head that you hold"));
        }
        if let Some(expected) = &self.proof {
            expected.judge("record.tlog-proof", records, report)?;
        }
        Ok(())
    }

    fn tell_checkpoint(&self, is_met: bool, records: u64, report: &mut Report) {
        let Some(expected) = self.checkpoint.as_ref().filter(|_| is_met) else { return };
        let size = expected.head.size;
        match &self.verified {
            Some(verified) => {
                let origin = verified.checkpoint().origin();
                let text = format!("the first {size} records are those of the checkpoint that {origin} has signed");
                report.proved("checkpoint", text);
                self.trust.tell(verified, report);
            }
            None => report.not_proved("checkpoint", "who has signed the checkpoint, whose root the log has"),
        }
        if records > size {
            let text = format!("{} records behind the checkpoint, which nobody has signed yet", records - size);
            report.not_proved("behind_checkpoint", text);
        }
    }

    /// How many records are under a root that the log's key has signed.
    fn proved(&self) -> u64 {
        self.verified.as_ref().map_or(0, |verified| verified.checkpoint().head().size)
    }

    fn log_key(&self, report: &mut Report) -> Result<Option<PublicKey>, Trouble> {
        let Some(verified) = &self.verified else { return Ok(None) };
        let key = self.trust.key(verified.checkpoint().origin(), report)?;
        Ok(key.map(|key| key.public_key().clone()))
    }
}

/// Reads the log once, and checks everything that its records and their places show.
fn pass(
    path: &Path,
    heads: &mut Heads,
    receipts: &mut Receipts,
    report: &mut Report,
) -> Result<LogVerifier<'static>, Trouble> {
    let mut lines = Lines::open(path)?;
    let (mut verifier, mut frontier, mut tenant) = (LogVerifier::new(), Frontier::new(), None);
    heads.observe(&frontier);
    while let Some(line) = lines.next()? {
        let line = verifier.take(line);
        frontier.append(line.leaf);
        heads.observe(&frontier);
        if let Some(fault) = &line.fault {
            report.fault(fault)?;
        }
        if let Some(record) = &line.record {
            check_tenant(&mut tenant, line.index, record, report)?;
            receipts.observe(line.index, record, report)?;
        }
    }
    let end = verifier.finish();
    end.faults.iter().try_for_each(|fault| report.fault(fault))?;
    for (what, number) in [("records", end.records), ("pruned", end.pruned), ("entities", end.entities)] {
        report.count(what, number);
    }
    if report.faults() == 0 {
        let (records, entities) = (end.records - end.pruned, end.entities);
        report.proved("chains", format!("form, sequence, chain and steps of {records} records of {entities} entities"));
    }
    if end.pruned > 0 {
        report.not_proved("pruned", format!("what {} erased records said: their hashes are left", end.pruned));
    }
    heads.judge(end.records, report)?;
    Ok(verifier)
}

/// A log is of one tenant: records of others would be evidence in the wrong hands, or of nothing.
fn check_tenant(
    tenant: &mut Option<TenantId>,
    index: u64,
    record: &Record,
    report: &mut Report,
) -> Result<(), Trouble> {
    let expected = tenant.get_or_insert_with(|| record.tenant().clone());
    if expected == record.tenant() {
        return Ok(());
    }
    let detail = format!("the record is of tenant {}, and the log of {expected}", record.tenant());
    report.fault_at(index, record.entity().as_str(), "other_tenant", &detail)
}

/// The record that a proof shows, its place, and the head that it leads to.
struct ProvenRecord {
    index: u64,
    record: Record,
    head: TreeHead,
}

fn verify_proof(path: &Path, trust: &LogTrust, report: &mut Report) -> Result<Option<ProvenRecord>, Trouble> {
    let refused = |report: &mut Report, code: &str, why: &dyn std::fmt::Display| {
        report.refuse(code, &format!("record.tlog-proof: {why}")).map(|()| None)
    };
    let proof = match TlogProof::parse(&files::small(path)?) {
        Ok(proof) => proof,
        Err(fault) => return refused(report, fault.code().as_str(), &fault),
    };
    let origin = proof.checkpoint().unverified().origin();
    let Some(key) = trust.key(origin, report)? else {
        return match trust.is_given {
            // It is refused already.
            true => Ok(None),
            false => refused(report, "log_key_unknown", &"no key of its log is known (--vkeys)"),
        };
    };
    let proven = match proof.verify(key, &trust.policy) {
        Ok(proven) => proven,
        Err(fault) => return refused(report, fault.code().as_str(), &fault),
    };
    let (index, size) = (proven.index(), proven.size());
    let record = Record::parse(proven.record().unwrap_or_default().into());
    match record {
        Ok(record) => {
            report.proved("inclusion", format!("record {index} is in the log of {origin} with {size} records"));
            Ok(Some(ProvenRecord { index, record, head: proven.checkpoint().head() }))
        }
        Err(error) => refused(report, error.code().as_str(), &error),
    }
}

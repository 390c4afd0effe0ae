//! `kiff verify`: verifies all evidence of a bundle, in one pass over its log.

use super::{
    bundle::Bundle,
    files,
    heads::Heads,
    lines::Lines,
    proof,
    receipts::Receipts,
    report::Report,
    status::{CommandError, Status},
    trust::LogTrust,
};
use clap::Args;
use kiff::{TenantId, log::Frontier, record::Record, replay::LogVerifier, verify::KeySet};
use std::path::{Path, PathBuf};

/// Verifies a bundle of evidence, or a log alone, and prints what was proved and what was not.
///
/// A bundle is a folder with `log.jsonl` or `record.tlog-proof`. It may also have `checkpoint.txt`, `vkeys.txt`,
/// `keys.jwks.json`, and `receipt.json` or `receipts/`. The program checks the form, sequence, chain and steps of every
/// record, the tree against the checkpoint, and each receipt: its signature, its record, and whether its key was
/// revoked. A line `sha256:...` stands for an erased record, of which only the hash is left.
///
/// Keys from a bundle show only that the bundle is consistent. It becomes evidence through what you have from
/// elsewhere: the keys (--keys and --vkeys), and a checkpoint that you already hold (--since). No clock is read,
/// because evidence does not expire.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A folder, or a `log.jsonl`.
    bundle: PathBuf,
    /// The receipt keys that you trust, as a JWK set.
    #[arg(long, value_name = "JWKS")]
    keys: Option<PathBuf>,
    /// The keys of the log and of the witnesses that you trust, one on each line. The bundle must then have a
    /// checkpoint.
    #[arg(long, value_name = "FILE")]
    vkeys: Option<PathBuf>,
    /// The number of these witnesses that must have signed the checkpoint.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "vkeys")]
    quorum: usize,
    /// A checkpoint of this log that you already hold. The log must begin with its records.
    #[arg(long, value_name = "CHECKPOINT")]
    since: Option<PathBuf>,
    /// Prints one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self) -> Result<Status, CommandError> {
        let mut report = Report::new(self.json);
        let bundle = Bundle::at(&self.bundle)?;
        let mut heads = self.heads(&bundle, &mut report)?;
        let keys = self.receipt_keys(&bundle, &mut report)?;
        let mut receipts = Receipts::open(&bundle, keys, &mut report)?;
        // The proof goes first. If there is a log, it has the record of the proof too, and the receipts are compared
        // with the log.
        let proven = match &bundle.proof {
            Some(path) => proof::verify(path, &heads.trust, &mut report)?,
            None => None,
        };
        let mut verifier = LogVerifier::new();
        let mut proved = 0;
        if let Some(path) = &bundle.log {
            if let Some(proven) = proven {
                heads.add_proven(proven.head);
            }
            check_log(path, &mut verifier, &mut heads, &mut receipts, &mut report)?;
            proved = heads.proved();
        } else if let Some(proven) = proven {
            receipts.observe(proven.index, &proven.record, &mut report)?;
            proved = proven.head.size;
        }
        let log_key = heads.log_key(&mut report)?;
        receipts.finish(|leaf| verifier.pruned(leaf), proved, log_key.as_ref(), &mut report)?;
        self.report_limits(&bundle, &mut report);
        report.end()
    }

    fn heads(&self, bundle: &Bundle, report: &mut Report) -> Result<Heads, CommandError> {
        let trust = match &self.vkeys {
            Some(path) => LogTrust::given(path, self.quorum)?,
            None => LogTrust::bundled(bundle.vkeys.as_deref(), report)?,
        };
        let mut heads = Heads::load(trust, bundle, report)?;
        if let Some(path) = &self.since {
            heads.add_held(path, bundle, report)?;
        }
        Ok(heads)
    }

    fn receipt_keys(&self, bundle: &Bundle, report: &mut Report) -> Result<KeySet, CommandError> {
        if let Some(path) = &self.keys {
            return KeySet::from_json(&files::read_small(path)?).map_err(|error| CommandError::at(path, error));
        }
        let Some(path) = &bundle.keys else { return Ok(KeySet::new()) };
        match KeySet::from_json(&files::read_small(path)?) {
            Ok(keys) => Ok(keys),
            Err(error) => {
                report.refuse(error.code(), &format!("keys.jwks.json: {error}"))?;
                Ok(KeySet::new())
            }
        }
    }

    /// Reports what no run of this program can prove, and what this run did not.
    fn report_limits(&self, bundle: &Bundle, report: &mut Report) {
        let has_receipts = bundle.receipt.is_some() || bundle.receipts.is_some();
        if has_receipts && self.keys.is_none() {
            let text = "that the receipt keys belong to the issuer: they came with the bundle (--keys)";
            report.not_proved("receipt_keys", text);
        }
        if bundle.log.is_none() {
            report.not_proved("revocations", "that the key of the receipt is not revoked: only the log shows that");
        } else if self.since.is_none() {
            let text =
                "that nothing was rolled back or rewritten: only a head that you already hold shows that (--since)";
            report.not_proved("rollback", text);
        }
        let text = "when anything happened: times and anchors are claims of whoever recorded them";
        report.not_proved("time", text);
    }
}

/// Reads the log once, and checks everything that its records and their places show.
fn check_log(
    path: &Path,
    verifier: &mut LogVerifier<'_>,
    heads: &mut Heads,
    receipts: &mut Receipts,
    report: &mut Report,
) -> Result<(), CommandError> {
    let mut lines = Lines::open(path)?;
    let mut frontier = Frontier::new();
    let mut tenant = None;
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
    report.count("records", end.records);
    report.count("pruned", end.pruned);
    report.count("entities", end.entities);
    if report.faults() == 0 {
        let records = end.records - end.pruned;
        let entities = end.entities;
        report.proved("chains", format!("form, sequence, chain and steps of {records} records of {entities} entities"));
    }
    if end.pruned > 0 {
        let text = format!("the content of {} erased records: only their hashes are left", end.pruned);
        report.not_proved("pruned", text);
    }
    heads.judge(end.records, report)
}

/// Checks that a log is of one tenant. The hash chains do not show it, because each stream has its own.
fn check_tenant(
    tenant: &mut Option<TenantId>,
    index: u64,
    record: &Record,
    report: &mut Report,
) -> Result<(), CommandError> {
    let expected = tenant.get_or_insert_with(|| record.tenant().clone());
    if expected == record.tenant() {
        return Ok(());
    }
    let detail = format!("the record belongs to tenant {}, but the log to {expected}", record.tenant());
    report.fault_at(index, record.entity().as_str(), "other_tenant", &detail)
}

//! `kiff prove`: a proof for one record, out of a log.

use super::{
    Ended,
    files::{self, Trouble},
    lines::Lines,
    out::Out,
};
use clap::Args;
use kiff::{
    Digest, MAX_RECORD,
    log::{ProofBuilder, SignedCheckpoint, TlogProof, verify_inclusion},
};
use std::path::PathBuf;

/// Proves that one record is in a log, in one pass over it.
///
/// With a checkpoint it writes a file in the form of C2SP tlog-proof, which shows the record and which `kiff
/// verify-receipt --proof` and others check with the key of the log. The checkpoint's signatures go along as they are.
/// Without one it prints the leaf hash, the path and the root, which prove nothing until somebody vouches for the root.
#[derive(Debug, Args)]
pub(super) struct Prove {
    /// A log, or a bundle that has one.
    log: PathBuf,
    /// The place of the record, counted from 0.
    index: u64,
    /// The checkpoint that the proof is to lead to.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

impl Prove {
    pub(super) fn run(self) -> Result<Ended, Trouble> {
        let checkpoint = self
            .checkpoint
            .as_ref()
            .map(|path| SignedCheckpoint::parse(&files::small(path)?).map_err(|fault| Trouble::at(path, fault)));
        let checkpoint = checkpoint.transpose()?;
        let most = checkpoint.as_ref().map_or(u64::MAX, |it| it.unverified().head().size);
        let mut lines = Lines::open(&files::log_in(&self.log))?;
        let (mut builder, mut record) = (ProofBuilder::inclusion(self.index), None);
        while builder.head().size < most {
            let index = builder.head().size;
            let Some(line) = lines.next()? else { break };
            if line.len() > MAX_RECORD {
                return refused("record_too_large", &format!("record {index} has more than {MAX_RECORD} bytes"));
            }
            let pruned = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok());
            if index == self.index {
                record = Some(line.to_vec()).filter(|_| pruned.is_none());
            }
            builder.append(pruned.unwrap_or_else(|| Digest::leaf(line)));
        }
        self.print(&builder, record, checkpoint)
    }

    fn print(
        &self,
        builder: &ProofBuilder,
        record: Option<Vec<u8>>,
        checkpoint: Option<SignedCheckpoint>,
    ) -> Result<Ended, Trouble> {
        if let Some(size) = checkpoint.as_ref().map(|it| it.unverified().head().size)
            && builder.head().size < size
        {
            let detail = format!("the checkpoint has {size} records, and the log has {}", builder.head().size);
            return refused("log_shorter_than_head", &detail);
        }
        let (head, path) = match builder.proof() {
            Ok(path) => (builder.head(), path),
            Err(error) => return refused(error.code(), &error.to_string()),
        };
        let Some(record) = record else {
            return refused("record_pruned", &format!("record {} was erased, and only its hash is left", self.index));
        };
        let leaf = Digest::leaf(&record);
        let mut out = Out::new();
        if let Some(checkpoint) = checkpoint {
            if let Err(error) = verify_inclusion(&leaf, self.index, &path, &checkpoint.unverified().head()) {
                return refused(error.code(), "the log is not the one of the checkpoint");
            }
            out.raw(&TlogProof::new(&record, self.index, path, checkpoint).to_string())?;
        } else {
            for (what, value) in [
                ("index", self.index.to_string()),
                ("leaf", leaf.to_string()),
                ("size", head.size.to_string()),
                ("root", head.root.to_string()),
            ] {
                out.line(&format!("{what} {value}"))?;
            }
            path.iter().try_for_each(|hash| out.line(&format!("path {hash}")))?;
        }
        out.flush()?;
        Ok(Ended::Well)
    }
}

/// Tells why there is no proof.
pub(super) fn refused(reason: impl AsRef<str>, detail: &str) -> Result<Ended, Trouble> {
    let mut out = Out::new();
    out.refused(reason, detail)?;
    out.flush()?;
    Ok(Ended::Refused)
}

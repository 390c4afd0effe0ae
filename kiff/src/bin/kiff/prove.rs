//! `kiff prove`: proves that one record is in a log.

use super::{
    files,
    lines::Lines,
    out::Out,
    status::{CommandError, Status},
};
use clap::Args;
use kiff::{
    log::{ProofBuilder, SignedCheckpoint, TlogProof, verify_inclusion},
    record::{Digest, MAX_RECORD},
};
use std::path::PathBuf;

/// Proves that one record is in a log, in one pass over it.
///
/// With a checkpoint, it writes a C2SP tlog-proof file. The file contains the record, and the checkpoint with its
/// signatures unchanged. `kiff verify-receipt --proof` and others check it with the key of the log. Without a
/// checkpoint, it prints the leaf hash, the path and the root, which prove nothing until someone vouches for the root.
#[derive(Debug, Args)]
pub(super) struct Prove {
    /// A log, or a bundle with one.
    log: PathBuf,
    /// The index of the record in the log, counted from 0.
    index: u64,
    /// The checkpoint to which the proof leads.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

impl Prove {
    pub(super) fn run(self) -> Result<Status, CommandError> {
        let checkpoint = match &self.checkpoint {
            Some(path) => {
                let parsed = SignedCheckpoint::parse(&files::read_small(path)?);
                Some(parsed.map_err(|fault| CommandError::at(path, fault))?)
            }
            None => None,
        };
        let size = checkpoint.as_ref().map(|checkpoint| checkpoint.unverified().head().size);
        let mut lines = Lines::open(&files::log_in(&self.log))?;
        let mut builder = ProofBuilder::inclusion(self.index);
        let mut record = None;
        for index in 0..size.unwrap_or(u64::MAX) {
            let Some(line) = lines.next()? else { break };
            if line.len() > MAX_RECORD {
                return refuse("record_too_large", &format!("record {index} has more than {MAX_RECORD} bytes"));
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
    ) -> Result<Status, CommandError> {
        let head = builder.head();
        if let Some(size) = checkpoint.as_ref().map(|checkpoint| checkpoint.unverified().head().size)
            && head.size < size
        {
            let detail = format!("the checkpoint has {size} records, but the log has only {}", head.size);
            return refuse("log_shorter_than_head", &detail);
        }
        let path = match builder.proof() {
            Ok(path) => path,
            Err(error) => return refuse(error.code(), &error.to_string()),
        };
        let Some(record) = record else {
            return refuse("record_pruned", &format!("record {} was erased, and only its hash is left", self.index));
        };
        let leaf = Digest::leaf(&record);
        let mut out = Out::new();
        if let Some(checkpoint) = checkpoint {
            if let Err(error) = verify_inclusion(&leaf, self.index, &path, &checkpoint.unverified().head()) {
                return refuse(error.code(), "the checkpoint is of another log");
            }
            out.raw(&TlogProof::new(&record, self.index, path, checkpoint).to_string())?;
        } else {
            for (name, value) in [
                ("index", self.index.to_string()),
                ("leaf", leaf.to_string()),
                ("size", head.size.to_string()),
                ("root", head.root.to_string()),
            ] {
                out.line(&format!("{name} {value}"))?;
            }
            path.iter().try_for_each(|hash| out.line(&format!("path {hash}")))?;
        }
        out.flush()?;
        Ok(Status::Success)
    }
}

/// Prints why there is no proof.
fn refuse(reason: impl AsRef<str>, detail: &str) -> Result<Status, CommandError> {
    let mut out = Out::new();
    out.refused(reason, detail)?;
    out.flush()?;
    Ok(Status::Refused)
}

//! `kiff timeline`: the records of one entity.

use super::{
    files,
    lines::Lines,
    out::Out,
    status::{CommandError, Status},
};
use clap::Args;
use kiff::{
    EntityRef,
    record::Record,
    replay::{Fault, LogVerifier},
};
use std::path::PathBuf;

/// Prints every record of one entity, oldest first, and checks its chain on the way.
///
/// Text that an agent wrote is not printed. The status is 1 if a record of the entity is faulty, or if there is none.
#[derive(Debug, Args)]
pub(super) struct Timeline {
    /// A log, or a bundle with one.
    log: PathBuf,
    /// The entity, such as `order:ord_1`.
    entity: EntityRef,
}

impl Timeline {
    pub(super) fn run(self) -> Result<Status, CommandError> {
        let mut lines = Lines::open(&files::log_in(&self.log))?;
        let mut verifier = LogVerifier::new();
        let mut out = Out::new();
        let mut printed = 0;
        let mut faults = 0;
        let is_own = |fault: &Fault| fault.entity == self.entity.as_str();
        while let Some(line) = lines.next()? {
            let line = verifier.take(line);
            if let Some(record) = line.record.filter(|record| *record.entity() == self.entity) {
                printed += 1;
                print(&mut out, record)?;
            }
            if let Some(fault) = line.fault.filter(is_own) {
                faults += 1;
                out.fault(&fault)?;
            }
        }
        for fault in verifier.finish().faults.iter().filter(|fault| is_own(fault)) {
            faults += 1;
            out.fault(fault)?;
        }
        if printed == 0 && faults == 0 {
            out.refused("entity_unknown", &format!("the log has no record of {}", self.entity))?;
        }
        out.flush()?;
        Ok(if faults == 0 && printed > 0 { Status::Success } else { Status::Refused })
    }
}

fn print(out: &mut Out, record: Record) -> Result<(), CommandError> {
    for entry in kiff::record::Timeline::new(vec![record]).entries() {
        out.line(&format!(
            "{:>4}  {}  {:18}  {:12}  {}",
            entry.seq, entry.recorded_at, entry.kind, entry.actor, entry.summary
        ))?;
    }
    Ok(())
}

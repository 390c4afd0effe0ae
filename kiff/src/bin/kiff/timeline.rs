//! `kiff timeline`: what the log has of one entity.

use super::{
    Ended,
    files::{self, Trouble},
    lines::Lines,
    out::Out,
};
use clap::Args;
use kiff::{EntityRef, Record, replay::LogVerifier};
use std::path::PathBuf;

/// Shows every record of one entity, oldest first, and checks its chain on the way.
///
/// What an agent wrote is not shown. The status is 1 if a record of the entity does not hold, or if it has none.
#[derive(Debug, Args)]
pub(super) struct Timeline {
    /// A log, or a bundle that has one.
    log: PathBuf,
    /// Such as `order:ord_1`.
    entity: EntityRef,
}

impl Timeline {
    pub(super) fn run(self) -> Result<Ended, Trouble> {
        let mut lines = Lines::open(&files::log_in(&self.log))?;
        let (mut verifier, mut out) = (LogVerifier::new(), Out::new());
        let (mut shown, mut faults) = (0, 0);
        while let Some(line) = lines.next()? {
            let line = verifier.take(line);
            if let Some(record) = line.record.filter(|record| *record.entity() == self.entity) {
                shown += 1;
                print(&mut out, record)?;
            }
            if let Some(fault) = line.fault.filter(|fault| fault.entity == self.entity.as_str()) {
                faults += 1;
                out.fault(fault.index, &fault.entity, &fault.reason, &fault.detail)?;
            }
        }
        for fault in verifier.finish().faults.iter().filter(|fault| fault.entity == self.entity.as_str()) {
            faults += 1;
            out.fault(fault.index, &fault.entity, &fault.reason, &fault.detail)?;
        }
        if shown == 0 && faults == 0 {
            out.refused("entity_unknown", &format!("the log has no record of {}", self.entity))?;
        }
        out.flush()?;
        Ok(if faults == 0 && shown > 0 { Ended::Well } else { Ended::Refused })
    }
}

fn print(out: &mut Out, record: Record) -> Result<(), Trouble> {
    for entry in kiff::Timeline::new(vec![record]).entries() {
        let (time, kind) = (entry.recorded_at, entry.kind);
        out.line(&format!("{:>4}  {time}  {kind:18}  {:12}  {}", entry.seq, entry.actor, entry.summary))?;
    }
    Ok(())
}

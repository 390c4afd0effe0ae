//! `kiff replay`: where a log leaves each entity.

use super::{
    files,
    lines::Lines,
    out::Out,
    status::{CommandError, Status},
};
use clap::Args;
use kiff::replay::{EntityEnd, Followed, LogVerifier};
use std::path::PathBuf;

/// Replays a log without its domain, and prints the state of each entity and what is open.
///
/// Every record is checked on the way. The status is 1 if one of them is faulty. Entities are printed after the faults,
/// ordered by name.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// A log, or a bundle with one.
    log: PathBuf,
}

impl Replay {
    pub(super) fn run(self) -> Result<Status, CommandError> {
        let mut lines = Lines::open(&files::log_in(&self.log))?;
        let mut verifier = LogVerifier::new();
        let mut out = Out::new();
        let mut faults = 0;
        while let Some(line) = lines.next()? {
            if let Some(fault) = verifier.take(line).fault {
                faults += 1;
                out.fault(&fault)?;
            }
        }
        for entity in verifier.entities() {
            print(&mut out, &entity)?;
        }
        let report = verifier.finish();
        for fault in &report.faults {
            faults += 1;
            out.fault(fault)?;
        }
        out.line(&format!(
            "{} records of {} entities, {} of them pruned",
            report.records, report.entities, report.pruned
        ))?;
        out.flush()?;
        Ok(Status::of(faults))
    }
}

fn print(out: &mut Out, end: &EntityEnd) -> Result<(), CommandError> {
    let state = end.state.as_ref().map_or("no state", |state| state.as_str());
    let note = match end.followed {
        Followed::Whole => "",
        Followed::ChainAlone => ", before erased records",
        _ => ", before a fault",
    };
    out.line(&format!(
        "{}  {}  {state} at version {}, {} records{note}",
        end.tenant, end.entity, end.state_version, end.seq
    ))?;
    for approval in &end.open_approvals {
        out.line(&format!("  {approval} is open"))?;
    }
    for (execution, doubt) in &end.open_executions {
        match doubt {
            Some(cause) => out.line(&format!("  {execution} is in doubt: {cause}"))?,
            None => out.line(&format!("  {execution} has not ended"))?,
        }
    }
    Ok(())
}

//! `kiff replay`: what a log leads to.

use super::{
    Ended,
    files::{self, Trouble},
    lines::Lines,
    out::Out,
};
use clap::Args;
use kiff::replay::{EntityEnd, Followed, LogVerifier};
use std::path::PathBuf;

/// Folds a log without its domain: the state of each entity, and what is open.
///
/// Every record is checked on the way; the status is 1 if one does not hold. Entities come in the order of their
/// names, behind the faults.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// A log, or a bundle that has one.
    log: PathBuf,
}

impl Replay {
    pub(super) fn run(self) -> Result<Ended, Trouble> {
        let mut lines = Lines::open(&files::log_in(&self.log))?;
        let (mut verifier, mut out, mut faults) = (LogVerifier::new(), Out::new(), 0);
        while let Some(line) = lines.next()? {
            if let Some(fault) = verifier.take(line).fault {
                faults += 1;
                out.fault(fault.index, &fault.entity, &fault.reason, &fault.detail)?;
            }
        }
        for entity in verifier.entities() {
            print(&mut out, &entity)?;
        }
        let report = verifier.finish();
        for fault in &report.faults {
            faults += 1;
            out.fault(fault.index, &fault.entity, &fault.reason, &fault.detail)?;
        }
        out.line(&format!(
            "{} records of {} entities, {} of them pruned",
            report.records, report.entities, report.pruned
        ))?;
        out.flush()?;
        Ok(if faults == 0 { Ended::Well } else { Ended::Refused })
    }
}

fn print(out: &mut Out, end: &EntityEnd) -> Result<(), Trouble> {
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

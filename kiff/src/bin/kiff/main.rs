//! The program `kiff`: what an auditor runs. It reads files alone, and needs neither a domain nor a database.

mod bundle;
mod checkpoint;
mod files;
mod keys;
mod lines;
mod out;
mod prove;
mod receipt;
mod receipts;
mod replay;
mod report;
mod timeline;
mod verify;

use clap::{Parser, Subcommand};
use files::Trouble;
use std::{io::Write, process::ExitCode};

/// Verifies the logs, receipts and proofs of kiff, without trust in whoever wrote them.
#[derive(Debug, Parser)]
#[command(name = "kiff", version, after_help = STATUS, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(verify::Verify),
    VerifyReceipt(receipt::VerifyReceipt),
    Timeline(timeline::Timeline),
    Replay(replay::Replay),
    Prove(prove::Prove),
    Keys(keys::Keys),
}

const STATUS: &str = "\
EXIT STATUS
  0  all that was asked for holds, or was done
  1  something was refused, or a log has faults: each on a line of its own,
     `refused: <reason>` or `fault: <record index> <entity> <reason>`, and below it why
  2  the command line is wrong, or a file cannot be read: a message on standard error

What comes out of files is printed in visible ASCII; all else is escaped as \\u{..}.";

/// How a command ended, where it could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Well,
    Refused,
}

fn main() -> ExitCode {
    // A command line that is wrong ends here, with status 2.
    let ended = match Cli::parse().command {
        Command::Verify(it) => it.run(),
        Command::VerifyReceipt(it) => it.run(),
        Command::Timeline(it) => it.run(),
        Command::Replay(it) => it.run(),
        Command::Prove(it) => it.run(),
        Command::Keys(it) => it.run(),
    };
    match ended {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Refused) => ExitCode::from(1),
        Err(Trouble(message)) => {
            // Where even this cannot be written, the status still tells.
            let _ = writeln!(std::io::stderr(), "kiff: {}", out::shown(&message));
            ExitCode::from(2)
        }
    }
}

//! The program `kiff`, for auditors. It reads only files, and needs neither a domain nor a database.

mod bundle;
mod files;
mod heads;
mod keys;
mod lines;
mod out;
mod proof;
mod prove;
mod receipt;
mod receipts;
mod replay;
mod report;
mod status;
mod timeline;
mod trust;
mod verify;

use clap::{Parser, Subcommand};
use status::{CommandError, Status};
use std::{io::Write, process::ExitCode};

/// Verifies the logs, receipts and proofs of kiff without trusting those who wrote them.
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
  0  everything holds, or the work was done
  1  something was refused, or the log has faults. Each has a line of its own,
     `refused: <reason>` or `fault: <record index> <entity> <reason>`, followed by an explanation
  2  the command line is wrong, or a file cannot be read. The message is on standard error

Text from files is printed in visible ASCII. All other characters are escaped as \\u{..}.";

fn main() -> ExitCode {
    // With a wrong command line the program ends here, with status 2.
    let result = match Cli::parse().command {
        Command::Verify(command) => command.run(),
        Command::VerifyReceipt(command) => command.run(),
        Command::Timeline(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Prove(command) => command.run(),
        Command::Keys(command) => command.run(),
    };
    match result {
        Ok(Status::Success) => ExitCode::SUCCESS,
        Ok(Status::Refused) => ExitCode::from(1),
        Err(CommandError(message)) => {
            // If the message cannot be written either, the status still tells.
            let _ = writeln!(std::io::stderr(), "kiff: {}", out::escape(&message));
            ExitCode::from(2)
        }
    }
}

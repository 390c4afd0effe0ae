//! The process that the crash tests kill. See `kiff_tests::crash`.

use std::{error::Error, process::ExitCode};

fn main() -> ExitCode {
    match kiff_tests::crash::run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            let mut cause: Option<&dyn Error> = error.source();
            while let Some(error) = cause {
                eprintln!("  because {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

//! Compares a durable append with the least that the same bytes and rows could cost. `benches/README.md` says how to
//! run it.

mod batches;
mod cluster;
mod file;
mod postgres;
mod rounds;
mod sqlite;

use std::{env, error::Error, io::Write, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let wanted = env::args().nth(1);
    let folder = env::var_os("KIFF_BENCH_FOLDER").map_or_else(env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("kiff-stores-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut out = std::io::stdout();
    let measured = (|| {
        if wanted.as_deref().is_none_or(|wanted| wanted == "sqlite") {
            sqlite::measure(&folder, &mut out)?;
        }
        if wanted.as_deref().is_none_or(|wanted| wanted == "postgres") {
            postgres::measure(&folder, &mut out)?;
        }
        out.flush()?;
        Ok(())
    })();
    std::fs::remove_dir_all(&folder)?;
    measured
}

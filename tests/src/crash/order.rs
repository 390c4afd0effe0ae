//! What a process is told to do, as its arguments.

use super::Point;
use std::{error::Error, path::PathBuf};

/// What a process is told to do.
#[expect(clippy::exhaustive_structs, reason = "for the tests alone")]
#[derive(Clone, Debug)]
pub struct Order {
    /// Where the log is.
    pub place: Place,
    /// The ledger's file.
    pub ledger: PathBuf,
    /// The time, in milliseconds since 1970. It stands still, but for what is said at [`endure`](Self::endure).
    pub now_ms: i64,
    /// The number of the first lap. No two laps of one log have the same.
    pub first_lap: u32,
    /// How many laps.
    pub laps: u32,
    /// How many threads run each lap, on entities of their own.
    pub threads: u32,
    /// True if a failing store is waited for, and the process goes on; each time a minute passes.
    pub endure: bool,
    /// Where the process ends itself.
    pub abort_at: Option<Point>,
}

/// Where the log of a process is.
#[expect(clippy::exhaustive_enums, reason = "for the tests alone")]
#[derive(Clone, Debug)]
pub enum Place {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A schema of a PostgreSQL cluster.
    Postgres {
        /// The folder of the cluster's socket.
        socket: PathBuf,
        /// The schema.
        schema: String,
    },
}

impl Order {
    /// The arguments for the process.
    #[must_use]
    pub fn args(&self) -> Vec<String> {
        let place = match &self.place {
            Place::Sqlite(path) => ["sqlite".to_owned(), path.display().to_string(), "-".to_owned()],
            Place::Postgres { socket, schema } => ["postgres".to_owned(), socket.display().to_string(), schema.clone()],
        };
        let mut args = Vec::from(place);
        args.push(self.ledger.display().to_string());
        args.push(self.now_ms.to_string());
        args.extend([self.first_lap, self.laps, self.threads].map(|number| number.to_string()));
        args.push(self.endure.to_string());
        args.extend(self.abort_at.map(|point| point.to_string()));
        args
    }

    /// Reads the arguments.
    ///
    /// # Errors
    /// If there are too few, or one is malformed.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut next = || args.next().ok_or("too few arguments");
        let (kind, folder, schema) = (next()?, PathBuf::from(next()?), next()?);
        let place = match kind.as_str() {
            "sqlite" => Place::Sqlite(folder),
            "postgres" => Place::Postgres { socket: folder, schema },
            _ => return Err(format!("`{kind}` is no store").into()),
        };
        Ok(Self {
            place,
            ledger: PathBuf::from(next()?),
            now_ms: next()?.parse()?,
            first_lap: next()?.parse()?,
            laps: next()?.parse()?,
            threads: next()?.parse()?,
            endure: next()?.parse()?,
            abort_at: args.next().map(|point| point.parse()).transpose()?,
        })
    }
}

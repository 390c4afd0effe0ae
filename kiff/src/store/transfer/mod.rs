//! The log as a file, `log.jsonl`: one record per line, in the order of the tenant's log
//! ([formats](crate::_guide::formats) §9).
//!
//! [`export`] writes it out of any store and [`import`] brings it into any store, byte for byte. Both hold a
//! page of records at a time, however long the log is.
//!
//! ```
#![doc = include_str!("../../../docs/shop.txt")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let rt = shop(paid_back)?.blocking();
//! let mut file = Vec::new();
//! assert_eq!(rt.export_to(&mut file)?, 4);
//!
//! // Another store, in another process: the same bytes in the same order.
//! # let other = kiff::Runtime::builder(rt.runtime().domain().clone()).provide(()).build()?.blocking();
//! let imported = other.import_from(file.as_slice())?;
//! assert_eq!((imported.records, imported.added, imported.entities), (4, 4, 1));
//! assert_eq!(other.export()?, file);
//! assert_eq!(other.state("order:1")?.ok_or("no such order")?.state, "PAID");
//!
//! // Once more: all of it is there, so nothing is added.
//! assert_eq!(other.import_from(file.as_slice())?.added, 0);
//! # Ok(())
//! # }
//! ```

mod export;
mod fault;
mod import;
mod lines;
mod page;

pub use export::{ExportError, export};
pub use fault::ImportError;
pub use import::{Imported, import};

pub(crate) use export::export_from;
pub(crate) use import::import_into;

/// How many records are held at once.
const PAGE: usize = 1_000;

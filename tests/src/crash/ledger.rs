//! The bank: a file of payments beside the log, with syncs of its own, which pays each key once.

use super::{Points, Spot};
use kiff::ExecutionId;
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// A ledger that payments are appended to. One process has it open.
#[derive(Debug)]
pub struct Ledger {
    inner: Mutex<Inner>,
    points: Arc<Points>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    paid: BTreeSet<String>,
    bytes: u64,
}

/// One line of the ledger: the bank was asked to pay.
#[expect(clippy::exhaustive_structs, reason = "for the tests alone")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The execution, under which the bank deduplicates.
    pub execution: String,
    /// The attempt that asked.
    pub attempt: u32,
    /// False if the bank had paid it before, so that no money moved.
    pub moved: bool,
}

impl Ledger {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`io::Error`] if it cannot be read or written.
    pub fn open(path: &Path, points: Arc<Points>) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        if let Some(folder) = path.parent() {
            // A new file that its folder does not name on the disk is lost with all that was synced to it.
            File::open(folder)?.sync_all()?;
        }
        let text = fs::read(path)?;
        if !text.is_empty() && !text.ends_with(b"\n") {
            // A payment that was cut short was never answered; the next one begins a line of its own.
            file.write_all(b"\n")?;
        }
        let paid = read(&text).into_iter().map(|payment| payment.execution).collect();
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        Ok(Self { inner: Mutex::new(Inner { file, paid, bytes }), points })
    }

    /// The payments in a file; none if there is no file.
    ///
    /// # Errors
    /// [`io::Error`] if it cannot be read.
    pub fn read(path: &Path) -> io::Result<Vec<Payment>> {
        match fs::read(path) {
            Ok(text) => Ok(read(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Pays, unless it is paid. On the disk when it returns.
    ///
    /// # Errors
    /// [`io::Error`] if it cannot be written: it may be paid or not.
    pub fn pay(&self, execution: ExecutionId, attempt: u32) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let execution = execution.to_string();
        self.points.pass(Spot::PaymentBefore);
        let word = if inner.paid.contains(&execution) { "again" } else { "paid" };
        inner.file.write_all(format!("{word} {execution} {attempt}\n").as_bytes())?;
        self.points.pass(Spot::PaymentWritten);
        inner.file.sync_data()?;
        inner.paid.insert(execution);
        self.points.pass(Spot::PaymentSynced);
        Ok(())
    }

    /// True if it is paid.
    #[must_use]
    pub fn has_paid(&self, execution: ExecutionId) -> bool {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).paid.contains(&execution.to_string())
    }

    /// How many bytes the file had when it was opened.
    #[must_use]
    pub fn bytes_at_open(&self) -> u64 {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }
}

fn read(text: &[u8]) -> Vec<Payment> {
    let text = String::from_utf8_lossy(text);
    let payment = |line: &str| {
        let mut words = line.split(' ');
        let moved = match words.next()? {
            "paid" => true,
            "again" => false,
            _ => return None,
        };
        let execution = words.next()?.to_owned();
        Some(Payment { execution, attempt: words.next()?.strip_suffix('\n')?.parse().ok()?, moved })
    };
    text.split_inclusive('\n').filter_map(payment).collect()
}

//! Out of a store, page by page.

use super::PAGE;
use crate::{
    base::{code::coded, debug::debug_as_display, ids::TenantId},
    store::{DynStore, EventStore, StoreError},
};
use std::io::{self, Write};

coded! {
    /// Why a log could not be written out. What was written is the log's beginning.
    #[non_exhaustive]
    #[derive(thiserror::Error)]
    pub enum ExportError {
        /// The store cannot be read.
        #[error("the log cannot be read")]
        Store(#[from] StoreError) => error,
        /// The writer failed.
        #[error("the log cannot be written out")]
        Write(#[source] io::Error) => "log_not_written",
    }
}

debug_as_display!(ExportError);

/// Writes a tenant's log out as `log.jsonl`, and returns how many records it has.
///
/// Records that are appended meanwhile are not among them. The writer is flushed and not synced; it is called from
/// the caller's task, so give it a file with a buffer round it and no slow socket.
///
/// ```
/// use kiff::{TenantId, store::{MemoryStore, transfer}};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let mut file = Vec::new();
/// assert_eq!(transfer::export(&store, &TenantId::new("acme")?, &mut file).await?, 0);
/// # Ok(())
/// # }
/// # fn is_send<T: Send>(_: T) {}
/// # is_send(run());
/// ```
///
/// # Errors
/// [`ExportError`] if the store cannot be read or the writer fails.
pub async fn export<S: EventStore>(
    store: &S,
    tenant: &TenantId,
    writer: impl Write + Send,
) -> Result<u64, ExportError> {
    export_from(store, tenant, writer).await
}

/// The same from a store of any type.
pub(crate) async fn export_from(
    store: &dyn DynStore,
    tenant: &TenantId,
    mut writer: impl Write + Send,
) -> Result<u64, ExportError> {
    let length = store.sequence(tenant).await?;
    let mut written = 0;
    while written < length {
        let rest = usize::try_from(length - written).unwrap_or(PAGE);
        let page = store.read_log(tenant, written, rest.min(PAGE)).await?;
        if page.is_empty() {
            // A file that ends early would look like a log that is whole.
            return Err(StoreError::failed(format!("record {written} of a log of {length} is not there")).into());
        }
        for record in page {
            writer.write_all(&record).and_then(|()| writer.write_all(b"\n")).map_err(ExportError::Write)?;
            written += 1;
        }
    }
    writer.flush().map_err(ExportError::Write)?;
    Ok(written)
}

//! Records in memory, for many threads.

/// Records in memory.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct MemoryStore;

//! The lines of a log in memory.

#[cfg(feature = "testing")]
use crate::{base::ids::EntityRef, kernel::record::Record};

/// The lines of a log. A newline ends each line; the last line may lack it.
pub(super) fn lines(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    let log = log.strip_suffix(b"\n").unwrap_or(log);
    let is_empty = log.is_empty();
    log.split(|byte| *byte == b'\n').filter(move |_| !is_empty)
}

/// The entities of a log, ordered by name.
#[cfg(feature = "testing")]
pub(crate) fn entities(log: &[u8]) -> Vec<EntityRef> {
    let mut all: Vec<_> =
        lines(log).filter_map(|line| Record::entity_of(&line.into())).map(|(_, entity)| entity).collect();
    all.sort();
    all.dedup();
    all
}

//! Reading the log: the frontier that grows with it, and the proofs from its nodes or in a pass over it.

use super::{Ledger, LedgerError, State};
use crate::{
    base::digest::Digest,
    evidence::log::{Frontier, ProofBuilder, SignedCheckpoint, TreeError, TreeHead},
    kernel::record::RecordBytes,
};

/// How many records are read from the store at once.
const PAGE: usize = 1_000;

impl Ledger {
    /// The frontier of the whole log, and its size. The log must extend the head in the cell and all that was
    /// released.
    pub(super) async fn extended(&self, current: Option<&SignedCheckpoint>) -> Result<(Frontier, u64), LedgerError> {
        // A store gives out places by whole batches, so no head up to this size divides one.
        let size = self.sequence().await?;
        let (frontier, heads) = {
            let state = self.lock();
            let known = [current, state.released.as_ref()].into_iter().flatten();
            let mut heads: Vec<_> = known.map(|checkpoint| checkpoint.unverified().head()).collect();
            heads.retain(|head| !state.checked.contains(head));
            (state.frontier.clone(), heads)
        };
        // A head that came from elsewhere may be older than the frontier, which has forgotten it.
        let is_behind = heads.iter().any(|head| head.size < frontier.size());
        let from = if is_behind { Frontier::new() } else { frontier };
        Ok((self.grow(from, size, &heads).await?, size))
    }

    /// The frontier of the log's first `size` records, which must extend `heads`.
    pub(super) async fn grow(&self, from: Frontier, size: u64, heads: &[TreeHead]) -> Result<Frontier, LedgerError> {
        let longest = heads.iter().map(|head| head.size).fold(from.size(), u64::max);
        if longest > size {
            return Err(LedgerError::LogShorterThanHead { size, head: longest });
        }
        let mut next = from;
        check(&next, heads)?;
        while next.size() < size {
            let start = next.size();
            let leaves = self.leaves(start, size).await?;
            for leaf in &leaves {
                next.append(*leaf);
                check(&next, heads)?;
            }
            self.lock().add(start, &leaves)?;
        }
        Ok(next)
    }

    /// Some of the leaf hashes after the first `start` records, up to `end`.
    async fn leaves(&self, start: u64, end: u64) -> Result<Vec<Digest>, LedgerError> {
        let rest = usize::try_from(end - start).unwrap_or(PAGE);
        let page = self.read_log(start, PAGE.min(rest)).await?;
        if page.is_empty() {
            return Err(LedgerError::LogShorterThanHead { size: start, head: end });
        }
        Ok(page.iter().take(rest).map(|record| Digest::leaf(record)).collect())
    }

    pub(super) async fn inclusion(&self, index: u64, head: &TreeHead) -> Result<Vec<Digest>, LedgerError> {
        let by_nodes = self.lock().tree.as_ref().map(|tree| tree.inclusion(index, head.size));
        match by_nodes {
            Some(path) => Ok(path?),
            None => self.in_one_pass(ProofBuilder::inclusion(index), head).await,
        }
    }

    pub(super) async fn consistency(&self, old: u64, head: &TreeHead) -> Result<Vec<Digest>, LedgerError> {
        let by_nodes = self.lock().tree.as_ref().map(|tree| tree.consistency(old, head.size));
        match by_nodes {
            Some(proof) => Ok(proof?),
            None => self.in_one_pass(ProofBuilder::consistency(old), head).await,
        }
    }

    async fn in_one_pass(&self, mut builder: ProofBuilder, head: &TreeHead) -> Result<Vec<Digest>, LedgerError> {
        let mut size = 0;
        while size < head.size {
            let leaves = self.leaves(size, head.size).await?;
            size += leaves.len() as u64;
            leaves.into_iter().for_each(|leaf| builder.append(leaf));
        }
        if builder.head() != *head {
            return Err(LedgerError::LogForked { head: head.size });
        }
        Ok(builder.proof().map_err(TreeError::from)?)
    }

    /// The index of a record among the first `size`, looked for from the end.
    pub(super) async fn index_of(&self, record: &RecordBytes, size: u64) -> Result<Option<u64>, LedgerError> {
        let mut end = size;
        while end > 0 {
            let start = end.saturating_sub(PAGE as u64);
            let page = self.read_log(start, usize::try_from(end - start).unwrap_or(PAGE)).await?;
            if let Some(place) = page.iter().position(|other| other == record) {
                return Ok(Some(start + place as u64));
            }
            end = start;
        }
        Ok(None)
    }

    pub(super) async fn read_log(&self, after: u64, limit: usize) -> Result<Vec<RecordBytes>, LedgerError> {
        Ok(self.runtime.log_store().read_log(self.runtime.tenant_id(), after, limit).await?)
    }

    pub(super) async fn sequence(&self) -> Result<u64, LedgerError> {
        Ok(self.runtime.log_store().sequence(self.runtime.tenant_id()).await?)
    }

    /// Where to go on from, if the host does not want the records below the head in the cell to be read again.
    pub(super) async fn resumed(&self, head: &TreeHead) -> Result<Frontier, LedgerError> {
        let by_nodes = {
            let mut state = self.lock();
            let leaf = |state: &mut State| {
                let tree = state.tree.as_mut()?;
                tree.resume(head).ok()?;
                Some((tree.frontier().clone(), tree.leaf(head.size.checked_sub(1)?).ok()?))
            };
            leaf(&mut state)
        };
        let kept = match by_nodes {
            Some(kept) => Some(kept),
            None if self.lock().tree.is_some() => None,
            None => self.cached_frontier().await?.filter(|(frontier, _)| frontier.head() == *head),
        };
        let Some((frontier, last)) = kept else { return Ok(Frontier::new()) };
        // A log that lost its end and went on otherwise has another record there.
        let record = self.read_log(head.size.saturating_sub(1), 1).await?;
        let is_same = record.first().is_some_and(|record| Digest::leaf(record) == last);
        Ok(if is_same { frontier } else { Frontier::new() })
    }

    /// The frontier of the last head, and the leaf hash of its last record.
    async fn cached_frontier(&self) -> Result<Option<(Frontier, Digest)>, LedgerError> {
        let cell = self.runtime.log_store().cell(self.runtime.tenant_id(), &self.cache_name()).await?;
        Ok(cell.and_then(|cell| {
            let (frontier, last) = cell.value.split_last_chunk::<32>()?;
            Some((Frontier::from_bytes(frontier).ok()?, Digest::from_bytes(*last)))
        }))
    }

    /// Keeps the frontier for the next time. It is a cache: nothing is lost if that fails.
    pub(super) async fn cache_frontier(&self) {
        let frontier = self.lock().frontier.clone();
        let Some(last) = frontier.size().checked_sub(1) else { return };
        let Ok(records) = self.read_log(last, 1).await else { return };
        let Some(record) = records.first() else { return };
        let value = [frontier.to_bytes().as_slice(), Digest::leaf(record).as_bytes()].concat();
        let store = self.runtime.log_store();
        let tenant = self.runtime.tenant_id();
        let name = self.cache_name();
        if let Ok(cell) = store.cell(tenant, &name).await {
            let _ = store.set_cell(tenant, &name, cell.map_or(0, |cell| cell.revision), &value).await;
        }
    }

    fn cache_name(&self) -> String {
        format!("frontier:{}", self.verifier_key().name())
    }
}

impl State {
    /// Adds leaves that the tree does not have yet.
    fn add(&mut self, start: u64, leaves: &[Digest]) -> Result<(), LedgerError> {
        let Some(tree) = &mut self.tree else { return Ok(()) };
        let size = tree.head().size;
        let new = (start..).zip(leaves).filter(|(index, _)| *index >= size).map(|(_, leaf)| *leaf);
        Ok(tree.extend(new).map_err(TreeError::from)?)
    }
}

/// Checks that the log still has the records of each of these heads.
fn check(frontier: &Frontier, heads: &[TreeHead]) -> Result<(), LedgerError> {
    match heads.iter().find(|head| head.size == frontier.size() && **head != frontier.head()) {
        Some(head) => Err(LedgerError::LogForked { head: head.size }),
        None => Ok(()),
    }
}

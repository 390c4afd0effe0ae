//! Rebuilding an entity from its log, to compare with what the runtime holds.

use super::{Runtime, RuntimeError, desk::PAGE};
use crate::{
    base::ids::{EntityRef, StateName},
    kernel::view::View,
};
use std::{fmt, sync::Arc};

/// The comparison of an entity's stream, folded from its first record, with the view that the runtime holds.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Rebuild {
    /// The entity.
    pub entity: EntityRef,
    /// How many records were folded.
    pub records: u64,
    /// The state that they lead to.
    pub state: Option<StateName>,
    /// The differences; empty if the two are the same.
    pub differences: Vec<String>,
}

impl Rebuild {
    /// True if the two are the same.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Rebuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.differences.as_slice() {
            [] => f.write_str("materialized state matches replay"),
            differences => write!(f, "materialized state differs from replay: {}", differences.join("; ")),
        }
    }
}

impl Runtime {
    /// Folds an entity's stream from its first record, and compares the result with the view that the runtime holds.
    ///
    /// It writes nothing, and leaves the view that is held as it is.
    ///
    /// ```
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// let rebuild = rt.rebuild("order:1")?;
    /// assert!(rebuild.matches(), "{rebuild}");
    /// assert_eq!(rebuild.records, 4);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the log cannot be read, or does not hold together.
    pub async fn rebuild(&self, entity: &str) -> Result<Rebuild, RuntimeError> {
        let entity: EntityRef = entity.parse()?;
        let held = match self.inner.views.get(&self.tenant, &entity) {
            Some(held) => Some(held),
            // The view that would be held next, so that a snapshot that contradicts the log is found before it is used.
            None => self.snapshot(&entity).await.0.map(Arc::new),
        };
        let mut view = View::empty(self.domain(), self.tenant.clone(), entity.clone());
        let mut differences = Vec::new();
        loop {
            // A page at a time: a stream may have more records than memory should hold.
            let page = self.inner.store.read(&self.tenant, &entity, view.head.seq, PAGE).await?;
            let count = page.len();
            self.fold_page(&mut view, page, |view| {
                if let Some(held) = held.as_ref().filter(|held| held.head.seq == view.head.seq) {
                    differences = held.differences(view);
                }
            })?;
            if count < PAGE {
                break;
            }
        }
        if let Some(held) = held.filter(|held| held.head.seq > view.head.seq) {
            differences
                .push(format!("the runtime holds record {}, and the log ends at {}", held.head.seq, view.head.seq));
        }
        Ok(Rebuild { entity, records: view.head.seq, state: view.state, differences })
    }
}

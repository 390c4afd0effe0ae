//! Defects that are sown on purpose. `KIFF_DEFECT` names the one that is on.

use std::{env, sync::OnceLock};

/// True if this is the defect that the tests are to find.
pub(crate) fn is_sown(defect: &str) -> bool {
    static SOWN: OnceLock<Option<String>> = OnceLock::new();
    SOWN.get_or_init(|| env::var("KIFF_DEFECT").ok()).as_deref() == Some(defect)
}

//! Defects that are sown on purpose, to see that the tests find them. No build has them but one that is compiled with
//! `--cfg kiff_defect` and the feature `testing`; there `KIFF_DEFECT` names the one that is on.

/// True if this is the defect that is to be found.
#[cfg(all(kiff_defect, feature = "testing"))]
pub(crate) fn is_sown(defect: &str) -> bool {
    static SOWN: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    SOWN.get_or_init(|| std::env::var("KIFF_DEFECT").ok()).as_deref() == Some(defect)
}

/// False: a build that anybody uses has no defect that was sown.
#[cfg(not(all(kiff_defect, feature = "testing")))]
pub(crate) const fn is_sown(_: &str) -> bool {
    false
}

//! The tables of `docs/FORMATS.md` §4, from the declarations.

/// One member of a body, as the format page has it.
#[derive(Debug)]
pub(crate) struct Row;
impl Row { pub(crate) fn of<T>(_: &str, _: &str) -> Self { Row } }

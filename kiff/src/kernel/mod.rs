//! The whole authority, as pure functions over names and values.

pub(crate) mod request;
pub(crate) mod record;
pub(crate) mod view;
pub(crate) mod proposal;
pub(crate) mod decision;
pub(crate) mod decide;
pub(crate) mod review;
pub(crate) mod ingest;
pub(crate) mod finish;
pub(crate) mod doubt;
pub(crate) mod keys;

//! Holds an [`EventStore`] to its rules.
//!
//! Run it in your store's own tests. All checks at once:
//!
//! ```
//! use kiff::{store::MemoryStore, testing::store_suite};
//!
//! store_suite::block_on(store_suite::run(async || MemoryStore::new()))?;
//! # Ok::<(), store_suite::Failure>(())
//! ```
//!
//! Or each as a test of its own:
//!
//! ```
//! use kiff::{store::MemoryStore, testing::store_suite::{self, Check}};
//! use std::sync::Arc;
//!
//! for check in Check::ALL {
//!     let store = Arc::new(MemoryStore::new());
//!     store_suite::block_on(check.run(&store, &store_suite::on_a_thread))?;
//! }
//! # Ok::<(), store_suite::Failure>(())
//! ```
//!
//! A store that outlives its process is held to that by [`run_reopening`]; [`race`] lets writers race for as long as
//! one likes.
//!
//! A store that needs an executor awaits [`run_with`] inside it, and says how a writer is spawned there:
//! `run_with(fresh, |writer| drop(tokio::spawn(writer)))`. Nothing here blocks the thread that awaits.

mod append;
mod broken;
mod cells;
mod claims;
mod drafts;
mod ground;
mod log;
mod marks;
mod race;
mod read;
mod reopen;
mod threads;

pub use threads::{block_on, on_a_thread};

use self::{broken::Broken, ground::Ground};
use crate::{
    domain::action::BoxFuture,
    store::{EventStore, StoreError},
};
use std::{fmt, sync::Arc};

/// Runs all checks, each on a store of its own: `fresh` makes a store without records. The writers that
/// race run on threads.
///
/// # Errors
/// [`Failure`] with the first check that the store does not pass.
pub async fn run<S: EventStore>(fresh: impl AsyncFnMut() -> S) -> Result<(), Failure> {
    run_with(fresh, on_a_thread).await
}

/// Runs all checks as [`run`] does, with the writers that race spawned by `spawn`.
///
/// # Errors
/// [`Failure`] with the first check that the store does not pass.
pub async fn run_with<S: EventStore>(
    mut fresh: impl AsyncFnMut() -> S,
    spawn: impl Fn(BoxFuture<'static, ()>),
) -> Result<(), Failure> {
    for check in Check::ALL {
        check.run(&Arc::new(fresh().await), &spawn).await?;
    }
    Ok(())
}

/// Holds a store that outlives its process to what it promises: what was acknowledged is the same after the store
/// was closed and opened again, and bars what it must.
///
/// `open` opens the same store each time: the first time there is nothing in it, and before each later time the store
/// that it gave was dropped.
///
/// ```
/// use kiff::{store::MemoryStore, testing::store_suite};
///
/// // In place of a file: a clone of it is the same store.
/// let file = MemoryStore::new();
/// store_suite::block_on(store_suite::run_reopening(async || file.clone()))?;
///
/// let forgets = store_suite::block_on(store_suite::run_reopening(async || MemoryStore::new()));
/// assert_eq!(forgets.unwrap_err().check, store_suite::Check::KeepsWhatIsStored);
/// # Ok::<(), store_suite::Failure>(())
/// ```
///
/// # Errors
/// [`Failure`] with [`Check::KeepsWhatIsStored`] if something is gone or changed.
pub async fn run_reopening<S: EventStore>(mut open: impl AsyncFnMut() -> S) -> Result<(), Failure> {
    let kept = reopen::reopening(&mut open).await;
    kept.map_err(|broken| Failure::new(Check::KeepsWhatIsStored, broken))
}

/// Lets 20 writers race for the same sequence of a stream, `rounds` times: in each round exactly one wins.
///
/// [`Check::LetsOneWriterWin`] has a few such rounds. Run more of them, a thousand say, on a store whose appends
/// run side by side. Each round costs 20 appends and spawns as many writers; the store may have records already.
///
/// ```
/// use kiff::{store::MemoryStore, testing::store_suite};
/// use std::sync::Arc;
///
/// let store = Arc::new(MemoryStore::new());
/// store_suite::block_on(store_suite::race(&store, 10, &store_suite::on_a_thread))?;
/// # Ok::<(), store_suite::Failure>(())
/// ```
///
/// # Errors
/// [`Failure`] with [`Check::LetsOneWriterWin`] if none wins, or more than one.
pub async fn race<S: EventStore>(
    store: &Arc<S>,
    rounds: usize,
    spawn: &dyn Fn(BoxFuture<'static, ()>),
) -> Result<(), Failure> {
    let raced = race::race(&Ground { store, spawn }, rounds).await;
    raced.map_err(|broken| Failure::new(Check::LetsOneWriterWin, broken))
}

macro_rules! checks {
    ($($rule:literal $Variant:ident = $name:literal => $run:path,)*) => {
        /// A rule for stores, and the check that holds a store to it.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $(#[doc = $rule] $Variant,)*
        }

        impl Check {
            /// All checks.
            pub const ALL: &[Self] = &[$(Self::$Variant),*];

            /// The check's name, a stable word.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Variant => $name,)*
                }
            }

            /// The rule, in a sentence.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Self::$Variant => $rule,)*
                }
            }

            /// Holds a store without records to this rule. Only the checks that race writers spawn any.
            ///
            /// # Errors
            /// [`Failure`] if the store does not keep the rule, or cannot answer.
            pub async fn run<S: EventStore>(self, store: &Arc<S>, spawn: &dyn Fn(BoxFuture<'static, ()>)) -> Result<(), Failure> {
                let ground = Ground { store, spawn };
                let result = match self {
                    $(Self::$Variant => $run(&ground).await,)*
                };
                result.map_err(|broken| Failure::new(self, broken))
            }
        }
    };
}

checks! {
    "The bytes of a record come back as they went in, from its stream and from the log."
    ReadsBack = "reads_back" => read::reads_back,
    "A stream is read in its order, from behind `after`, and never more than `limit` at once."
    ReadsInOrder = "reads_in_order" => read::reads_in_order,
    "A record may have up to 65,535 bytes."
    HoldsLargeRecords = "holds_large_records" => read::holds_large_records,
    "A tenant may have many streams, and a batch many parts."
    HoldsManyStreams = "holds_many_streams" => read::holds_many_streams,
    "What one tenant stores, no other sees, and no other's names are in its way."
    KeepsTenantsApart = "keeps_tenants_apart" => read::keeps_tenants_apart,
    "An append at another sequence than the stream's is a conflict that tells the sequence, and stores nothing."
    RefusesOtherSequences = "refuses_other_sequences" => append::refuses_other_sequences,
    "A batch over several streams is stored whole or not at all, whichever part is in conflict."
    AppendsAllOrNothing = "appends_all_or_nothing" => append::appends_all_or_nothing,
    "A part without records stores nothing, and refuses the batch if its stream has moved."
    HeedsGuards = "heeds_guards" => append::heeds_guards,
    "A claim is made once in a tenant; a batch that makes it again is refused, names it, and leaves nothing."
    KeepsClaimsUnique = "keeps_claims_unique" => claims::keeps_claims_unique,
    "A batch that makes a claim twice is refused, names it, and leaves nothing."
    KeepsClaimsUniqueInBatch = "keeps_claims_unique_in_batch" => claims::keeps_claims_unique_in_batch,
    "Claims of another kind, by another actor, or in other letters are other claims."
    TellsClaimsApart = "tells_claims_apart" => claims::tells_claims_apart,
    "A claim is found at the stream and the sequence of its record; what was never claimed is not found."
    FindsClaims = "finds_claims" => claims::finds_claims,
    "The claim of an approval or an execution tells the record that closed it last, and nothing while it is open."
    TellsWhatIsClosed = "tells_what_is_closed" => marks::tells_what_is_closed,
    "A mark is open from the record that opens it to the one that closes it, and again if it is opened again."
    KeepsOpenMarks = "keeps_open_marks" => marks::keeps_open_marks,
    "Open marks are read by kind, in the order of stream (by bytes) and sequence (by number), page by page."
    PagesOpenMarks = "pages_open_marks" => marks::pages_open_marks,
    "The log has each record once, keeps the order of each stream, and does not split a batch or turn its parts round."
    KeepsTheLog = "keeps_the_log" => log::keeps_the_log,
    "A record's place in the log never changes, and pages of the log join without a seam."
    KeepsPlacesInTheLog = "keeps_places_in_the_log" => log::keeps_places_in_the_log,
    "What was acknowledged is the same when it is asked for again, also after the store was closed and opened."
    KeepsWhatIsStored = "keeps_what_is_stored" => reopen::keeps_what_is_stored,
    "Of writers that race for one sequence of a stream exactly one wins."
    LetsOneWriterWin = "lets_one_writer_win" => race::lets_one_writer_win,
    "Of writers that race for one claim exactly one wins."
    LetsOneClaimWin = "lets_one_claim_win" => race::lets_one_claim_win,
    "Writers on different streams all win, and those who follow the log meanwhile miss nothing."
    LetsOthersWrite = "lets_others_write" => race::lets_others_write,
    "A cell is absent until it is set, reads back as it was set, and counts how often it was."
    ReadsCellsBack = "reads_cells_back" => cells::reads_cells_back,
    "A cell is set only at the expected revision; a conflict tells the revision and changes nothing."
    SetsCellsByRevision = "sets_cells_by_revision" => cells::sets_cells_by_revision,
    "Cells of another tenant or another name are other cells, and none of them is in the log."
    KeepsCellsApart = "keeps_cells_apart" => cells::keeps_cells_apart,
    "The value of a cell may have 1 MiB, and none at all."
    HoldsLargeCells = "holds_large_cells" => cells::holds_large_cells,
    "Of those who race to set a cell at one revision exactly one wins."
    LetsOneSettingWin = "lets_one_setting_win" => cells::lets_one_setting_win,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A store does not pass a check.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
#[error("the store does not pass `{check}` ({}): {found}", .check.rule())]
pub struct Failure {
    /// The check.
    pub check: Check,
    /// What was found instead.
    pub found: String,
    /// The store's own error, if it failed.
    pub source: Option<StoreError>,
}

impl Failure {
    fn new(check: Check, broken: Broken) -> Self {
        match broken {
            Broken::Rule(found) => Self { check, found, source: None },
            Broken::Store(source) => Self { check, found: "it gave an error".into(), source: Some(source) },
        }
    }
}

//! The log as a feed, for views, outboxes and exports that follow it.

use super::{Runtime, RuntimeError};
use crate::{
    base::{
        code::coded,
        debug::debug_as_display,
        digest::Digest,
        ids::{NameError, TraceId},
    },
    kernel::record::{Record, RecordBytes},
    store::{Cell, CellSet, StoreError},
    value::{Limits, Value},
};

/// A record with its place in the tenant's log.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its index; 0 is the first. It never changes. Read on from `index + 1`.
    pub index: u64,
    /// The record.
    pub record: Record,
}

/// Follows a tenant's log from a position that is kept in the store. Made by [`Runtime::subscribe`].
///
/// Every record is handed out at least once. One that was not acknowledged is handed out again after a restart, so handling
/// a record twice must do no harm. If you handle it by a change in a database of yours, keep the position there instead, in
/// the transaction of the change: [`Runtime::read_log`] goes on from it, and each record counts exactly once.
///
/// It has no timer and no thread. An empty page means that there is nothing more for now: ask again when something was
/// appended, or after a pause of your own.
///
/// ```
/// use kiff::record::Kind;
#[doc = include_str!("../../docs/shop.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let rt = shop(paid_back)?.blocking();
/// let mut events = 0;
/// let mut feed = rt.subscribe("event-count")?;
/// loop {
///     let page = feed.next(100)?;
///     if page.is_empty() {
///         break; // A service would pause here.
///     }
///     events += page.iter().filter(|logged| logged.record.kind() == Kind::EventIngested).count();
///     // Now the page is done. After a crash before this line it comes again.
///     feed.acknowledge()?;
/// }
/// assert_eq!(events, 2);
///
/// // After a restart it goes on where it was acknowledged.
/// let mut feed = rt.subscribe("event-count")?;
/// assert_eq!(feed.position(), 4);
/// assert!(feed.next(100)?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Subscription {
    runtime: Runtime,
    name: String,
    /// Distinguishes the positions that this consumer wrote from those of another.
    consumer: TraceId,
    /// Of the cell that keeps the position.
    revision: u64,
    acknowledged: Place,
    handed_out: Place,
}

/// How far a log was read: how many records, and the leaf hash of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    position: u64,
    leaf: Digest,
}

const START: Place = Place { position: 0, leaf: Digest::ZERO };
const FORMAT: &str = "kiff-position/1";

coded! {
    /// Why a subscription cannot go on.
    #[non_exhaustive]
    #[derive(thiserror::Error)]
    pub enum SubscriptionError {
        /// The subscription's name breaks its alphabet.
        #[error(transparent)]
        Name(#[from] NameError) => "name_malformed",
        /// The log cannot be read.
        #[error(transparent)]
        Log(#[from] RuntimeError) => error,
        /// The position cannot be read or kept.
        #[error("the position of subscription `{name}` cannot be read or kept")]
        Store {
            /// The subscription.
            name: String,
            /// The store's error.
            source: StoreError,
        } => {source},
        /// Another consumer of this name has acknowledged since. Subscribe again, and run one consumer at a time.
        #[error("another consumer of subscription `{name}` has moved its position")]
        Moved {
            /// The subscription.
            name: String,
        } => "position_moved",
        /// The log does not have the record that was acknowledged last: the store holds another log, or an
        /// older state of this one.
        #[error("subscription `{name}` was at position {position} of another log")]
        OtherLog {
            /// The subscription.
            name: String,
            /// Its position.
            position: u64,
        } => "other_log",
        /// The stored position cannot be read.
        #[error("the position of subscription `{name}` is malformed")]
        Malformed {
            /// The subscription.
            name: String,
        } => "position_malformed",
    }
}

debug_as_display!(SubscriptionError);

impl Runtime {
    /// Reads the tenant's log from the record with index `after` on, at most `limit` records: fewer only at the end of the
    /// log.
    ///
    /// A view with a database of its own follows the log this way: it stores the position in the same transaction as its
    /// change, so that after a crash the two still agree.
    ///
    /// ```
    #[doc = include_str!("../../docs/shop.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let rt = shop(paid_back)?.blocking();
    /// // The view: how many events each source has reported, and the position up to which it counts.
    /// let (mut stripe, mut position) = (0, 0);
    /// for logged in rt.read_log(position, 100)? {
    ///     stripe += u64::from(logged.record.event().is_some_and(|event| event.source().id == "stripe"));
    ///     position = logged.index + 1;
    /// }
    /// assert_eq!((stripe, position), (2, 4));
    /// assert!(rt.read_log(position, 100)?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError`] if the log cannot be read.
    pub async fn read_log(&self, after: u64, limit: usize) -> Result<Vec<Logged>, RuntimeError> {
        let store = &self.inner.store;
        let mut page = store.read_log(&self.tenant, after, limit).await?;
        // Records that are stored may still wait for their place in the log.
        let end = after.saturating_add(page.len() as u64);
        if page.len() < limit && store.sequence(&self.tenant).await? > end {
            page = store.read_log(&self.tenant, after, limit).await?;
        }
        let logged = |(index, bytes)| match Record::parse(bytes) {
            Ok(record) => Ok(Logged { index, record }),
            Err(source) => Err(RuntimeError::LogRecord { index, source }),
        };
        (after..).zip(page).map(logged).collect()
    }

    /// Follows the log from where the subscription of this name was acknowledged last, or from its
    /// beginning. The name is 1 to 64 of `a-z`, `0-9`, `_`, `.` and `-`, beginning with a letter or digit; its
    /// position is kept in the store, beside the log.
    ///
    /// [`Subscription`] has an example.
    ///
    /// # Errors
    /// [`SubscriptionError`] if the name is malformed, or the position cannot be read or is of another log.
    pub async fn subscribe(&self, name: &str) -> Result<Subscription, SubscriptionError> {
        let name = checked(name)?;
        let ids = self.draw()?.ids;
        let cell = self.inner.store.cell(&self.tenant, &cell_of(&name)).await;
        let cell = cell.map_err(|source| SubscriptionError::Store { name: name.clone(), source })?;
        let (revision, place) = match cell {
            None => (0, START),
            Some(cell) => {
                let kept = read(&cell.value).ok_or_else(|| SubscriptionError::Malformed { name: name.clone() })?;
                (cell.revision, kept)
            }
        };
        // A position is of the log in which its last record stands.
        if place.position > 0 {
            let last = self.inner.store.read_log(&self.tenant, place.position - 1, 1).await;
            let last = last.map_err(RuntimeError::from)?;
            if last.first().map(leaf_of) != Some(place.leaf) {
                return Err(SubscriptionError::OtherLog { name, position: place.position });
            }
        }
        let runtime = self.clone();
        Ok(Subscription { runtime, name, consumer: ids.trace, revision, acknowledged: place, handed_out: place })
    }
}

impl Subscription {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many records of the log are acknowledged.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.acknowledged.position
    }

    /// The records after those handed out before, at most `limit`; none if there are no more for now.
    ///
    /// # Errors
    /// [`SubscriptionError::Log`] if the log cannot be read. The same call may be made again.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Logged>, SubscriptionError> {
        let page = self.runtime.read_log(self.handed_out.position, limit).await?;
        if let Some(last) = page.last() {
            self.handed_out = Place { position: last.index + 1, leaf: last.record.leaf() };
        }
        Ok(page)
    }

    /// Goes back to the first record that is not acknowledged. The next page begins there.
    pub fn rewind(&mut self) {
        self.handed_out = self.acknowledged;
    }

    /// Stores that everything handed out so far is done.
    ///
    /// # Errors
    /// [`SubscriptionError::Moved`] if another consumer of the name came first: the position is theirs, and this
    /// subscription is of no more use. [`SubscriptionError::Store`] if the position may not have been stored; the same call
    /// may be made again.
    pub async fn acknowledge(&mut self) -> Result<(), SubscriptionError> {
        if self.handed_out == self.acknowledged {
            return Ok(());
        }
        let value = self.value();
        loop {
            let store = &self.runtime.inner.store;
            let set = store.set_cell(&self.runtime.tenant, &cell_of(&self.name), self.revision, &value).await;
            let ours = match set {
                Ok(CellSet::Done) => break,
                // After a lost answer, of this call or of an earlier one, the position in the cell may be our own.
                Ok(CellSet::Conflict { .. }) => self.kept().await?,
                Err(error @ StoreError::Unknown(_)) => match self.kept().await {
                    Ok(Some(kept)) => Some(kept),
                    _ => return Err(self.failed(error)),
                },
                Err(error) => return Err(self.failed(error)),
            };
            match ours {
                Some(kept) if kept == value => break,
                // Our own, of an earlier page: the position goes on from there.
                Some(_) => self.revision += 1,
                None => return Err(SubscriptionError::Moved { name: self.name.clone() }),
            }
        }
        self.revision += 1;
        self.acknowledged = self.handed_out;
        Ok(())
    }

    /// The cell's next value, if this consumer wrote it.
    async fn kept(&self) -> Result<Option<Vec<u8>>, SubscriptionError> {
        let cell = self.runtime.inner.store.cell(&self.runtime.tenant, &cell_of(&self.name)).await;
        let cell = cell.map_err(|source| self.failed(source))?;
        let is_next = |cell: &Cell| cell.revision == self.revision + 1;
        let is_ours = |cell: &Cell| consumer_of(&cell.value).is_some_and(|name| name == self.consumer.to_string());
        Ok(cell.filter(|cell| is_next(cell) && is_ours(cell)).map(|cell| cell.value))
    }

    fn value(&self) -> Vec<u8> {
        let Place { position, leaf } = self.handed_out;
        let members = [
            ("consumer", Value::from(self.consumer.to_string())),
            ("format", Value::from(FORMAT)),
            ("position", Value::from(position)),
            ("record", Value::from(leaf.to_string())),
        ];
        Value::object(members).to_canonical()
    }

    fn failed(&self, source: StoreError) -> SubscriptionError {
        SubscriptionError::Store { name: self.name.clone(), source }
    }
}

fn cell_of(name: &str) -> String {
    format!("position:{name}")
}

fn checked(name: &str) -> Result<String, NameError> {
    let may = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    let begins = name.bytes().next().is_some_and(|first| may(first) && first.is_ascii_alphanumeric());
    if begins && name.len() <= 64 && name.bytes().all(may) {
        Ok(name.to_owned())
    } else {
        Err(NameError::new("the name of a subscription", "[a-z0-9][a-z0-9_.-]{0,63}", name))
    }
}

/// The position in a cell.
fn read(value: &[u8]) -> Option<Place> {
    let value = Value::parse(value, &Limits::default()).ok()?;
    let members = value.as_object().filter(|members| members.get("format").and_then(Value::as_str) == Some(FORMAT))?;
    let position = members.get("position")?.as_number()?.as_u64()?;
    Some(Place { position, leaf: members.get("record")?.as_str()?.parse().ok()? })
}

/// The consumer that wrote a cell.
fn consumer_of(value: &[u8]) -> Option<String> {
    let value = Value::parse(value, &Limits::default()).ok()?;
    value.as_object()?.get("consumer")?.as_str().map(str::to_owned)
}

/// The leaf hash of a record in the log. If its content was erased, the hash stands in its place.
fn leaf_of(bytes: &RecordBytes) -> Digest {
    let erased = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
    erased.unwrap_or_else(|| Digest::leaf(bytes))
}

//! A store over a store, for tests that change what some of its calls do.

use crate::{
    base::ids::{EntityRef, TenantId},
    kernel::record::RecordBytes,
    store::{Append, Batch, Cell, CellSet, Claim, EventStore, Found, MarkKind, OpenMark, StoreError},
};
use std::future::Future;

macro_rules! store_layer {
    (
        $(#[$meta:meta])*
        $vis:vis trait $Layer:ident: $($Bound:path),+ { $($own:tt)* }
        $(fn $name:ident(&self $(, $arg:ident: $Arg:ty)*) -> $Answer:ty;)*
    ) => {
        $(#[$meta])*
        $vis trait $Layer: $($Bound +)+ 'static {
            $($own)*

            $(
                #[doc = concat!("Answers [`EventStore::", stringify!($name), "`]. Unless it is written, it passes the call on.")]
                ///
                /// # Errors
                /// Those of [`before`](Self::before) and of the store below.
                fn $name(&self $(, $arg: $Arg)*) -> impl Future<Output = Result<$Answer, StoreError>> + Send {
                    async move {
                        self.before().await?;
                        self.inner().$name($($arg),*).await
                    }
                }
            )*
        }

        // Who passes something that is no store is not sent here.
        #[diagnostic::do_not_recommend]
        impl<L: $Layer> EventStore for L {
            $(
                async fn $name(&self $(, $arg: $Arg)*) -> Result<$Answer, StoreError> {
                    $Layer::$name(self $(, $arg)*).await
                }
            )*
        }
    };
}

store_layer! {
    /// A store over another: it passes every call on, and a test writes only those that it changes. A type that
    /// implements it is an [`EventStore`]. The functions of the two traits have the same names: where both are imported,
    /// call them as `EventStore::read(&layer, ..)`.
    ///
    /// [`FaultStore`](super::FaultStore) is one, and fails at calls that were planned. A store that can be out of reach, and
    /// whose appends are counted:
    ///
    /// ```
    /// use kiff::{
    ///     Authority, Domain, NewEvent, Runtime, domain::Machine,
    ///     store::{Append, Batch, EventStore, MemoryStore, StoreError},
    /// };
    /// use kiff::testing::StoreLayer;
    /// use std::sync::{Arc, atomic::{AtomicBool, AtomicU64, Ordering}};
    ///
    /// #[derive(Clone, Default)]
    /// struct Remote {
    ///     store: MemoryStore,
    ///     is_away: Arc<AtomicBool>,
    ///     appends: Arc<AtomicU64>,
    /// }
    ///
    /// impl StoreLayer for Remote {
    ///     type Inner = MemoryStore;
    ///
    ///     fn inner(&self) -> &MemoryStore {
    ///         &self.store
    ///     }
    ///
    ///     async fn before(&self) -> Result<(), StoreError> {
    ///         if self.is_away.load(Ordering::SeqCst) { Err(StoreError::failed("out of reach")) } else { Ok(()) }
    ///     }
    ///
    ///     async fn append(&self, batch: &Batch) -> Result<Append, StoreError> {
    ///         self.before().await?;
    ///         self.appends.fetch_add(1, Ordering::SeqCst);
    ///         self.store.append(batch).await
    ///     }
    /// }
    ///
    /// let domain = Domain::builder("shop", "v1").table(Machine::new("order").starts("ORDER_PLACED", "CREATED")).build()?;
    /// let store = Remote::default();
    /// let rt = Runtime::builder(domain).store(store.clone()).build()?.blocking();
    /// let placed = || rt.ingest(&Authority::service("shop")?, "order:1", NewEvent::new("e1", "ORDER_PLACED"));
    ///
    /// store.is_away.store(true, Ordering::SeqCst);
    /// assert!(placed().is_err());
    /// store.is_away.store(false, Ordering::SeqCst);
    /// assert!(placed()?.is_in_the_log());
    /// assert_eq!(store.appends.load(Ordering::SeqCst), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub trait StoreLayer: Send, Sync {
        /// The store below.
        type Inner: EventStore;

        /// The store below.
        fn inner(&self) -> &Self::Inner;

        /// Runs before each call that is passed on. With an error, the call is not made.
        ///
        /// # Errors
        /// Any, in place of the call's answer.
        fn before(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
            async { Ok(()) }
        }
    }

    fn append(&self, batch: &Batch) -> Append;
    fn read(&self, tenant: &TenantId, stream: &EntityRef, after: u64, limit: usize) -> Vec<RecordBytes>;
    fn read_log(&self, tenant: &TenantId, after: u64, limit: usize) -> Vec<RecordBytes>;
    fn sequence(&self, tenant: &TenantId) -> u64;
    fn find(&self, tenant: &TenantId, claim: &Claim) -> Option<Found>;
    fn open(&self, tenant: &TenantId, kind: MarkKind, after: Option<&OpenMark>, limit: usize) -> Vec<OpenMark>;
    fn cell(&self, tenant: &TenantId, name: &str) -> Option<Cell>;
    fn set_cell(&self, tenant: &TenantId, name: &str, expected: u64, value: &[u8]) -> CellSet;
}

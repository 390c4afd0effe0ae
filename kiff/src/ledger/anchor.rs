//! Anchors: places outside the owner's reach where a checkpoint's digest is put down.

use crate::base::{
    code::{coded, words},
    debug::debug_as_display,
    digest::Digest,
};
use std::{
    error::Error,
    fs::{self, File},
    future::{Future, ready},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Puts digests of checkpoints down where the owner of the log cannot change them. Users may implement it; write
/// the functions as `async fn`. [`FolderAnchor`] is one.
///
/// The anchored digest is [`Checkpoint::digest`](crate::evidence::log::Checkpoint::digest): SHA-256 of the text without
/// signatures. A receipt names the place by its address alone (`RuntimeBuilder::anchor`), which is no evidence.
pub trait Anchor: Send + Sync + 'static {
    /// The address of the place, as receipts name it.
    fn address(&self) -> &str;

    /// Submits a digest. To submit one again changes nothing.
    ///
    /// # Errors
    /// [`AnchorError`] if that failed, or it is unknown whether it did.
    fn submit(&self, digest: &Digest) -> impl Future<Output = Result<Submission, AnchorError>> + Send;

    /// How far a submission has come.
    ///
    /// # Errors
    /// [`AnchorError`] if the place gave no answer.
    fn poll(&self, submission: &Submission) -> impl Future<Output = Result<AnchorState, AnchorError>> + Send;

    /// Checks that the digest is there for good, by asking the place itself.
    ///
    /// # Errors
    /// [`AnchorError::Absent`] if it is not; any other if the place gave no answer.
    fn verify(&self, digest: &Digest) -> impl Future<Output = Result<(), AnchorError>> + Send;
}

/// A digest that was submitted.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The digest.
    pub digest: Digest,
    /// Where the place keeps it: a path, or the hash of a transaction.
    pub reference: String,
}

impl Submission {
    /// A submission of this digest. For implementations of [`Anchor`].
    pub fn new(digest: Digest, reference: impl Into<String>) -> Self {
        Self { digest, reference: reference.into() }
    }
}

words! {
    /// How far a submission has come.
    #[non_exhaustive]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum AnchorState {
        /// The place has not taken it yet.
        Pending = "pending",
        /// The place has taken it, and may still let it go.
        Confirming = "confirming",
        /// It is there for good.
        Final = "final",
        /// The place has let it go, or lost it: submit it again.
        Orphaned = "orphaned",
    }
}

coded! {
    /// An anchor that did not do what it should.
    #[non_exhaustive]
    #[derive(thiserror::Error)]
    pub enum AnchorError {
        /// The digest is not there.
        #[error("`{digest}` is not anchored there")]
        Absent {
            /// The digest.
            digest: Digest,
        } => "not_anchored",
        /// The place gave no answer.
        #[error("the anchor failed")]
        Failed(#[source] Box<dyn Error + Send + Sync>) => "anchor_failed",
    }
}

debug_as_display!(AnchorError);

impl AnchorError {
    /// The place gave no answer.
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(source.into())
    }
}

/// A folder of the customer's own, such as a mounted share with write-once storage: one file for each digest,
/// named by its 64 hexadecimal digits.
///
/// It is worth as much as the folder is out of reach of the log's owner.
///
/// ```
/// use kiff::{ledger::{Anchor, AnchorState, FolderAnchor}, record::Digest};
/// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// # fn block_on<F: Future>(future: F) -> F::Output {
/// #     let Poll::Ready(output) = pin!(future).poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
/// #     output
/// # }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("kiff-doc-anchor-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let anchor = FolderAnchor::new(&folder);
/// let digest = Digest::of(b"the text of a checkpoint");
/// let submission = block_on(anchor.submit(&digest))?;
/// assert_eq!(block_on(anchor.poll(&submission))?, AnchorState::Final);
/// block_on(anchor.verify(&digest))?;
/// assert_eq!(block_on(anchor.verify(&Digest::ZERO)).unwrap_err().code(), "not_anchored");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FolderAnchor {
    folder: PathBuf,
    address: String,
}

impl FolderAnchor {
    /// Anchors in this folder, which must be there.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self { address: format!("folder:{}", folder.display()), folder }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let digest = digest.to_string();
        self.folder.join(digest.trim_start_matches("sha256:"))
    }

    /// Whether the file of a digest is there, and whole.
    fn has(&self, digest: &Digest) -> io::Result<AnchorState> {
        match fs::read(self.path(digest)) {
            Ok(content) if content == content_of(digest) => Ok(AnchorState::Final),
            Ok(_) => Ok(AnchorState::Orphaned),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(AnchorState::Orphaned),
            Err(error) => Err(error),
        }
    }

    /// Writes the file beside its place and moves it there whole.
    fn put(&self, digest: &Digest) -> io::Result<PathBuf> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let path = self.path(digest);
        if self.has(digest)? == AnchorState::Final {
            return Ok(path);
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let beside = self.folder.join(format!(".{}-{number}.partial", std::process::id()));
        let written = write_and_move(&beside, &path, &content_of(digest));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written.and_then(|()| sync_folder(&self.folder)).map(|()| path)
    }
}

impl Anchor for FolderAnchor {
    fn address(&self) -> &str {
        &self.address
    }

    fn submit(&self, digest: &Digest) -> impl Future<Output = Result<Submission, AnchorError>> + Send {
        let put = self.put(digest).map(|path| Submission::new(*digest, path.display().to_string()));
        ready(put.map_err(AnchorError::failed))
    }

    fn poll(&self, submission: &Submission) -> impl Future<Output = Result<AnchorState, AnchorError>> + Send {
        ready(self.has(&submission.digest).map_err(AnchorError::failed))
    }

    fn verify(&self, digest: &Digest) -> impl Future<Output = Result<(), AnchorError>> + Send {
        ready(match self.has(digest) {
            Ok(AnchorState::Final) => Ok(()),
            Ok(_) => Err(AnchorError::Absent { digest: *digest }),
            Err(error) => Err(AnchorError::failed(error)),
        })
    }
}

/// The digest and a newline.
fn content_of(digest: &Digest) -> Vec<u8> {
    format!("{digest}\n").into_bytes()
}

fn write_and_move(beside: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(beside, path)
}

/// A file is there for good only when its folder is on the disk too.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

//! Recordings of this daemon: their keys, the spans that it records, and those that it may open (TOWNHALL section 6).
//!
//! ```text
//! seat ── keep ─────────────────────────► vault: recording keys
//! recorder's seat ── sealed frames ──► Capture ──► spans/<span>/ ── seal, or what a kill left ──► blocks ──► copies elsewhere
//! anchor, from the own index ──► blocks, own or fetched ── a recording key ──► plain tracks
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | `vault` | keys, and what is known of each span, in sealed files |
//! | `capture` | frames of one span: opened by their senders' keys, and sealed again as they come |
//! | `care` | folders become blocks, blocks get copies, copies are looked at |
//! | `owed` | anchors and withdrawals that no seat sees to |
//! | `signer` | what signs an anchor after a restart |
//! | `shelf` | list, fetch, verify, forget |
//! | `tracks` | what is plain: files for a player, and bytes for the page's |
//!
//! | Path below `recordings` | What |
//! |---|---|
//! | `keys`, `files`, `anchors`, `withdrawals`, `rows`, `unpins` | `vault` |
//! | `spans/<span>/` | segments of a span, until they are blocks ([`pars_recorder::store`]) |
//! | `spans/<span>.gone/` | one that is being destroyed |
//!
//! Blocks lie in the store that the gateway serves ([`pars_blobs::Folder`]).

mod capture;
mod care;
mod error;
mod owed;
mod shelf;
mod signer;
mod tracks;
mod vault;

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy::primitives::B256;
use alloy::transports::http::reqwest::Url;
use pars_blobs::{Kubo, Trustless};
use pars_crypto::hkem::Xw768Public;
use pars_crypto::secret::{HybridKemSeed, StoreKey};
use pars_indexer::Recordings as Index;
use pars_proto::room::recording::{ConsentDomain, Recording, RecordingTag};
use pars_wire::{RecordingId, RoomId};
use tokio::sync::{Notify, watch};

use crate::clock;

pub use capture::Capture;
pub use error::LibraryError;
pub use owed::{Hold, ToWithdraw};
pub use shelf::Forget;
pub use signer::{AnchorSigner, ConsentSecret};

use owed::Held;
use tracks::Opened;
use vault::{Consented, Row, Vault};

/// What a library is made of.
#[derive(Debug)]
pub struct Parts {
    /// Its folder; made with mode 0700.
    pub folder: PathBuf,
    /// The store's key: what is kept here is sealed under it.
    pub key: StoreKey,
    /// Where blocks lie.
    pub blobs: pars_blobs::Folder,
    /// Consents and anchors, by the own index.
    pub index: Index,
    /// Gateways that blocks are fetched from, after the own store.
    pub from: Vec<Url>,
    /// RPC of IPFS nodes that recordings are copied to, after the own store.
    pub to: Vec<Url>,
    /// The contract that holds consents: what it does not name is not taken for a recording.
    pub domain: ConsentDomain,
}

/// The recordings; clones are the same ones.
#[derive(Clone)]
pub struct Library(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    vault: Vault,
    blobs: pars_blobs::Folder,
    index: Index,
    from: Vec<Trustless>,
    to: Vec<Kubo>,
    domain: ConsentDomain,
    /// Spans that are recorded now.
    running: watch::Sender<BTreeSet<RecordingId>>,
    /// Spans whose debts to the chain a seat sees to.
    held: Mutex<Held>,
    /// Rows are read and written by one at a time.
    rows: Mutex<()>,
    /// Folders become blocks, or are destroyed, one after the other.
    changing: tokio::sync::Mutex<()>,
    opened: tokio::sync::Mutex<Opened>,
    /// Something waits to be looked at.
    news: Arc<Notify>,
    /// What a kill left is imported.
    recovered: watch::Sender<bool>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("folder", &self.0.folder).finish_non_exhaustive()
    }
}

/// A span that begins.
#[derive(Debug)]
pub struct Begin {
    /// The room.
    pub room: RoomId,
    /// What everybody consented to.
    pub recording: Recording,
    /// The digest that the consent keys signed.
    pub consent: B256,
    /// Everybody's recording keys.
    pub keys: Vec<Xw768Public>,
    /// Unix milliseconds.
    pub began_ms: u64,
}

/// A span whose files are finished and that the chain does not name yet: its anchor can still be signed and sent.
#[derive(Clone, Debug)]
pub struct ToAnchor {
    /// The span.
    pub recording: Recording,
    /// What signs the anchor, and who sends it.
    pub signer: AnchorSigner,
    /// What is anchored: the binary form of a CID.
    pub cid: Vec<u8>,
    /// Hash of the wraps.
    pub wraps: B256,
}

impl Library {
    /// The library in a folder. Nothing is imported or fetched before [`Library::look`] or [`Library::watch`].
    ///
    /// # Errors
    /// [`LibraryError::Folder`], [`LibraryError::File`], and [`LibraryError::Blob`] for what is no URL.
    pub fn open(parts: Parts) -> Result<Self, LibraryError> {
        let Parts { folder, key, blobs, index, from, to, domain } = parts;
        let spans = folder.join("spans");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&spans);
        made.map_err(|error| LibraryError::Folder(spans, error))?;
        let vault = Vault::open(folder.clone(), key)?;
        let from = from.iter().map(|url| Trustless::new(url.as_str())).collect::<Result<_, _>>()?;
        let to = to.iter().map(|url| Kubo::new(url.as_str())).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Inner {
            folder,
            vault,
            blobs,
            index,
            from,
            to,
            domain,
            running: watch::Sender::default(),
            held: Mutex::default(),
            rows: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            opened: tokio::sync::Mutex::default(),
            news: Arc::default(),
            recovered: watch::Sender::new(false),
        })))
    }

    /// Keep a recording key until that time, Unix seconds; durable when this returns.
    ///
    /// # Errors
    /// [`LibraryError::File`]: nothing may be agreed to with it.
    pub async fn keep(
        &self,
        tag: RecordingTag,
        (room, until): (RoomId, u64),
        seed: HybridKemSeed,
    ) -> Result<(), LibraryError> {
        let of = Consented { room, kept_at: clock::milliseconds() / 1_000, until };
        self.blocking(move |inner| inner.vault.keep_key(tag, of, &seed)).await?;
        // Whoever waits for the first to be destroyed counts again.
        self.0.news.notify_one();
        Ok(())
    }

    /// Begin to record a span, under a file key of its own that is wrapped for everybody.
    ///
    /// # Errors
    /// [`LibraryError`]: nothing is recorded. A span is recorded once; [`LibraryError::Running`] if it is now.
    pub async fn begin(&self, of: Begin) -> Result<Capture, LibraryError> {
        let span = of.recording.span();
        if !self.0.running.send_if_modified(|running| running.insert(span)) {
            return Err(LibraryError::Running);
        }
        let library = self.clone();
        let begun = self.blocking(move |_| Capture::begin(library, &of)).await;
        if begun.is_err() {
            self.0.over(span);
        }
        begun
    }

    /// Until nothing is recorded: files of what was are closed.
    pub async fn idle(&self) {
        // The sender lives as long as this value.
        let _ = self.0.running.subscribe().wait_for(BTreeSet::is_empty).await;
    }

    /// Destroy what was recorded of a span: its consent is on the chain no more.
    pub async fn discard(&self, span: RecordingId) {
        let _changing = self.0.changing.lock().await;
        if let Err(error) = self.let_go(span).await {
            tracing::warn!(%error, "a recording without consent was not let go");
        }
    }

    /// Keep what signs the anchor of a span until [`Library::anchored`] or [`Library::discard`]; durable when this returns.
    ///
    /// # Errors
    /// [`LibraryError::File`].
    pub async fn keep_anchor_key(&self, recording: Recording, signer: AnchorSigner) -> Result<(), LibraryError> {
        self.blocking(move |inner| inner.vault.keep_anchor(&recording, &signer)).await
    }

    /// Spans whose files are finished and whose anchor may still have to be sent; waits until what a kill left is imported.
    pub async fn anchor_keys(&self) -> Vec<ToAnchor> {
        // The sender lives as long as this value.
        let _ = self.0.recovered.subscribe().wait_for(|done| *done).await;
        let found = |inner: &Inner| {
            let finished = |(recording, signer): (Recording, AnchorSigner)| {
                let files = inner.vault.row(recording.span())?.files?;
                Some(ToAnchor { recording, signer, cid: files.cid.to_bytes().to_vec(), wraps: files.wraps })
            };
            Ok(inner.vault.anchors().into_iter().filter_map(finished).collect())
        };
        self.blocking(found).await.unwrap_or_default()
    }

    /// The anchor is final: its key is needed no more.
    pub async fn anchored(&self, span: RecordingId) {
        if let Err(error) = self.blocking(move |inner| inner.vault.destroy_anchor(span)).await {
            tracing::warn!(%error, "the key of a consent that is over was not erased");
        }
    }

    /// Run what waits for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, LibraryError> + Send + 'static,
    ) -> Result<T, LibraryError> {
        let inner = self.0.clone();
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or_else(|error| Err(LibraryError::Folder(self.0.folder.clone(), std::io::Error::other(error))))
    }
}

impl Inner {
    fn is_running(&self, span: RecordingId) -> bool {
        self.running.borrow().contains(&span)
    }

    /// A span is recorded no more.
    fn over(&self, span: RecordingId) {
        self.running.send_if_modified(|running| running.remove(&span));
    }

    /// Where a span's segments lie.
    fn place(&self, span: RecordingId) -> PathBuf {
        self.folder.join("spans").join(hex::encode(span.0))
    }

    fn one_row(&self) -> MutexGuard<'_, ()> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Change what is known of a span; what is known of none stays so.
    fn change(&self, span: RecordingId, with: impl FnOnce(&mut Row)) -> Result<(), LibraryError> {
        let _one = self.one_row();
        let Some(mut row) = self.vault.row(span) else { return Ok(()) };
        let before = row.clone();
        with(&mut row);
        if row == before { Ok(()) } else { self.vault.put_row(span, &row) }
    }

    /// Recordings of which a key is kept.
    fn tags(&self) -> BTreeSet<RecordingTag> {
        self.vault.keys().iter().map(vault::KeptKey::tag).collect()
    }
}

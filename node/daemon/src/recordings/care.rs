//! Care for what is recorded: folders become blocks, blocks get copies, and copies are looked at again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Weak;
use std::time::Duration;

use alloy::primitives::B256;
use pars_blobs::store::check;
use pars_blobs::{BlobError, BlobSource, BlobStore, Kubo};
use pars_blocks::{Bounds, Cid, Profile};
use pars_proto::room::recording::{RecordingTag, Wraps};
use pars_recorder::import::{copy, import};
use pars_recorder::seal::Ending;
use pars_recorder::store::{Folder, OPENING};
use pars_wire::RecordingId;
use pars_wire::codec::Wire;
use tokio::task::JoinHandle;

use super::vault::{Files, Row};
use super::{Forget, Inner, Library, LibraryError};
use crate::clock;

/// How files are cut into blocks.
const PROFILE: Profile = Profile::UNIXFS_V1_2025;
/// How often tracks that nobody reads are looked for.
const CLOSE: Duration = Duration::from_secs(30);
/// Looks at the clock in a period.
const STEPS: u32 = 24;

impl Library {
    /// From now on: close tracks that nobody reads, destroy what may be kept no longer, import what a kill left, copy what is new
    /// at once, and look at the copies of each recording every `period`. Ends when nobody holds the library any more.
    pub fn watch(&self, period: Duration) -> JoinHandle<()> {
        let weak = std::sync::Arc::downgrade(&self.0);
        tokio::spawn(async move { tokio::join!(watch(weak.clone(), period), close_idle(weak)).0 })
    }

    /// Destroy what everybody agreed to keep no longer than until `now`, Unix seconds, as [`Library::forget`] does: the keys first,
    /// then the blocks. Gives when the next is to go. Failures are told in the log, and tried again at the next call.
    pub async fn expire(&self, now: u64) -> Option<u64> {
        let ends = self.blocking(|inner| Ok(inner.ends())).await.unwrap_or_default();
        for tag in ends.iter().filter(|(_, until)| **until <= now).map(|(tag, _)| *tag) {
            match self.forget(Forget::Recording(tag)).await {
                Ok(_) => tracing::info!("a recording is destroyed: it was to be kept no longer"),
                Err(error) => tracing::warn!(%error, "a recording that is to be kept no longer is not destroyed yet"),
            }
        }
        ends.into_values().filter(|until| *until > now).min()
    }

    /// Import folders that nobody records into, ask again for what was forgotten to be let go, and look at the copies of
    /// recordings that lack some, or were not looked at since `before_ms`, Unix milliseconds: what is missing at one place is
    /// copied there from another. Failures are told in the log, and tried again at the next look.
    pub async fn look(&self, before_ms: u64) {
        self.recover().await;
        self.0.recovered.send_replace(true);
        if let Err(error) = self.unpin_again().await {
            tracing::warn!(%error, "copies of forgotten recordings are not let go yet");
        }
        let rows = self.blocking(|inner| Ok(inner.vault.rows())).await.unwrap_or_default();
        for (span, row) in rows {
            let is_due = row.confirmed < row.asked.max(1) || row.looked_ms < before_ms;
            let Some(files) = row.files.filter(|_| is_due) else { continue };
            if let Err(error) = self.look_at(span, files.cid).await {
                tracing::warn!(%error, "the copies of a recording were not looked at");
            }
        }
    }

    async fn look_at(&self, span: RecordingId, root: Cid) -> Result<(), LibraryError> {
        let stores = self.0.stores();
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for store in &stores {
            let whole = check(*store as &dyn BlobSource, root, Bounds::STORED).await;
            if whole.is_ok() { good.push(*store) } else { bad.push(*store) }
        }
        for store in bad {
            let Some(from) = good.first() else { break };
            match self.0.copied(*from as &dyn BlobSource, store, root).await {
                Ok(()) => good.push(store),
                Err(error) => tracing::warn!(%error, "a recording was not copied; tried again later"),
            }
        }
        let (confirmed, asked) = (good.len(), stores.len());
        if self.blocking(move |inner| Ok(inner.vault.row(span).is_none())).await? {
            // Forgotten meanwhile: what was copied is not wanted.
            return self.unpin(root).await.map(drop);
        }
        self.note_copies(span, (confirmed, asked)).await
    }

    /// Remember how many stores have all of a span.
    pub(super) async fn note_copies(
        &self,
        span: RecordingId,
        (confirmed, asked): (usize, usize),
    ) -> Result<(), LibraryError> {
        let (confirmed, asked) = (confirmed as u32, asked as u32);
        let note = move |row: &mut Row| (row.confirmed, row.asked, row.looked_ms) = (confirmed, asked, now());
        self.blocking(move |inner| inner.change(span, note)).await
    }

    /// Folders of earlier runs, and of captures that were dropped.
    async fn recover(&self) {
        self.recover_folders().await;
        if let Err(error) = self.blocking(Inner::sweep).await {
            tracing::warn!(%error, "what is kept of recordings that never began was not erased");
        }
    }

    async fn recover_folders(&self) {
        let left = self.blocking(|inner| Ok(inner.left_folders())).await.unwrap_or_default();
        for span in left {
            if self.0.is_running(span) {
                continue;
            }
            match self.import(span, None).await {
                Ok(Some(_)) => tracing::info!("a recording that was not finished is sealed as it lies"),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a recording was not imported; tried again later"),
            }
        }
    }

    /// A span's folder becomes blocks, and goes. Nothing if it holds no span.
    pub(super) async fn import(&self, span: RecordingId, ended_ms: Option<u64>) -> Result<Option<Files>, LibraryError> {
        let _changing = self.0.changing.lock().await;
        let place = self.0.place(span);
        if !Folder::holds_span(&place) {
            // A kill between its folder and its opening; or another has imported it.
            remove(&place).map_err(|error| LibraryError::Folder(place, error))?;
            let known = self.blocking(move |inner| Ok(inner.vault.row(span))).await?;
            let files = known.and_then(|row| row.files);
            if files.is_none() {
                self.blocking(move |inner| inner.vault.destroy_row(span)).await?;
            }
            return Ok(files);
        }
        let folder = Folder::open(&place).map_err(pars_recorder::span::SpanError::from)?;
        let imported = import(&folder, &self.0.blobs, PROFILE).await?;
        let wraps = self.wraps(imported.manifest.wraps.cid).await?;
        let torn = imported.manifest.ending == Ending::Torn;
        let files = Files { cid: imported.root.cid, wraps, torn, bytes: imported.root.stored };
        let note = move |row: &mut Row| {
            row.files = Some(files);
            row.ended_ms = ended_ms.or(row.ended_ms);
        };
        let tag = RecordingTag(imported.manifest.recording.into());
        self.blocking(move |inner| {
            // One that was lost is made anew: the span is here.
            if inner.vault.row(span).is_none() {
                inner.vault.put_row(span, &Row { until: inner.vault.until(tag), ..Row::new(tag, None, true) })?;
            }
            inner.change(span, note)
        })
        .await?;
        remove(&place).map_err(|error| LibraryError::Folder(place, error))?;
        Ok(Some(files))
    }

    /// Hash of the wraps that were imported.
    async fn wraps(&self, cid: Cid) -> Result<B256, LibraryError> {
        let mut bytes = Vec::new();
        let scope = (pars_blocks::Scope::Entity, Bounds::STORED);
        pars_blobs::store::read_file(&self.0.blobs, cid, scope, |piece| bytes.extend_from_slice(piece)).await?;
        let wraps = Wraps::decode(&bytes).map_err(pars_recorder::wraps::UnwrapError::from)?;
        Ok(wraps.hash())
    }

    /// Let the blocks of a root go, here and elsewhere; gives how many nodes have not. They are asked again at every look.
    pub(super) async fn unpin(&self, root: Cid) -> Result<usize, LibraryError> {
        // Remembered before what names the root is destroyed.
        let left = self.blocking(move |inner| {
            let mut nodes = inner.vault.unpin(root);
            nodes.extend(inner.to.iter().map(|node| node.url().to_string()));
            inner.vault.keep_unpin(root, &nodes).map(|()| nodes)
        });
        let left = self.ask_to_unpin(root, left.await?, &mut BTreeSet::new()).await?;
        self.0.blobs.unpin(root).await?;
        Ok(left)
    }

    /// Ask the nodes that did not answer when something was forgotten. One that is silent is asked once.
    async fn unpin_again(&self) -> Result<(), LibraryError> {
        let mut silent = BTreeSet::new();
        for root in self.blocking(|inner| Ok(inner.vault.unpins())).await? {
            let nodes = self.blocking(move |inner| {
                let is_kept = |(_, row): (_, Row)| row.files.is_some_and(|files| files.cid == root);
                if inner.vault.rows().into_iter().any(is_kept) {
                    // It was fetched again since: its copies are wanted.
                    inner.vault.keep_unpin(root, &BTreeSet::new())?;
                    return Ok(BTreeSet::new());
                }
                Ok(inner.vault.unpin(root))
            });
            let nodes = nodes.await?;
            self.ask_to_unpin(root, nodes, &mut silent).await?;
        }
        Ok(())
    }

    /// Ask nodes to let a root go, remember which have not, and give how many.
    async fn ask_to_unpin(
        &self,
        root: Cid,
        nodes: BTreeSet<String>,
        silent: &mut BTreeSet<String>,
    ) -> Result<usize, LibraryError> {
        let mut left = BTreeSet::new();
        for url in nodes.iter().filter(|url| !silent.contains(*url)) {
            // Also one that the settings do not name any more.
            if let Err(error) = Kubo::new(url)?.unpin(root).await {
                tracing::warn!(%error, "a copy of a forgotten recording is still pinned elsewhere, sealed; asked again later");
                left.insert(url.clone());
            }
        }
        left.extend(nodes.into_iter().filter(|url| silent.contains(url)));
        silent.extend(left.iter().cloned());
        let count = left.len();
        self.blocking(move |inner| inner.vault.keep_unpin(root, &left)).await?;
        Ok(count)
    }
}

impl Inner {
    /// Spans that have a folder; folders that are to be destroyed are.
    fn left_folders(&self) -> Vec<RecordingId> {
        let entries = fs::read_dir(self.folder.join("spans")).into_iter().flatten().flatten();
        let span = |entry: fs::DirEntry| {
            if entry.path().extension().is_some_and(|end| end == "gone") {
                if let Err(error) = destroy(&entry.path()) {
                    tracing::warn!(%error, "a recording without consent was not destroyed");
                }
                return None;
            }
            let mut span = [0; 32];
            hex::decode_to_slice(entry.file_name().to_str()?, &mut span).ok()?;
            Some(RecordingId(span.into()))
        };
        entries.filter_map(span).collect()
    }

    /// The own store, then those that blocks are copied to.
    pub(super) fn stores(&self) -> Vec<&dyn BlobStore> {
        let own = std::iter::once(&self.blobs as &dyn BlobStore);
        own.chain(self.to.iter().map(|store| store as &dyn BlobStore)).collect()
    }

    /// A span's folder goes. Under another name first: then it is never imported, whatever becomes of the rest.
    pub(super) fn destroy_segments(&self, span: RecordingId) -> Result<(), LibraryError> {
        let place = self.place(span);
        let gone = place.with_extension("gone");
        destroy(&gone)?;
        fs::rename(&place, &gone).or_else(absent).map_err(|error| LibraryError::Folder(place, error))?;
        destroy(&gone)
    }

    /// Until when each recording may be kept, as its keys and rows say.
    fn ends(&self) -> BTreeMap<RecordingTag, u64> {
        let keys = self.vault.keys().into_iter().map(|key| (key.tag(), key.of.until));
        let rows = self.vault.rows().into_iter().filter_map(|(_, row)| Some((RecordingTag(row.recording), row.until?)));
        let mut ends = BTreeMap::new();
        for (tag, until) in keys.chain(rows) {
            let last = ends.entry(tag).or_insert(until);
            *last = until.max(*last);
        }
        ends
    }

    /// Spans that were to begin when a kill came: nothing was recorded, and nothing will be.
    fn sweep(&self) -> Result<(), LibraryError> {
        for (span, row) in self.vault.rows() {
            if row.own && row.files.is_none() && !self.is_running(span) && !self.place(span).exists() {
                self.vault.destroy_anchor(span)?;
                self.vault.destroy_row(span)?;
            }
        }
        Ok(())
    }

    async fn copied(&self, from: &dyn BlobSource, to: &dyn BlobStore, root: Cid) -> Result<(), BlobError> {
        copy(from, to, root).await?;
        check(to as &dyn BlobSource, root, Bounds::STORED).await
    }
}

async fn close_idle(weak: Weak<Inner>) {
    while let Some(library) = weak.upgrade().map(Library) {
        library.close_idle(now()).await;
        // Who waits here does not keep the library.
        drop(library);
        tokio::time::sleep(CLOSE).await;
    }
}

async fn watch(weak: Weak<Inner>, period: Duration) {
    loop {
        let Some(library) = weak.upgrade().map(Library) else { return };
        let before = now().saturating_sub(u64::try_from(period.as_millis()).unwrap_or(u64::MAX));
        let next = library.expire(now() / 1_000).await;
        library.look(before).await;
        let next = next.map(|next| Duration::from_secs(next.saturating_sub(now() / 1_000)));
        let pause = (period / STEPS).min(next.unwrap_or(Duration::MAX));
        let news = library.0.news.clone();
        // Who waits here does not keep the library.
        drop(library);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = news.notified() => {}
        }
    }
}

fn now() -> u64 {
    clock::milliseconds()
}

/// Remove a folder, if it is there.
pub(super) fn remove(folder: &Path) -> std::io::Result<()> {
    fs::remove_dir_all(folder).or_else(absent)
}

/// Destroy a span's folder. The wraps of its opening are the only way to its file key: they are overwritten first.
fn destroy(folder: &Path) -> Result<(), LibraryError> {
    pars_keyfile::erase(&folder.join(OPENING))?;
    remove(folder).map_err(|error| LibraryError::Folder(folder.to_owned(), error))
}

fn absent(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

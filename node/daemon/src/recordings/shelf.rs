//! The list of recordings: what they are, where their files are, and letting them go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy::primitives::B256;
use pars_blobs::store::Answer;
use pars_blobs::{BlobError, BlobSource, BlobStore, Trustless};
use pars_blocks::{Block, Cid};
use pars_crypto::hkem::Xw768Secret;
use pars_crypto::secret::RecordingKey;
use pars_indexer::ConsentView;
use pars_proto::room::recording::{RecordingTag, WrapError, Wraps};
use pars_recorder::import::{confirm, copy};
use pars_recorder::play::{self, Recording};
use pars_recorder::wraps::{UnwrapError, unwrap};
use pars_rpc::recording as rpc;
use pars_rpc::room::Prefixed;
use pars_wire::RecordingId;
use pars_wire::codec::Wire;

use super::vault::{Files, Row};
use super::{Inner, Library, LibraryError};
use crate::driver::SUITE;

/// What is to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forget {
    /// One span.
    Span(RecordingId),
    /// Every span of a recording.
    Recording(RecordingTag),
}

/// Where the files of a span are, and what binds them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchored {
    /// The recording.
    pub(super) tag: RecordingTag,
    /// The root.
    pub(super) cid: Cid,
    /// Hash of the wraps.
    pub(super) wraps: B256,
    /// Named by the chain in a final block; else this daemon recorded it.
    pub(super) is_final: bool,
}

/// A recording, checked, and the key that opens it.
pub(super) struct Unlocked {
    pub(super) recording: Recording,
    pub(super) key: RecordingKey,
}

/// One source after the other, the own store first.
#[derive(Debug)]
struct Sources<'a> {
    all: Vec<&'a dyn BlobSource>,
    /// Those that did not answer, or gave other bytes: not asked again, so that one that is down costs its wait once.
    given_up: Mutex<BTreeSet<usize>>,
}

impl<'a> Sources<'a> {
    fn new(all: Vec<&'a dyn BlobSource>) -> Self {
        Self { all, given_up: Mutex::default() }
    }

    fn given_up(&self) -> MutexGuard<'_, BTreeSet<usize>> {
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlobSource for Sources<'_> {
    fn get(&self, cid: Cid) -> Answer<'_, Block> {
        Box::pin(async move {
            let mut failed = BlobError::Missing(cid);
            for (place, source) in self.all.iter().enumerate() {
                if self.given_up().contains(&place) {
                    continue;
                }
                match source.get(cid).await {
                    Ok(block) => return Ok(block),
                    Err(BlobError::Missing(_)) => {}
                    Err(error) => {
                        failed = error;
                        // A block that is damaged here is healed from elsewhere.
                        if place > 0 {
                            self.given_up().insert(place);
                        }
                    }
                }
            }
            Err(failed)
        })
    }
}

impl Library {
    /// What this daemon recorded, fetched, or holds a key for: newest first.
    ///
    /// # Errors
    /// [`LibraryError::Index`].
    pub async fn list(&self) -> Result<Vec<rpc::RecordingRow>, LibraryError> {
        let kept = |inner: &Inner| Ok((inner.vault.rows(), inner.vault.keys(), inner.vault.file_keys()));
        let (rows, keys, file_keys) = self.blocking(kept).await?;
        let mut known: BTreeMap<_, (Row, Option<ConsentView>)> =
            rows.into_iter().map(|(span, row)| (span, (row, None))).collect();
        let rowed = known.values().map(|(row, _)| row.recording);
        let tags: BTreeSet<_> = rowed.chain(keys.iter().map(|key| key.tag().0)).collect();
        for tag in tags {
            let key = keys.iter().find(|key| key.tag().0 == tag);
            // Unless the files have said more, it began about when this user agreed.
            let began_ms = key.map(|key| key.of.kept_at.saturating_mul(1_000));
            for view in self.0.index.spans(tag).await? {
                // What was forgotten is not shown again because another span of it is here.
                let Some(key) = key.filter(|_| !known.contains_key(&view.row.id)) else {
                    if let Some((row, of)) = known.get_mut(&view.row.id) {
                        (row.began_ms, *of) = (row.began_ms.or(began_ms), Some(view));
                    }
                    continue;
                };
                let row = Row { began_ms, ..Row::new(RecordingTag(tag), Some(key.of.room), false) };
                known.insert(view.row.id, (row, Some(view)));
            }
        }
        let keyed: BTreeSet<_> = keys.iter().map(|key| key.tag().0).collect();
        let running = self.0.running.borrow().clone();
        let mut list: Vec<_> = known
            .into_iter()
            .map(|(span, (row, view))| {
                let key = file_keys.contains(&span) || keyed.contains(&row.recording);
                let key = key && row.opens != Some(false);
                shown((span, &row, view.as_ref()), key, running.contains(&span))
            })
            .collect();
        list.sort_by_key(|row| std::cmp::Reverse((row.began_at, row.span.0)));
        Ok(list)
    }

    /// Where the files of a span are: as a final block names them, else as this daemon made them.
    pub(super) async fn find(&self, span: RecordingId) -> Result<Anchored, LibraryError> {
        let view = self.0.index.span(span).await?;
        let row = self.blocking(move |inner| Ok(inner.vault.row(span))).await?;
        let own = row.as_ref().filter(|row| row.own).and_then(|row| Some((row.recording, row.files?)));
        if let Some(found) = view.as_ref().and_then(anchored) {
            return Ok(found);
        }
        match own {
            Some((tag, Files { cid, wraps, .. })) => {
                Ok(Anchored { tag: RecordingTag(tag), cid, wraps, is_final: false })
            }
            None if view.is_some() || row.is_some() => Err(LibraryError::NotAnchored),
            None => Err(LibraryError::Unknown),
        }
    }

    /// Get every block of an anchored span into the own store: from there, from these gateways, from those of the settings, from
    /// the places of copies. Each block is checked, whoever gives it.
    ///
    /// # Errors
    /// [`LibraryError`]; what came before stays, and it can be done again.
    pub async fn fetch(&self, span: RecordingId, from: &[String]) -> Result<rpc::Fetched, LibraryError> {
        let found = self.find(span).await?;
        let named: Vec<_> = from.iter().map(|url| Trustless::new(url)).collect::<Result<_, _>>()?;
        let mut sources: Vec<&dyn BlobSource> = vec![&self.0.blobs];
        sources.extend(named.iter().chain(&self.0.from).map(|gateway| gateway as &dyn BlobSource));
        sources.extend(self.0.to.iter().map(|node| node as &dyn BlobSource));
        let bytes = copy(&Sources::new(sources), &self.0.blobs, found.cid).await.map_err(|error| match error {
            BlobError::Missing(_) | BlobError::Silent(_) => LibraryError::NotHere(error),
            other => other.into(),
        })?;
        let recording = match self.checked(span, &found).await {
            Ok(recording) => recording,
            Err(error) => {
                self.let_stray_go(found.cid).await;
                return Err(error);
            }
        };
        let torn = recording.manifest().ending == pars_recorder::seal::Ending::Torn;
        let opened = self.unlock(span, &found, recording).await;
        let opens = match &opened {
            Ok(_) => Some(true),
            Err(LibraryError::NoKey) => Some(false),
            Err(_) => None,
        };
        let timeline = match &opened {
            Ok(open) => open.recording.timeline(&self.0.blobs, &open.key).await.ok().flatten(),
            Err(_) => None,
        };
        let files = Files { cid: found.cid, wraps: found.wraps, torn, bytes };
        self.blocking(move |inner| {
            let _one = inner.one_row();
            let room = inner.vault.keys().iter().find(|key| key.tag() == found.tag).map(|key| key.of.room);
            let mut row = inner.vault.row(span).unwrap_or_else(|| Row::new(found.tag, room, false));
            (row.files, row.opens, row.until) = (Some(files), opens, row.until.or(inner.vault.until(found.tag)));
            if let Some(timeline) = timeline {
                row.began_ms = Some(timeline.began_ms);
                row.ended_ms = Some(timeline.began_ms.saturating_add(timeline.ended_ms));
            }
            inner.vault.put_row(span, &row)
        })
        .await?;
        Ok(rpc::Fetched { span: name(span), cid: found.cid.to_string(), bytes })
    }

    /// Blocks that turned out to be no recording of ours are not kept, unless another span has them.
    async fn let_stray_go(&self, root: Cid) {
        let rows = self.blocking(|inner| Ok(inner.vault.rows())).await.unwrap_or_default();
        if rows.iter().all(|(_, row)| row.files.is_none_or(|files| files.cid != root))
            && let Err(error) = self.0.blobs.unpin(root).await
        {
            tracing::warn!(%error, "blocks that are no recording were not let go");
        }
    }

    /// Read and check every block of a span in the own store, and how many stores have all of them. Needs no key.
    ///
    /// # Errors
    /// [`LibraryError`]: the first thing that is wrong.
    pub async fn verify(&self, span: RecordingId) -> Result<rpc::Verified, LibraryError> {
        let found = self.find(span).await?;
        let recording = self.checked(span, &found).await?;
        let verified = play::verify(&self.0.blobs, found.cid).await?;
        let stores = self.0.stores();
        let copies = confirm(&stores, found.cid).await;
        self.note_copies(span, (copies.confirmed, copies.asked)).await?;
        let wraps = Wraps::decode(recording.wraps()).map_err(UnwrapError::from)?.hash();
        Ok(rpc::Verified {
            span: name(span),
            cid: found.cid.to_string(),
            anchored: found.is_final,
            wraps: found.is_final && wraps == found.wraps,
            ending: ending(verified.ending),
            segments: verified.segments as u32,
            torn: verified.torn as u32,
            bytes: verified.bytes,
            copies: rpc::Copies { confirmed: copies.confirmed as u32, asked: copies.asked as u32 },
        })
    }

    /// Manifest and wraps of a span from the own store; they must be this span's.
    pub(super) async fn checked(&self, span: RecordingId, found: &Anchored) -> Result<Recording, LibraryError> {
        let recording = play::open(&self.0.blobs, found.cid).await?;
        let manifest = recording.manifest();
        // Consent to the same span of another chain or contract is none to this one.
        let consent = self.0.domain.consent_digest(span);
        let is_same = (manifest.span, manifest.recording, manifest.consent) == (span.0.0, found.tag.0.0, consent.0);
        if is_same { Ok(recording) } else { Err(LibraryError::OtherSpan) }
    }

    /// The file key of a checked recording, by whichever key is kept.
    pub(super) async fn unlock(
        &self,
        span: RecordingId,
        found: &Anchored,
        recording: Recording,
    ) -> Result<Unlocked, LibraryError> {
        let (tag, wraps) = (found.tag, found.wraps);
        self.blocking(move |inner| {
            if let Some(key) = inner.vault.file_key(span) {
                return Ok(Unlocked { recording, key });
            }
            for kept in inner.vault.keys().into_iter().filter(|kept| kept.tag() == tag) {
                match unwrap(SUITE, &recording, wraps.0, &Xw768Secret::from_seed(SUITE, kept.seed)) {
                    Ok(key) => return Ok(Unlocked { recording, key }),
                    Err(UnwrapError::Wrap(WrapError::Sealed)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(LibraryError::NoKey)
        })
        .await
    }

    /// Destroy the key, then let the blocks go. Of one span of several the others' file keys are kept first.
    ///
    /// # Errors
    /// [`LibraryError::Running`]; [`LibraryError::Shared`] if another span could not be opened afterwards; what destroying says.
    /// Nothing was let go whose key is not destroyed; it can be done again.
    pub async fn forget(&self, what: Forget) -> Result<rpc::Forgotten, LibraryError> {
        let _changing = self.0.changing.lock().await;
        let tag = match what {
            Forget::Recording(tag) => tag,
            Forget::Span(span) => match self.blocking(move |inner| Ok(inner.vault.row(span))).await? {
                Some(row) => RecordingTag(row.recording),
                None => {
                    let view = self.0.index.span(span).await?;
                    RecordingTag(view.and_then(|view| view.row.recording_id).ok_or(LibraryError::Unknown)?)
                }
            },
        };
        let all = self.spans_of(tag).await?;
        let (going, staying): (BTreeSet<_>, BTreeSet<_>) =
            all.into_iter().partition(|span| !matches!(what, Forget::Span(only) if only != *span));
        let here = going.clone();
        let (is_known, rows) = self
            .blocking(move |inner| {
                let rows = here.into_iter().filter(|span| inner.vault.row(*span).is_some()).count();
                Ok((inner.tags().contains(&tag), rows))
            })
            .await?;
        if rows == 0 && !is_known {
            return Err(LibraryError::Unknown);
        }
        if going.iter().any(|span| self.0.is_running(*span)) {
            return Err(LibraryError::Running);
        }
        if is_known {
            for span in &staying {
                self.rescue(*span).await?;
            }
            self.blocking(move |inner| inner.vault.destroy_keys(tag)).await?;
        }
        let mut still_pinned = 0;
        for span in &going {
            still_pinned += self.let_go(*span).await?;
        }
        let spans = if is_known { going.len() } else { rows };
        Ok(rpc::Forgotten { spans: spans as u32, still_pinned: still_pinned as u32 })
    }

    /// Spans of a recording, by what is known here and by the chain.
    async fn spans_of(&self, tag: RecordingTag) -> Result<BTreeSet<RecordingId>, LibraryError> {
        let rows = self.blocking(|inner| Ok(inner.vault.rows())).await?;
        let here = rows.into_iter().filter(|(_, row)| row.recording == tag.0).map(|(span, _)| span);
        let there = self.0.index.spans(tag.0).await?.into_iter().map(|view| view.row.id);
        Ok(here.chain(there).collect())
    }

    /// Keep the file key of a span whose recording key is about to be destroyed.
    async fn rescue(&self, span: RecordingId) -> Result<(), LibraryError> {
        let shared = |_| LibraryError::Shared(span);
        let found = self.find(span).await.map_err(shared)?;
        let recording = self.checked(span, &found).await.map_err(shared)?;
        match self.unlock(span, &found, recording).await {
            Ok(open) => self.blocking(move |inner| inner.vault.keep_file_key(span, &open.key)).await,
            // It was not for us: nothing is lost.
            Err(LibraryError::NoKey) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Destroy what is kept of a span alone: segments that are no blocks yet, its keys, then its blocks, then what is known of it.
    /// Gives how many nodes have not let its blocks go.
    pub(super) async fn let_go(&self, span: RecordingId) -> Result<usize, LibraryError> {
        let keys = || {
            self.0.vault.destroy_file_key(span)?;
            self.0.vault.destroy_anchor(span)
        };
        let found = move |inner: &Inner| inner.destroy_segments(span).map(|()| inner.vault.row(span));
        let files = self.blocking(found).await?.and_then(|row| row.files);
        let gone = match files {
            Some(files) => play::forget::<LibraryError>(keys, &self.0.blobs, files.cid).await,
            None => keys(),
        };
        // What was opened before its key went.
        self.0.opened.lock().await.close(span);
        gone?;
        let left = match files {
            Some(files) => self.unpin(files.cid).await?,
            None => 0,
        };
        self.blocking(move |inner| inner.vault.destroy_row(span)).await?;
        Ok(left)
    }
}

/// What a final block names.
fn anchored(view: &ConsentView) -> Option<Anchored> {
    let (row, is_final) = (&view.row, view.is_final);
    let cid = Cid::from_bytes(row.cid.as_deref()?).ok()?;
    let tag = RecordingTag(row.recording_id?);
    Some(Anchored { tag, cid, wraps: row.wraps?, is_final }).filter(|found| found.is_final)
}

fn shown((span, row, view): (RecordingId, &Row, Option<&ConsentView>), key: bool, running: bool) -> rpc::RecordingRow {
    let named = view.and_then(anchored);
    let over = |view: &ConsentView| view.row.withdrawn || view.authorised_until() <= view.head_time;
    let state = match row.files {
        _ if named.is_some() => rpc::RowState::Anchored,
        Some(files) if row.own && files.torn => rpc::RowState::Torn,
        Some(_) => rpc::RowState::Sealed,
        None if row.own && !running => rpc::RowState::Sealing,
        None if !row.own && view.is_none_or(over) => rpc::RowState::Sealing,
        None => rpc::RowState::Recording,
    };
    rpc::RecordingRow {
        recording: Prefixed(row.recording.0),
        span: name(span),
        room: row.room.map(|room| Prefixed(room.0)),
        state,
        by: if row.own { rpc::RecordedBy::Own } else { rpc::RecordedBy::Other },
        key,
        cid: named.map(|found| found.cid).or(row.files.map(|files| files.cid)).map(|cid| cid.to_string()),
        began_at: row.began_ms.unwrap_or_default() / 1_000,
        ended_at: row.ended_ms.map(|ms| ms / 1_000),
        bytes: row.files.map_or(0, |files| files.bytes),
        copies: rpc::Copies { confirmed: row.confirmed, asked: row.asked },
    }
}

pub(super) const fn ending(of: pars_recorder::seal::Ending) -> rpc::Ending {
    match of {
        pars_recorder::seal::Ending::Whole => rpc::Ending::Whole,
        pars_recorder::seal::Ending::Torn => rpc::Ending::Torn,
    }
}

/// A span in the words of the RPC.
fn name(span: RecordingId) -> rpc::RecordingId {
    Prefixed(span.0.0)
}

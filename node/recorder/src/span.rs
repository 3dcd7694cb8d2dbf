//! A span as it is recorded: tracks that come and go, each one WebM in sealed segments, and a sealed timeline.
//!
//! A segment ends at the border of a cluster after [`SEGMENT_MS`] or [`SEGMENT_BYTES`]; the plain bytes of a track's segments,
//! one after the other, are its WebM. So what a kill can take is the open segment's last chunk of each track: up to 65,520
//! bytes, and the cluster that was open. A span is recorded by one process: after a kill it is sealed as it lies
//! ([`crate::import`]), and the recording goes on in another span.

use std::collections::BTreeMap;

use pars_crypto::CryptoRng;
use pars_crypto::chunks::ChunkError;
use pars_crypto::secret::RecordingKey;
use serde::{Deserialize, Serialize};

use crate::seal::Sealer;
use crate::store::{MAX_SEGMENTS, MAX_TRACKS, Name, Store, StoreError};
use crate::webm::{About, CLUSTER_MS, Codec, Frame, Taken, WebmError, Writer};

/// Milliseconds of a segment, to the next border of a cluster.
pub const SEGMENT_MS: u64 = 60_000;
/// Bytes of a segment, to the next border of a cluster.
pub const SEGMENT_BYTES: u64 = 8 << 20;

/// The track that holds the timeline.
pub const TIMELINE: u16 = 0;

/// What is known when a span begins, and anybody may see: `span.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The recording: `recordingId`, what its spans share.
    #[serde(with = "crate::hexadecimal")]
    pub recording: [u8; 32],
    /// The span: the struct hash that everybody consented to.
    #[serde(with = "crate::hexadecimal")]
    pub span: [u8; 32],
    /// The digest that the consent keys signed.
    #[serde(with = "crate::hexadecimal")]
    pub consent: [u8; 32],
    /// The file key, wrapped for everybody: canonical bytes of the wraps.
    #[serde(with = "crate::hexadecimal")]
    pub wraps: Vec<u8>,
}

/// Whose track it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Number of the seat.
    pub seat: u16,
    /// Pseudonym of the seat.
    pub pseudonym: String,
    /// What it holds.
    pub codec: Codec,
}

/// A track in the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its number, from 1.
    pub track: u16,
    /// Number of the seat.
    pub seat: u16,
    /// Pseudonym of the seat.
    pub pseudonym: String,
    /// What it holds.
    pub codec: Codec,
    /// Milliseconds since the span began.
    pub began_ms: u64,
    /// Milliseconds since the span began.
    pub ended_ms: u64,
    /// Frames in its file.
    pub frames: u64,
    /// Frames that were left out: late, empty, too large, or before the first key frame.
    pub left_out: u64,
}

/// What happened when: the sealed file of track 0, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// Unix milliseconds at which the span began.
    pub began_ms: u64,
    /// Milliseconds since then at which it ended.
    pub ended_ms: u64,
    /// Its tracks, by number.
    pub tracks: Vec<Entry>,
}

/// Why a span is not recorded further.
#[derive(Debug, thiserror::Error)]
pub enum SpanError {
    /// The store. The span has ended: nothing more is taken.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Sealing.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    /// A file.
    #[error(transparent)]
    Webm(#[from] WebmError),
    /// [`MAX_TRACKS`] or [`MAX_SEGMENTS`].
    #[error("the span has no room for another track or segment; begin another span")]
    Full,
    /// No such track, or one that ended.
    #[error("track {0} is not open")]
    NoTrack(u16),
    /// After a failure.
    #[error("the span ended by a failure before; seal what is finished of it")]
    Ended,
    /// JSON.
    #[error("the span cannot be described: {0}")]
    Json(#[from] serde_json::Error),
}

/// A span that is being recorded.
#[derive(Debug)]
pub struct Span<S> {
    store: S,
    key: RecordingKey,
    recording: [u8; 32],
    began_ms: u64,
    open: BTreeMap<u16, Track>,
    entries: BTreeMap<u16, Entry>,
    is_failed: bool,
}

/// A track that is open.
#[derive(Debug)]
struct Track {
    writer: Writer,
    sealed: Sealed,
    /// When the last frame came.
    newest_ms: u64,
}

/// The segments of a track.
#[derive(Debug)]
struct Sealed {
    track: u16,
    next: u32,
    open: Option<Segment>,
}

/// The segment that grows.
#[derive(Debug)]
struct Segment {
    name: Name,
    sealer: Sealer,
    began_ms: u64,
}

impl<S: Store> Span<S> {
    /// Begin a span in an empty store, under a file key that is used for this span only.
    ///
    /// # Errors
    /// [`StoreError`]: nothing is recorded.
    pub fn begin(mut store: S, opening: &Opening, key: RecordingKey, began_ms: u64) -> Result<Self, SpanError> {
        store.open_span(&serde_json::to_vec(opening)?)?;
        let (open, entries) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { store, key, recording: opening.recording, began_ms, open, entries, is_failed: false })
    }

    /// A seat begins a track.
    ///
    /// # Errors
    /// [`SpanError::Full`], [`SpanError::Ended`].
    pub fn track(&mut self, source: &Source, at_ms: u64) -> Result<u16, SpanError> {
        self.check()?;
        let track = self.entries.len() + 1;
        let track = u16::try_from(track).ok().filter(|track| *track <= MAX_TRACKS).ok_or(SpanError::Full)?;
        let Source { seat, pseudonym, codec } = source.clone();
        let about = About { codec, name: pseudonym.clone(), began_ms: self.began_ms };
        let sealed = Sealed { track, next: 0, open: None };
        self.open.insert(track, Track { writer: Writer::new(about), sealed, newest_ms: at_ms });
        let entry = Entry { track, seat, pseudonym, codec, began_ms: at_ms, ended_ms: at_ms, frames: 0, left_out: 0 };
        self.entries.insert(track, entry);
        Ok(track)
    }

    /// A frame of a track.
    ///
    /// # Errors
    /// [`SpanError`]. A frame that is too large is left out and told; after a failure of the store the span has ended.
    pub fn frame(
        &mut self,
        track: u16,
        frame: Frame<'_>,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Taken, SpanError> {
        self.check()?;
        let Self { store, key, recording, open, entries, .. } = self;
        let found = open.get_mut(&track).ok_or(SpanError::NoTrack(track))?;
        let taken = found.writer.push(frame);
        if let Some(entry) = entries.get_mut(&track) {
            match taken {
                Ok(Taken::Kept) => entry.frames += 1,
                _ => entry.left_out += 1,
            }
        }
        found.newest_ms = found.newest_ms.max(frame.arrived_ms);
        let bytes = found.writer.take();
        let kept = found.sealed.push(&mut Desk { store, key, recording }, &bytes, frame.arrived_ms, rng);
        self.note(kept)?;
        Ok(taken?)
    }

    /// Time passes: what a silent track holds back is sealed, and segments that are old enough end.
    ///
    /// # Errors
    /// [`SpanError`]; the span has ended.
    pub fn tick(&mut self, now_ms: u64, rng: &mut (impl CryptoRng + ?Sized)) -> Result<(), SpanError> {
        self.check()?;
        let Self { store, key, recording, open, .. } = self;
        let mut done = Ok(());
        for track in open.values_mut().filter(|track| now_ms >= track.newest_ms.saturating_add(CLUSTER_MS)) {
            done = done.and_then(|()| {
                track.writer.rest()?;
                let bytes = track.writer.take();
                track.sealed.push(&mut Desk { store, key, recording }, &bytes, now_ms, rng)
            });
        }
        self.note(done)
    }

    /// A track ends: its seat left, or stopped it.
    ///
    /// # Errors
    /// [`SpanError`].
    pub fn end(&mut self, track: u16, at_ms: u64, rng: &mut (impl CryptoRng + ?Sized)) -> Result<(), SpanError> {
        self.check()?;
        let Self { store, key, recording, open, entries, .. } = self;
        let Track { writer, mut sealed, newest_ms } = open.remove(&track).ok_or(SpanError::NoTrack(track))?;
        if let Some(entry) = entries.get_mut(&track) {
            entry.ended_ms = at_ms.max(newest_ms);
        }
        let mut desk = Desk { store, key, recording };
        let done = writer.finish().map_err(SpanError::from).and_then(|bytes| {
            sealed.push(&mut desk, &bytes, at_ms, rng)?;
            sealed.finish(&mut desk)
        });
        self.note(done)
    }

    /// The span ends: its tracks, then its timeline. The key is wiped.
    ///
    /// # Errors
    /// [`SpanError`]: what was finished before stays.
    pub fn close(mut self, at_ms: u64, rng: &mut (impl CryptoRng + ?Sized)) -> Result<S, SpanError> {
        while let Some(track) = self.open.first_key_value().map(|(track, _)| *track) {
            self.end(track, at_ms, rng)?;
        }
        self.check()?;
        let tracks = self.entries.into_values().collect();
        let timeline = serde_json::to_vec(&Timeline { began_ms: self.began_ms, ended_ms: at_ms, tracks })?;
        let mut sealed = Sealed { track: TIMELINE, next: 0, open: None };
        let mut desk = Desk { store: &mut self.store, key: &self.key, recording: &self.recording };
        sealed.push(&mut desk, &timeline, at_ms, rng)?;
        sealed.finish(&mut desk)?;
        Ok(self.store)
    }

    const fn check(&self) -> Result<(), SpanError> {
        if self.is_failed { Err(SpanError::Ended) } else { Ok(()) }
    }

    /// A segment that was not written whole is never written again: its chunks are sealed once.
    fn note(&mut self, done: Result<(), SpanError>) -> Result<(), SpanError> {
        self.is_failed |= done.is_err();
        done
    }
}

/// What sealing needs.
struct Desk<'a, S> {
    store: &'a mut S,
    key: &'a RecordingKey,
    recording: &'a [u8; 32],
}

impl Sealed {
    /// Take bytes that end at the border of a cluster.
    fn push<S: Store>(
        &mut self,
        desk: &mut Desk<'_, S>,
        bytes: &[u8],
        now_ms: u64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<(), SpanError> {
        if !bytes.is_empty() {
            let mut segment = match self.open.take() {
                Some(segment) => segment,
                None => self.begin(desk, now_ms, rng)?,
            };
            let chunks = segment.sealer.push(bytes)?;
            if !chunks.is_empty() {
                desk.store.append(segment.name, &chunks)?;
            }
            self.open = Some(segment);
        }
        let is_over = self.open.as_ref().is_some_and(|segment| {
            now_ms >= segment.began_ms.saturating_add(SEGMENT_MS) || segment.sealer.sealed() >= SEGMENT_BYTES
        });
        if is_over { self.finish(desk) } else { Ok(()) }
    }

    fn begin<S: Store>(
        &mut self,
        desk: &mut Desk<'_, S>,
        began_ms: u64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Segment, SpanError> {
        if self.next > MAX_SEGMENTS {
            return Err(SpanError::Full);
        }
        let (id, sealer) = Sealer::begin(desk.key, desk.recording, rng);
        let name = Name { track: self.track, segment: self.next, id };
        self.next += 1;
        // Empty, so that a kill leaves a trace of it.
        desk.store.append(name, &[])?;
        Ok(Segment { name, sealer, began_ms })
    }

    fn finish<S: Store>(&mut self, desk: &mut Desk<'_, S>) -> Result<(), SpanError> {
        let Some(Segment { name, sealer, .. }) = self.open.take() else { return Ok(()) };
        desk.store.append(name, &sealer.finish()?)?;
        Ok(desk.store.finish(name)?)
    }
}

//! Frames of one span, from a seat that listens: opened by the keys of the seat whose they are, and sealed as they come.
//!
//! The media server says whose track is whose. Its word decides which keys are tried and nothing else: a frame that does not open
//! under the keys of that seat in an epoch of the recorder's is left out, so what stands in a track was sealed by its seat.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use alloy::primitives::B256;
use pars_crypto::secret::RecordingKey;
use pars_engine::room::{EpochKeys, SeatView};
use pars_proto::media::{self, MediaError, Opener};
use pars_proto::room::recording::Wraps;
use pars_proto::room::{Role, SeatNo};
use pars_recorder::live::Heard;
use pars_recorder::span::{Opening, Source, Span, SpanError};
use pars_recorder::store::Folder;
use pars_recorder::webm::{Codec, Frame, WebmError};
use pars_wire::RecordingId;
use pars_wire::codec::Wire;

use super::care::remove;
use super::vault::Row;
use super::{Begin, Library, LibraryError};
use crate::driver::SUITE;
use crate::random;

/// Tracks of the media server that are known at once: 25 presenters with several each, and many more.
const MAX_HEARD: usize = 1_024;
/// How often silent tracks are looked at, in ms.
const TICK_MS: u64 = 1_000;
/// Frames of an epoch whose keys have not come yet; how many wait, and how many bytes.
const MAX_EARLY: usize = 512;
const MAX_EARLY_BYTES: usize = 16 << 20;

/// A seat that may be heard.
struct Ear {
    seat: SeatNo,
    opener: Opener,
}

/// A track of the media server.
struct Track {
    /// Whose it is, by the server's word.
    owner: String,
    /// In the span, once a frame has opened.
    number: Option<u16>,
}

/// A frame whose key may come.
struct Early {
    track: String,
    codec: Codec,
    rtp: u32,
    bytes: Vec<u8>,
    now_ms: u64,
}

/// A span that is being recorded. Dropped before [`Capture::seal`], it is sealed as it lies.
pub struct Capture {
    library: Library,
    id: RecordingId,
    began_ms: u64,
    span: Option<Span<Folder>>,
    ears: BTreeMap<String, Ear>,
    /// Indexes of the epochs whose keys are here.
    indexes: BTreeSet<u8>,
    tracks: BTreeMap<String, Track>,
    ticked_ms: u64,
    early: VecDeque<Early>,
    /// Frames that no key opened.
    refused: u64,
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capture({} seats, {} tracks)", self.ears.len(), self.tracks.len())
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // The folder is complete before anybody looks at it.
        self.span = None;
        self.library.0.over(self.id);
        self.library.0.news.notify_one();
    }
}

impl Capture {
    /// The folder, the row, the file key and its wraps. Waits for the disk.
    pub(super) fn begin(library: Library, of: &Begin) -> Result<Self, LibraryError> {
        let Begin { room, recording, consent, keys, began_ms } = of;
        let (id, rng) = (recording.span(), &mut random::system());
        let key = RecordingKey::generate(rng);
        let wraps = Wraps::seal(SUITE, rng, recording.tag, &key, keys)?;
        let opening = Opening { recording: recording.tag.0.0, span: id.0.0, consent: consent.0, wraps: wraps.encode() };
        let until = library.0.vault.until(recording.tag);
        let row = Row { began_ms: Some(*began_ms), until, ..Row::new(recording.tag, Some(*room), true) };
        if library.0.vault.row(id).is_some() {
            return Err(LibraryError::Recorded);
        }
        library.0.vault.put_row(id, &row)?;
        let place = library.0.place(id);
        let begin = |folder| Span::begin(folder, &opening, key, *began_ms);
        let begun = Folder::open(&place).map_err(SpanError::from).and_then(begin);
        let span = match begun {
            Ok(span) => Some(span),
            Err(error) => {
                // Nothing was recorded; the first failure is the one to tell.
                let _ = (remove(&place), library.0.vault.destroy_row(id));
                return Err(error.into());
            }
        };
        Ok(Self {
            library,
            id,
            began_ms: *began_ms,
            span,
            ears: BTreeMap::new(),
            indexes: BTreeSet::new(),
            tracks: BTreeMap::new(),
            ticked_ms: *began_ms,
            early: VecDeque::new(),
            refused: 0,
        })
    }

    /// Which span.
    pub const fn span(&self) -> RecordingId {
        self.id
    }

    /// Keys of all epochs that hold the recorder's seat and are kept, as its member gives them: the one that counts first. Others
    /// are forgotten.
    pub fn keys(&mut self, kept: &[EpochKeys], seats: &[SeatView]) {
        let mut indexes = BTreeSet::new();
        for epoch in kept {
            // Of a fork's two epochs, which have one index, the one that counts is heard.
            if indexes.insert(epoch.index) {
                self.listen(epoch, seats);
            }
        }
        for index in self.indexes.difference(&indexes) {
            self.ears.values_mut().for_each(|ear| ear.opener.remove(*index));
        }
        self.indexes = indexes;
        for Early { track, codec, rtp, bytes, now_ms } in std::mem::take(&mut self.early) {
            // What fails now fails again where it is told.
            let _ = self.frame(track, (codec, rtp, bytes), now_ms);
        }
    }

    fn listen(&mut self, epoch: &EpochKeys, seats: &[SeatView]) {
        for of in &epoch.keys {
            if seats.iter().any(|seat| seat.seat == of.seat && seat.role == Role::Recorder) {
                continue;
            }
            let ear = self.ears.entry(of.identity.clone());
            let ear = ear.or_insert_with(|| Ear { seat: of.seat, opener: Opener::default() });
            if let Err(error) = ear.opener.set(epoch.index, &of.keys.media) {
                tracing::debug!(%error, "a seat's keys of an epoch are not taken");
            }
        }
    }

    /// What the listening seat hears; `now_ms` is Unix milliseconds.
    ///
    /// # Errors
    /// [`LibraryError::Span`]: nothing more is taken; what is finished is for [`Capture::seal`].
    pub fn heard(&mut self, heard: Heard, now_ms: u64) -> Result<(), LibraryError> {
        let done = match heard {
            Heard::Connected => Ok(()),
            Heard::Track { track, owner } => {
                self.gone(&track, now_ms)?;
                if self.tracks.len() < MAX_HEARD {
                    self.tracks.insert(track, Track { owner, number: None });
                }
                Ok(())
            }
            Heard::Refused { error, .. } => {
                tracing::warn!(%error, "a track is not recorded");
                Ok(())
            }
            Heard::Gone { track } => self.gone(&track, now_ms),
            Heard::Frame { track, codec, rtp, bytes } => self.frame(track, (codec, rtp, bytes), now_ms),
            // Another listener begins with other tracks.
            Heard::Ended(_) => {
                let all: Vec<_> = self.tracks.keys().cloned().collect();
                all.iter().try_for_each(|track| self.gone(track, now_ms))
            }
        };
        done?;
        if now_ms >= self.ticked_ms.saturating_add(TICK_MS) { self.tick(now_ms) } else { Ok(()) }
    }

    /// Time passes: to be told about once a second, so that silent tracks are sealed too.
    ///
    /// # Errors
    /// As [`Capture::heard`].
    pub fn tick(&mut self, now_ms: u64) -> Result<(), LibraryError> {
        self.ticked_ms = now_ms;
        let at = self.at(now_ms);
        Ok(self.open()?.tick(at, &mut random::system())?)
    }

    /// Finish the files and make blocks of them; copies elsewhere follow by themselves. Gives what the anchor names: the CID's
    /// binary form, and the hash of the wraps. What a failure left unfinished is called torn.
    ///
    /// # Errors
    /// [`LibraryError::Import`], [`LibraryError::File`]: what is in the folder stays, and is tried again at the next start.
    pub async fn seal(mut self, ended_ms: u64) -> Result<(Vec<u8>, B256), LibraryError> {
        self.finish(ended_ms).await;
        let files = self.library.import(self.id, Some(ended_ms)).await?.ok_or(LibraryError::Unknown)?;
        Ok((files.cid.to_bytes().to_vec(), files.wraps))
    }

    /// Finish the files, and leave the blocks to the next start: a daemon that ends does not wait for them.
    pub async fn close(mut self, ended_ms: u64) {
        self.finish(ended_ms).await;
    }

    async fn finish(&mut self, ended_ms: u64) {
        let (id, at) = (self.id, self.at(ended_ms));
        if let Some(span) = self.span.take() {
            let close = move |inner: &super::Inner| {
                span.close(at, &mut random::system())?;
                inner.change(id, |row| row.ended_ms = Some(ended_ms))
            };
            if let Err(error) = self.library.blocking(close).await {
                tracing::warn!(%error, "a recording is sealed as it lies");
            }
        }
        let left_out = self.refused.saturating_add(self.early.len() as u64);
        if left_out > 0 {
            tracing::info!("{left_out} frames that no key of their seats opened were left out of a recording");
        }
    }

    const fn at(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.began_ms)
    }

    fn open(&mut self) -> Result<&mut Span<Folder>, SpanError> {
        self.span.as_mut().ok_or(SpanError::Ended)
    }

    fn gone(&mut self, track: &str, now_ms: u64) -> Result<(), LibraryError> {
        let number = self.tracks.remove(track).and_then(|track| track.number);
        let at = self.at(now_ms);
        match number {
            Some(number) => Ok(self.open()?.end(number, at, &mut random::system())?),
            None => Ok(()),
        }
    }

    fn frame(&mut self, track: String, frame: (Codec, u32, Vec<u8>), now_ms: u64) -> Result<(), LibraryError> {
        let (codec, rtp, bytes) = frame;
        let arrived_ms = self.at(now_ms);
        let Some(heard) = self.tracks.get_mut(&track) else { return Ok(()) };
        let ear = self.ears.get_mut(&heard.owner);
        let opened = match ear {
            Some(ear) => ear.opener.frame(kind(codec), &bytes).map(|opened| (ear.seat, opened)),
            None => Err(MediaError::NoKey(0)),
        };
        let (seat, opened) = match opened {
            Ok(opened) => opened,
            // Its epoch may have reached its sender before us.
            Err(MediaError::NoKey(_)) => {
                self.wait(Early { track, codec, rtp, bytes, now_ms });
                return Ok(());
            }
            // Packets come twice.
            Err(MediaError::Replayed) => return Ok(()),
            Err(_) => {
                self.refused += 1;
                return Ok(());
            }
        };
        let span = self.span.as_mut().ok_or(SpanError::Ended)?;
        let number = match heard.number {
            Some(number) => number,
            None => {
                let source = Source { seat: seat.0, pseudonym: heard.owner.clone(), codec };
                *heard.number.insert(span.track(&source, arrived_ms)?)
            }
        };
        match span.frame(number, Frame { rtp, arrived_ms, bytes: &opened }, &mut random::system()) {
            // One that is too large is left out, and the span goes on.
            Ok(_) | Err(SpanError::Webm(WebmError::TooLarge(_))) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A frame that nothing opens yet; the oldest is given up when there are too many.
    fn wait(&mut self, early: Early) {
        self.early.push_back(early);
        let too_many = |waiting: &VecDeque<Early>| {
            waiting.len() > MAX_EARLY || waiting.iter().map(|frame| frame.bytes.len()).sum::<usize>() > MAX_EARLY_BYTES
        };
        while too_many(&self.early) {
            self.early.pop_front();
            self.refused += 1;
        }
    }
}

const fn kind(codec: Codec) -> media::Codec {
    match codec {
        Codec::Opus => media::Codec::Opus,
        Codec::Vp8 => media::Codec::Vp8,
    }
}

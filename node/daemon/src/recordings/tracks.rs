//! What is plain: one WebM a track, for a folder of the user's or for the page's player.
//!
//! Tracks for the page are written into memory, never to the disk: [`MAX_OPEN`] of [`MAX_OPEN_BYTES`] together at most; the one
//! that was used longest ago is closed first. Each is closed when nobody has read of it for [`IDLE_MS`], and when its span is
//! forgotten. A machine that swaps may write memory to its swap space.

use std::collections::VecDeque;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pars_crypto::secret::Zeroizing;
use pars_recorder::seal::Ending;
use pars_recorder::span::{Entry, TIMELINE, Timeline};
use pars_recorder::webm::finish::Summary;
use pars_recorder::webm::{About, Codec, WebmError, about};
use pars_rpc::recording as rpc;
use pars_wire::RecordingId;
use rustix::fs::{MemfdFlags, memfd_create};

use super::shelf::{Unlocked, ending};
use super::{Library, LibraryError};
use crate::clock;

/// What errors call a file in memory.
const MEMORY: &str = "opened track";
/// Opened tracks at once.
const MAX_OPEN: usize = 16;
/// Bytes of all opened tracks: as much as a page holds.
const MAX_OPEN_BYTES: u64 = 512 << 20;
/// Milliseconds for which a track stays open that nobody reads of.
const IDLE_MS: u64 = 600_000;

/// An opened track.
#[derive(Clone)]
pub(super) struct Plain {
    file: Arc<File>,
    about: About,
    summary: Summary,
    ending: Ending,
}

/// One of what is open.
struct Open<P> {
    of: (RecordingId, u16),
    plain: P,
    /// Bytes of its sealed files: about those of the plain one.
    size: u64,
    /// Unix milliseconds.
    used_ms: u64,
}

/// Tracks that are open, the one used last at the end.
pub(super) struct Opened<P = Plain>(VecDeque<Open<P>>);

impl<P> Default for Opened<P> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<P: Clone> Opened<P> {
    fn get(&mut self, of: (RecordingId, u16), now_ms: u64) -> Option<P> {
        let place = self.0.iter().position(|open| open.of == of)?;
        let open = Open { used_ms: now_ms, ..self.0.remove(place)? };
        let plain = open.plain.clone();
        self.0.push_back(open);
        Some(plain)
    }

    /// Close what was used longest ago, until one of this size has a place.
    fn make_room(&mut self, size: u64) {
        let is_full = |open: &VecDeque<Open<P>>| {
            let held: u64 = open.iter().map(|open| open.size).sum();
            open.len() >= MAX_OPEN || held.saturating_add(size) > MAX_OPEN_BYTES
        };
        while is_full(&self.0) && self.0.pop_front().is_some() {}
    }

    fn close_idle(&mut self, now_ms: u64) {
        self.0.retain(|open| now_ms.saturating_sub(open.used_ms) < IDLE_MS);
    }

    /// A span is forgotten.
    pub(super) fn close(&mut self, span: RecordingId) {
        self.0.retain(|open| open.of.0 != span);
    }
}

/// A file that is nowhere but in memory.
fn in_memory() -> std::io::Result<File> {
    Ok(memfd_create(MEMORY, MemfdFlags::CLOEXEC)?.into())
}

impl Library {
    /// Close tracks that nobody has read of for ten minutes; `now_ms` in Unix milliseconds.
    pub async fn close_idle(&self, now_ms: u64) {
        self.0.opened.lock().await.close_idle(now_ms);
    }

    async fn open_span(&self, span: RecordingId) -> Result<Unlocked, LibraryError> {
        let found = self.find(span).await?;
        let recording = self.checked(span, &found).await?;
        self.unlock(span, &found, recording).await
    }

    /// Write the tracks of a span into a folder, as plain WebM files of mode 0600. What is there is never written over.
    ///
    /// # Errors
    /// [`LibraryError`]; files that were written before stay.
    pub async fn play(&self, span: RecordingId, folder: &Path) -> Result<rpc::Played, LibraryError> {
        if !folder.is_absolute() {
            return Err(LibraryError::Path(folder.to_owned()));
        }
        let open = self.open_span(span).await?;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| LibraryError::Folder(folder.to_owned(), error))?;
        let timeline = open.recording.timeline(&self.0.blobs, &open.key).await?;
        let mut tracks = Vec::new();
        for played in open.recording.play(&self.0.blobs, &open.key, folder).await? {
            let mut file = File::open(&played.path).map_err(|e| LibraryError::Folder(played.path.clone(), e))?;
            let about = read_about(played.track, &mut file)?;
            let entry = entry(timeline.as_ref(), played.track);
            let told = told((played.track, &about, entry), (played.summary, played.ending));
            tracks.push(rpc::PlayedTrack { path: Some(played.path.display().to_string()), ..told });
        }
        Ok(rpc::Played { tracks })
    }

    /// What tracks a span has, for a player that reads them with [`Library::read`].
    ///
    /// # Errors
    /// [`LibraryError`].
    pub async fn tracks(&self, span: RecordingId) -> Result<rpc::Tracks, LibraryError> {
        let open = self.open_span(span).await?;
        if let Some(timeline) = open.recording.timeline(&self.0.blobs, &open.key).await? {
            let tracks = timeline.tracks.iter().filter(|entry| entry.frames > 0);
            let tracks = tracks.map(|entry| of_timeline(entry, open.recording.manifest().track_ending(entry.track)));
            let (began_at, ended_ms) = (timeline.began_ms, timeline.ended_ms);
            return Ok(rpc::Tracks { began_at, ended_ms, tracks: tracks.collect() });
        }
        // A kill has taken the timeline: the files themselves say what they are.
        let (mut began_at, mut ended_ms, mut tracks) = (0, 0, Vec::new());
        let numbers: Vec<_> = open.recording.manifest().tracks.iter().map(|track| track.track).collect();
        for number in numbers.into_iter().filter(|number| *number != TIMELINE) {
            let plain = match self.opened(span, number).await {
                Ok(plain) => plain,
                Err(LibraryError::NoTrack(_)) => continue,
                Err(error) => return Err(error),
            };
            (began_at, ended_ms) = (plain.about.began_ms, plain.summary.last_ms.max(ended_ms));
            tracks.push(told((number, &plain.about, None), (plain.summary, plain.ending)));
        }
        Ok(rpc::Tracks { began_at, ended_ms, tracks })
    }

    /// Bytes of a track's plain WebM, [`rpc::MAX_READ`] at most.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub async fn read(
        &self,
        span: RecordingId,
        track: u16,
        offset: u64,
        length: u32,
    ) -> Result<rpc::TrackBytes, LibraryError> {
        let plain = self.opened(span, track).await?;
        let length = length.min(rpc::MAX_READ) as usize;
        self.blocking(move |_| {
            let failed = |error| LibraryError::Folder(MEMORY.into(), error);
            let total = plain.file.metadata().map_err(failed)?.len();
            let mut bytes = Zeroizing::new(vec![0; length]);
            let mut done = 0;
            while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
                match plain.file.read_at(rest, offset.saturating_add(done as u64)).map_err(failed)? {
                    0 => break,
                    more => done += more,
                }
            }
            let text = STANDARD.encode(bytes.get(..done).unwrap_or_default());
            Ok(rpc::TrackBytes { bytes: text.into(), total })
        })
        .await
    }

    /// The opened track; opens it first if it is not.
    async fn opened(&self, span: RecordingId, track: u16) -> Result<Plain, LibraryError> {
        // One is opened at a time: the second who asks for it finds it open.
        let mut opened = self.0.opened.lock().await;
        if let Some(plain) = opened.get((span, track), clock::milliseconds()) {
            return Ok(plain);
        }
        let open = self.open_span(span).await?;
        let of_track = open.recording.manifest().tracks.iter().filter(|found| found.track == track);
        let size: u64 = of_track.flat_map(|found| &found.segments).map(|segment| segment.size).sum();
        if size > MAX_OPEN_BYTES {
            return Err(LibraryError::TooLarge(track));
        }
        opened.make_room(size);
        let mut file = in_memory().map_err(|error| LibraryError::Folder(MEMORY.into(), error))?;
        let written = open.recording.track(&self.0.blobs, &open.key, track, (&mut file, MEMORY.as_ref())).await?;
        let (summary, ending) = written.ok_or(LibraryError::NoTrack(track))?;
        let about = read_about(track, &mut file)?;
        let plain = Plain { file: Arc::new(file), about, summary, ending };
        opened.0.push_back(Open { of: (span, track), plain: plain.clone(), size, used_ms: clock::milliseconds() });
        Ok(plain)
    }
}

fn entry(timeline: Option<&Timeline>, track: u16) -> Option<&Entry> {
    timeline?.tracks.iter().find(|entry| entry.track == track)
}

fn read_about(track: u16, file: &mut File) -> Result<About, LibraryError> {
    let failed = |error: WebmError| pars_recorder::play::PlayError::Webm { track, error };
    Ok(about(file).map_err(failed)?)
}

const fn codec(of: Codec) -> rpc::Codec {
    match of {
        Codec::Opus => rpc::Codec::Opus,
        Codec::Vp8 => rpc::Codec::Vp8,
    }
}

fn of_timeline(entry: &Entry, of: Ending) -> rpc::PlayedTrack {
    rpc::PlayedTrack {
        track: entry.track,
        seat: Some(entry.seat),
        pseudonym: entry.pseudonym.clone(),
        codec: codec(entry.codec),
        began_ms: entry.began_ms,
        ended_ms: entry.ended_ms,
        frames: entry.frames,
        ending: ending(of),
        path: None,
    }
}

/// By the timeline if there is one, and by the file.
fn told((track, about, entry): (u16, &About, Option<&Entry>), (summary, of): (Summary, Ending)) -> rpc::PlayedTrack {
    let by_file = rpc::PlayedTrack {
        track,
        seat: None,
        pseudonym: about.name.clone(),
        codec: codec(about.codec),
        began_ms: summary.first_ms,
        ended_ms: summary.last_ms,
        frames: summary.frames,
        ending: ending(of),
        path: None,
    };
    let by_timeline = entry.map(|entry| rpc::PlayedTrack { frames: summary.frames, ..of_timeline(entry, of) });
    by_timeline.unwrap_or(by_file)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::*;

    fn span(of: u8) -> RecordingId {
        RecordingId(B256::repeat_byte(of))
    }

    fn opened(of: &[(u8, u64, u64)]) -> Opened<u8> {
        let open = |(of, size, used_ms): &(u8, u64, u64)| Open {
            of: (span(*of), 1),
            plain: *of,
            size: *size,
            used_ms: *used_ms,
        };
        Opened(of.iter().map(open).collect())
    }

    fn left(of: &Opened<u8>) -> Vec<u8> {
        of.0.iter().map(|open| open.plain).collect()
    }

    #[test]
    fn what_nobody_reads_of_for_ten_minutes_is_closed_and_what_is_read_of_is_not() {
        let mut some = opened(&[(1, 9, 1_000), (2, 9, 2_000), (3, 9, 3_000)]);
        assert_eq!(some.get((span(2), 1), 61_000), Some(2));
        assert_eq!(some.get((span(2), 2), 61_000), None);
        some.close_idle(600_999);
        assert_eq!(left(&some), [1, 3, 2]);
        some.close_idle(601_000);
        assert_eq!(left(&some), [3, 2]);
        some.close_idle(660_999);
        assert_eq!(left(&some), [2]);
        some.close(span(2));
        assert!(left(&some).is_empty());
    }

    #[test]
    fn the_oldest_is_closed_first_when_there_are_too_many_or_they_are_too_large_together() {
        let many: Vec<_> = (0..16).map(|of| (of, 9, 0)).collect();
        let mut some = opened(&many);
        some.make_room(9);
        assert_eq!(left(&some), (1..16).collect::<Vec<_>>());
        let mut some = opened(&[(1, MAX_OPEN_BYTES / 2, 0), (2, 9, 0), (3, MAX_OPEN_BYTES / 2 - 9, 0)]);
        some.make_room(0);
        assert_eq!(left(&some), [1, 2, 3]);
        some.make_room(1);
        assert_eq!(left(&some), [2, 3]);
        some.make_room(MAX_OPEN_BYTES);
        assert!(left(&some).is_empty());
    }
}

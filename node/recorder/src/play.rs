//! A recording from its root: everything is checked before it is used.
//!
//! ```text
//! root CID ─► directory ─► manifest, wraps, segments: the directory and the manifest name the same
//! every block against its CID ─► every chunk under the file key ─► one plain WebM a track, finished
//! ```
//!
//! [`open`] and [`verify`] need no key. Who forgets a recording destroys its key first ([`forget`]); what others keep of its
//! blocks stays sealed. Who holds a recording key and a copy keeps both: that cannot be undone from here.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pars_blobs::store::{check, read_file};
use pars_blobs::{BlobError, BlobSource, BlobStore};
use pars_blocks::directory::{self, DirectoryError};
use pars_blocks::{Bounds, Cid, Scope};
use pars_crypto::chunks::ChunkError;
use pars_crypto::secret::RecordingKey;

use crate::manifest::{
    MANIFEST, MAX_MANIFEST, Manifest, ManifestError, Segment, Track, WRAPS, segment_name, track_name,
};
use crate::seal::{Ending, Opener};
use crate::span::{TIMELINE, Timeline};
use crate::webm::WebmError;
use crate::webm::finish::{Summary, finish};

/// Bytes of the wraps at most: 1,024 of 1,168 bytes and their number.
const MAX_WRAPS: u64 = 2 + 1_024 * 1_168;
/// Bytes of a timeline at most: 9,999 tracks.
const MAX_TIMELINE: usize = 4 << 20;

/// Why a recording is not opened.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// A block: missing, altered, or not what stands above it.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The directory and the manifest disagree.
    #[error("{0}: the directory and the manifest of the recording name different things")]
    Differs(String),
    /// Above a limit.
    #[error("the recording's {0} is larger than any can be")]
    TooLarge(&'static str),
    /// A chunk.
    #[error("segment {segment} of track {track}: {error}")]
    Chunk {
        /// Which track.
        track: u16,
        /// Which segment.
        segment: u32,
        /// What is wrong.
        error: ChunkError,
    },
    /// The timeline.
    #[error("the timeline cannot be read: {0}")]
    Timeline(serde_json::Error),
    /// A file.
    #[error("track {track}: {error}")]
    Webm {
        /// Which track.
        track: u16,
        /// What is wrong.
        error: WebmError,
    },
    /// The folder for the plain files.
    #[error("{path} cannot be written: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// A recording whose manifest and wraps were read and checked against its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    manifest: Manifest,
    wraps: Vec<u8>,
}

/// What was found without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How it ends.
    pub ending: Ending,
    /// Segments, all of them there and whole as blocks.
    pub segments: usize,
    /// Segments that a kill has torn.
    pub torn: usize,
    /// Bytes of all segments.
    pub bytes: u64,
}

/// A plain file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// Which track.
    pub track: u16,
    /// Where it is.
    pub path: PathBuf,
    /// What is in it.
    pub summary: Summary,
    /// Whether something of the track is missing.
    pub ending: Ending,
}

/// Read manifest and wraps below a root, and see that directory and manifest agree.
///
/// # Errors
/// [`PlayError`].
pub async fn open(source: &dyn BlobSource, root: Cid) -> Result<Recording, PlayError> {
    let entries = list(source, root).await?;
    let named = |name: &str| entries.iter().find(|(entry, _)| entry == name).map(|(_, cid)| *cid);
    let missing = |name: &str| PlayError::Differs(name.to_owned());
    let text = read(source, named(MANIFEST).ok_or_else(|| missing(MANIFEST))?, MAX_MANIFEST, "manifest").await?;
    let manifest = Manifest::decode(&text)?;
    if named(WRAPS) != Some(manifest.wraps.cid) || entries.len() != manifest.tracks.len() + 2 {
        return Err(missing(WRAPS));
    }
    for track in &manifest.tracks {
        let name = track_name(track.track);
        let found = list(source, named(&name).ok_or_else(|| missing(&name))?).await?;
        let wanted = track.segments.iter().map(|segment| (segment_name(segment.segment), segment.cid));
        if !found.into_iter().eq(wanted) {
            return Err(missing(&name));
        }
    }
    let wraps = read(source, manifest.wraps.cid, MAX_WRAPS, "wraps").await?;
    if wraps.len() as u64 != manifest.wraps.size {
        return Err(missing(WRAPS));
    }
    Ok(Recording { manifest, wraps })
}

/// See that everything below a root is there and is what it says, without a key.
///
/// # Errors
/// [`PlayError`]: the first thing that is wrong.
pub async fn verify(source: &dyn BlobSource, root: Cid) -> Result<Verified, PlayError> {
    let Recording { manifest, .. } = open(source, root).await?;
    check(source, root, Bounds::STORED).await?;
    let segments: Vec<_> = manifest.tracks.iter().flat_map(|track| &track.segments).collect();
    for track in &manifest.tracks {
        for segment in &track.segments {
            let mut size = 0;
            read_file(source, segment.cid, (Scope::Entity, Bounds::STORED), |bytes| size += bytes.len() as u64).await?;
            if size != segment.size {
                let place = format!("{}/{}", track_name(track.track), segment_name(segment.segment));
                return Err(PlayError::Differs(place));
            }
        }
    }
    Ok(Verified {
        ending: manifest.ending,
        segments: segments.len(),
        torn: segments.iter().filter(|segment| segment.ending == Ending::Torn).count(),
        bytes: segments.iter().map(|segment| segment.size).sum(),
    })
}

/// Destroy the key, then let the blocks go. If the key cannot be destroyed, nothing is done.
///
/// # Errors
/// What destroying the key, or the store, says.
pub async fn forget<E: From<BlobError>>(
    destroy_key: impl FnOnce() -> Result<(), E>,
    store: &dyn BlobStore,
    root: Cid,
) -> Result<(), E> {
    destroy_key()?;
    Ok(store.unpin(root).await?)
}

impl Recording {
    /// What lies where.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The file key, wrapped: canonical bytes. Whether they are those that were anchored is for whoever opens them.
    pub fn wraps(&self) -> &[u8] {
        &self.wraps
    }

    /// When what happened; nothing if the recorder was killed before it could say so.
    ///
    /// # Errors
    /// [`PlayError`].
    pub async fn timeline(&self, source: &dyn BlobSource, key: &RecordingKey) -> Result<Option<Timeline>, PlayError> {
        let Some(track) = self.manifest.tracks.iter().find(|track| track.track == TIMELINE) else { return Ok(None) };
        let mut text = Vec::new();
        let mut sink = |bytes: &[u8]| {
            text.extend_from_slice(bytes);
            if text.len() > MAX_TIMELINE { Err(PlayError::TooLarge("timeline")) } else { Ok(()) }
        };
        if self.text(source, key, track, &mut sink).await? == Ending::Torn {
            return Ok(None);
        }
        serde_json::from_slice(&text).map(Some).map_err(PlayError::Timeline)
    }

    /// Write one plain WebM for each track into a folder, as `track-0001.webm`. What is there is never written over; a file that
    /// cannot be finished is removed. A track that was torn is written up to there.
    ///
    /// # Errors
    /// [`PlayError`].
    pub async fn play(
        &self,
        source: &dyn BlobSource,
        key: &RecordingKey,
        folder: &Path,
    ) -> Result<Vec<Played>, PlayError> {
        let mut played = Vec::new();
        for track in self.manifest.tracks.iter().filter(|track| track.track != TIMELINE) {
            let path = folder.join(format!("track-{}.webm", track_name(track.track)));
            let failed = |error| PlayError::File { path: path.clone(), error };
            let mut file =
                OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
            match self.plain(source, key, track, (&mut file, &path)).await {
                Ok(Some((summary, ending))) => {
                    played.push(Played { track: track.track, path: path.clone(), summary, ending });
                }
                Ok(None) => fs::remove_file(&path).map_err(failed)?,
                Err(error) => {
                    // The first failure is the one to tell.
                    let _ = fs::remove_file(&path);
                    return Err(error);
                }
            }
        }
        Ok(played)
    }

    /// Write one track as a plain WebM into a file that is open for reading and writing, and empty; `path` is what an error
    /// names. Nothing if no frame of it is left, or if there is no such track.
    ///
    /// # Errors
    /// [`PlayError`].
    pub async fn track(
        &self,
        source: &dyn BlobSource,
        key: &RecordingKey,
        number: u16,
        file: (&mut File, &Path),
    ) -> Result<Option<(Summary, Ending)>, PlayError> {
        let found = self.manifest.tracks.iter().find(|track| track.track == number && number != TIMELINE);
        match found {
            Some(track) => self.plain(source, key, track, file).await,
            None => Ok(None),
        }
    }

    /// One plain file; nothing if no frame of it is left.
    async fn plain(
        &self,
        source: &dyn BlobSource,
        key: &RecordingKey,
        track: &Track,
        (file, path): (&mut File, &Path),
    ) -> Result<Option<(Summary, Ending)>, PlayError> {
        let mut is_empty = true;
        let mut sink = |bytes: &[u8]| {
            is_empty &= bytes.is_empty();
            file.write_all(bytes).map_err(|error| PlayError::File { path: path.to_owned(), error })
        };
        let ending = self.text(source, key, track, &mut sink).await?;
        if is_empty {
            return Ok(None);
        }
        let summary = match finish(file, |file, length| file.set_len(length)) {
            Ok(summary) => summary,
            // So little was saved that not even its beginning is there.
            Err(WebmError::Form(_)) if ending == Ending::Torn => return Ok(None),
            Err(error) => return Err(PlayError::Webm { track: track.track, error }),
        };
        let is_cut =
            ending == Ending::Torn || self.manifest.track_ending(track.track) == Ending::Torn || summary.cut > 0;
        Ok((summary.frames > 0).then_some((summary, if is_cut { Ending::Torn } else { Ending::Whole })))
    }

    /// The plain bytes of a track, up to where it is torn.
    async fn text(
        &self,
        source: &dyn BlobSource,
        key: &RecordingKey,
        track: &Track,
        sink: &mut (dyn FnMut(&[u8]) -> Result<(), PlayError> + Send),
    ) -> Result<Ending, PlayError> {
        for (segment, number) in track.segments.iter().zip(0..) {
            if segment.segment != number {
                return Ok(Ending::Torn);
            }
            self.segment(source, key, (track.track, segment), sink).await?;
            if segment.ending == Ending::Torn {
                return Ok(Ending::Torn);
            }
        }
        Ok(Ending::Whole)
    }

    async fn segment(
        &self,
        source: &dyn BlobSource,
        key: &RecordingKey,
        (track, segment): (u16, &Segment),
        sink: &mut (dyn FnMut(&[u8]) -> Result<(), PlayError> + Send),
    ) -> Result<(), PlayError> {
        let refused = |error| PlayError::Chunk { track, segment: segment.segment, error };
        let differs = || PlayError::Differs(format!("{}/{}", track_name(track), segment_name(segment.segment)));
        let mut opener = Opener::begin(key, &self.manifest.recording, segment.id, segment.ending);
        let (mut done, mut size) = (Ok(()), 0);
        read_file(source, segment.cid, (Scope::Entity, Bounds::STORED), |bytes| {
            size += bytes.len() as u64;
            // Whoever opens it has made room for what the manifest says, and for no more.
            if done.is_ok() {
                let fits = if size > segment.size { Err(differs()) } else { Ok(()) };
                done = fits.and_then(|()| opener.push(bytes).map_err(refused)).and_then(|text| sink(&text));
            }
        })
        .await?;
        done?;
        if size != segment.size {
            return Err(differs());
        }
        let (text, _) = opener.finish().map_err(refused)?;
        sink(&text)
    }
}

/// Names and CIDs of a directory.
async fn list(source: &dyn BlobSource, cid: Cid) -> Result<Vec<(String, Cid)>, PlayError> {
    let block = source.get(cid).await?;
    Ok(directory::entries(&block)?.into_iter().map(|link| (link.name, link.cid)).collect())
}

/// A file of few bytes.
async fn read(source: &dyn BlobSource, cid: Cid, most: u64, what: &'static str) -> Result<Vec<u8>, PlayError> {
    let bounds = Bounds { bytes: most + (1 << 20), ..Bounds::STORED };
    let mut text = Vec::new();
    read_file(source, cid, (Scope::Entity, bounds), |bytes| text.extend_from_slice(bytes)).await?;
    if text.len() as u64 > most { Err(PlayError::TooLarge(what)) } else { Ok(text) }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} segments, {} of them torn, {} bytes", self.segments, self.torn, self.bytes)
    }
}

//! The manifest of a span: what lies where, for anybody who fetches, checks or opens it. JSON, with these members and no others.
//!
//! | Member | What |
//! |---|---|
//! | `format` | `pars-recording/1` |
//! | `recording`, `span`, `consent` | `recordingId`, the struct hash everybody consented to, the digest they signed; 32 bytes each |
//! | `profile` | how files are cut into blocks ([`Profile`]); its leaf is a multiple of `chunk` |
//! | `chunk` | 65,536: bytes of a sealed chunk |
//! | `ending` | `whole`, or `torn` if the recorder was killed or a segment is missing |
//! | `wraps` | the file key, wrapped for everybody: `{cid, size}` |
//! | `tracks` | `[{track, segments: [{segment, id, cid, size, ending}]}]`; track 0 is the sealed timeline |
//!
//! The root is a UnixFS directory: `manifest.json`, `wraps`, and a directory for each track (`0000`, `0001`, …) that holds its
//! segments (`00000`, `00001`, …). Its CID is what the anchor names, so the manifest needs no signature. Who spoke when and in
//! which codec is in the sealed timeline alone; how many tracks there are, their sizes and their number of minutes are visible
//! (DECISIONS O-43).

use std::collections::BTreeSet;

use pars_blocks::{Cid, Profile};
use pars_crypto::chunks::{CHUNK, FileId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::seal::Ending;
use crate::span::TIMELINE;
use crate::store::{MAX_SEGMENTS, MAX_TRACKS};

/// What it says of itself.
const FORMAT: &str = "pars-recording/1";
/// Bytes of a manifest at most: 40,000 segments.
pub const MAX_MANIFEST: u64 = 8 << 20;

/// Why a manifest is none.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// JSON, or its members.
    #[error("the manifest cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Another format.
    #[error("the manifest is of format {0:?}; this program reads pars-recording/1")]
    Format(String),
    /// What it says contradicts itself.
    #[error("the manifest's {0} cannot be")]
    Value(&'static str),
}

/// A file of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its root.
    #[serde(serialize_with = "write_cid", deserialize_with = "read_cid")]
    pub cid: Cid,
    /// Its bytes.
    pub size: u64,
}

/// A sealed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Which part of its track, from 0.
    pub segment: u32,
    /// What makes its key its own.
    #[serde(serialize_with = "write_id", deserialize_with = "read_id")]
    pub id: FileId,
    /// Its root.
    #[serde(serialize_with = "write_cid", deserialize_with = "read_cid")]
    pub cid: Cid,
    /// Its bytes.
    pub size: u64,
    /// How it ends.
    pub ending: Ending,
}

/// The segments of a track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// Its number; 0 is the timeline.
    pub track: u16,
    /// By their number.
    pub segments: Vec<Segment>,
}

impl Track {
    /// Whether every segment is there, and was finished.
    fn has_all(&self) -> bool {
        let whole = self.segments.iter().all(|segment| segment.ending == Ending::Whole);
        whole && self.segments.iter().zip(0..).all(|(segment, number)| segment.segment == number)
    }
}

/// A manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: String,
    /// `recordingId`.
    #[serde(with = "crate::hexadecimal")]
    pub recording: [u8; 32],
    /// The span.
    #[serde(with = "crate::hexadecimal")]
    pub span: [u8; 32],
    /// The digest that was signed.
    #[serde(with = "crate::hexadecimal")]
    pub consent: [u8; 32],
    /// Name of the [`Profile`].
    pub profile: String,
    chunk: u32,
    /// How the span ends.
    pub ending: Ending,
    /// The wraps.
    pub wraps: Part,
    /// The tracks, by number.
    pub tracks: Vec<Track>,
}

impl Manifest {
    /// Put together what is known; how it ends follows from the tracks.
    pub(crate) fn new(opening: &crate::span::Opening, profile: Profile, wraps: Part, tracks: Vec<Track>) -> Self {
        let is_whole = tracks.first().is_some_and(|first| first.track == TIMELINE) && tracks.iter().all(Track::has_all);
        Self {
            format: FORMAT.to_owned(),
            recording: opening.recording,
            span: opening.span,
            consent: opening.consent,
            profile: profile.name().to_owned(),
            chunk: CHUNK as u32,
            ending: if is_whole { Ending::Whole } else { Ending::Torn },
            wraps,
            tracks,
        }
    }

    /// How a track ends; one that is not there is torn. Without a whole timeline nobody knows whether a track went on when the
    /// recorder was killed, so every track is torn.
    pub fn track_ending(&self, track: u16) -> Ending {
        let has_all = |number| self.tracks.iter().any(|found| found.track == number && found.has_all());
        if has_all(track) && has_all(TIMELINE) { Ending::Whole } else { Ending::Torn }
    }

    /// The JSON text.
    ///
    /// # Errors
    /// [`ManifestError::Json`].
    pub fn encode(&self) -> Result<Vec<u8>, ManifestError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Read a manifest and see that it does not contradict itself.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn decode(text: &[u8]) -> Result<Self, ManifestError> {
        let read: Self = serde_json::from_slice(text)?;
        let profile = Profile::by_name(&read.profile).ok_or(ManifestError::Value("profile"))?;
        let rises = |numbers: &mut dyn Iterator<Item = u32>, most: u32| {
            let numbers: Vec<_> = numbers.collect();
            numbers.windows(2).all(|pair| pair.first() < pair.last()) && numbers.last().is_none_or(|last| *last <= most)
        };
        let ids: Vec<_> = read.tracks.iter().flat_map(|track| &track.segments).map(|segment| segment.id).collect();
        match () {
            () if read.format != FORMAT => Err(ManifestError::Format(read.format)),
            () if read.chunk as usize != CHUNK || !profile.leaf().is_multiple_of(CHUNK) => {
                Err(ManifestError::Value("chunk"))
            }
            () if !rises(&mut read.tracks.iter().map(|track| track.track.into()), MAX_TRACKS.into()) => {
                Err(ManifestError::Value("order of tracks"))
            }
            () if !read
                .tracks
                .iter()
                .all(|track| rises(&mut track.segments.iter().map(|segment| segment.segment), MAX_SEGMENTS)) =>
            {
                Err(ManifestError::Value("order of segments"))
            }
            // One key for two files would be one nonce for two texts.
            () if ids.iter().collect::<BTreeSet<_>>().len() != ids.len() => Err(ManifestError::Value("file ids")),
            () => Ok(read),
        }
    }

    /// How files are cut into blocks.
    ///
    /// # Errors
    /// [`ManifestError::Value`].
    pub fn profile(&self) -> Result<Profile, ManifestError> {
        Profile::by_name(&self.profile).ok_or(ManifestError::Value("profile"))
    }
}

/// Name of the manifest in the root directory.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Name of the wraps in the root directory.
pub(crate) const WRAPS: &str = "wraps";

/// Name of a track's directory.
pub(crate) fn track_name(track: u16) -> String {
    format!("{track:04}")
}

/// Name of a segment in it.
pub(crate) fn segment_name(segment: u32) -> String {
    format!("{segment:05}")
}

fn write_cid<S: Serializer>(cid: &Cid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(cid)
}

fn read_cid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cid, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

fn write_id<S: Serializer>(id: &FileId, serializer: S) -> Result<S::Ok, S::Error> {
    crate::hexadecimal::serialize(&id.0, serializer)
}

fn read_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FileId, D::Error> {
    crate::hexadecimal::deserialize(deserializer).map(FileId)
}

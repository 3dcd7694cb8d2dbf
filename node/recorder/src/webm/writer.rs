//! Frames in, WebM out.

use webm_iterable::matroska_spec::{Master, MatroskaSpec as Tag, SimpleBlock};
use webm_iterable::{WebmWriter, WriteOptions};

use super::clock::Clock;
use super::{
    About, CLUSTER_BYTES, CLUSTER_MS, Codec, DURATION_PLACE, Frame, MAX_FRAME, SEEK_PLACE, TRACK, WebmError, key_frame,
};

/// Milliseconds from 1970 to 2001, where Matroska's dates begin.
pub(super) const TO_2001_MS: u64 = 978_307_200_000;
/// Nanoseconds that a player decodes before the place it seeks to, as for every Opus track.
const PRE_ROLL: u64 = 80_000_000;
/// A video track, an audio track (RFC 9559 section 5.1.4.1.3).
const VIDEO: u64 = 1;
const AUDIO: u64 = 2;

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is in the file.
    Kept,
    /// Nothing can be shown before the first key frame.
    BeforeKey,
    /// Not later than the frame before, or empty.
    Late,
}

/// Writes the WebM of one track.
pub struct Writer {
    about: About,
    clock: Clock,
    out: WebmWriter<Vec<u8>>,
    has_head: bool,
    cluster: Option<Cluster>,
}

/// The cluster that is open.
struct Cluster {
    at_ms: u64,
    bytes: usize,
    blocks: Vec<Tag>,
}

impl Writer {
    /// Begin a file. Nothing is written before the first frame: a video's size stands in its first key frame.
    pub fn new(about: About) -> Self {
        let clock = Clock::new(about.codec.rate());
        Self { about, clock, out: WebmWriter::new(Vec::new()), has_head: false, cluster: None }
    }

    /// Take a frame.
    ///
    /// # Errors
    /// [`WebmError::TooLarge`]: the frame is left out.
    pub fn push(&mut self, frame: Frame<'_>) -> Result<Taken, WebmError> {
        if frame.bytes.len() > MAX_FRAME {
            return Err(WebmError::TooLarge(frame.bytes.len()));
        }
        let size = if self.about.codec == Codec::Vp8 { key_frame(frame.bytes) } else { None };
        let is_key = self.about.codec == Codec::Opus || size.is_some();
        if frame.bytes.is_empty() {
            return Ok(Taken::Late);
        }
        if !self.has_head && !is_key {
            return Ok(Taken::BeforeKey);
        }
        let Some(at_ms) = self.clock.at(frame.rtp, frame.arrived_ms) else { return Ok(Taken::Late) };
        if !self.has_head {
            self.head(size)?;
        }
        let is_over = self.cluster.as_ref().is_some_and(|cluster| {
            at_ms - cluster.at_ms >= CLUSTER_MS || cluster.bytes + frame.bytes.len() > CLUSTER_BYTES || size.is_some()
        });
        if is_over {
            self.end_cluster()?;
        }
        let cluster = self.cluster.get_or_insert_with(|| Cluster { at_ms, bytes: 0, blocks: Vec::new() });
        // Below 5,000: it fits.
        let offset = i16::try_from(at_ms - cluster.at_ms).unwrap_or(i16::MAX);
        cluster.bytes += frame.bytes.len();
        cluster.blocks.push(SimpleBlock::new_uncheked(frame.bytes, TRACK, offset, false, None, false, is_key).into());
        Ok(Taken::Kept)
    }

    /// The bytes that are ready: the beginning, and clusters that are whole.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.out.get_mut())
    }

    /// Nothing comes for a while: end the cluster that is open, so that its bytes are ready.
    ///
    /// # Errors
    /// [`WebmError::Write`].
    pub fn rest(&mut self) -> Result<(), WebmError> {
        self.end_cluster()
    }

    /// End the file: the last bytes. An empty file is one to which no frame came.
    ///
    /// # Errors
    /// [`WebmError::Write`].
    pub fn finish(mut self) -> Result<Vec<u8>, WebmError> {
        self.end_cluster()?;
        Ok(self.take())
    }

    fn end_cluster(&mut self) -> Result<(), WebmError> {
        let Some(Cluster { at_ms, mut blocks, .. }) = self.cluster.take() else { return Ok(()) };
        blocks.insert(0, Tag::Timestamp(at_ms));
        Ok(self.out.write(&Tag::Cluster(Master::Full(blocks)))?)
    }

    fn head(&mut self, size: Option<(u16, u16)>) -> Result<(), WebmError> {
        self.has_head = true;
        self.out.write(&Tag::Ebml(Master::Full(vec![
            Tag::EbmlVersion(1),
            Tag::EbmlReadVersion(1),
            Tag::EbmlMaxIdLength(4),
            Tag::EbmlMaxSizeLength(8),
            Tag::DocType("webm".to_owned()),
            Tag::DocTypeVersion(4),
            Tag::DocTypeReadVersion(2),
        ])))?;
        self.out.write_advanced(&Tag::Segment(Master::Start), WriteOptions::is_unknown_sized_element())?;
        self.out.write(&void(SEEK_PLACE))?;
        let date = self.about.began_ms.cast_signed().saturating_sub_unsigned(TO_2001_MS).saturating_mul(1_000_000);
        self.out.write(&Tag::Info(Master::Full(vec![
            // Nanoseconds of a tick: milliseconds.
            Tag::TimestampScale(1_000_000),
            void(DURATION_PLACE),
            Tag::DateUTC(date),
            Tag::MuxingApp("webm-iterable".to_owned()),
            Tag::WritingApp("pars-recorder".to_owned()),
        ])))?;
        let mut entry = vec![
            Tag::TrackNumber(TRACK),
            Tag::TrackUID(TRACK),
            Tag::TrackType(if size.is_some() { VIDEO } else { AUDIO }),
            Tag::FlagLacing(0),
            Tag::Language("und".to_owned()),
            Tag::Name(self.about.name.clone()),
        ];
        entry.extend(match size {
            Some((width, height)) => vec![
                Tag::CodecID("V_VP8".to_owned()),
                Tag::Video(Master::Full(vec![Tag::PixelWidth(width.into()), Tag::PixelHeight(height.into())])),
            ],
            None => opus(),
        });
        Ok(self.out.write(&Tag::Tracks(Master::Full(vec![Tag::TrackEntry(Master::Full(entry))])))?)
    }
}

/// What is said of an Opus track. Pre-skip is 0: a track begins somewhere in a sender's stream, so no decoder's start-up lies in
/// it that could be skipped. Two channels: every packet, mono or stereo, decodes to two.
fn opus() -> Vec<Tag> {
    let mut head = b"OpusHead".to_vec();
    head.extend([1, 2]);
    head.extend(0_u16.to_le_bytes());
    head.extend(48_000_u32.to_le_bytes());
    // Gain, then mapping family 0.
    head.extend([0, 0, 0]);
    vec![
        Tag::CodecID("A_OPUS".to_owned()),
        Tag::CodecPrivate(head),
        Tag::CodecDelay(0),
        Tag::SeekPreRoll(PRE_ROLL),
        Tag::Audio(Master::Full(vec![Tag::SamplingFrequency(48_000.0), Tag::Channels(2)])),
    ]
}

/// A Void of this many bytes, its head of two included.
pub(super) fn void(size: usize) -> Tag {
    Tag::Void(vec![0; size.saturating_sub(2)])
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Writer({:?})", self.about.codec)
    }
}

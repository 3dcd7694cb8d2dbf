//! One WebM of one track, as it was received (RFC 9559; webmproject.org/docs/container; Opus: RFC 7845 and codec/opus.html).
//!
//! ```text
//! EBML | Segment (size unknown) | Void 96: place of the SeekHead | Info, with a Void of 11 for the Duration | Tracks
//!      | Cluster: up to 5 s, its size known, begins at a key frame where there is one | Cluster | …
//! ```
//!
//! The writer only appends: what it gave goes into sealed chunks, and a sealed chunk can never be written again. Cues, Duration
//! and SeekHead are put into their places by [`finish`], in the plain file of whoever opens the recording. Clusters come out
//! whole, so a file that stops anywhere between two of them is a WebM.

mod about;
mod clock;
pub mod finish;
mod writer;

pub use about::about;
pub use writer::{Taken, Writer};

/// Bytes of the place of the SeekHead, with its own head.
pub(crate) const SEEK_PLACE: usize = 96;
/// Bytes of the place of the Duration: id 2, size 1, a number of 8.
pub(crate) const DURATION_PLACE: usize = 11;
/// Milliseconds of a cluster at most.
pub const CLUSTER_MS: u64 = 5_000;
/// Bytes of a cluster's frames at most, but for a single frame.
pub const CLUSTER_BYTES: usize = 2 << 20;
/// Bytes of a frame at most.
pub const MAX_FRAME: usize = 2 << 20;
/// The number of a file's one track.
pub(crate) const TRACK: u64 = 1;

/// What a track holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// Packets of Opus (RFC 6716), RTP clock 48,000.
    Opus,
    /// Frames of VP8 (RFC 6386), RTP clock 90,000.
    Vp8,
}

impl Codec {
    /// Ticks of RTP time a second (RFC 7587, RFC 7741).
    const fn rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Vp8 => 90_000,
        }
    }
}

/// What is said of a track in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// What it holds.
    pub codec: Codec,
    /// The name: the pseudonym of its seat.
    pub name: String,
    /// Unix milliseconds at which the span began: times of the file count from there.
    pub began_ms: u64,
}

/// A frame as it came out of the frame cryptor.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// RTP time.
    pub rtp: u32,
    /// When it came, in milliseconds since the span began.
    pub arrived_ms: u64,
    /// An Opus packet, or a whole VP8 frame.
    pub bytes: &'a [u8],
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum WebmError {
    /// A frame above [`MAX_FRAME`].
    #[error("a frame of {0} bytes is too large; the most is 2,097,152")]
    TooLarge(usize),
    /// The library refuses.
    #[error("the WebM cannot be written: {0}")]
    Write(#[from] webm_iterable::errors::TagWriterError),
    /// What is read is no file of [`Writer`].
    #[error("this is no WebM of a recording: {0}")]
    Form(&'static str),
    /// The file system.
    #[error("the WebM cannot be finished: {0}")]
    Io(#[from] std::io::Error),
}

/// Width and height of a VP8 key frame (RFC 6386 section 9.1); nothing for another frame.
fn key_frame(frame: &[u8]) -> Option<(u16, u16)> {
    let head: &[u8; 10] = frame.first_chunk()?;
    let [tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] = *head else { return None };
    let (width, height) = (u16::from_le_bytes([w0, w1]) & 0x3fff, u16::from_le_bytes([h0, h1]) & 0x3fff);
    (tag & 1 == 0 && width > 0 && height > 0).then_some((width, height))
}

//! Encrypted frames and data of a room: LiveKit's format with our rules (TOWNHALL section 3, "Media"). Normative; the page's
//! worker writes and reads the same bytes, and both share `tests/vectors/room/media.json`.
//!
//! ```text
//! key    = HKDF-SHA256(ikm = key material 32, salt = "LKFrameEncryptionKey", info = 128 zero bytes, 32)
//! frame  = header | AES-256-GCM(key, iv, AAD header; rest of the frame) with tag16 | iv12 | 0x0c | kid1
//! data   = AES-256-GCM(key, iv, no AAD; EncryptedPacketPayload) with tag16; iv and kid travel in EncryptedPacket
//! iv     = ssrc4 | counter8 of frames, 0^4 | counter8 of data
//! ```
//!
//! Integers are big-endian. The material is `K_media` for frames and `K_data` for data, one for each seat, connection and
//! epoch; kid is the epoch's number mod 256.
//!
//! | Codec | Header: what stays readable and is authenticated |
//! |---|---|
//! | Opus | 1 byte |
//! | VP8 | 10 bytes where bit 0 of the first is 0 (a key frame, RFC 6386 9.1), else 3 |
//! | H264 | all up to and with the second byte of the first slice (NAL type 1 or 5), its start codes made 4 bytes long |
//!
//! After an H264 header everything, iv and kid too, stands with emulation prevention: a 3 before every byte 0 to 3 that
//! follows two zeros (H.264 7.4.1), so that no start code arises. The page sends and reads Opus and VP8 only.
//!
//! What is ours and not LiveKit's:
//!
//! - Nothing is sent or played in clear: no empty frame, no switch, no frames injected by a server. A frame shorter than its
//!   header is refused, and a sealed one below header + 16 + 14 bytes or with another iv length than 12.
//! - The counter starts at 0 for each key and SSRC, whatever tracks and transforms come and go; a used-up or repeated
//!   one is never sealed. LiveKit takes timestamps and a random start, which may repeat.
//! - No ratchet: a key that does not open is not turned further.
//! - A replay window of 1,024 counters for each key and SSRC, looked at after the tag. The SSRC is that of the iv: an SFU
//!   rewrites RTP's. At most 64 SSRCs a key.
//! - A key material stands under one index only: neither a sealer nor a ring takes it under a second one. The ring keeps
//!   what its owner has not removed; an older epoch's keys go after 10 s.
//!
//! | Module | Holds |
//! |---|---|
//! | [`header`] | how much of a frame stays readable |
//! | [`window`] | the replay window |
//! | [`sealer`], [`opener`] | the two ends |

pub mod header;
pub mod opener;
pub mod sealer;
pub mod window;

pub use header::Codec;
pub use opener::Opener;
pub use sealer::{SealedData, Sealer};

/// Bytes of an iv.
pub const IV: usize = 12;
/// Bytes behind the tag of a sealed frame: iv, its length, kid.
pub const TRAILER: usize = IV + 2;
/// SSRCs of one key at most: cameras, screens, microphones and the layers of each, many times over.
pub const MAX_SSRCS: usize = 64;
/// Bytes of a frame at most, sealed or not: a large key frame and more.
pub const MAX_FRAME: usize = 4 * 1024 * 1024;

/// Why a frame or data is not sealed or not opened. Whoever gets it sends or plays nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Empty, or shorter than its readable header.
    #[error("the frame is shorter than its header; it is dropped")]
    Short,
    /// More than 4 MiB.
    #[error("the frame has {0} bytes, more than 4 MiB; it is dropped")]
    Long(usize),
    /// An H264 access unit that does not begin with a start code or holds no slice.
    #[error("the H264 frame holds no slice behind a start code; it is dropped")]
    NoSlice,
    /// The trailer names another iv length.
    #[error("the frame does not end as an encrypted frame does: it is clear or damaged; it is dropped")]
    Trailer,
    /// No key under this index.
    #[error("there is no key {0} of this sender; its epoch is not known or is over")]
    NoKey(u8),
    /// Wrong key, or changed.
    #[error("the frame does not open under its sender's key")]
    Refused,
    /// Opened before, or too old.
    #[error("the frame was seen already or is too old")]
    Replayed,
    /// More than 64 SSRCs under one key.
    #[error("this key has been used with 64 SSRCs; a new epoch or connection is needed")]
    TooManySources,
    /// The counter of this key and SSRC is used up.
    #[error("this key has no counter left for the SSRC; a new epoch or connection is needed")]
    Exhausted,
    /// The material stands under another index already.
    #[error("this key material stands under another index already; every epoch has its own")]
    MaterialReused,
}

//! Why a session refuses: one enum per operation. After any of these the session is byte for byte what it was before.

use pars_crypto::dh::LowOrder;
use pars_wire::codec::DecodeError;

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Local: the content is longer than the largest object of this chain holds.
    #[error("{length} bytes of content do not fit, at most {most} do; send it as a file")]
    TooLong {
        /// Bytes given.
        length: usize,
        /// Bytes that fit.
        most: usize,
    },
    /// Local: the flag is set by the protocol itself, or belongs to signed messages, which this version does not send.
    #[error("the flags {0:#010x} are not for callers to set")]
    Flags(u32),
    /// Local: the chain carried all its messages or lived its days without an answer.
    #[error("this sending chain has ended without an answer; begin a new handshake")]
    ChainEnded,
    /// Peer: its X25519 key has low order. Such a key is refused when it comes in, so this is a damaged state.
    #[error(transparent)]
    LowOrder(#[from] LowOrder),
}

/// Why an object was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// Peer or stranger: no layout of ours.
    #[error("the object is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// No header key of this session opens it: for another session, or damaged.
    #[error("no chain of this session opens the header")]
    Undecryptable,
    /// The header opens, the key commitment or the body does not: damaged, or not made by the peer.
    #[error("the body does not open under the key of its position")]
    Forged,
    /// Its key was used, dropped for room, or expired.
    #[error("the key of this position is gone: the message was read already or is too old")]
    TooOld,
    /// The counter skips more positions than one object may.
    #[error("the counter jumps from {from} to {to}, further than one object may")]
    JumpTooFar {
        /// The next position of the chain.
        from: u32,
        /// What the header says.
        to: u32,
    },
    /// The peer began a chain although it has no new keys of ours.
    #[error("a new chain came out of turn")]
    OutOfTurn,
    /// REPLY is set where it must not be, or missing where it must be.
    #[error("the REPLY flag does not fit this chain")]
    ReplyFlag,
    /// An object's ratchet keys differ from those of its chain.
    #[error("the ratchet keys differ from those of the chain")]
    OtherKeys,
    /// The peer's X25519 key has low order.
    #[error(transparent)]
    LowOrder(#[from] LowOrder),
    /// A signed message; this version cannot check it and shows nothing unchecked.
    #[error("signed messages are not supported by this version")]
    SignedUnsupported,
    /// An INIT object whose repeated part differs from the one that opened the session.
    #[error("the repeated part of the INIT differs from the one that opened the session")]
    OtherInit,
}

//! What every link carries: `ver1 | pos1 | hdr4736 | δ11646`, 16,384 bytes (SESSION section 5).

use pars_wire::codec::{DecodeError, Reader};
use pars_wire::limits::{ONION_HEADER, ONION_PAYLOAD, ONION_ROOM, PACKET};

/// Version byte of an onion packet.
pub const VERSION: u8 = 1;
/// Version byte of a packet that only fills a slot: ignored by everybody. Sent when cover traffic joins.
pub const DROP_VERSION: u8 = 0;
/// Bytes of one layer of the header: ciphertext 1,120, routing 48, tag 16.
pub const LAYER: usize = 1_184;
/// Layers of a header: three relays and the service node, or three mixes and the client's first relay.
pub const HOPS: usize = 4;
/// Zero bytes in front of a body: whoever opens a payload checks them.
pub const ZEROS: usize = ONION_PAYLOAD - ONION_ROOM;

/// What a packet carries to its end: a command or an answer, padded to this size. 11,614 bytes.
pub type Body = Box<[u8; ONION_ROOM]>;

/// Why a packet goes no further. For local counters only: nobody outside is told, and all look alike on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum DropReason {
    /// Not 16,384 bytes, or a version or position that does not exist.
    #[error("the bytes are no packet of this version")]
    Format,
    /// More packets than the admitted rate, or no room to hold one.
    #[error("more packets arrive than this node admits")]
    Overload,
    /// The ciphertext's point has low order.
    #[error("the key encapsulation is malformed")]
    Encapsulation,
    /// The header does not open under any accepted epoch key: changed, misdirected or from another epoch.
    #[error("the header does not open under an accepted epoch key")]
    Header,
    /// Routing that no honest sender makes.
    #[error("the routing contradicts the position")]
    Routing,
    /// Seen before.
    #[error("the packet was seen before")]
    Replay,
    /// Its time is over.
    #[error("the packet has expired")]
    Expired,
    /// It claims to live longer than a packet may.
    #[error("the packet would live too long")]
    TooLong,
    /// The payload is noise: changed on the way.
    #[error("the payload is noise")]
    Noise,
    /// A reply block nobody here made, or one that was used.
    #[error("no open reply block has this index")]
    Surb,
}

/// One packet of a link.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    /// 0 to 3 at a node, 4 at the client that a reply reaches.
    pub position: u8,
    pub(super) header: Box<[u8; ONION_HEADER]>,
    pub(super) payload: Box<[u8; ONION_PAYLOAD]>,
}

impl Packet {
    /// Take apart received bytes; only length, version and position can be wrong.
    ///
    /// # Errors
    /// [`DropReason::Format`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DropReason> {
        Self::read(bytes).map_err(|_| DropReason::Format)
    }

    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        from.magic(&[VERSION], "packet version")?;
        let position = from.u8("position")?;
        if usize::from(position) > HOPS {
            return Err(DecodeError::Value { what: "position", value: position.into() });
        }
        let (header, payload) = (from.array_ref("header")?, from.array_ref("payload")?);
        // Nothing is taken for a packet of another length.
        from.finish()?;
        Ok(Self { position, header: Box::new(*header), payload: Box::new(*payload) })
    }

    /// The 16,384 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PACKET);
        bytes.extend_from_slice(&[VERSION, self.position]);
        bytes.extend_from_slice(&*self.header);
        bytes.extend_from_slice(&*self.payload);
        bytes
    }
}

impl std::fmt::Debug for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Packet(position {})", self.position)
    }
}

/// `0^32 ‖ body`.
pub(super) fn payload_of(body: &[u8; ONION_ROOM]) -> Box<[u8; ONION_PAYLOAD]> {
    let mut payload = Box::new([0; ONION_PAYLOAD]);
    for (to, from) in payload.iter_mut().skip(ZEROS).zip(body) {
        *to = *from;
    }
    payload
}

/// The body behind 32 zero bytes.
///
/// # Errors
/// [`DropReason::Noise`] if they are not zero.
pub(super) fn body_of(payload: &[u8; ONION_PAYLOAD]) -> Result<Body, DropReason> {
    let mut from = Reader::new(payload);
    from.zeros(ZEROS, "zero check").map_err(|_| DropReason::Noise)?;
    from.array("body").map(Box::new).map_err(|_| DropReason::Format)
}

//! A message before it is sealed and after it was opened, and the ratchet header that describes it.

use pars_crypto::dh::DhPublic;
use pars_crypto::kem::{Kem1024Ciphertext, Kem1024Public};
use pars_crypto::secret::Zeroizing;
use pars_wire::codec::{DecodeError, Reader, Writer};
use pars_wire::content::{ContentType, Flags};
use pars_wire::machine::Now;

use super::error::{ReceiveError, SendError};
use super::layout::{HEADER, LENGTH};

/// Header times are rounded down to five minutes: finer times identify people (SESSION section 9).
const TIMESTAMP_GRAIN: u64 = 300;

/// The time that a message written now carries in its header: seconds since the Unix epoch, rounded down to 300.
pub const fn header_time(now: Now) -> u64 {
    let seconds = now.wall.unix_seconds();
    seconds - seconds % TIMESTAMP_GRAIN
}

/// A message's name for receipts and the user interface; chosen at random by its sender. 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(
    /// The bytes.
    pub [u8; 16],
);

/// What a caller wants sent.
#[derive(Clone, Copy)]
pub struct Draft<'a> {
    /// Its name.
    pub id: MessageId,
    /// Its place in the conversation; counted by the caller over all devices.
    pub sequence: u64,
    /// What the content is.
    pub content_type: ContentType,
    /// Flags; REPLY is set by the protocol, SIGNED is not supported yet.
    pub flags: Flags,
    /// The content.
    pub content: &'a [u8],
}

/// A message as it came out of its object.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Its name.
    pub id: MessageId,
    /// Seconds since the Unix epoch by the sender's clock, rounded down to five minutes.
    pub timestamp: u64,
    /// Its place in the conversation.
    pub sequence: u64,
    /// What the content is.
    pub content_type: ContentType,
    /// Flags, without REPLY.
    pub flags: Flags,
    /// The content; wiped when dropped.
    pub content: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({:?}, {} bytes)", self.content_type, self.content.len())
    }
}

impl std::fmt::Debug for Delivered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Delivered({:?}, {} bytes)", self.content_type, self.content.len())
    }
}

impl Draft<'_> {
    pub(super) fn check(&self) -> Result<(), SendError> {
        let reserved = self.flags.has(Flags::REPLY) || self.flags.has(Flags::SIGNED);
        if reserved { Err(SendError::Flags(self.flags.bits())) } else { Ok(()) }
    }

    pub(super) fn envelope(&self, now: Now) -> Envelope {
        Envelope {
            id: self.id,
            timestamp: header_time(now),
            sequence: self.sequence,
            content_type: self.content_type,
            flags: self.flags,
        }
    }
}

/// What stands about a message in its header, or in the body of an INIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) id: MessageId,
    pub(super) timestamp: u64,
    pub(super) sequence: u64,
    pub(super) content_type: ContentType,
    pub(super) flags: Flags,
}

impl Envelope {
    fn write_names(&self, out: &mut Writer) {
        out.bytes(&self.id.0).u64(self.timestamp).u64(self.sequence);
    }

    fn write_types(&self, out: &mut Writer) {
        out.u16(self.content_type as u16).u32(self.flags.bits());
    }

    /// `MessageID16|Timestamp8|Sequence8|ContentType2|Flags4`: the head of an INIT body.
    pub(super) fn write(&self, out: &mut Writer) {
        self.write_names(out);
        self.write_types(out);
    }

    /// Read what [`Envelope::write`] wrote.
    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (id, timestamp, sequence) = read_names(from)?;
        let (content_type, flags) = read_types(from)?;
        Ok(Self { id, timestamp, sequence, content_type, flags })
    }

    /// The message with its content. `reply` is whether REPLY may stand among the flags.
    pub(super) fn deliver(self, content: Zeroizing<Vec<u8>>, reply: bool) -> Result<Delivered, ReceiveError> {
        if self.flags.has(Flags::SIGNED) {
            return Err(ReceiveError::SignedUnsupported);
        }
        if self.flags.has(Flags::REPLY) != reply {
            return Err(ReceiveError::ReplyFlag);
        }
        let flags = Flags::try_from(self.flags.bits() & !Flags::REPLY.bits())?;
        let Self { id, timestamp, sequence, content_type, .. } = self;
        Ok(Delivered { id, timestamp, sequence, content_type, flags, content })
    }
}

fn read_names(from: &mut Reader<'_>) -> Result<(MessageId, u64, u64), DecodeError> {
    Ok((MessageId(from.array("message id")?), from.u64("timestamp")?, from.u64("sequence")?))
}

fn read_types(from: &mut Reader<'_>) -> Result<(ContentType, Flags), DecodeError> {
    Ok((ContentType::try_from(from.u16("content type")?)?, Flags::try_from(from.u32("flags")?)?))
}

/// The public ratchet keys of one turn, as every object of the chain repeats them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// X: the sender's new X25519 key.
    pub(super) x: DhPublic,
    /// ek: the sender's new ML-KEM-1024 key.
    pub(super) ek: Kem1024Public,
    /// ct: made for the receiver's last ML-KEM-1024 key.
    pub(super) ct: Kem1024Ciphertext,
}

impl Tail {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.x.0).bytes(self.ek.as_bytes()).bytes(self.ct.as_bytes());
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let x = DhPublic(from.array("X")?);
        let ek = Kem1024Public::from_bytes(from.array_ref("ek")?);
        let ek = ek.map_err(|_| DecodeError::Malformed { what: "ML-KEM-1024 key" })?;
        Ok(Self { x, ek, ct: Kem1024Ciphertext::from_bytes(from.array_ref("ct")?) })
    }
}

/// The ratchet header, 3,214 bytes:
/// `MessageID16|Timestamp8|Sequence8|X 32|ek1568|ct1568|Counter4|PN4|ContentType2|Flags4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) envelope: Envelope,
    pub(super) tail: Tail,
    pub(super) counter: u32,
    pub(super) previous: u32,
}

impl Header {
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::with_capacity(HEADER);
        self.envelope.write_names(&mut out);
        self.tail.write(&mut out);
        out.u32(self.counter).u32(self.previous);
        self.envelope.write_types(&mut out);
        Zeroizing::new(out.into_bytes())
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        let (id, timestamp, sequence) = read_names(&mut from)?;
        let tail = Tail::read(&mut from)?;
        let (counter, previous) = (from.u32("counter")?, from.u32("length of the previous chain")?);
        let (content_type, flags) = read_types(&mut from)?;
        from.finish()?;
        let envelope = Envelope { id, timestamp, sequence, content_type, flags };
        Ok(Self { envelope, tail, counter, previous })
    }

    pub(super) const fn is_reply(&self) -> bool {
        self.envelope.flags.has(Flags::REPLY)
    }
}

/// `len2|content|zero pad` of exactly `size` bytes, behind what `out` holds already. The caller has checked that it fits.
pub(super) fn pad(mut out: Writer, content: &[u8], size: usize) -> Zeroizing<Vec<u8>> {
    out.u16(content.len() as u16).bytes(content);
    let padding = size.saturating_sub(out.len());
    out.zeros(padding);
    Zeroizing::new(out.into_bytes())
}

/// The content out of `len2|content|zero pad`.
pub(super) fn unpad(mut from: Reader<'_>) -> Result<Zeroizing<Vec<u8>>, DecodeError> {
    let content = Zeroizing::new(from.lp("content")?.to_vec());
    from.zeros(from.remaining(), "padding")?;
    Ok(content)
}

const _: () = assert!(LENGTH == 2, "lp has two bytes of length");

#[cfg(test)]
mod tests {
    use pars_wire::machine::{Tick, UnixMinute};

    use super::*;

    fn draft(flags: Flags) -> Draft<'static> {
        Draft { id: MessageId([7; 16]), sequence: 9, content_type: ContentType::Text, flags, content: b"hello" }
    }

    #[test]
    fn times_are_rounded_down_to_five_minutes() {
        for (minute, seconds) in [(0, 0), (4, 0), (5, 300), (9, 300), (10, 600), (29_000_003, 1_740_000_000)] {
            let now = Now { tick: Tick(1), wall: UnixMinute(minute) };
            assert_eq!(draft(Flags::NONE).envelope(now).timestamp, seconds, "{minute}");
        }
    }

    #[test]
    fn callers_cannot_set_the_protocols_flags() {
        assert_eq!(draft(Flags::REPLY).check(), Err(SendError::Flags(0x8000_0000)));
        assert_eq!(draft(Flags::SIGNED).check(), Err(SendError::Flags(8)));
        assert_eq!(draft(Flags::RECEIPT_WANTED.with(Flags::EXPIRES)).check(), Ok(()));
    }

    #[test]
    fn padding_that_is_not_zero_and_lengths_beyond_the_body_are_refused() {
        let padded = pad(Writer::default(), b"hi", 8);
        assert_eq!(padded[..], [0, 2, b'h', b'i', 0, 0, 0, 0]);
        assert_eq!(unpad(Reader::new(&padded)).unwrap()[..], b"hi"[..]);
        assert!(unpad(Reader::new(&[0, 1, b'h', 1])).is_err());
        assert!(unpad(Reader::new(&[0, 2, b'h'])).is_err());
    }

    #[test]
    fn messages_print_no_content() {
        assert_eq!(format!("{:?}", draft(Flags::NONE)), "Draft(Text, 5 bytes)");
    }
}

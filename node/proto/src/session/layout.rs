//! The three objects of a session as they lie in a mailbox (SESSION sections 3 and 4). Every object starts with
//! `ver1|kind1` and has the size of a bucket.
//!
//! ```text
//! RATCHET  ver|kind|r16|hdr3230|[ct_auth1568]|body|tag16|com32                       S, M, L
//! INIT     ver|kind|suite|spk_id8|EK_A32|ct1 1568|ct2 1568|sealed6432|n2|r16|body1459|tag16|com32       L
//! COMP     ver|kind|ref16|idx1|count1|text11100|tag16                                L
//! ```
//!
//! Not here: what is inside the encrypted parts (`header`, `handshake`).

use pars_crypto::aead::TAG;
use pars_crypto::suite::{KEM1024_CIPHERTEXT, SuiteId};
use pars_wire::codec::{DecodeError, Reader};
use pars_wire::limits::{BUCKET_L, MAX_INIT};

use super::bucket::Bucket;

/// Version of every layout here.
pub(super) const VERSION: u8 = 1;
/// Bytes of the random value of an object.
pub(super) const RANDOM: usize = 16;
/// Bytes of a key commitment.
pub(super) const COMMITMENT: usize = 32;
/// Bytes of the length in front of content.
pub(super) const LENGTH: usize = 2;
/// Bytes of the ratchet header.
pub(super) const HEADER: usize = 3_214;
/// Bytes of the ratchet header, sealed.
pub(super) const SEALED_HEADER: usize = HEADER + TAG;
/// Bytes of a MSG object that are neither length nor content nor padding.
pub(super) const MSG_OVERHEAD: usize = 2 + RANDOM + SEALED_HEADER + TAG + COMMITMENT;
/// The same for a REPLY object, which carries `ct_auth`.
pub(super) const REPLY_OVERHEAD: usize = MSG_OVERHEAD + KEM1024_CIPHERTEXT;
/// Bytes of the clear part of an INIT.
pub(super) const INIT_PREFIX: usize = 3_179;
/// Bytes of the sealed part of an INIT.
pub(super) const INIT_SEALED: usize = 6_432;
/// Bytes of an INIT object that are not its body.
pub(super) const INIT_OVERHEAD: usize = INIT_PREFIX + INIT_SEALED + 2 + RANDOM + TAG + COMMITMENT;
/// Bytes of the body of an INIT object: head, length, content, padding.
pub(super) const INIT_BODY: usize = BUCKET_L - INIT_OVERHEAD;
/// Bytes of content of an INIT object.
pub(super) const INIT_CONTENT: usize = INIT_BODY - INIT_BODY_HEAD - LENGTH;
/// `MessageID16|Timestamp8|Sequence8|ContentType2|Flags4` in an INIT body.
pub(super) const INIT_BODY_HEAD: usize = 38;
/// Bytes of a companion's clear part, its associated data.
pub(super) const COMPANION_HEAD: usize = 20;
/// Bytes of a companion that are encrypted: length, record, padding.
pub(super) const COMPANION_TEXT: usize = BUCKET_L - COMPANION_HEAD - TAG;
/// Companions of an INIT: the identity record and the device certificate.
pub(super) const COMPANIONS: u8 = 2;

/// The outer kind byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A ratchet object: MSG or REPLY.
    Ratchet = 1,
    /// First contact.
    Init = 2,
    /// A record that belongs to an INIT.
    Companion = 3,
}

/// What the body key of an object is for (`mkind`): enters its derivation and, for MSG and REPLY, the step's transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum MessageKind {
    /// A message of any chain but the two below.
    Msg = 1,
    /// A message of the responder's first chain.
    Reply = 2,
    /// A message of the initiator's first chain.
    Init = 3,
}

/// An object read as far as it is clear. Borrowed from the bytes received.
#[derive(Clone, Debug)]
pub enum Object<'a> {
    /// MSG or REPLY.
    Ratchet(RatchetObject<'a>),
    /// First contact.
    Init(InitObject<'a>),
    /// A record that belongs to an INIT.
    Companion(CompanionObject<'a>),
}

/// A MSG or REPLY; which of the two, only its header says.
#[derive(Clone, Debug)]
pub struct RatchetObject<'a> {
    pub(super) r: &'a [u8; RANDOM],
    pub(super) header: &'a [u8; SEALED_HEADER],
    pub(super) rest: &'a [u8],
}

/// Object `n` of an init chain.
#[derive(Clone, Debug)]
pub struct InitObject<'a> {
    pub(super) prefix: &'a [u8; INIT_PREFIX],
    pub(super) spk_id: [u8; 8],
    pub(super) ek: [u8; 32],
    pub(super) ct1: &'a [u8; KEM1024_CIPHERTEXT],
    pub(super) ct2: &'a [u8; KEM1024_CIPHERTEXT],
    pub(super) sealed: &'a [u8; INIT_SEALED],
    pub(super) n: u16,
    pub(super) r: &'a [u8; RANDOM],
    pub(super) body: &'a [u8],
}

/// Companion `index`: a sealed record.
#[derive(Clone, Debug)]
pub struct CompanionObject<'a> {
    pub(super) head: &'a [u8; COMPANION_HEAD],
    pub(super) reference: [u8; 16],
    pub(super) index: u8,
    pub(super) sealed: &'a [u8],
}

impl<'a> Object<'a> {
    /// Read the clear part.
    ///
    /// # Errors
    /// [`DecodeError`] for another version, kind, suite or size.
    pub fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        from.magic(&[VERSION], "object of version 1")?;
        let wrong_size = DecodeError::Value { what: "object size", value: bytes.len() as u64 };
        let bucket = Bucket::of_size(bytes.len()).ok_or(wrong_size)?;
        match (from.u8("object kind")?, bucket) {
            (1, _) => RatchetObject::read(from).map(Self::Ratchet),
            (2, Bucket::L) => InitObject::read(from, bytes).map(Self::Init),
            (3, Bucket::L) => CompanionObject::read(from, bytes).map(Self::Companion),
            (2 | 3, _) => Err(wrong_size),
            (kind, _) => Err(DecodeError::Value { what: "object kind of a session", value: u64::from(kind) }),
        }
    }
}

impl<'a> RatchetObject<'a> {
    /// `ver|kind|r`: the associated data of the header.
    pub(super) fn head(r: &[u8; RANDOM]) -> Vec<u8> {
        [&[VERSION, Kind::Ratchet as u8], &r[..]].concat()
    }

    fn read(mut from: Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self { r: from.array_ref("r")?, header: from.array_ref("sealed header")?, rest: from.rest() })
    }
}

impl<'a> InitObject<'a> {
    /// The id of the leaf it was made for.
    pub const fn leaf_id(&self) -> [u8; 8] {
        self.spk_id
    }

    /// Its place in the init chain.
    pub const fn position(&self) -> u16 {
        self.n
    }

    fn read(mut from: Reader<'a>, whole: &'a [u8]) -> Result<Self, DecodeError> {
        let prefix = Reader::new(whole).array_ref("INIT prefix")?;
        if SuiteId::Session.require(from.u8("suite")?).is_err() {
            return Err(DecodeError::Magic { what: "an INIT of suite 0x01" });
        }
        let (spk_id, ek) = (from.array("leaf id")?, from.array("EK_A")?);
        let (ct1, ct2) = (from.array_ref("ct1")?, from.array_ref("ct2")?);
        let (sealed, n) = (from.array_ref("sealed part")?, from.u16("n")?);
        if n >= MAX_INIT {
            return Err(DecodeError::Value { what: "position in an init chain", value: u64::from(n) });
        }
        Ok(Self { prefix, spk_id, ek, ct1, ct2, sealed, n, r: from.array_ref("r")?, body: from.rest() })
    }
}

impl<'a> CompanionObject<'a> {
    /// The first 16 bytes of the TH0 of its INIT.
    pub const fn reference(&self) -> [u8; 16] {
        self.reference
    }

    /// 0 = identity record, 1 = device certificate.
    pub const fn index(&self) -> u8 {
        self.index
    }

    fn read(mut from: Reader<'a>, whole: &'a [u8]) -> Result<Self, DecodeError> {
        let head = Reader::new(whole).array_ref("companion head")?;
        let (reference, index, count) = (from.array("reference")?, from.u8("index")?, from.u8("count")?);
        if count != COMPANIONS {
            return Err(DecodeError::Value { what: "number of companions", value: u64::from(count) });
        }
        if index >= count {
            return Err(DecodeError::Value { what: "companion index", value: u64::from(index) });
        }
        Ok(Self { head, reference, index, sealed: from.rest() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_of_the_layouts_hold() {
        assert_eq!((HEADER, SEALED_HEADER, MSG_OVERHEAD, REPLY_OVERHEAD), (3_214, 3_230, 3_296, 4_864));
        assert_eq!(2 + 1 + 8 + 32 + 2 * KEM1024_CIPHERTEXT, INIT_PREFIX);
        assert_eq!((INIT_OVERHEAD, INIT_BODY, INIT_CONTENT), (9_677, 1_459, 1_419));
        assert_eq!(COMPANION_TEXT - LENGTH, 11_098);
    }

    #[test]
    fn only_bucket_sizes_of_known_kinds_and_version_one_are_read() {
        let object = |kind: u8, size: usize| [&[VERSION, kind][..], &vec![0; size - 2]].concat();
        for size in [4_096, 6_144, 11_136] {
            assert!(matches!(Object::read(&object(1, size)), Ok(Object::Ratchet(_))));
            assert!(Object::read(&object(1, size + 1)).is_err() && Object::read(&object(1, size - 1)).is_err());
            assert!(Object::read(&object(4, size)).is_err() && Object::read(&object(0, size)).is_err());
        }
        assert!(Object::read(&object(2, 6_144)).is_err() && Object::read(&object(3, 4_096)).is_err());
        assert!(Object::read(&[]).is_err() && Object::read(&[2, 1]).is_err());
    }

    #[test]
    fn an_init_of_another_suite_or_beyond_the_chain_is_refused() {
        let mut bytes = [&[VERSION, 2, 1][..], &[0; BUCKET_L - 3]].concat();
        assert!(matches!(Object::read(&bytes), Ok(Object::Init(init)) if init.n == 0));
        bytes[INIT_PREFIX + INIT_SEALED + 1] = 32;
        assert_eq!(
            Object::read(&bytes).unwrap_err(),
            DecodeError::Value { what: "position in an init chain", value: 32 }
        );
        for suite in (0..=u8::MAX).filter(|suite| *suite != 1) {
            bytes[2] = suite;
            assert!(Object::read(&bytes).is_err(), "suite {suite}");
        }
    }
}

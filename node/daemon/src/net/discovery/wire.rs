//! `/pars/descriptors/1`: what is asked and answered, as CBOR.

use std::collections::BTreeSet;
use std::fmt;

use pars_crypto::suite::DSA87_PUBLIC;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::directory::{Item, ItemHash, MAX_NODES, Refusal};

/// The protocol's name.
pub(super) const PROTOCOL: &str = "/pars/descriptors/1";
/// Bytes of a request: the hashes of every node's item and some.
pub(super) const REQUEST: u64 = 48 * 1_024;
/// Bytes of an answer: a page and some.
pub(super) const RESPONSE: u64 = 160 * 1_024;

/// A byte string; serde's own form of a vector would be a list of numbers.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a byte string")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }

            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }
        from.deserialize_byte_buf(Any)
    }
}

/// A descriptor and the ML-DSA key it verifies under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Signed {
    psrd: Bytes,
    dsa: Bytes,
}

impl From<&Item> for Signed {
    fn from(item: &Item) -> Self {
        Self { psrd: Bytes(item.psrd.clone()), dsa: Bytes(item.dsa.to_vec()) }
    }
}

impl TryFrom<Signed> for Item {
    type Error = Refusal;

    fn try_from(signed: Signed) -> Result<Self, Refusal> {
        let dsa: [u8; DSA87_PUBLIC] = signed.dsa.0.try_into().map_err(|_| Refusal::Malformed)?;
        Ok(Self { psrd: signed.psrd.0, dsa: Box::new(dsa) })
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Request {
    /// Hold this.
    Put(Signed),
    /// Everything of a day but what is known: hashes of 16 bytes, one after the other.
    Get { day: u32, known: Bytes },
    /// Hold this metadata object of a room.
    PutObject(Bytes),
    /// The metadata object of this hash of 32 bytes.
    GetObject(Bytes),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Response {
    /// It is held.
    Held,
    /// A page, and whether there is more.
    Page { items: Vec<Signed>, more: bool },
    /// An object, if it is held.
    Object(Option<Bytes>),
    /// No.
    Refused(Refusal),
}

/// Hashes, one after the other.
pub(super) fn join(hashes: &BTreeSet<ItemHash>) -> Bytes {
    Bytes(hashes.iter().take(MAX_NODES).flatten().copied().collect())
}

/// And back; a rest of less than 16 bytes is nobody's hash.
pub(super) fn split(hashes: &Bytes) -> BTreeSet<ItemHash> {
    hashes.0.chunks_exact(16).filter_map(|hash| hash.try_into().ok()).collect()
}

#[cfg(test)]
mod tests;

//! Keys that consent beside those of seats, so that the chain does not tell how many were there (ELIGIBILITY section 4.3):
//! key i has the secp256k1 secret `H("pars-consent-dummy-v1"; seed32, i2)`, i from 0; an i that gives no scalar is skipped.
//! Everybody in the room knows the seed and can tell them apart; nobody outside can.

use std::fmt;

use pars_crypto::CryptoRng;
use pars_crypto::hash::hash;
use pars_crypto::label::HashLabel;
use pars_crypto::secret::SharedSecret;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};
use pars_wire::limits::MAX_DUMMIES;

use super::consent::ConsentKey;

/// A seed and how many keys of it are in the roster. 34 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Dummies {
    seed: SharedSecret,
    count: u16,
}

impl Dummies {
    /// A fresh seed; none above [`MAX_DUMMIES`].
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized), count: u16) -> Option<Self> {
        Self::new(SharedSecret::generate(rng), count)
    }

    /// With a known seed; none above [`MAX_DUMMIES`].
    pub fn new(seed: SharedSecret, count: u16) -> Option<Self> {
        (count <= MAX_DUMMIES).then_some(Self { seed, count })
    }

    /// How many.
    pub const fn count(&self) -> u16 {
        self.count
    }

    /// The keys, in the order of i.
    pub fn keys(&self) -> Vec<ConsentKey> {
        let key = |i: u16| {
            let secret = hash(HashLabel::CONSENT_DUMMY, &[self.seed.expose(), &i.to_be_bytes()]);
            ConsentKey::from_scalar(&secret)
        };
        (0..=u16::MAX).filter_map(key).take(self.count.into()).collect()
    }
}

impl Wire for Dummies {
    fn write(&self, out: &mut Writer) {
        out.bytes(self.seed.expose()).u16(self.count);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let seed = SharedSecret::from_bytes(from.array("seed of dummies")?);
        let count = from.u16("dummies")?;
        Self::new(seed, count).ok_or(DecodeError::Value { what: "dummies", value: count.into() })
    }
}

impl fmt::Debug for Dummies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dummies({}, redacted)", self.count)
    }
}

//! X25519 (RFC 7748). An all-zero result, which every low-order point gives, aborts (SESSION SD9, THREATS P4).

use std::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::hash::random;
use crate::secret::SharedSecret;
use crate::witness;

/// The other side's point has low order: the shared secret would be all zero and known to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the X25519 public key has low order; refuse its sender")]
pub struct LowOrder;

/// An X25519 public key: 32 bytes. Any 32 bytes are one; a bad one shows when a secret is agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DhPublic(
    /// The u-coordinate, little-endian.
    pub [u8; 32],
);

/// An X25519 secret key: 32 bytes.
#[derive(Clone)]
pub struct DhSecret(StaticSecret);

impl DhSecret {
    /// Take over derived or stored bytes. They are clamped when used (RFC 7748 section 5).
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(StaticSecret::from(bytes))
    }

    /// Fresh from the caller's source.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self::from_bytes(random(rng))
    }

    /// The public key.
    pub fn public(&self) -> DhPublic {
        DhPublic(PublicKey::from(&self.0).to_bytes())
    }

    /// `X(secret, public)`.
    ///
    /// # Errors
    /// [`LowOrder`] if the result is all zero.
    pub fn agree(&self, with: &DhPublic) -> Result<SharedSecret, LowOrder> {
        witness::count(|work| work.agreed += 1);
        let shared = self.0.diffie_hellman(&PublicKey::from(with.0));
        if shared.was_contributory() { Ok(SharedSecret::from_bytes(shared.to_bytes())) } else { Err(LowOrder) }
    }

    /// The bytes, for [`crate::Sealed`]; never for a log.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for DhSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DhSecret(redacted)")
    }
}

impl PartialEq for DhSecret {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for DhSecret {}

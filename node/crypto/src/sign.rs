//! Signatures (SESSION SD9): the hybrid `HS(label, M)` and Ed25519 alone. Nothing here signs bytes without a label.
//!
//! `HS(label, M)` 4,691 = Ed25519(label ‖ 0x00 ‖ M) 64 ‖ ML-DSA-87(ctx = label, M) 4,627, hedged; both halves must verify,
//! Ed25519 strictly (no small-order keys, no malleable scalars).

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::hash::random;
use crate::label::{HybridLabel, SignatureLabel};
use crate::secret::{DsaSeed, Ed25519Seed};
use crate::suite::{DSA87_PUBLIC, DSA87_SIGNATURE, Suite};
use crate::witness;

/// Bytes of an Ed25519 signature.
pub const ED25519_SIGNATURE: usize = 64;
/// Bytes of a hybrid signature.
pub const HYBRID_SIGNATURE: usize = ED25519_SIGNATURE + DSA87_SIGNATURE;
/// Bytes of a hybrid public key as it stands in records: ML-DSA-87, then Ed25519.
pub const HYBRID_PUBLIC: usize = DSA87_PUBLIC + 32;

/// Why a key or a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The Ed25519 half is wrong: other key, label or message, or a changed byte.
    #[error("the Ed25519 signature does not verify")]
    Ed25519,
    /// The ML-DSA half is wrong, while the Ed25519 half is right.
    #[error("the ML-DSA-87 signature does not verify")]
    MlDsa,
    /// 32 bytes that are no Ed25519 key, or one of small order.
    #[error("the Ed25519 public key is no point of the prime-order group in canonical form")]
    Key,
}

fn framed(label: &[u8], message: &[u8]) -> Vec<u8> {
    [label, &[0], message].concat()
}

/// An Ed25519 public key that is a canonical point not of small order. 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ed25519Public(VerifyingKey);

impl Ed25519Public {
    /// Check and take over received bytes.
    ///
    /// # Errors
    /// [`SignatureError::Key`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SignatureError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| SignatureError::Key)?;
        // Decompression accepts a y above the field order; what it would be sent as again must be what came.
        let canonical = key.to_edwards().compress().to_bytes() == *bytes;
        if canonical && !key.is_weak() { Ok(Self(key)) } else { Err(SignatureError::Key) }
    }

    /// The bytes on the wire.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Verify Ed25519(label ‖ 0x00 ‖ message), strictly.
    ///
    /// # Errors
    /// [`SignatureError::Ed25519`].
    pub fn verify(
        &self,
        label: SignatureLabel,
        message: &[u8],
        signature: &[u8; ED25519_SIGNATURE],
    ) -> Result<(), SignatureError> {
        self.verify_framed(&framed(label.as_bytes(), message), signature)
    }

    fn verify_framed(&self, framed: &[u8], signature: &[u8; ED25519_SIGNATURE]) -> Result<(), SignatureError> {
        witness::count(|work| work.verified += 1);
        self.0.verify_strict(framed, &Signature::from_bytes(signature)).map_err(|_| SignatureError::Ed25519)
    }
}

/// An Ed25519 key that signs alone: mailbox days, receipts, seats.
#[derive(Clone)]
pub struct Ed25519Secret {
    seed: Ed25519Seed,
    key: SigningKey,
}

impl Ed25519Secret {
    /// Expand a seed that was derived or stored.
    pub fn from_seed(seed: Ed25519Seed) -> Self {
        let key = SigningKey::from_bytes(seed.expose());
        Self { seed, key }
    }

    /// A fresh key.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self::from_seed(Ed25519Seed::generate(rng))
    }

    /// The public key.
    pub fn public(&self) -> Ed25519Public {
        Ed25519Public(self.key.verifying_key())
    }

    /// The seed: the only form in which this key is stored.
    pub const fn seed(&self) -> &Ed25519Seed {
        &self.seed
    }

    /// Ed25519(label ‖ 0x00 ‖ message).
    pub fn sign(&self, label: SignatureLabel, message: &[u8]) -> [u8; ED25519_SIGNATURE] {
        self.key.sign(&framed(label.as_bytes(), message)).to_bytes()
    }
}

/// A hybrid public key: ML-DSA-87 and Ed25519.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HybridPublic {
    dsa: Box<[u8; DSA87_PUBLIC]>,
    ed25519: Ed25519Public,
}

impl HybridPublic {
    /// Check and take over the two halves.
    ///
    /// # Errors
    /// [`SignatureError::Key`]. (Any 2,592 bytes are an ML-DSA key.)
    pub fn from_parts(dsa: &[u8; DSA87_PUBLIC], ed25519: &[u8; 32]) -> Result<Self, SignatureError> {
        Ok(Self { dsa: Box::new(*dsa), ed25519: Ed25519Public::from_bytes(ed25519)? })
    }

    /// The ML-DSA-87 half.
    pub const fn dsa(&self) -> &[u8; DSA87_PUBLIC] {
        &self.dsa
    }

    /// The Ed25519 half.
    pub const fn ed25519(&self) -> &Ed25519Public {
        &self.ed25519
    }

    /// Verify `HS(label, message)`: both halves, Ed25519 first because it is the cheaper.
    ///
    /// # Errors
    /// [`SignatureError::Ed25519`] or [`SignatureError::MlDsa`].
    pub fn verify(
        &self,
        suite: &dyn Suite,
        label: HybridLabel,
        message: &[u8],
        signature: &HybridSignature,
    ) -> Result<(), SignatureError> {
        self.ed25519.verify_framed(&framed(label.as_bytes(), message), &signature.ed25519)?;
        if suite.dsa87_verify(&self.dsa, label, message, &signature.dsa) { Ok(()) } else { Err(SignatureError::MlDsa) }
    }
}

impl fmt::Debug for HybridPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HybridPublic({HYBRID_PUBLIC} bytes)")
    }
}

/// `HS`: 4,691 bytes, Ed25519 then ML-DSA-87.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HybridSignature {
    ed25519: [u8; ED25519_SIGNATURE],
    dsa: Box<[u8; DSA87_SIGNATURE]>,
}

impl HybridSignature {
    /// How many bytes.
    pub const SIZE: usize = HYBRID_SIGNATURE;

    /// Take over received bytes; whether they sign anything is for [`HybridPublic::verify`].
    pub fn from_bytes(bytes: &[u8; HYBRID_SIGNATURE]) -> Self {
        let mut ed25519 = [0; ED25519_SIGNATURE];
        let mut dsa = Box::new([0; DSA87_SIGNATURE]);
        for (to, from) in ed25519.iter_mut().chain(dsa.iter_mut()).zip(bytes) {
            *to = *from;
        }
        Self { ed25519, dsa }
    }

    /// The bytes on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.ed25519[..], &self.dsa[..]].concat()
    }
}

impl fmt::Debug for HybridSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HybridSignature({HYBRID_SIGNATURE} bytes)")
    }
}

/// A hybrid signing key: two seeds, and the ML-DSA half's working form in memory.
#[derive(Clone)]
pub struct HybridSecret {
    ed25519: Ed25519Secret,
    dsa_seed: DsaSeed,
    working: Zeroizing<Vec<u8>>,
    public: HybridPublic,
}

impl HybridSecret {
    /// Expand seeds that were derived or stored. Costs an ML-DSA key generation.
    pub fn from_seeds(suite: &dyn Suite, dsa_seed: DsaSeed, ed25519: Ed25519Seed) -> Self {
        let expanded = suite.dsa87_expand(dsa_seed.expose());
        let ed25519 = Ed25519Secret::from_seed(ed25519);
        let public = HybridPublic { dsa: expanded.public, ed25519: ed25519.public() };
        Self { ed25519, dsa_seed, working: expanded.working, public }
    }

    /// A fresh key.
    pub fn generate(suite: &dyn Suite, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self::from_seeds(suite, DsaSeed::generate(rng), Ed25519Seed::generate(rng))
    }

    /// The public key.
    pub const fn public(&self) -> &HybridPublic {
        &self.public
    }

    /// The seed of the ML-DSA half, for [`crate::Sealed`].
    pub const fn dsa_seed(&self) -> &DsaSeed {
        &self.dsa_seed
    }

    /// The seed of the Ed25519 half, for [`crate::Sealed`].
    pub const fn ed25519_seed(&self) -> &Ed25519Seed {
        self.ed25519.seed()
    }

    /// `HS(label, message)`, hedged with 32 bytes of the caller's source. `suite` is the one that expanded the seeds.
    pub fn sign(
        &self,
        suite: &dyn Suite,
        label: HybridLabel,
        message: &[u8],
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> HybridSignature {
        self.sign_with(suite, label, message, &random(rng))
    }

    /// As [`HybridSecret::sign`] with given hedging bytes, for vectors: zeros give FIPS 204's deterministic variant.
    pub fn sign_with(
        &self,
        suite: &dyn Suite,
        label: HybridLabel,
        message: &[u8],
        randomness: &[u8; 32],
    ) -> HybridSignature {
        let ed25519 = self.ed25519.key.sign(&framed(label.as_bytes(), message)).to_bytes();
        HybridSignature { ed25519, dsa: suite.dsa87_sign(&self.working, label, message, randomness) }
    }
}

macro_rules! redacted {
    ($($name:ident)+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )+};
}

redacted! { Ed25519Secret HybridSecret }

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 section 7.1, TEST 3.
    #[test]
    fn ed25519_gives_the_signature_of_rfc_8032() {
        let bytes = |text: &str| hex::decode(text).unwrap();
        let seed = bytes("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
        let secret = Ed25519Secret::from_seed(Ed25519Seed::from_bytes(seed.try_into().unwrap()));
        let public = bytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
        assert_eq!(secret.public().as_bytes()[..], public);
        let signature = bytes(concat!(
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac",
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ));
        assert_eq!(secret.key.sign(&[0xaf, 0x82]).to_bytes()[..], signature);
        assert_eq!(secret.public().verify_framed(&[0xaf, 0x82], &signature.try_into().unwrap()), Ok(()));
    }
}

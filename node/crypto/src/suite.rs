//! The suite byte, and the post-quantum back ends behind one trait (SESSION SD3 and SD9 "Back ends", DECISIONS O-36).
//!
//! [`Libcrux`] works in production, [`Reference`] checks it. Both take seeds and randomness by argument and give the
//! same bytes for the same input. A third one, a toy for large simulations, belongs to the simulator alone.

mod libcrux;
mod reference;

use std::fmt;

use zeroize::Zeroizing;

use crate::label::HybridLabel;

pub use libcrux::Libcrux;
pub use reference::Reference;

/// Bytes of an ML-KEM-768 encapsulation key.
pub const KEM768_PUBLIC: usize = 1_184;
/// Bytes of an ML-KEM-768 ciphertext.
pub const KEM768_CIPHERTEXT: usize = 1_088;
/// Bytes of an ML-KEM-1024 encapsulation key.
pub const KEM1024_PUBLIC: usize = 1_568;
/// Bytes of an ML-KEM-1024 ciphertext.
pub const KEM1024_CIPHERTEXT: usize = 1_568;
/// Bytes of an ML-DSA-87 public key.
pub const DSA87_PUBLIC: usize = 2_592;
/// Bytes of an ML-DSA-87 signature.
pub const DSA87_SIGNATURE: usize = 4_627;

/// The suite byte. There is no negotiation: each place of the protocol has one suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SuiteId {
    /// Identity, handshake, ratchet, groups: X25519 + ML-KEM-1024, Ed25519 + ML-DSA-87.
    Session = 0x01,
    /// Onion hops and rooms: X-Wing (X25519 + ML-KEM-768).
    Hop = 0x02,
}

/// A suite byte that is not in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuiteError {
    /// The toy suite of simulations: it protects nothing.
    #[error("suite 0xf0 is the simulator's toy and is refused here")]
    Toy,
    /// No suite of ours, or one of a later version.
    #[error("suite {0:#04x} is unknown; only 0x01 and 0x02 exist")]
    Unknown(u8),
    /// A suite of ours in the wrong place.
    #[error("suite {found:?} stands where {expected:?} belongs")]
    Misplaced {
        /// What stood there.
        found: SuiteId,
        /// What belongs there.
        expected: SuiteId,
    },
}

impl TryFrom<u8> for SuiteId {
    type Error = SuiteError;

    fn try_from(byte: u8) -> Result<Self, SuiteError> {
        match byte {
            0x01 => Ok(Self::Session),
            0x02 => Ok(Self::Hop),
            0xf0 => Err(SuiteError::Toy),
            other => Err(SuiteError::Unknown(other)),
        }
    }
}

impl SuiteId {
    /// Accept `byte` only if it is this suite.
    ///
    /// # Errors
    /// [`SuiteError`] for every other byte.
    pub fn require(self, byte: u8) -> Result<(), SuiteError> {
        let found = Self::try_from(byte)?;
        if found == self { Ok(()) } else { Err(SuiteError::Misplaced { found, expected: self }) }
    }

    /// The byte on the wire.
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

/// A key pair as a back end made it from a seed: the public bytes, and the back end's own working form of the secret.
/// The working form lives in memory only; it is never stored, sent or imported.
pub struct Expanded<const PUBLIC: usize> {
    /// The public key.
    pub public: Box<[u8; PUBLIC]>,
    /// The working form, meaningful to the back end that made it.
    pub working: Zeroizing<Vec<u8>>,
}

impl<const PUBLIC: usize> fmt::Debug for Expanded<PUBLIC> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expanded<{PUBLIC}>(redacted)")
    }
}

/// A post-quantum back end: ML-KEM-768, ML-KEM-1024 (FIPS 203) and ML-DSA-87 (FIPS 204).
///
/// Callers use the typed keys of [`crate::kem`], [`crate::hkem`] and [`crate::sign`], which check encapsulation keys and
/// keep working forms beside the seeds they came from.
pub trait Suite: fmt::Debug + Send + Sync {
    /// Its name in logs and benchmarks.
    fn name(&self) -> &'static str;

    /// ML-KEM.KeyGen_internal(d, z) for 768.
    fn kem768_expand(&self, seed: &[u8; 64]) -> Expanded<KEM768_PUBLIC>;

    /// ML-KEM.Encaps_internal(ek, m) for 768. `public` has passed the modulus check.
    fn kem768_encapsulate(
        &self,
        public: &[u8; KEM768_PUBLIC],
        randomness: &[u8; 32],
    ) -> (Box<[u8; KEM768_CIPHERTEXT]>, [u8; 32]);

    /// ML-KEM.Decaps for 768; a changed ciphertext gives another secret, never an error. `working` is what
    /// [`Suite::kem768_expand`] of this back end made.
    fn kem768_decapsulate(&self, working: &[u8], ciphertext: &[u8; KEM768_CIPHERTEXT]) -> [u8; 32];

    /// ML-KEM.KeyGen_internal(d, z) for 1024.
    fn kem1024_expand(&self, seed: &[u8; 64]) -> Expanded<KEM1024_PUBLIC>;

    /// ML-KEM.Encaps_internal(ek, m) for 1024. `public` has passed the modulus check.
    fn kem1024_encapsulate(
        &self,
        public: &[u8; KEM1024_PUBLIC],
        randomness: &[u8; 32],
    ) -> (Box<[u8; KEM1024_CIPHERTEXT]>, [u8; 32]);

    /// ML-KEM.Decaps for 1024, as [`Suite::kem768_decapsulate`].
    fn kem1024_decapsulate(&self, working: &[u8], ciphertext: &[u8; KEM1024_CIPHERTEXT]) -> [u8; 32];

    /// ML-DSA.KeyGen_internal(ξ) for 87.
    fn dsa87_expand(&self, seed: &[u8; 32]) -> Expanded<DSA87_PUBLIC>;

    /// ML-DSA.Sign (pure) for 87 with ctx = label. `working` is what [`Suite::dsa87_expand`] of this back end made;
    /// all-zero randomness is the deterministic variant.
    fn dsa87_sign(
        &self,
        working: &[u8],
        label: HybridLabel,
        message: &[u8],
        randomness: &[u8; 32],
    ) -> Box<[u8; DSA87_SIGNATURE]>;

    /// ML-DSA.Verify (pure) for 87 with ctx = label.
    fn dsa87_verify(
        &self,
        public: &[u8; DSA87_PUBLIC],
        label: HybridLabel,
        message: &[u8],
        signature: &[u8; DSA87_SIGNATURE],
    ) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_suites_pass_and_the_toy_is_refused_by_name() {
        for byte in 0..=u8::MAX {
            match byte {
                0x01 => assert_eq!(SuiteId::try_from(byte), Ok(SuiteId::Session)),
                0x02 => assert_eq!(SuiteId::try_from(byte), Ok(SuiteId::Hop)),
                0xf0 => assert_eq!(SuiteId::try_from(byte), Err(SuiteError::Toy)),
                other => assert_eq!(SuiteId::try_from(byte), Err(SuiteError::Unknown(other))),
            }
        }
    }

    #[test]
    fn a_suite_in_the_wrong_place_is_refused() {
        assert_eq!(SuiteId::Session.require(1), Ok(()));
        let misplaced = SuiteError::Misplaced { found: SuiteId::Hop, expected: SuiteId::Session };
        assert_eq!(SuiteId::Session.require(2), Err(misplaced));
    }
}

//! The keys of a seat and of a host: fresh for every sitting, gone with it (TOWNHALL section 3).

use std::fmt;

use alloy_primitives::{Address, B256};
use pars_crypto::hash::hash;
use pars_crypto::hkem::{Xw768Public, Xw768Secret};
use pars_crypto::label::HashLabel;
use pars_crypto::secret::{Ed25519Seed, HybridKemSeed};
use pars_crypto::sign::{Ed25519Public, Ed25519Secret};
use pars_crypto::suite::DSA87_PUBLIC;
use pars_crypto::{CryptoRng, Suite};
use pars_wire::codec::{DecodeError, Reader};

/// Who consents to a recording for this seat: ERC-7913 bytes (ELIGIBILITY 4.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsentSigner {
    /// A secp256k1 address. 20 bytes.
    Address(Address),
    /// The verifier's address and an ML-DSA-87 key. 2,612 bytes.
    MlDsa(Box<[u8; Self::ML_DSA]>),
}

impl ConsentSigner {
    /// Bytes of the ML-DSA form.
    pub const ML_DSA: usize = 20 + DSA87_PUBLIC;

    /// The ERC-7913 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Address(address) => address.as_slice(),
            Self::MlDsa(bytes) => &bytes[..],
        }
    }

    /// `lp(consent_signer)`, where an empty one is none.
    pub(super) fn read(from: &mut Reader<'_>) -> Result<Option<Self>, DecodeError> {
        let bytes = from.lp("consent signer")?;
        let malformed = DecodeError::Malformed { what: "consent signer" };
        if bytes.is_empty() {
            return Ok(None);
        }
        let address = Address::from(*bytes.first_chunk::<20>().ok_or(malformed)?);
        if address.is_zero() {
            return Err(malformed);
        }
        if bytes.len() == 20 {
            return Ok(Some(Self::Address(address)));
        }
        let bytes: &[u8; Self::ML_DSA] = bytes.try_into().map_err(|_| malformed)?;
        Ok(Some(Self::MlDsa(Box::new(*bytes))))
    }
}

impl fmt::Debug for ConsentSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "Address({address})"),
            Self::MlDsa(_) => write!(f, "MlDsa({} bytes)", Self::ML_DSA),
        }
    }
}

/// `seat_hash = H("pars-room-seat-v1"; x_pk, s_vk, consent_signer)`: the payload of a join proof and of a wallet's
/// signature. A recorder's seat has no consent signer; its field is empty. 32 bytes.
pub fn seat_hash(x_pk: &Xw768Public, s_vk: &Ed25519Public, consent: Option<&ConsentSigner>) -> B256 {
    let consent = consent.map(ConsentSigner::as_bytes).unwrap_or_default();
    hash(HashLabel::ROOM_SEAT, &[&x_pk.to_bytes(), s_vk.as_bytes(), consent]).into()
}

/// The LiveKit identity of a seat: the first 8 bytes of its seat hash as 16 lower-case hexadecimal digits. It names no
/// account.
pub fn pseudonym(seat_hash: &B256) -> String {
    let bytes = seat_hash.iter().take(8);
    bytes.flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

macro_rules! key_pair {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $(#[doc = $doc])+
        #[derive(Clone)]
        pub struct $name {
            x: Xw768Secret,
            s: Ed25519Secret,
        }

        impl $name {
            /// Fresh keys.
            pub fn generate(suite: &dyn Suite, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
                Self { x: Xw768Secret::generate(suite, rng), s: Ed25519Secret::generate(rng) }
            }

            /// Expand seeds that were stored.
            pub fn from_seeds(suite: &dyn Suite, x: HybridKemSeed, s: Ed25519Seed) -> Self {
                Self { x: Xw768Secret::from_seed(suite, x), s: Ed25519Secret::from_seed(s) }
            }

            /// The only stored form, for [`pars_crypto::Sealed`].
            pub const fn seeds(&self) -> (&HybridKemSeed, &Ed25519Seed) {
                (self.x.seed(), self.s.seed())
            }

            /// Opens what is sealed to this end.
            pub const fn x(&self) -> &Xw768Secret {
                &self.x
            }

            /// Signs for this end.
            pub const fn s(&self) -> &Ed25519Secret {
                &self.s
            }

            /// `x_pk`.
            pub fn x_pk(&self) -> Xw768Public {
                self.x.public()
            }

            /// `s_vk`.
            pub fn s_vk(&self) -> Ed25519Public {
                self.s.public()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

key_pair! {
    /// The secrets of a member's seat in one sitting. The consent key is elsewhere: it signs on chain.
    SeatSecrets
}
key_pair! {
    /// The secrets of a host for one sitting; erased at its end, so that what was sealed to it stays sealed.
    HostSecrets
}

//! ML-KEM-768 and ML-KEM-1024 (FIPS 203) as typed keys.
//!
//! An encapsulation key is checked once, when its type is made: every coefficient is below q = 3,329 (FIPS 203 section
//! 7.2). A decapsulation key is stored as its seed d‖z only; expanding it is explicit, and the working form stays in memory.

use std::fmt;

use rand_core::CryptoRng;

use crate::hash::random;
use crate::secret::{KemSeed, SharedSecret};
use crate::suite::{Expanded, KEM768_CIPHERTEXT, KEM768_PUBLIC, KEM1024_CIPHERTEXT, KEM1024_PUBLIC, Suite};
use crate::witness;

/// An encapsulation key with a coefficient at or above q = 3,329: never made by an honest key generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ML-KEM encapsulation key has a coefficient that is not reduced; refuse its sender")]
pub struct NotReduced;

/// Two coefficients of 12 bits in each 3 bytes, little-endian (FIPS 203 ByteDecode_12); the last 32 bytes are ρ.
fn reduced(public: &[u8]) -> bool {
    const Q: u16 = 3_329;
    let (coefficients, _) = public.split_at(public.len().saturating_sub(32));
    coefficients.as_chunks::<3>().0.iter().all(|[low, middle, high]| {
        let first = u16::from(*low) | u16::from(middle & 0x0f) << 8;
        let second = u16::from(middle >> 4) | u16::from(*high) << 4;
        first < Q && second < Q
    })
}

macro_rules! kem {
    (
        $level:literal, $public:ident[$public_size:ident], $ciphertext:ident[$ciphertext_size:ident], $secret:ident,
        $expand:ident, $encapsulate:ident, $decapsulate:ident
    ) => {
        #[doc = concat!("An ML-KEM-", $level, " encapsulation key whose coefficients are reduced.")]
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $public(Box<[u8; $public_size]>);

        #[doc = concat!("An ML-KEM-", $level, " ciphertext. Any bytes are one: a changed one gives another secret.")]
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $ciphertext(Box<[u8; $ciphertext_size]>);

        #[doc = concat!("An ML-KEM-", $level, " decapsulation key: its seed, and a back end's working form of it.")]
        #[derive(Clone)]
        pub struct $secret {
            seed: KemSeed,
            working: zeroize::Zeroizing<Vec<u8>>,
            public: $public,
        }

        impl $public {
            /// How many bytes.
            pub const SIZE: usize = $public_size;

            /// Check and take over received bytes.
            ///
            /// # Errors
            /// [`NotReduced`] (FIPS 203 section 7.2, modulus check).
            pub fn from_bytes(bytes: &[u8; $public_size]) -> Result<Self, NotReduced> {
                if reduced(bytes) { Ok(Self(Box::new(*bytes))) } else { Err(NotReduced) }
            }

            /// The bytes on the wire.
            pub const fn as_bytes(&self) -> &[u8; $public_size] {
                &self.0
            }

            /// A fresh secret for the holder of the decapsulation key, and the ciphertext that carries it.
            pub fn encapsulate(
                &self,
                suite: &dyn Suite,
                rng: &mut (impl CryptoRng + ?Sized),
            ) -> ($ciphertext, SharedSecret) {
                self.encapsulate_with(suite, &random(rng))
            }

            /// As `encapsulate` with given randomness (FIPS 203 algorithm 17), for vectors and hybrids.
            pub fn encapsulate_with(&self, suite: &dyn Suite, randomness: &[u8; 32]) -> ($ciphertext, SharedSecret) {
                let (ciphertext, secret) = suite.$encapsulate(&self.0, randomness);
                ($ciphertext(ciphertext), SharedSecret::from_bytes(secret))
            }
        }

        impl $ciphertext {
            /// How many bytes.
            pub const SIZE: usize = $ciphertext_size;

            /// Take over received bytes.
            pub fn from_bytes(bytes: &[u8; $ciphertext_size]) -> Self {
                Self(Box::new(*bytes))
            }

            /// The bytes on the wire.
            pub const fn as_bytes(&self) -> &[u8; $ciphertext_size] {
                &self.0
            }
        }

        impl $secret {
            /// Expand a seed that was derived or stored. Costs a key generation.
            pub fn from_seed(suite: &dyn Suite, seed: KemSeed) -> Self {
                let Expanded { public, working } = suite.$expand(seed.expose());
                Self { seed, working, public: $public(public) }
            }

            /// A fresh key pair.
            pub fn generate(suite: &dyn Suite, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
                Self::from_seed(suite, KemSeed::generate(rng))
            }

            /// The encapsulation key.
            pub const fn public(&self) -> &$public {
                &self.public
            }

            /// The seed: the only form in which this key is stored.
            pub const fn seed(&self) -> &KemSeed {
                &self.seed
            }

            /// The secret of a ciphertext. A changed ciphertext gives another secret, never an error (implicit rejection):
            /// the failure shows at the AEAD, like that of any other bad message. `suite` is the one that expanded the seed.
            pub fn decapsulate(&self, suite: &dyn Suite, ciphertext: &$ciphertext) -> SharedSecret {
                witness::count(|work| work.decapsulated += 1);
                SharedSecret::from_bytes(suite.$decapsulate(&self.working, &ciphertext.0))
            }
        }

        impl fmt::Debug for $public {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($public), "({} bytes)"), self.0.len())
            }
        }

        impl fmt::Debug for $ciphertext {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($ciphertext), "({} bytes)"), self.0.len())
            }
        }

        impl fmt::Debug for $secret {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($secret), "(redacted)"))
            }
        }
    };
}

kem!(
    "768",
    Kem768Public[KEM768_PUBLIC],
    Kem768Ciphertext[KEM768_CIPHERTEXT],
    Kem768Secret,
    kem768_expand,
    kem768_encapsulate,
    kem768_decapsulate
);
kem!(
    "1024",
    Kem1024Public[KEM1024_PUBLIC],
    Kem1024Ciphertext[KEM1024_CIPHERTEXT],
    Kem1024Secret,
    kem1024_expand,
    kem1024_encapsulate,
    kem1024_decapsulate
);

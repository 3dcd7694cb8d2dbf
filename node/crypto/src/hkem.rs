//! The hybrid KEM of SESSION SD9, one combiner for both sizes: ss = SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ sep).
//!
//! | | ML-KEM | sep | public key | ciphertext |
//! |---|---|---|---|---|
//! | XW768 | 768 | X-Wing's 6 bytes | 1,216 | 1,120 |
//! | XW1024 | 1024 | `PARSX4` | 1,600 | 1,600 |
//!
//! XW768 is X-Wing exactly (draft-connolly-cfrg-xwing-kem), and like the draft's stricter reading it refuses low-order
//! points. A secret is one 32-byte seed; SHAKE256 of it gives d‖z 64 ‖ sk_X 32. Public key and ciphertext are ML-KEM's,
//! then X25519's. Every caller also hashes both into its own derivation.

use std::fmt;

use rand_core::CryptoRng;
use shake::{ExtendableOutput, Shake256, Update, XofReader};
use zeroize::Zeroizing;

use crate::dh::{DhPublic, DhSecret, LowOrder};
use crate::hash::{random, sha3};
use crate::kem::{
    Kem768Ciphertext, Kem768Public, Kem768Secret, Kem1024Ciphertext, Kem1024Public, Kem1024Secret, NotReduced,
};
use crate::secret::{HybridKemSeed, KemSeed, SharedSecret};
use crate::suite::Suite;

const SEPARATOR_768: &[u8; 6] = br"\.//^\";
const SEPARATOR_1024: &[u8; 6] = b"PARSX4";

fn expand(seed: &HybridKemSeed) -> (KemSeed, DhSecret) {
    let mut state = Shake256::default();
    state.update(seed.expose());
    let mut reader = state.finalize_xof();
    let mut kem = Zeroizing::new([0; 64]);
    let mut dh = Zeroizing::new([0; 32]);
    reader.read(&mut *kem);
    reader.read(&mut *dh);
    (KemSeed::from_bytes(*kem), DhSecret::from_bytes(*dh))
}

fn combine(kem: &SharedSecret, dh: &SharedSecret, ct: &DhPublic, pk: &DhPublic, separator: &[u8; 6]) -> SharedSecret {
    SharedSecret::from_bytes(sha3(&[kem.expose(), dh.expose(), &ct.0, &pk.0, separator]))
}

macro_rules! hkem {
    (
        $name:literal, $public:ident[$public_size:literal], $ciphertext:ident[$ciphertext_size:literal], $secret:ident,
        $kem_public:ident, $kem_ciphertext:ident, $kem_secret:ident, $separator:ident
    ) => {
        #[doc = concat!("A public key of ", $name, ": ML-KEM's (checked), then X25519's.")]
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $public {
            kem: $kem_public,
            dh: DhPublic,
        }

        #[doc = concat!("A ciphertext of ", $name, ": ML-KEM's, then an X25519 point.")]
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $ciphertext {
            kem: $kem_ciphertext,
            dh: DhPublic,
        }

        #[doc = concat!("A secret key of ", $name, ": one 32-byte seed, and its expanded form in memory.")]
        #[derive(Clone)]
        pub struct $secret {
            seed: HybridKemSeed,
            kem: $kem_secret,
            dh: DhSecret,
            dh_public: DhPublic,
        }

        impl $public {
            /// How many bytes.
            pub const SIZE: usize = $public_size;

            /// Check and take over received bytes.
            ///
            /// # Errors
            /// [`NotReduced`].
            pub fn from_bytes(bytes: &[u8; $public_size]) -> Result<Self, NotReduced> {
                let (kem, dh) = halves(bytes);
                Ok(Self { kem: $kem_public::from_bytes(kem)?, dh: DhPublic(*dh) })
            }

            /// The bytes on the wire.
            pub fn to_bytes(&self) -> [u8; $public_size] {
                join(self.kem.as_bytes(), &self.dh.0)
            }

            /// A fresh secret for the holder of the key, and the ciphertext that carries it.
            ///
            /// # Errors
            /// [`LowOrder`] if the X25519 half of the key is a low-order point.
            pub fn encapsulate(
                &self,
                suite: &dyn Suite,
                rng: &mut (impl CryptoRng + ?Sized),
            ) -> Result<($ciphertext, SharedSecret), LowOrder> {
                self.encapsulate_with(suite, &Zeroizing::new(random(rng)))
            }

            /// As `encapsulate` with given randomness: 32 bytes for ML-KEM, then the 32 of the X25519 secret.
            ///
            /// # Errors
            /// [`LowOrder`].
            pub fn encapsulate_with(
                &self,
                suite: &dyn Suite,
                randomness: &[u8; 64],
            ) -> Result<($ciphertext, SharedSecret), LowOrder> {
                let (for_kem, for_dh) = halves::<64, 32>(randomness);
                let ephemeral = DhSecret::from_bytes(*for_dh);
                let dh = ephemeral.public();
                let ss_dh = ephemeral.agree(&self.dh)?;
                let (kem, ss_kem) = self.kem.encapsulate_with(suite, for_kem);
                let secret = combine(&ss_kem, &ss_dh, &dh, &self.dh, $separator);
                Ok(($ciphertext { kem, dh }, secret))
            }
        }

        impl $ciphertext {
            /// How many bytes.
            pub const SIZE: usize = $ciphertext_size;

            /// Take over received bytes.
            pub fn from_bytes(bytes: &[u8; $ciphertext_size]) -> Self {
                let (kem, dh) = halves(bytes);
                Self { kem: $kem_ciphertext::from_bytes(kem), dh: DhPublic(*dh) }
            }

            /// The bytes on the wire.
            pub fn to_bytes(&self) -> [u8; $ciphertext_size] {
                join(self.kem.as_bytes(), &self.dh.0)
            }
        }

        impl $secret {
            /// Expand a seed that was derived or stored.
            pub fn from_seed(suite: &dyn Suite, seed: HybridKemSeed) -> Self {
                let (kem, dh) = expand(&seed);
                let dh_public = dh.public();
                Self { seed, kem: $kem_secret::from_seed(suite, kem), dh, dh_public }
            }

            /// A fresh key pair.
            pub fn generate(suite: &dyn Suite, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
                Self::from_seed(suite, HybridKemSeed::generate(rng))
            }

            /// The public key.
            pub fn public(&self) -> $public {
                $public { kem: self.kem.public().clone(), dh: self.dh_public }
            }

            /// The seed: the only form in which this key is stored.
            pub const fn seed(&self) -> &HybridKemSeed {
                &self.seed
            }

            /// The secret of a ciphertext; a changed ciphertext gives another secret.
            ///
            /// # Errors
            /// [`LowOrder`] if the X25519 half of the ciphertext is a low-order point.
            pub fn decapsulate(&self, suite: &dyn Suite, ciphertext: &$ciphertext) -> Result<SharedSecret, LowOrder> {
                let dh = self.dh.agree(&ciphertext.dh)?;
                let kem = self.kem.decapsulate(suite, &ciphertext.kem);
                Ok(combine(&kem, &dh, &ciphertext.dh, &self.dh_public, $separator))
            }
        }

        impl fmt::Debug for $public {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($public), "(", $public_size, " bytes)"))
            }
        }

        impl fmt::Debug for $ciphertext {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($ciphertext), "(", $ciphertext_size, " bytes)"))
            }
        }

        impl fmt::Debug for $secret {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($secret), "(redacted)"))
            }
        }
    };
}

hkem!(
    "XW768",
    Xw768Public[1_216],
    Xw768Ciphertext[1_120],
    Xw768Secret,
    Kem768Public,
    Kem768Ciphertext,
    Kem768Secret,
    SEPARATOR_768
);
hkem!(
    "XW1024",
    Xw1024Public[1_600],
    Xw1024Ciphertext[1_600],
    Xw1024Secret,
    Kem1024Public,
    Kem1024Ciphertext,
    Kem1024Secret,
    SEPARATOR_1024
);

/// The first `N` − 32 bytes and the last 32.
fn halves<const N: usize, const HEAD: usize>(bytes: &[u8; N]) -> (&[u8; HEAD], &[u8; 32]) {
    const { assert!(HEAD + 32 == N, "the second half has 32 bytes") };
    #[expect(clippy::expect_used, reason = "lengths are checked at compile time")]
    let head = bytes.first_chunk().expect("a head shorter than the whole");
    #[expect(clippy::expect_used, reason = "lengths are checked at compile time")]
    let tail = bytes.last_chunk().expect("32 bytes of at least 32");
    (head, tail)
}

fn join<const HEAD: usize, const N: usize>(head: &[u8; HEAD], tail: &[u8; 32]) -> [u8; N] {
    const { assert!(HEAD + 32 == N, "the second half has 32 bytes") };
    let mut whole = [0; N];
    for (to, from) in whole.iter_mut().zip(head.iter().chain(tail)) {
        *to = *from;
    }
    whole
}

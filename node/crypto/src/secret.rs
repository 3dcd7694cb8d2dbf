//! Secret keys as types of their own: wiped on drop, redacted when printed, compared in constant time, and without
//! `Serialize`. A secret leaves the process only inside [`crate::Sealed`].

use std::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::hash::random;

pub use zeroize::Zeroizing;

macro_rules! secrets {
    ($($(#[doc = $doc:literal])+ $name:ident, $size:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name(Box<[u8; $size]>);

        impl $name {
            /// How many bytes.
            pub const SIZE: usize = $size;

            /// Take over bytes that were derived, agreed or opened from a store.
            pub fn from_bytes(bytes: [u8; $size]) -> Self {
                Self(Box::new(bytes))
            }

            /// Fresh from the caller's source.
            pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
                Self(Box::new(random(rng)))
            }

            /// The bytes, for a primitive or for [`crate::Sealed`]; never for a log.
            pub const fn expose(&self) -> &[u8; $size] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&*other.0).into()
            }
        }

        impl Eq for $name {}
    )+

        #[cfg(test)]
        fn printed() -> Vec<String> {
            vec![$(format!("{:?}", $name::from_bytes([0xab; $size]))),+]
        }
    };
}

secrets! {
    /// E: the entropy of an identity, shown as 24 words. 32 bytes.
    Entropy, 32;
    /// r: publishing it revokes an identity for ever. 32 bytes.
    RevocationSecret, 32;
    /// What a key agreement or a KEM yields. 32 bytes.
    SharedSecret, 32;
    /// RK: the root key of a session. 32 bytes.
    RootKey, 32;
    /// CK: the key of a sending or receiving chain. 32 bytes.
    ChainKey, 32;
    /// MK: the key of one message. 32 bytes.
    MessageKey, 32;
    /// s: the secret shared by the two ends of a mailbox. 32 bytes.
    MailboxSecret, 32;
    /// The key under which a store keeps its values. 32 bytes.
    StoreKey, 32;
    /// k of a LIONESS: four keys of 32. 128 bytes.
    PayloadKey, 128;
    /// k_surb: what the maker of a reply block gives to its user. 32 bytes.
    SurbKey, 32;
    /// Key of an AES-256-CTR key stream that is used once. 32 bytes.
    StreamKey, 32;
    /// d‖z of ML-KEM (FIPS 203): the only stored form of a decapsulation key. 64 bytes.
    KemSeed, 64;
    /// ξ of ML-DSA (FIPS 204): the only stored form of a signing key. 32 bytes.
    DsaSeed, 32;
    /// The secret of an Ed25519 key (RFC 8032). 32 bytes.
    Ed25519Seed, 32;
    /// The one seed of a hybrid KEM key. 32 bytes.
    HybridKemSeed, 32;
    /// The file key of one span of a recording: what is wrapped to each participant's recording key. 32 bytes.
    RecordingKey, 32;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_prints_a_byte() {
        let expected = [
            "Entropy",
            "RevocationSecret",
            "SharedSecret",
            "RootKey",
            "ChainKey",
            "MessageKey",
            "MailboxSecret",
            "StoreKey",
            "PayloadKey",
            "SurbKey",
            "StreamKey",
            "KemSeed",
            "DsaSeed",
            "Ed25519Seed",
            "HybridKemSeed",
            "RecordingKey",
        ];
        assert_eq!(printed(), expected.map(|name| format!("{name}(redacted)")));
    }

    #[test]
    fn secrets_are_equal_by_value() {
        assert_eq!(RootKey::from_bytes([1; 32]), RootKey::from_bytes([1; 32]));
        assert_ne!(RootKey::from_bytes([1; 32]), RootKey::from_bytes([2; 32]));
    }
}

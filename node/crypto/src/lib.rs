//! The one place that names a cryptographic primitive: the crypto policy of SESSION SD9.
//!
//! | Module | Holds |
//! |---|---|
//! | [`label`] | the registry of domain separation labels; one label, one use, one type |
//! | [`hash`], [`kdf`] | `H`, `KDF`, `Expand`, the chain step, all over SHA3-256 |
//! | [`search`] | proof of work over `H`: many nonces at once, on Keccak-f side by side |
//! | [`aead`] | AES-256-GCM with the three nonce rules as three types |
//! | [`chunks`] | STREAM: a growing file in sealed chunks under a key of its own |
//! | [`dh`], [`kem`], [`hkem`] | X25519, ML-KEM-768 and 1024, the hybrid KEM XW768 and XW1024 |
//! | [`frame`] | LiveKit's frame encryption, the exception for media |
//! | [`sign`] | Ed25519, ML-DSA-87, the hybrid signature `HS` |
//! | [`trigger`] | ML-DSA-87 alone under the empty context: keys whose signatures a contract verifies |
//! | [`merkle`], [`lioness`], [`stream`] | trees of records, the onion payload cipher, AES-256-CTR |
//! | [`suite`] | the suite byte and the two post-quantum back ends behind one trait |
//! | [`secret`], [`sealed`] | key types that wipe and redact themselves; the only form in which a secret is stored |
//! | [`witness`] | debug builds only: whether a key ever met a nonce twice |
//!
//! Randomness comes in by argument. Nothing here keeps state (but for a test's witness), reads a clock or knows a protocol.
//!
//! Not here: TLS (the shells' transport), Poseidon (`circuits`), the chain's precompile (`node/chain`).
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod aead;
pub mod chunks;
pub mod dh;
pub mod frame;
pub mod hash;
pub mod hkem;
pub mod kdf;
mod keccak;
pub mod kem;
pub mod label;
pub mod lioness;
pub mod merkle;
pub mod sealed;
pub mod search;
pub mod secret;
pub mod sign;
pub mod stream;
pub mod suite;
pub mod trigger;
pub mod witness;

pub use rand_core::CryptoRng;
pub use sealed::Sealed;
pub use suite::{Suite, SuiteId};

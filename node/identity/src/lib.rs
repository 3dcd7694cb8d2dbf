//! Who somebody is, and how to reach them: SESSION section 2 (and SD1).
//!
//! | Module | Holds | Bytes |
//! |---|---|---|
//! | [`seed`] | 24 words, and every key that comes out of them | 32 |
//! | [`id`] | the `05…` identity id, its display and checksum case | 32 |
//! | [`core`] | IC, the identity core that never changes | 2,661 |
//! | [`record`] | IR, the identity record: current keys and devices | 9,295 |
//! | [`device`] | DC, a device certificate | 7,378 |
//! | [`prekey`] | PB and its leaves: prekeys by the day | 4,826; 1,616 |
//! | [`revocation`] | REV and SUC: the end of an identity | 68; 9,486 |
//! | [`bundle`] | IR, DC, PB and leaf of a peer, checked as one | |
//! | [`pin`] | what is remembered of a contact: the chain rules | |
//! | [`stored`] | the plain form of secret keys, for `Sealed` only | |
//! | [`trigger`] | the certificate of a key that acts on chain | 4,771 |
//! | [`link`], [`qr`], [`safety`] | how people pass identities on and compare them | |
//!
//! A record is a value only after its signatures verified: there is no type for an unverified one. What is *not* here:
//! where records are stored and fetched (`proto::swarm`), and who may change a pin by hand (the engine's policy).
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod bundle;
pub mod core;
pub mod device;
mod error;
pub mod id;
pub mod link;
pub mod pin;
pub mod prekey;
pub mod qr;
pub mod record;
pub mod revocation;
pub mod safety;
pub mod seed;
pub mod stored;
pub mod trigger;

pub use error::RecordError;
pub use id::IdentityId;

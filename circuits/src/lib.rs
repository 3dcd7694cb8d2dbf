//! Anonymous eligibility: "some registered lock is worth at least the threshold at the end of this sitting", proven
//! without saying whose (Groth16 over BN254, depth 24; ELIGIBILITY 1 to 3).
//!
//! A core: no files, clock, sockets or OS randomness; seeds and times come in by argument. The feature `parallel`
//! uses a thread pool inside one proof and changes no result.
//!
//! - Client: [`LeafSet`] and [`Sitting`] → [`Witness`] → [`ProvingKey::prove`] → [`ProofFile`].
//! - Node and peers: [`check::admit`], the twin of `canJoinAnonymous`; [`VerifyingKey::verify`] below it.
//! - Deployment: [`solidity::verifier_source`].
//!
//! Not here: the ceremony that replaces the development key, key distribution, and who may look at nullifiers.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod check;
pub mod eligibility;
pub mod encoding;
pub mod envelope;
pub mod field;
pub mod key;
mod msm;
pub mod poseidon;
pub mod proof;
pub mod proof_file;
pub mod prove;
pub mod secret;
pub mod solidity;
pub mod statement;
pub mod tree;
pub mod verify;

pub use eligibility::{Ineligible, Leaf, LeafSet, Request, Sitting, Witness};
pub use encoding::{Commitment, External, Nullifier, Purpose, Root, Scope, Signal, room_id};
pub use envelope::{ENVELOPE_LEN, Envelope};
pub use key::{ProvingKey, VerifyingKey};
pub use proof::{Points, Proof};
pub use proof_file::ProofFile;
pub use secret::Secret;
pub use statement::{Deadline, Statement, Threshold};
pub use tree::Tree;

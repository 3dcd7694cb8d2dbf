//! Content-addressed blocks as IPFS has them, without any I/O (TOWNHALL section 6).
//!
//! ```text
//! bytes ──► FileBuilder ──► blocks, root CID ──► any store, or a CAR
//! root CID ──► Walk ──asks for a block──► any store ──bytes──► Walk: verified, bounded ──► bytes of the file
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`cid`] | the name of a block: CIDv1 over SHA-256 |
//! | [`block`] | a block whose bytes match its name |
//! | [`node`] | dag-pb: a block with links |
//! | [`unixfs`] | what a dag-pb node says of a file or a directory |
//! | [`build`], [`directory`] | files in, blocks out, by a named [`Profile`] |
//! | [`walk`] | blocks in, verified bytes out |
//! | [`car`] | many blocks in one stream: CAR version 1 |
//!
//! Decoders take the canonical form only: what decodes encodes again to the same bytes. SHA-256 is how IPFS names blocks; it
//! keeps no secret, so it is no part of the crypto policy (SESSION SD9). Nothing here encrypts: blocks are public once stored.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod block;
pub mod build;
pub mod car;
pub mod cid;
pub mod directory;
pub mod node;
mod proto;
pub mod unixfs;
pub mod walk;

pub use block::{Block, BlockError, MAX_BLOCK};
pub use build::{FileBuilder, Profile, Root};
pub use cid::{Cid, CidError, Codec};
pub use walk::{Bounds, Scope, Walk, WalkError};

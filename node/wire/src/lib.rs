//! The words every crate shares: identifiers as types of their own, block references, room kinds.
//!
//! A room and a recording are both 32 bytes on chain; here they cannot be confused. Text form everywhere: `0x` and
//! lower-case hexadecimal for 32-byte ids, decimal for counted ones (ELIGIBILITY section 1, CHAIN section 1).
//!
//! Not here: framing and versioned messages, which arrive with the session protocol, and anything that does I/O.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod action;
mod block;
pub mod codec;
pub mod content;
mod host;
mod id;
mod kind;
pub mod limits;
pub mod machine;

pub use block::{BlockRef, ChainId};
pub use host::is_this_machine;
pub use id::{IdError, NodeId, Nullifier, RecordingId, RoomId, SignerId, SittingId};
pub use kind::{Kind, KindError};

//! What the daemon is asked, what it answers, and what it tells: the types of its JSON-RPC 2.0 (SESSION section 10).
//!
//! | Module | Holds |
//! |---|---|
//! | [`method`] | the methods, by both their names |
//! | [`identity`], [`session`], [`message`], [`status`], [`trigger`] | parameters and results |
//! | [`event`] | what a subscription tells |
//! | [`room`], [`room_event`] | rooms: parameters and results, what pages are told |
//! | [`recording`] | recordings: parameters and results, what pages are told |
//! | [`call`] | which parameters go with which method and answer |
//! | [`envelope`] | JSON-RPC itself: requests, responses, batches |
//! | [`error`] | stable numbers |
//! | [`id`] | how ids are written: `05…` and hexadecimal |
//! | [`openrpc`] | the document of all this, kept in `openrpc.json` |
//! | [`secret`] | text that is never printed |
//!
//! Not here: sockets, tokens, HTTP. Groups, files, vault, contacts: later parts; their methods answer "not supported".
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod call;
pub mod envelope;
pub mod error;
pub mod event;
pub mod id;
pub mod identity;
mod macros;
pub mod message;
pub mod method;
pub mod openrpc;
pub mod recording;
pub mod room;
pub mod room_event;
pub mod secret;
pub mod session;
pub mod status;
pub mod trigger;

pub use error::{Code, RpcError};
pub use id::{HexBytes, SessionId};

//! The engine: one [`Node`] owns the machines of a member, of a service node, or of both, and carries bytes between them
//! (ARCHITECTURE "One shape for every machine"; journey 3: SESSION sections 3 to 6).
//!
//! ```text
//! member   command → desk → Sessions → Persist ┊ barrier ┊ → swarm client → onion client → first relay
//! service  link → onion relay → swarm store → Persist ┊ barrier ┊ → reply block → onion relay → link
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`io`] | what a node is told, and what it asks for: plain enums, the only thing shells see |
//! | [`barrier`] | the causal barrier: what waits for which commit |
//! | [`store`] | batches, rows, the versioned snapshot |
//! | [`registry`] | nodes and beacon of a day, as the chain says |
//! | [`identity`] | a member's own keys and records |
//! | [`member`], [`service`] | the two roles |
//! | [`node`] | the value that a shell or the simulator drives |
//! | [`room`] | host and members of a room, two machines beside it |
//!
//! Not here: sockets, files, clocks, proof of work (a question to whoever drives), cover traffic and guards kept for months,
//! subscriptions, receipts of the reader, several devices, renewal of prekeys and records, groups, files, rooms, the executor of
//! actions: later parts. A relay keeps no state over a restart: it makes new epoch keys (SESSION section 5).
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod barrier;
pub mod identity;
pub mod io;
pub mod member;
pub mod node;
pub mod registry;
pub mod room;
pub mod service;
pub mod store;
mod vault;

pub use io::{Command, CommandId, Event, Input, Link, Output};
pub use node::Node;
pub use store::{Batch, BatchId, Rows};

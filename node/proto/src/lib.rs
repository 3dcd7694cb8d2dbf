//! The protocol machines: each a value that takes inputs and gives outputs (ARCHITECTURE.md, "One shape for every machine").
//!
//! | Module | Protocol |
//! |---|---|
//! | [`session`] | handshake and post-quantum double ratchet between two devices (SESSION 3, 4) |
//! | [`onion`] | fixed-size packets over three relays and a service node, replies by SURB (SESSION 5) |
//! | [`swarm`] | store-and-forward mailboxes on service nodes (SESSION 6) |
//! | [`action`] | actions for the chain in messages, and whether an executor carries them out (ELIGIBILITY 5) |
//! | [`room`] | seats, statements, joins, epochs and signed messages of a room (TOWNHALL 2, 3) |
//! | [`signal`] | the channel between two seats of a room (TOWNHALL 3) |
//! | [`media`] | encrypted frames and data of a room (TOWNHALL 3) |
//!
//! The modules never import each other: the engine carries bytes between them.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod action;
pub mod media;
pub mod onion;
pub mod room;
pub mod session;
pub mod signal;
pub mod swarm;

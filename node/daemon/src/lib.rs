//! The session daemon: adapters around one engine (ARCHITECTURE.md; SESSION section 10).
//!
//! ```text
//!                 ┌──────────── driver ────────────┐
//! quinn, libp2p ──┤ net                      rpc   ├── Unix socket, loopback HTTP, WebSocket
//! redb file ──────┤ store      engine    executor  ├── chain (transactions)
//! proof of work ──┤ work                     chain ├── embedded index ── chain's node
//!                 └────────────────────────────────┘
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`args`], [`config`] | flags and file, checked |
//! | [`daemon`] | start and end |
//! | [`datadir`] | directory, lock, key, announcement |
//! | [`driver`] | the one task that owns the engine |
//! | [`store`], [`work`], [`net`], [`chain`] | adapters |
//! | [`rpc`], [`executor`] | users of the engine |
//! | [`room`], [`page`] | rooms: seats, hosted sittings, the page |
//! | [`recordings`] | what is recorded, its keys, its files |
//! | [`service`], [`account`] | keys of a node, who signs transactions |
//! | [`process`] | no core file, no look into the memory |
//! | [`clock`], [`random`] | the two sources of what no core may read |
//!
//! Logs name no contact, text, token or mailbox.

pub mod account;
pub mod args;
pub mod chain;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod datadir;
pub mod driver;
pub mod executor;
pub mod net;
pub mod page;
pub mod process;
pub mod random;
pub mod recordings;
pub mod room;
pub mod rpc;
pub mod service;
pub mod store;
pub mod work;

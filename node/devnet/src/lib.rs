//! The development chain's shell: JSON-RPC over HTTP and WebSocket on one loopback port, an in-process `alloy` transport, a
//! durable journal, the wall clock and the timer for empty blocks. The chain itself is `pars-chain`; CHAIN section 2.
//!
//! ```text
//!   HTTP, WebSocket, alloy ──Command──> one thread owning Chain ──> journal (redb, durable) ──> answers
//!                                             │
//!                                             └──Change──> subscriptions
//! ```
//!
//! Every state-changing input is in the journal before its answer leaves, so a kill at any moment loses nothing that was
//! announced; a start replays the journal and compares the head. Loopback and development chain ids only (THREATS E3).

mod accounts;
mod actor;
mod clock;
mod config;
mod error;
mod filters;
mod handle;
mod journal;
mod node;
mod rpc;
mod server;
mod socket;
mod transport;

pub use accounts::{DevAccount, dev_accounts};
pub use config::Config;
pub use error::{DevnetError, RpcError};
pub use handle::Devnet;
pub use journal::JOURNAL_FILE;
pub use server::Server;
pub use transport::InProcess;

//! The indexer's shell: reads a chain's node, feeds `pars-indexer-core`, keeps the rows in SQLite and serves them.
//!
//! ```text
//!   node ──alloy──► source ──► sync ──► machine (core) ──► store (SQLite) ──► api (REST)
//! ```
//!
//! Everything served is public chain data. Eligibility is computed by clients from whole leaf sets: no endpoint takes a
//! member's address, and serving never asks the node (CHAIN section 3).
//!
//! Not here: push over WebSocket, PostgreSQL, metrics, `verify` and `reindex`.

mod api;
mod health;
mod recordings;
mod rooms;
mod service;
mod source;
mod store;
mod sync;

pub use health::Health;
pub use recordings::{ConsentView, Reach, Recordings};
pub use rooms::{RoomView, Rooms, Settled};
pub use service::{Options, Progress, ServeError, Service};
pub use source::SourceError;
pub use store::{Store, StoreError, Tips};

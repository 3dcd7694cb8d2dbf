//! Where blocks are kept, and how others get them (TOWNHALL section 6). Every block that comes out of here was checked against
//! its CID, wherever it came from (TH-K9).
//!
//! ```text
//!                       ┌─ Folder   files in a directory (default)
//! recorder, player ─────┤  Kubo     an IPFS node's /api/v0
//!      BlobStore        └─ Trustless  somebody's gateway, to read only
//! Folder ──► gateway: GET /ipfs/{cid}?format=raw|car, loopback
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`store`] | the traits, their errors, files in and out |
//! | [`folder`] | the embedded store |
//! | [`kubo`] | client of Kubo's HTTP RPC |
//! | [`trustless`] | client of trustless gateways |
//! | [`gateway`] | the read-only trustless gateway |

pub mod folder;
pub mod gateway;
mod http;
pub mod kubo;
pub mod store;
pub mod trustless;

pub use folder::Folder;
pub use kubo::Kubo;
pub use store::{BlobError, BlobSource, BlobStore};
pub use trustless::Trustless;

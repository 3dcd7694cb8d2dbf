//! The swarm: mailboxes of a day on seven service nodes, and the directory of public records (SESSION section 6).
//!
//! ```text
//! sender ──PUT──► one random replica ──STORE──► the other six            each syncs, then signs a receipt
//!        ◄─receipts─┘         ◄─RECEIPT──┘                               after at most 3 s
//! reader ──GET, signed for this node──► each of several replicas         cursor moves after the reader's own commit
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`placement`] | which nodes hold a tag on a day |
//! | [`mailbox`] | day keys, inbox keys, tags, object ids |
//! | [`auth`], [`command`], [`reply`], [`receipt`], [`frame`] | the bytes: clients to nodes and back, nodes among themselves |
//! | [`hashcash`] | what a stranger's object costs |
//! | [`directory`], [`registrar`] | slots of records, and who says which record may stand in one |
//! | [`shelf`], [`store`] | a node's mailbox day, a node's machine |
//! | [`client`] | the machine that puts, reads, looks up, publishes |
//!
//! Not here: SUBSCRIBE and RENDEZVOUS (refused by type: [`reply::Status::NotSupported`]), hand-over between days and
//! anti-entropy, loops, reputation, disk load: later parts. How commands travel (`onion`) and what objects hold
//! (`session`): the engine carries bytes between them.

pub mod auth;
pub mod client;
pub mod command;
pub mod directory;
pub mod frame;
pub mod hashcash;
pub mod mailbox;
pub mod placement;
pub mod receipt;
pub mod registrar;
pub mod reply;
pub mod shelf;
pub mod store;

pub use client::Client;
pub use mailbox::{ObjectId, Tag};
pub use placement::{Placement, Snapshot};
pub use registrar::Registrar;
pub use store::Store;

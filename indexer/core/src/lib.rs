//! The indexer as a value: headers and logs in, row changes out. No I/O, clock or randomness.
//!
//! ```text
//!            Block{header, logs}     SafeLogs     Finalized     Genesis
//!                     │                 │             │            │
//!   ┌─────────────────▼─────────────────▼─────────────▼────────────▼──┐
//!   │ window: parent hashes of the blocks that are not final, each    │
//!   │         with the undo of its rows                               │
//!   │ logs:   complete? (header bloom)  ─► decoded ─► reducers ─► rows│
//!   └──┬────────────┬───────────────┬───────────────┬──────────────┬──┘
//!     Ask        Rows(Batch)      Reorg         Finalized       Refuse
//! ```
//!
//! All state follows from logs alone (CHAIN section 1, "events rebuild state"), Safe owners included: see [`safe`].
//! A refusal leaves the state as it was, so that the same input may be tried again with another answer of the node.
//!
//! Not here: where headers come from, SQL, the read API (crate `pars-indexer`).
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod cell;
mod indexer;
mod input;
mod leaves;
mod reduce;
mod refusal;
mod rows;
mod safe;
mod state;
mod window;

pub use cell::{Cell, Column, MAX_INTEGER, Rule};
pub use indexer::{Batch, Indexer, Out, Question, RestoreError, Snapshot, SnapshotBlock};
pub use input::{ChainLog, Config, Contracts, Header, In};
pub use leaves::{leaves_before, tree_of};
pub use refusal::{Inconsistency, Refusal};
pub use rows::{
    Action, Beacon, Consent, Key, Leaf, LeafSet, Lock, Member, MissedChallenge, Moderator, Node, Position, Room, Row,
    Safe, SafeOwner, SeatDelegate, Signer, Sitting, TABLES, Table, TableRow,
};
pub use state::{Change, Undo};

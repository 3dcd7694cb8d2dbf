//! A development chain as a value: revm under the Prague rules with ML-DSA precompiles (EIP-8355), real headers with
//! Merkle-Patricia roots, receipts, logs, snapshots and reorganisations. CHAIN section 2 is its specification.
//!
//! The chain has no clock, no randomness and does no I/O. Everything that changes it is an [`Input`];
//! [`Chain::apply`] is total and deterministic, so a journal of inputs *is* the chain: the same genesis and the same
//! inputs give the same block hashes. Reading never changes it.
//!
//! ```text
//!   Input ──> Chain::apply ──> Output { answer, change: blocks removed and added }
//!                 │
//!   pool ─> produce (execute, seal) ─> ledger (blocks, states) ─> query (call, estimate, logs, tags)
//! ```
//!
//! Not here: JSON-RPC, subscriptions, wall clock, files (`pars-devnet`); blob and set-code transactions; the history
//! and beacon-root system contracts (EIP-2935, EIP-4788), which no contract of this project reads.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod block;
mod chain;
mod cheat;
mod clock;
mod error;
mod estimate;
mod evm;
mod genesis;
mod input;
mod ledger;
mod logs;
mod pool;
mod precompile;
mod produce;
mod query;
mod reorg;
mod snapshot;
mod state;
mod transaction;
mod trie;

pub use block::{Block, Mined, Receipt};
pub use chain::Chain;
pub use error::{ChainError, QueryError, TxError};
pub use evm::{CallOutcome, CallRequest};
pub use genesis::{Genesis, GenesisAccount};
pub use input::{Answer, Change, Input, Output, Replacement};
pub use logs::{LogEntry, LogFilter, MAX_LOGS};
pub use precompile::{MlDsaSet, PqAddresses, PqPrecompiles};
pub use query::{BlockTag, MAX_HISTORY};
pub use state::{Account, State};
pub use transaction::Transaction;

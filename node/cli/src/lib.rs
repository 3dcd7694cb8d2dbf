//! `parsctl`: locks, rooms, sittings and eligibility proofs from the command line.
//!
//! A thin client: transactions go through an RPC endpoint, lists come from an indexer, proofs are made on this machine,
//! messages are the session daemon's. Every command returns a [`output::Report`] that `main` prints; only `session tail`
//! prints as it goes. Errors carry a stable code ([`error::Error::code`])
//! and an exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 chain, indexer or daemon out of reach.
//!
//! Privacy (ELIGIBILITY 2.9, CHAIN 3): eligibility is computed from the sitting's whole leaf set; no request names a
//! member. Secrets live in files of mode 0600 under the home directory, never in arguments, output or logs.
//!
//! Not in this crate: the statement and its prover (`pars-circuits`), ABI and deployment plan (`pars-bindings`).

pub mod args;
pub mod chain;
pub mod clock;
pub mod commands;
pub mod context;
pub mod daemon;
pub mod decimal;
pub mod error;
pub mod files;
pub mod http;
pub mod indexer;
pub mod output;
pub mod signer;

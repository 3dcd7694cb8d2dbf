//! Rust types of the Pars contracts, generated from `contracts/artifacts`: the only place where Rust spells an ABI.
//!
//! Every module is named after its contract and holds `…Call` types for functions, event types, error types and the
//! structs of the ABI. Nothing here talks to a chain: encode with `SolCall::abi_encode`, decode logs with
//! `SolEvent::decode_log`. Normative text: CHAIN section 1.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod action;
pub mod consent;
#[expect(
    missing_docs,
    clippy::too_many_arguments,
    reason = "the macro writes no documentation for value types and functions for our longest events; see the NatSpec"
)]
pub mod contracts;
pub mod deployment;
pub mod dev;
mod revert;
pub mod safe;
pub mod safe_owners;
pub mod typed;

pub use contracts::*;
pub use revert::decode_revert;

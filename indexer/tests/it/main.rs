//! The shell, beside a development chain in process.

mod atomic_batches;
mod changes;
mod embedded;
mod faults;
#[path = "../../../node/devnet/tests/devnet/mldsa.rs"]
mod mldsa;
mod process;
mod rows;
mod safe_owners;
mod schema;
mod story;
mod support;

//! The shell, beside a development chain in process.

mod atomic_batches;
mod embedded;
mod faults;
mod process;
mod rows;
mod safe_owners;
mod schema;
mod story;
mod support;

//! Fuzz targets: every decoder of bytes that somebody else made, as a plain function.
//!
//! A target takes any bytes and returns. It panics only for a defect: a panic of the decoder, a decoded value that does
//! not encode to the bytes it came from (THREATS P8), or an error that changed a state. Where layers of encryption or
//! signatures stand before a decoder, the target plays the hostile peer who holds the keys: it seals or signs the bytes
//! first, so that they reach the decoder instead of dying at a tag.
//!
//! | Part | Holds |
//! |---|---|
//! | `targets` | the functions and the seeds they start from |
//! | [`corpus`] | the committed files `corpus/<target>/…` and the seeds they were made from |
//! | [`mutate`] | bit flips, truncations, extensions and splices from a printed seed |
//!
//! The corpus is written by `cargo run -p pars-fuzz --example corpus`; further files may stand beside the written ones and
//! are replayed too. Coverage-guided engines take the same functions; none is needed here.
//!
//! Decoders that are their crate's secret have their target beside them, with its inputs: discovery, settings, the executor's
//! list and journal, rows of the store (all `pars-daemon`), control packets of rooms (`pars-engine`), captures (`pars-e2e`),
//! descriptions that clients of the media server offer (`pars-sfu-core`).

pub mod corpus;
pub mod mutate;

mod caller;
mod check;
mod people;
mod targets;

pub use check::Outcome;
pub use corpus::Seed;
pub use targets::TARGETS;

/// A fuzz target: total over all bytes. It tells whether the decoder accepted them.
pub type Target = fn(&[u8]) -> Outcome;

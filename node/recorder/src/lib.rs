//! Recordings of a sitting (TOWNHALL section 6): frames in, sealed files out, and back.
//!
//! ```text
//! live ──► sealed frames ──► opened by their senders' keys ──► webm ──► seal ──► store: a folder of segments
//! folder ──► import ──► blocks, root CID ──► anchor
//! root CID ──► play: every block, wraps, every chunk ──► plain WebM, finished
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`live`] | a seat that listens at the media server: sealed frames of every track |
//! | [`webm`] | one WebM of one track: the writer, and what is put in its places afterwards |
//! | [`seal`] | a growing file in sealed chunks, and its opening |
//! | [`store`] | segments on the disk of whoever records |
//! | [`span`] | tracks that come and go while one roster holds |
//! | [`import`] | a folder becomes blocks, whole or as a kill left it; how many copies there are |
//! | [`manifest`] | what lies where |
//! | [`play`] | opening, checking, forgetting |
//! | [`wraps`] | the file key, for a participant's recording key |
//!
//! Randomness and time come in by argument, but in [`live`]. Not here: who may record (`pars_engine`), and the keys of an epoch
//! (`pars_proto::media` opens frames with them).
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod hexadecimal;
pub mod import;
pub mod live;
pub mod manifest;
pub mod play;
pub mod seal;
pub mod span;
pub mod store;
pub mod webm;
pub mod wraps;

//! The channel between two seats, or a seat and the host: what a forwarding host can drop and delay, but not read, change,
//! repeat or reorder (TOWNHALL section 3, "Pair channel").
//!
//! ```text
//! A is the lower seat, the host seat 0. Both encapsulate: A makes ct_AB for B's x_pk, B makes ct_BA for A's.
//! k_AB32 | k_BA32 | k_wrap32 = KDF(ns, ss_AB | ss_BA, "pars-room-pair-v1"; RS, st_A, st_B, ct_AB, ct_BA; 96)
//! frame    = AES-256-GCM, key of its direction, nonce 0^4 | counter8 from 0, AAD RS | from2 | to2
//! envelope = 1 | from2 | to2 | ct1120           hello
//!          | 2 | from2 | to2 | frame            sealed
//! ```
//!
//! The first frame each way is empty: it confirms that its sender has the keys of its statement. Counters are not sent: a
//! frame that was dropped, repeated or moved does not open, and the two ends make a new pair, as they do for a new
//! connection. Each end is bound by its statement hash `st` (the host by `st_host`), which binds its public keys.
//!
//! | Module | Holds |
//! |---|---|
//! | [`pair`] | [`pair::Half`] and [`pair::Pair`] |
//! | [`envelope`] | what the host forwards |
//!
//! Not here: what frames carry.

pub mod envelope;
pub mod pair;

pub use envelope::Envelope;
pub use pair::{End, Ends, Half, MAX_TEXT, Opened, Pair, PairError};

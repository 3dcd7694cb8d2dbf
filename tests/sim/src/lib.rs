//! The simulator: a second driver of the engine, in virtual time, from one seed (ARCHITECTURE.md).
//!
//! | Module | Holds |
//! |---|---|
//! | [`world`] | hosts, the clock, the queue of what is to happen |
//! | [`host`] | one node with its disk: uncommitted batches are lost in a crash |
//! | [`chain`] | the chain with the real contracts, and the views that hosts have of it |
//! | [`faults`] | loss, duplication, latency and with it reordering, partition, crashes at barriers, reorganisations, late views |
//! | [`watch`] | what must hold at every moment |
//! | [`log`] | the event log and its audit hash: same seed, same hash |
//! | [`scenario`] | journeys 1, 2, 3 and 6, and two who write to each other at once |
//! | [`room_session`] | a room's host and 25 members, a world of its own; recording with consent in it |
//! | [`work`] | proof of work, searched once |
//!
//! Not here: the toy suite, adversaries as files, SFU and groups. Links keep the order of nothing: real ones (QUIC) are
//! kinder than these.
#![forbid(unsafe_code)]

pub mod chain;
pub mod faults;
pub mod host;
pub mod log;
pub mod room_session;
pub mod scenario;
pub mod seeds;
pub mod watch;
pub mod work;
pub mod world;

pub use faults::{Faults, Happened};
pub use scenario::{Report, Scenario};
pub use world::World;

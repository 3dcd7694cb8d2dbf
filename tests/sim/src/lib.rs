//! The simulator: a second driver of the engine, in virtual time, from one seed (ARCHITECTURE.md).
//!
//! | Module | Holds |
//! |---|---|
//! | [`world`] | hosts, the clock, the queue of what is to happen |
//! | [`host`] | one node with its disk: uncommitted batches are lost in a crash |
//! | [`faults`] | loss, duplication, latency and with it reordering, partition, crashes at barriers |
//! | [`watch`] | what must hold at every moment |
//! | [`log`] | the event log and its audit hash: same seed, same hash |
//! | [`journey`] | journey 3: messages to somebody offline |
//!
//! Not here yet: journeys 1, 2 and 6 with contracts inside, chain faults, the toy suite, adversaries as files. Links keep the
//! order of nothing: real ones (QUIC) are kinder than these.
#![forbid(unsafe_code)]

pub mod faults;
pub mod host;
pub mod journey;
pub mod log;
pub mod watch;
pub mod world;

pub use faults::Faults;
pub use world::World;

//! A room's session: the machines of one host and 25 members over control streams that lose, repeat, reorder and break, with a
//! steward that dies in half of the runs and a host that lies in half of them (THREATS J1, J2, J6, M3).
//!
//! | Module | Holds |
//! |---|---|
//! | [`cast`] | people, their signatures, what everybody's own index says |
//! | [`world`] | machines, streams, time |
//! | [`watch`] | what must hold at every moment |
//! | [`evil`] | how a host lies |
//! | [`recording`] | the scenario `recording`: consent to recordings |
//! | [`story`] | what happens, and what must be so in the end |
//!
//! A publisher sends as long as its machine lets it: the watch looks at the key it would use, at every step.

pub mod cast;
pub mod evil;
pub mod recording;
pub mod story;
pub mod watch;
pub mod world;

use crate::faults::Faults;
use crate::log::Log;

use self::world::World;

/// Seats of the scenario.
pub const PEOPLE: usize = 25;

/// An attempt to take a seat, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonId(
    /// The count.
    pub u16,
);

impl std::fmt::Display for PersonId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p{:02}", self.0)
    }
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Over the whole event log.
    pub audit: String,
    /// Lines of the log.
    pub lines: u64,
    /// What the host did.
    pub evil: evil::Evil,
    /// Epochs in which somebody sent.
    pub epochs: usize,
    /// The most presenters at once.
    pub presenters: usize,
    /// People who were killed.
    pub kills: usize,
    /// People who sit in the end.
    pub seated: usize,
}

impl Report {
    /// The figures of a world that has ended.
    pub fn of(world: &World) -> Self {
        Self {
            audit: world.log.audit(),
            lines: world.log.count(),
            evil: world.evil,
            epochs: world.watch.used.len(),
            presenters: world.watch.presenters,
            kills: world.kills,
            seated: (0..world.sides.len()).map(|side| world.seated(side).len()).sum(),
        }
    }
}

/// Run it from a seed; the figures.
///
/// # Panics
/// A broken rule, with the seed and the last lines of the log.
pub fn run(seed: u64, faults: Faults) -> Report {
    Report::of(&story::run(seed, faults, Log::default()))
}

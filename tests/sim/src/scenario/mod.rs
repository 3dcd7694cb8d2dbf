//! What happens in a world: each scenario is a journey of ARCHITECTURE.md, run from a seed under faults.

pub mod actions;
pub mod crossing;
pub mod messages;
pub mod rooms;
mod stage;

use crate::faults::{Faults, Happened};
use crate::log::Log;
use crate::world::World;

pub use stage::{A, B, C, D, Stage};

/// A scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Journey 3: messages to somebody offline.
    Messages,
    /// Journeys 1 and 2: a room on chain, and the verdict on a proof.
    Rooms,
    /// Journey 6: a signed action moves a contract, and its receipt comes back.
    Actions,
    /// Two who write to each other at the same moment.
    Crossing,
    /// The same, and all faults end while they try to agree.
    Settling,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Messages, Self::Rooms, Self::Actions, Self::Crossing, Self::Settling];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Messages => "journey3",
            Self::Rooms => "rooms",
            Self::Actions => "actions",
            Self::Crossing => "crossing",
            Self::Settling => "settling",
        }
    }

    /// The one of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    /// Run it from a seed; the figures.
    ///
    /// # Panics
    /// A broken rule or a stage that does not end, with the seed and the last lines of the log.
    pub fn run(self, seed: u64, faults: Faults) -> Report {
        Report::of(&self.run_with(seed, faults, Log::default()))
    }

    /// As [`Scenario::run`]; the world as it ended.
    ///
    /// # Panics
    /// As [`Scenario::run`].
    pub fn run_with(self, seed: u64, faults: Faults, log: Log) -> World {
        let mut stage = Stage::new(World::new(seed, faults, log), self);
        match self {
            Self::Messages => messages::run(&mut stage),
            Self::Rooms => rooms::run(&mut stage),
            Self::Actions => actions::run(&mut stage),
            Self::Crossing => crossing::run(&mut stage),
            Self::Settling => crossing::settle(&mut stage),
        }
        // A host may have crashed after a commit and before it told what it committed: the world goes on until it has.
        stage.poll_until("delivering what was acknowledged", |stage| stage.world.watch.missing() == 0);
        stage.world
    }
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Over the whole event log.
    pub audit: String,
    /// Lines of the log.
    pub lines: u64,
    /// Virtual time, in ms.
    pub ms: u64,
    /// Messages delivered.
    pub delivered: usize,
    /// Message keys whose objects left their writer.
    pub keys: usize,
    /// Texts sealed by AES-256-GCM, each under a pair of key and nonce of its own; 0 in a release build.
    pub sealed: u64,
    /// The longest queue of a node.
    pub longest: usize,
    /// Blocks of the chain.
    pub blocks: u64,
    /// Reorganisations that any view saw.
    pub reorganisations: usize,
    /// What else went wrong.
    pub faults: Happened,
    /// Ways of packets that were looked at to their end.
    pub ways: u64,
}

impl Report {
    /// The figures of a world that has ended.
    pub fn of(world: &World) -> Self {
        Self {
            audit: world.log.audit(),
            lines: world.log.count(),
            ms: world.now().tick.0,
            delivered: world.watch.delivered(),
            keys: world.watch.keys.used(),
            sealed: world.sealed.sealed(),
            longest: world.watch.longest,
            blocks: world.ledger.head(),
            reorganisations: world.views.iter().map(|view| view.reorganisations).sum(),
            faults: world.happened,
            ways: world.watch.ways,
        }
    }
}

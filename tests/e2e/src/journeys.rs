//! The journeys, one file each. A new one is a file here and a line in [`ALL`].

mod actions;
mod calls;
mod eligibility;
mod messages;
mod recordings;
mod refusals;
mod rooms;
mod sealed;

use anyhow::Result;

use crate::{report::Report, stack::Places};

/// A journey.
#[derive(Debug, Clone, Copy)]
pub struct Journey {
    /// Its number.
    pub number: u32,
    /// What it shows.
    pub title: &'static str,
    /// Runs its steps; an error says that a step failed on which the rest depends.
    pub run: fn(&mut Report, &Places) -> Result<()>,
}

/// All journeys in order.
pub const ALL: &[Journey] = &[
    Journey { number: 1, title: "rooms of three kinds, from accounts and from a Safe", run: rooms::run },
    Journey { number: 2, title: "eligibility: who is admitted, and every refusal by name", run: eligibility::run },
    Journey {
        number: 2,
        title: "rooms in a browser: people of three kinds of rooms see and hear each other",
        run: calls::run,
    },
    Journey { number: 3, title: "messages: two people, six service nodes, one of them dead", run: messages::run },
    Journey {
        number: 4,
        title: "sealed: wrong keys, who left, who came, and a media server that lies",
        run: sealed::run,
    },
    Journey {
        number: 5,
        title: "recordings: all consent or nothing is recorded, and who consented plays it",
        run: recordings::run,
    },
    Journey { number: 6, title: "actions: a signed message moves a contract, nothing else does", run: actions::run },
];

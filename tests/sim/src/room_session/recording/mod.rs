//! Recording with everybody's consent, from many seeds (THREATS K1, K2, K3, K5, K10): people come, go, agree, refuse, withdraw by
//! message or on chain only; the one who records is killed or stops, or lies in a fifth of the runs ([`liar`]); the chain takes
//! a consent back, or is silent for some; the leader's own index lies in a third of the runs, so that it lets the recorder in too
//! early.
//!
//! The rules: nobody signs a lie; a withdrawal reaches the contract, through who records or a minute later through its author;
//! nobody whose own index is honest sends in an epoch that a recorder can open, unless the consent of exactly the
//! epoch's participants is final on chain, with a moment's grace after it ended; when another than its author has heard of a
//! withdrawal in the room, all whom the host reaches stop within 2 s.

pub mod ledger;
pub mod liar;
pub mod story;

use std::collections::BTreeMap;

use crate::faults::Faults;
use crate::log::Log;

use self::ledger::Ledger;
use self::liar::Lie;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Over the whole event log.
    pub audit: String,
    /// Spans whose consent became final.
    pub authorised: usize,
    /// Epochs with a recorder in which somebody sent.
    pub recorded: usize,
    /// Withdrawals that people heard of.
    pub withdrawn: usize,
    /// Of those, how many not first and within 2 s of the first who is not its author.
    pub in_time: usize,
    /// Seats that came while people sent what a recorder opens.
    pub came: usize,
    /// Seats that went then.
    pub went: usize,
    /// Spans that the chain took back.
    pub reverted: usize,
    /// Spans that were anchored.
    pub anchored: usize,
    /// Withdrawals that who records sent for others.
    pub relayed: usize,
    /// Withdrawals that their authors sent.
    pub direct: usize,
    /// What who records showed, if it lies, and how often.
    pub shown: BTreeMap<Lie, usize>,
    /// Why others did not sign that, each reason once.
    pub refused: Vec<(Lie, String)>,
    /// How many signed what it showed in between, which was true.
    pub truths: usize,
    /// How often somebody stopped because a recorder was there without consent.
    pub stopped: usize,
    /// How often who was recording was killed.
    pub killed: usize,
}

impl Report {
    /// The figures of a world that has ended.
    pub fn of(world: &super::world::World) -> Self {
        let audit = world.log.audit();
        let Ledger { spans, recorded, withdrawn, in_time, came, went, stopped, relayed, direct, lies, killed, .. } =
            &world.recordings;
        Self {
            audit,
            authorised: spans.values().filter(|span| span.was_authorised()).count(),
            recorded: recorded.len(),
            withdrawn: *withdrawn,
            in_time: *in_time,
            came: *came,
            went: *went,
            reverted: spans.values().filter(|span| span.times.len() > 1).count(),
            anchored: spans.values().filter(|span| span.anchored).count(),
            relayed: *relayed,
            direct: *direct,
            shown: lies.told.clone(),
            refused: lies.refused.iter().cloned().collect(),
            truths: lies.signed.len(),
            stopped: *stopped,
            killed: *killed,
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

//! What a seat takes for true where recording goes by its own word: who takes part, and what its own index says. What ships has one
//! conduct, [`Honest`]; those who test how others fare among liars have another (`tests/liar`). No other seat relies on it.

use std::fmt::Debug;

use pars_proto::room::SeatNo;

use crate::room::io::Authority;

/// How a seat goes about recordings.
pub trait Conduct: Debug + Sync {
    /// Whether `seat`, one of an epoch's `seats`, counts among those who take part; `own` is who counts, once it has a seat.
    fn counts(&self, own: Option<SeatNo>, seats: &[SeatNo], seat: SeatNo) -> bool;

    /// What is taken for the word of own index on a span's consent; none: it does not answer.
    fn believes(&self, said: Option<Authority>) -> Option<Authority>;
}

/// Everybody counts, and own index is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Honest;

impl Conduct for Honest {
    fn counts(&self, _: Option<SeatNo>, _: &[SeatNo], _: SeatNo) -> bool {
        true
    }

    fn believes(&self, said: Option<Authority>) -> Option<Authority> {
        said
    }
}

impl Default for &dyn Conduct {
    fn default() -> Self {
        &Honest
    }
}

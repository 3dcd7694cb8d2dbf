//! A room's session from many seeds.

use pars_sim::room_session::evil::Evil;
use pars_sim::room_session::run;
use pars_sim::{Faults, seeds};

use crate::{SEEDS, count, threads};

#[test]
fn no_key_reaches_who_left_or_was_not_there_and_every_lie_of_a_host_shows() {
    for (seed, report) in seeds::run(0..count(), threads(), |seed| run(seed, Faults::ALL)) {
        println!("seed {seed}: {report:?}");
    }
}

#[test]
fn the_seeds_of_a_test_try_every_lie() {
    let tried: std::collections::BTreeSet<_> = (0..SEEDS * 2).map(Evil::of).collect();
    assert_eq!(tried.len(), Evil::ALL.len());
}

#[test]
fn a_calm_room_agrees() {
    let report = run(1, Faults::NONE);
    assert!(report.seated > 10 && report.presenters == 1, "{report:?}");
}

#[test]
fn the_same_seed_gives_the_same_session() {
    let (first, second) = (run(5, Faults::ALL), run(5, Faults::ALL));
    assert_eq!(first, second);
    assert_ne!(first.audit, run(9, Faults::ALL).audit);
}

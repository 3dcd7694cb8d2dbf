//! Recording with everybody's consent, from many seeds.

use pars_sim::room_session::recording::run;
use pars_sim::{Faults, seeds};

use crate::{count, threads};

#[test]
fn nobody_sends_what_a_recorder_opens_without_the_final_consent_of_all() {
    let (mut recorded, mut withdrawn, mut reverted, mut stopped) = (0, 0, 0, 0);
    for (seed, report) in seeds::run(0..count(), threads(), |seed| run(seed, Faults::ALL)) {
        println!("seed {seed}: {report:?}");
        recorded += report.recorded;
        (withdrawn, reverted) = (withdrawn + report.withdrawn, reverted + report.reverted);
        stopped += report.stopped;
    }
    assert!(recorded > 0, "nothing was ever recorded, so nothing was shown");
    assert!(withdrawn > 0 && reverted > 0 && stopped > 0, "{withdrawn} {reverted} {stopped}");
}

#[test]
fn a_calm_room_is_recorded_and_what_was_recorded_is_anchored() {
    let report = run(1, Faults::NONE);
    assert!(report.authorised == 1 && report.recorded >= 1 && report.anchored == 1, "{report:?}");
    assert_eq!(report, run(1, Faults::NONE), "the same seed, the same run");
}

//! Recording with everybody's consent, from many seeds.

use std::collections::BTreeSet;

use pars_proto::room::recording::ConsentRefusal;
use pars_sim::room_session::recording::run;
use pars_sim::{Faults, seeds};

use crate::{count, threads};

#[test]
fn nobody_sends_what_a_recorder_opens_without_the_final_consent_of_all() {
    let (mut recorded, mut withdrawn, mut reverted, mut stopped) = (0, 0, 0, 0);
    let mut killed = 0;
    let (mut relayed, mut lies, mut truths, mut refused) = (0, 0, 0, BTreeSet::new());
    for (seed, report) in seeds::run(0..count(), threads(), |seed| run(seed, Faults::ALL)) {
        println!("seed {seed}: {report:?}");
        recorded += report.recorded;
        (withdrawn, reverted) = (withdrawn + report.withdrawn, reverted + report.reverted);
        (stopped, killed) = (stopped + report.stopped, killed + report.killed);
        relayed += report.relayed;
        if report.lies > 0 {
            (lies, truths) = (lies + report.lies, truths + report.truths);
            refused.extend(report.refused);
        }
    }
    assert!(recorded > 0, "nothing was ever recorded, so nothing was shown");
    assert!(withdrawn > 0 && reverted > 0 && stopped > 0, "{withdrawn} {reverted} {stopped}");
    assert!(killed > 0, "nobody was killed while it recorded");
    assert!(relayed > 0, "no withdrawal went through who records");
    assert!(lies >= 4 && truths > 0, "{lies} lies; {truths} times the truth of who lies was signed");
    for why in [ConsentRefusal::Roster, ConsentRefusal::Policy] {
        assert!(refused.contains(&why.to_string()), "{why}: {refused:?}");
    }
}

#[test]
fn a_calm_room_is_recorded_and_what_was_recorded_is_anchored() {
    let report = run(1, Faults::NONE);
    assert!(report.authorised == 1 && report.recorded >= 1 && report.anchored == 1, "{report:?}");
    assert_eq!(report, run(1, Faults::NONE), "the same seed, the same run");
}

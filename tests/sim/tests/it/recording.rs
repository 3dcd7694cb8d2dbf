//! Recording with everybody's consent, from many seeds.

use std::collections::{BTreeMap, BTreeSet};

use pars_proto::room::recording::ConsentRefusal;
use pars_sim::room_session::recording::liar::Lie;
use pars_sim::room_session::recording::{Report, run};
use pars_sim::{Faults, seeds};

use crate::{count, threads};

fn reports(all: impl Iterator<Item = u64>, faults: Faults) -> Vec<Report> {
    let reports = seeds::run(all, threads(), |seed| run(seed, faults)).into_iter().map(|(seed, report)| {
        println!("seed {seed}: {report:?}");
        report
    });
    reports.collect()
}

/// How often something happened in a run.
type Count = fn(&Report) -> usize;

#[test]
fn nobody_sends_what_a_recorder_opens_without_the_final_consent_of_all() {
    let reports = reports(0..count(), Faults::ALL);
    let sum = |of: fn(&Report) -> usize| reports.iter().map(of).sum::<usize>();
    let happened: [(&str, Count); 9] = [
        ("epoch was recorded, so nothing was shown", |report| report.recorded),
        ("seat came while it was recorded", |report| report.came),
        ("seat left while it was recorded", |report| report.went),
        ("span was anchored", |report| report.anchored),
        ("withdrawal was heard", |report| report.withdrawn),
        ("withdrawal went through who records", |report| report.relayed),
        ("consent was reorganised away", |report| report.reverted),
        ("member stopped before a recorder", |report| report.stopped),
        ("recording member was killed", |report| report.killed),
    ];
    for (what, of) in happened {
        assert!(sum(of) > 0, "no {what}");
    }
}

/// THREATS K3: what one has heard of, nobody whom the host reaches goes by 2 s later. No packet is lost, so only those who are
/// cut off are not reached.
#[test]
fn all_stop_within_two_seconds_of_a_withdrawal_that_one_has_heard_of() {
    let faults = Faults { loss: 0, ..Faults::ALL };
    let in_time: usize = reports(0..count(), faults).iter().map(|report| report.in_time).sum();
    assert!(in_time >= 10, "only {in_time} members were to stop for what another had heard");
}

/// THREATS K1, K6: one seed of five has a recorder who lies.
#[test]
fn who_lies_about_the_roster_gets_no_signature_and_nobody_sends_to_its_recorder() {
    let reports = reports((0..count()).map(|number| 5 * number + 3), Faults::ALL);
    let (mut shown, mut refused) = (BTreeMap::<Lie, usize>::new(), BTreeSet::new());
    for report in &reports {
        report.shown.keys().for_each(|lie| *shown.entry(*lie).or_default() += 1);
        refused.extend(report.refused.iter().cloned());
    }
    println!("{shown:?} {refused:?}");
    for lie in Lie::ALL {
        assert!(shown.get(&lie) >= Some(&10), "{lie:?} in too few runs: {shown:?}");
    }
    let why = [
        (Lie::Omits, ConsentRefusal::Roster),
        (Lie::Pads, ConsentRefusal::Roster),
        (Lie::AnothersKey, ConsentRefusal::Keys),
        (Lie::SwapsKey, ConsentRefusal::Policy),
    ];
    for (lie, why) in why {
        assert!(refused.contains(&(lie, why.to_string())), "{lie:?}: {refused:?}");
    }
    assert!(reports.iter().any(|report| report.truths > 0), "the truth of who lies was never signed");
}

#[test]
fn a_calm_room_is_recorded_and_what_was_recorded_is_anchored() {
    let report = run(1, Faults::NONE);
    assert!(report.authorised == 1 && report.recorded >= 1 && report.anchored == 1, "{report:?}");
    assert_eq!(report, run(1, Faults::NONE), "the same seed, the same run");
}

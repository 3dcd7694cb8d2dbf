//! Journey 3 from many seeds: every rule of `watch` holds while it runs, whatever goes wrong.

use pars_sim::{Faults, journey};

/// Seeds tried by `test`; `PARS_SIM_SEEDS` raises the count.
const SEEDS: u64 = 20;

fn seeds() -> u64 {
    std::env::var("PARS_SIM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS).max(SEEDS)
}

/// A quarter of the seeds each, so that they run beside each other.
fn quarter(number: u64) {
    for seed in (0..seeds()).filter(|seed| seed % 4 == number) {
        println!("seed {seed}");
        let report = journey::run(seed, Faults::ALL);
        assert_eq!(report.delivered, 6, "seed {seed}");
    }
}

#[test]
fn messages_arrive_once_without_any_fault() {
    assert_eq!(journey::run(0, Faults::NONE).delivered, 6);
}

#[test]
fn the_same_seed_gives_the_same_audit_hash() {
    let (first, second) = (journey::run(7, Faults::ALL), journey::run(7, Faults::ALL));
    assert_eq!(first, second);
    assert_ne!(first.audit, journey::run(8, Faults::ALL).audit);
}

#[test]
fn messages_arrive_once_under_all_faults_first_quarter() {
    quarter(0);
}

#[test]
fn messages_arrive_once_under_all_faults_second_quarter() {
    quarter(1);
}

#[test]
fn messages_arrive_once_under_all_faults_third_quarter() {
    quarter(2);
}

#[test]
fn messages_arrive_once_under_all_faults_fourth_quarter() {
    quarter(3);
}

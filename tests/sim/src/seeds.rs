//! Many seeds, on every core.

use std::sync::Mutex;

use crate::{Faults, Report, Scenario};

/// Run a scenario under all faults from each of the seeds, `threads` at a time; reports in the order of the seeds.
///
/// # Panics
/// As the scenario: with the seed that failed first.
pub fn run(scenario: Scenario, seeds: impl IntoIterator<Item = u64>, threads: usize) -> Vec<(u64, Report)> {
    let mut waiting: Vec<_> = seeds.into_iter().collect();
    waiting.reverse();
    let (waiting, done) = (Mutex::new(waiting), Mutex::new(Vec::new()));
    let next = || waiting.lock().ok().and_then(|mut seeds| seeds.pop());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(seed) = next() {
                    println!("seed {seed}");
                    let report = scenario.run(seed, Faults::ALL);
                    done.lock().into_iter().for_each(|mut done| done.push((seed, report.clone())));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(seed, _)| *seed);
    done
}

//! The two clocks of a measurement: wall time, and CPU time of the whole process.
//!
//! CPU time is user plus system time of all threads, dead ones included, from the kernel's process clock
//! (`CLOCK_PROCESS_CPUTIME_ID`, nanoseconds). Unlike wall time it does not grow when other programs compete for the
//! machine. Sums over `/proc/self/task` would miss threads that ended. Spinning of idle pool threads counts, because it is CPU that proving costs.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;
use cpu_time::ProcessTime;

/// One measurement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Elapsed time in ms.
    pub(crate) wall: f64,
    /// CPU time of all threads in ms.
    pub(crate) cpu: f64,
}

/// Calls of a primitive that are timed as one.
const MANY: usize = 200;

/// Runs a piece of work `runs` times after one unmeasured time.
pub(crate) fn repeat<T>(runs: usize, mut work: impl FnMut(usize) -> Result<T>) -> Result<Vec<Cost>> {
    work(0)?;
    (1..=runs).map(|run| measure(|| work(run))).collect()
}

/// The same with something made anew for each run, which is not measured.
pub(crate) fn repeat_on<M, T>(
    runs: usize,
    mut make: impl FnMut(usize) -> Result<M>,
    mut work: impl FnMut(M) -> Result<T>,
) -> Result<Vec<Cost>> {
    work(make(0)?)?;
    (1..=runs)
        .map(|run| {
            let made = make(run)?;
            measure(|| work(made))
        })
        .collect()
}

/// CPU in ms of one call of a primitive.
pub(crate) fn one<T>(runs: usize, mut work: impl FnMut() -> T) -> Result<f64> {
    let costs = repeat(runs, |_| {
        for _ in 0..MANY {
            black_box(work());
        }
        Ok(())
    })?;
    Ok(each(&costs, MANY))
}

/// CPU in ms of one of the operations that were timed as one.
pub(crate) fn each(costs: &[Cost], operations: usize) -> f64 {
    median(costs, |cost| cost.cpu) / operations as f64
}

/// Median of one field over measurements.
pub(crate) fn median(costs: &[Cost], field: impl Fn(&Cost) -> f64) -> f64 {
    middle(costs.iter().map(field).collect())
}

/// The middle value.
pub(crate) fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value that a share of all does not exceed (nearest rank).
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let rank = (share * values.len() as f64).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// Runs a piece of work once.
pub(crate) fn measure<T>(work: impl FnOnce() -> Result<T>) -> Result<Cost> {
    let cpu = ProcessTime::try_now()?;
    let wall = now();
    let result = work()?;
    let (elapsed, used) = (wall.elapsed(), cpu.try_elapsed()?);
    drop(result);
    Ok(Cost { wall: elapsed.as_secs_f64() * 1e3, cpu: used.as_secs_f64() * 1e3 })
}

/// This moment.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures wall time; this is the one place")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Names one start of the benchmark: seconds since the Unix epoch and process id.
#[expect(clippy::disallowed_methods, reason = "a run is named after the time it started; this is the one place")]
pub(crate) fn run_id() -> String {
    let epoch = std::time::UNIX_EPOCH;
    let seconds = std::time::SystemTime::now().duration_since(epoch).map_or(0, |since| since.as_secs());
    format!("{seconds}-{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value() {
        let costs = [5.0, 1.0, 9.0, 3.0, 7.0].map(|wall| Cost { wall, cpu: 0.0 });
        assert!((median(&costs, |cost| cost.wall) - 5.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert!((quantile(&values, 0.5) - 100.0).abs() < f64::EPSILON);
        assert!((quantile(&values, 0.99) - 198.0).abs() < f64::EPSILON);
        assert!((quantile(&values, 1.0) - 200.0).abs() < f64::EPSILON);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn what_is_made_for_a_run_is_used_once_and_in_order() {
        let mut used = Vec::new();
        let costs = repeat_on(3, Ok, |made: usize| {
            used.push(made);
            Ok(())
        });
        assert_eq!((costs.unwrap().len(), used), (3, vec![0, 1, 2, 3]));
    }

    #[test]
    fn work_on_a_thread_that_ended_is_counted() {
        let spin = || (0..3_000_000u64).fold(1u64, |x, i| std::hint::black_box(x.wrapping_mul(31) ^ i));
        let cost = measure(|| Ok(std::thread::spawn(spin).join().is_ok())).unwrap();
        assert!(cost.cpu > 0.5, "{cost:?}");
    }
}

//! The two clocks of a measurement: wall time, and CPU time of the whole process.
//!
//! CPU time is user plus system time of all threads, dead ones included, from the kernel's process clock
//! (`CLOCK_PROCESS_CPUTIME_ID`, nanoseconds). Unlike wall time it does not grow when other programs compete for the
//! machine. Sums over `/proc/self/task` would miss most of a proof: arkworks starts short-lived threads for each
//! multi-scalar multiplication. Spinning of idle pool threads counts, because it is CPU that proving costs.

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

/// Runs a piece of work `runs` times after one unmeasured time.
pub(crate) fn repeat<T>(runs: usize, mut work: impl FnMut(usize) -> Result<T>) -> Result<Vec<Cost>> {
    work(0)?;
    (1..=runs).map(|run| measure(|| work(run))).collect()
}

/// Median of one field over measurements.
pub(crate) fn median(costs: &[Cost], field: impl Fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = costs.iter().map(field).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn measure<T>(work: impl FnOnce() -> Result<T>) -> Result<Cost> {
    let cpu = ProcessTime::try_now()?;
    let wall = now();
    let result = work()?;
    let (elapsed, used) = (wall.elapsed(), cpu.try_elapsed()?);
    drop(result);
    Ok(Cost { wall: elapsed.as_secs_f64() * 1e3, cpu: used.as_secs_f64() * 1e3 })
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures wall time; this is the one place")]
fn now() -> Instant {
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
    fn work_on_a_thread_that_ended_is_counted() {
        let spin = || (0..3_000_000u64).fold(1u64, |x, i| std::hint::black_box(x.wrapping_mul(31) ^ i));
        let cost = measure(|| Ok(std::thread::spawn(spin).join().is_ok())).unwrap();
        assert!(cost.cpu > 0.5, "{cost:?}");
    }
}

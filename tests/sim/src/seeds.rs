//! Many seeds, on every core.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Notes that its thread panicked.
struct Failing<'a>(&'a AtomicBool);

impl Drop for Failing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// Run something from each of the seeds, `threads` at a time; what it gave, in the order of the seeds.
///
/// # Panics
/// As what is run: with the seed that failed first. No further seed is begun then.
pub fn run<R: Send>(
    seeds: impl IntoIterator<Item = u64>,
    threads: usize,
    from: impl Fn(u64) -> R + Sync,
) -> Vec<(u64, R)> {
    let mut waiting: Vec<_> = seeds.into_iter().collect();
    waiting.reverse();
    let (waiting, done) = (Mutex::new(waiting), Mutex::new(Vec::new()));
    let failed = AtomicBool::new(false);
    let go_on = || !failed.load(Ordering::Relaxed);
    let next = || go_on().then(|| waiting.lock().ok().and_then(|mut seeds| seeds.pop())).flatten();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                let _failing = Failing(&failed);
                while let Some(seed) = next() {
                    println!("seed {seed}");
                    let given = from(seed);
                    if let Ok(mut done) = done.lock() {
                        done.push((seed, given));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(seed, _)| *seed);
    done
}

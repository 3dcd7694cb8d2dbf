//! Scenarios from many seeds, and each rule of the watch with what breaks it.

mod chain;
mod program;
mod races;
mod recording;
mod room_orders;
mod room_session;
mod scenarios;
mod watch;

/// Seeds tried by `test`; `PARS_SIM_SEEDS` raises the count.
const SEEDS: u64 = 20;

fn count() -> u64 {
    std::env::var("PARS_SIM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS).max(SEEDS)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

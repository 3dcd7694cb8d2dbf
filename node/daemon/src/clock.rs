//! The two clocks of the process: everything that needs the time comes here (clippy.toml).

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use pars_wire::machine::{Now, Tick, UnixMinute};

/// Counts monotonic milliseconds since it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Begin to count.
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the engine's ticks come from this clock and no other")]
        let start = Instant::now();
        Self { start }
    }

    /// What the engine is told of time.
    pub fn now(&self) -> Now {
        let tick = Tick(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX));
        Now { tick, wall: wall() }
    }

    /// When a tick comes, for a timer.
    pub fn instant(&self, tick: Tick) -> tokio::time::Instant {
        let at = self.start.checked_add(std::time::Duration::from_millis(tick.0));
        // A tick beyond the range of the clock never comes within the life of a process.
        at.unwrap_or_else(|| self.start + std::time::Duration::from_secs(86_400 * 365)).into()
    }
}

/// Minutes since the Unix epoch, by the system's clock.
pub fn wall() -> UnixMinute {
    UnixMinute(u32::try_from(milliseconds() / 60_000).unwrap_or(u32::MAX))
}

/// Milliseconds since the Unix epoch, by the system's clock.
pub fn milliseconds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "days, prekeys and expiry follow the system's clock; read here only")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

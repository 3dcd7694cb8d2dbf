//! The one place where this program reads the real clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since the Unix epoch; zero on a machine whose clock stands before it.
pub fn unix_seconds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the time of issue of a proof is real time; every caller comes here")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

//! The only place of this crate that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970 by the system's clock; 0 for a clock before that.
pub(crate) fn wall_seconds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the shell hands the wall clock to the chain from here")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// Where the timestamps of blocks come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// The wall clock plus this many seconds.
    Wall(i64),
    /// One second per block: equal calls give equal blocks.
    Logical,
}

impl Clock {
    /// What the chain is told as "now".
    pub(crate) fn now(self) -> Option<u64> {
        match self {
            Self::Wall(offset) => Some(wall_seconds().saturating_add_signed(offset)),
            Self::Logical => None,
        }
    }
}

//! The one place of the network that reads the wall clock: descriptors are of days.

use std::time::{SystemTime, UNIX_EPOCH};

use pars_wire::machine::UnixMinute;

/// Minutes since the Unix epoch; 0 on a machine whose clock stands before it.
#[expect(clippy::disallowed_methods, reason = "a shell reads the clock here and nowhere else")]
pub(super) fn now() -> UnixMinute {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    UnixMinute(u32::try_from(seconds / 60).unwrap_or(u32::MAX))
}

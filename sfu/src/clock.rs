//! The one place that reads clocks and the system's randomness.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand_core::{Infallible, TryCryptoRng, TryRng};

/// Milliseconds since the Unix epoch that never run back: the wall clock at the start and the monotonic clock since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
    unix_ms: u64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: instant(), unix_ms: unix_ms() }
    }

    /// Now, in milliseconds since the Unix epoch.
    pub(crate) fn ms(&self) -> u64 {
        self.unix_ms.saturating_add(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// The moment of such a time.
    pub(crate) fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms.saturating_sub(self.unix_ms))
    }
}

/// This moment.
#[expect(clippy::disallowed_methods, reason = "the shell's one reading of the monotonic clock")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the shell's one reading of the wall clock")]
fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Seconds since the Unix epoch, for tokens.
pub(crate) fn unix_seconds() -> u64 {
    unix_ms() / 1_000
}

/// From 1900 to the Unix epoch, in seconds (RFC 868).
const SINCE_1900: u64 = 2_208_988_800;

/// This moment as sender reports have it (RFC 3550 section 4): seconds since 1900 and their fraction, 32 bits each.
pub(crate) fn ntp() -> u64 {
    let ms = unix_ms();
    let fraction = ((ms % 1_000) << 32) / 1_000;
    ((ms / 1_000 + SINCE_1900) << 32) | fraction
}

/// Randomness of the operating system. Without it nothing can go on: the process ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct System;

impl System {
    fn fill(bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            eprintln!("the operating system gives no randomness");
            std::process::abort();
        }
    }
}

impl TryRng for System {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0u8; 4];
        Self::fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0u8; 8];
        Self::fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        Self::fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for System {}

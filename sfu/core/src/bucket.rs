//! How often somebody may do something.

/// A token bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    per_second: u32,
    burst: u32,
    /// Thousandths of a token.
    level: u64,
    at: u64,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(now: u64, per_second: u32, burst: u32) -> Self {
        Self { per_second, burst, level: u64::from(burst) * 1_000, at: now }
    }

    /// Takes one token if there is one.
    pub(crate) fn take(&mut self, now: u64) -> bool {
        self.take_many(now, 1)
    }

    /// Takes so many tokens if there are so many.
    pub(crate) fn take_many(&mut self, now: u64, tokens: u32) -> bool {
        let gained = now.saturating_sub(self.at).saturating_mul(u64::from(self.per_second));
        self.level = self.level.saturating_add(gained).min(u64::from(self.burst) * 1_000);
        self.at = self.at.max(now);
        let left = self.level.checked_sub(u64::from(tokens) * 1_000);
        self.level = left.unwrap_or(self.level);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_only_the_rate_and_time_running_back_gives_nothing() {
        let mut bucket = Bucket::new(1_000, 50, 3);
        assert_eq!((0..5).filter(|_| bucket.take(1_000)).count(), 3);
        assert!(!bucket.take(1_019) && bucket.take(1_039));
        assert!(!bucket.take(0) && !bucket.take_many(1_058, 2) && bucket.take_many(1_079, 2));
        assert_eq!((0..500).filter(|_| bucket.take(u64::MAX)).count(), 3);
    }
}

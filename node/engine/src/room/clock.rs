//! Unix seconds from ticks: statements and grants live for two minutes, so a room needs finer time than the minutes that
//! other machines see. Whoever drives gives the base and may correct it.

use pars_wire::machine::Tick;

/// Wall time in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    at_zero: u64,
}

impl Clock {
    /// Unix seconds at tick 0.
    pub(super) const fn new(at_zero: u64) -> Self {
        Self { at_zero }
    }

    /// Unix seconds now.
    pub(super) const fn seconds(self, now: Tick) -> u64 {
        self.at_zero.saturating_add(now.0 / 1_000)
    }

    /// It is so many seconds now.
    pub(super) const fn set(&mut self, seconds: u64, now: Tick) {
        self.at_zero = seconds.saturating_sub(now.0 / 1_000);
    }

    /// The tick of these Unix seconds.
    pub(super) const fn tick(self, seconds: u64) -> Tick {
        Tick(seconds.saturating_sub(self.at_zero).saturating_mul(1_000))
    }
}

/// So many at once, and so many each second after that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    left: u64,
    most: u64,
    per_second: u64,
    since: Tick,
}

impl Allowance {
    pub(super) const fn new(now: Tick, most: u64, per_second: u64) -> Self {
        Self { left: most * 1_000, most: most * 1_000, per_second, since: now }
    }

    /// Use one, if there is one.
    pub(super) fn take(&mut self, now: Tick) -> bool {
        let earned = now.0.saturating_sub(self.since.0).saturating_mul(self.per_second);
        (self.left, self.since) = (self.left.saturating_add(earned).min(self.most), now);
        let enough = self.left >= 1_000;
        if enough {
            self.left -= 1_000;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_earned_again() {
        let mut two = Allowance::new(Tick(0), 2, 1);
        assert_eq!([two.take(Tick(0)), two.take(Tick(0)), two.take(Tick(0))], [true, true, false]);
        assert_eq!([two.take(Tick(1_000)), two.take(Tick(1_500))], [true, false]);
    }

    #[test]
    fn seconds_and_ticks_fit() {
        let mut clock = Clock::new(1_000);
        assert_eq!((clock.seconds(Tick(2_500)), clock.tick(1_002)), (1_002, Tick(2_000)));
        clock.set(5_000, Tick(3_000));
        assert_eq!(clock.seconds(Tick(3_000)), 5_000);
    }
}

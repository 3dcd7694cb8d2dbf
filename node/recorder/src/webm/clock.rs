//! RTP time becomes milliseconds of a span (RFC 3550 section 5.1; Matroska's ticks are milliseconds here).

/// Milliseconds that a sender's clock and the arrival of its frames may lie apart. Beyond, the sender has begun to count anew
/// (another connection, a device that slept), or lies: the arrival counts.
const APART_MS: u64 = 10_000;

/// The clock of one track.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// Ticks a second.
    rate: u32,
    last: Option<Last>,
}

/// Where the clock stands.
#[derive(Clone, Copy, Debug)]
struct Last {
    rtp: u32,
    /// Ticks since `base_ms`.
    ticks: i64,
    base_ms: u64,
    ms: u64,
}

impl Clock {
    pub(crate) const fn new(rate: u32) -> Self {
        Self { rate, last: None }
    }

    /// Milliseconds of a frame since the span began; nothing for one that is not later than the one before. RTP time of 32 bits
    /// goes round: the shorter way counts.
    pub(crate) fn at(&mut self, rtp: u32, arrived_ms: u64) -> Option<u64> {
        let anew = Last { rtp, ticks: 0, base_ms: arrived_ms, ms: arrived_ms };
        let Some(last) = self.last else {
            self.last = Some(anew);
            return Some(arrived_ms);
        };
        let ticks = last.ticks + i64::from(rtp.wrapping_sub(last.rtp).cast_signed());
        let ms = last.base_ms.saturating_add_signed(ticks * 1_000 / i64::from(self.rate));
        let next = match ms.abs_diff(arrived_ms) {
            apart if apart > APART_MS && arrived_ms > last.ms => anew,
            _ if ticks > last.ticks => Last { rtp, ticks, ms, ..last },
            _ => return None,
        };
        self.last = Some(next);
        Some(next.ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_senders_clock_counts_not_the_arrival() {
        let mut clock = Clock::new(48_000);
        let times = [(u32::MAX - 479, 500), (480, 533), (1_440, 590), (1_560, 590)];
        let ms: Vec<_> = times.into_iter().map(|(rtp, arrived)| clock.at(rtp, arrived)).collect();
        assert_eq!(ms, [Some(500), Some(520), Some(540), Some(542)]);
    }

    #[test]
    fn a_frame_that_is_not_later_has_no_time_and_moves_nothing() {
        let mut clock = Clock::new(90_000);
        assert_eq!(clock.at(9_000, 0), Some(0));
        assert_eq!(clock.at(18_000, 100), Some(100));
        assert_eq!((clock.at(18_000, 100), clock.at(9_000, 101)), (None, None));
        assert_eq!(clock.at(27_000, 200), Some(200));
    }

    #[test]
    fn a_clock_that_begins_anew_or_runs_away_is_set_by_the_arrival() {
        let mut clock = Clock::new(48_000);
        assert_eq!(clock.at(0, 0), Some(0));
        assert_eq!(clock.at(3_000_000_000, 20_000), Some(20_000));
        assert_eq!(clock.at(3_000_000_960, 20_020), Some(20_020));
        // A day of silence, in which RTP time went round twice.
        assert_eq!(clock.at(5, 86_400_000), Some(86_400_000));
        assert_eq!(clock.at(965, 86_400_020), Some(86_400_020));
    }
}

//! Time of the chain. The wall clock comes in by argument (`now`); without one, each block is one second after its parent,
//! so that equal inputs give equal blocks.
//!
//! Timestamps never go back. Unlike on Ethereum a block may have its parent's timestamp: blocks are made on demand, and
//! with the strict rule a burst of transactions would push the chain's time far ahead of the wall clock.

use crate::error::ChainError;

/// Largest timestamp: 40 bits, the size contracts of this project give it.
const MAX_TIMESTAMP: u64 = (1 << 40) - 1;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Added to the wall clock.
    offset: i64,
    /// Added once to the next block when there is no wall clock.
    skip: u64,
    /// Timestamp asked for the next block.
    next: Option<u64>,
}

impl Clock {
    /// The timestamp the next block gets.
    pub(crate) fn peek(&self, parent: u64, now: Option<u64>) -> u64 {
        let natural = match now {
            Some(now) => now.saturating_add_signed(self.offset),
            None => parent.saturating_add(1).saturating_add(self.skip),
        };
        self.next.unwrap_or(natural).max(parent).min(MAX_TIMESTAMP)
    }

    /// The timestamp of the block made now. After a set timestamp time runs on from there.
    pub(crate) fn take(&mut self, parent: u64, now: Option<u64>) -> u64 {
        let timestamp = self.peek(parent, now);
        if self.next.take().is_some()
            && let Some(now) = now
        {
            self.offset = i64::try_from(timestamp).unwrap_or(0).saturating_sub(i64::try_from(now).unwrap_or(0));
        }
        self.skip = 0;
        timestamp
    }

    /// Moves the clock ahead; gives the total offset in seconds.
    pub(crate) fn increase(&mut self, seconds: u64, head: u64) -> Result<i64, ChainError> {
        let too_far = || ChainError::ClockRange(seconds);
        if head.checked_add(self.skip).and_then(|t| t.checked_add(seconds)).is_none_or(|t| t >= MAX_TIMESTAMP) {
            return Err(too_far());
        }
        self.offset = self.offset.checked_add_unsigned(seconds).ok_or_else(too_far)?;
        self.skip = self.skip.saturating_add(seconds);
        if let Some(next) = &mut self.next {
            *next = next.saturating_add(seconds).min(MAX_TIMESTAMP);
        }
        Ok(self.offset)
    }

    /// Sets the timestamp of the next block.
    pub(crate) fn set_next(&mut self, asked: u64, head: u64) -> Result<(), ChainError> {
        if asked < head {
            return Err(ChainError::Timestamp { asked, head });
        }
        if asked > MAX_TIMESTAMP {
            return Err(ChainError::ClockRange(asked));
        }
        self.next = Some(asked);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_wall_clock_blocks_are_one_second_apart() {
        let mut clock = Clock::default();
        assert_eq!(clock.take(100, None), 101);
        clock.increase(50, 101).unwrap();
        assert_eq!(clock.take(101, None), 152);
        assert_eq!(clock.take(152, None), 153);
    }

    #[test]
    fn time_runs_on_from_a_set_timestamp_and_never_goes_back() {
        let mut clock = Clock::default();
        clock.set_next(5_000, 100).unwrap();
        assert_eq!(clock.take(100, Some(1_000)), 5_000);
        assert_eq!(clock.take(5_000, Some(1_010)), 5_010);
        assert_eq!(clock.take(5_010, Some(900)), 5_010);
        assert_eq!(clock.set_next(5_009, 5_010), Err(ChainError::Timestamp { asked: 5_009, head: 5_010 }));
    }

    #[test]
    fn increases_add_up_and_out_of_range_is_refused() {
        let mut clock = Clock::default();
        assert_eq!(clock.increase(10, 100), Ok(10));
        assert_eq!(clock.increase(5, 100), Ok(15));
        assert_eq!(clock.take(100, Some(200)), 215);
        assert_eq!(clock.increase(u64::MAX, 215), Err(ChainError::ClockRange(u64::MAX)));
    }
}

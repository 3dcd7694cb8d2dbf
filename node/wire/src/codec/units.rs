//! Coarse times as they stand in records: u32 counts of whole days, hours or minutes since the Unix epoch, UTC.
//! Coarse on purpose: a record shows when something happened only as finely as its use needs.

use crate::machine::UnixMinute;

macro_rules! unit {
    ($(#[doc = $doc:literal] $name:ident, $minutes:literal;)+) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(
            /// The count.
            pub u32,
        );

        impl $name {
            /// The unit in which this minute lies.
            pub const fn at(minute: UnixMinute) -> Self {
                Self(minute.0 / $minutes)
            }

            /// The first minute of the unit, in minutes since the epoch; u64, so that no product overflows.
            pub const fn start_minute(self) -> u64 {
                self.0 as u64 * $minutes
            }

            /// `n` units later; stays at the largest value instead of wrapping.
            pub const fn plus(self, n: u32) -> Self {
                Self(self.0.saturating_add(n))
            }

            /// `n` units earlier; stays at zero instead of wrapping.
            pub const fn minus(self, n: u32) -> Self {
                Self(self.0.saturating_sub(n))
            }

            /// The count as it stands in records and key derivations: 4 bytes, big-endian.
            pub const fn to_bytes(self) -> [u8; 4] {
                self.0.to_be_bytes()
            }
        }
    )+};
}

unit! {
    /// Whole days since the Unix epoch, UTC.
    Day, 1_440;
    /// Whole hours since the Unix epoch, UTC.
    Hour, 60;
    /// Whole minutes since the Unix epoch, UTC.
    Minute, 1;
}

impl Day {
    /// The first hour of the day; stays at the largest value instead of wrapping.
    pub const fn first_hour(self) -> Hour {
        Hour(self.0.saturating_mul(24))
    }

    /// The week this day lies in: whole weeks since the Unix epoch (a Thursday).
    pub const fn week(self) -> u32 {
        self.0 / 7
    }
}

impl Hour {
    /// The day this hour lies in.
    pub const fn day(self) -> Day {
        Day(self.0 / 24)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_round_down_and_never_wrap() {
        let minute = UnixMinute(3 * 1_440 + 61);
        assert_eq!((Day::at(minute), Hour::at(minute), Minute::at(minute)), (Day(3), Hour(73), Minute(4_381)));
        assert_eq!((Day(3).first_hour(), Hour(95).day(), Day(13).week()), (Hour(72), Day(3), 1));
        assert_eq!((Hour(u32::MAX).plus(1), Day(0).minus(1)), (Hour(u32::MAX), Day(0)));
        assert_eq!(Day(u32::MAX).start_minute(), u64::from(u32::MAX) * 1_440);
        assert_eq!(Day(u32::MAX).first_hour(), Hour(u32::MAX));
        assert_eq!(Hour(1).to_bytes(), [0, 0, 0, 1]);
    }
}

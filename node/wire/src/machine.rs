//! One shape for every protocol machine: data in, data out; time and randomness by argument (ARCHITECTURE.md).
//!
//! Not here: who drives a machine. A shell or the simulator calls [`Machine::handle`], collects the outputs, makes them
//! durable where they ask for it, and wakes the machine at [`Machine::deadline`].

use rand_core::CryptoRng;

/// Monotonic milliseconds since the driver started. Only differences mean anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);

impl Tick {
    /// The tick `ms` milliseconds later; stays at the largest value instead of wrapping.
    pub const fn after(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// Wall-clock minutes since the Unix epoch, UTC. Coarse on purpose: finer times identify people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMinute(pub u32);

impl UnixMinute {
    /// Hours since the Unix epoch, rounded down.
    pub const fn hour(self) -> u32 {
        self.0 / 60
    }

    /// Days since the Unix epoch, rounded down.
    pub const fn day(self) -> u32 {
        self.0 / (24 * 60)
    }

    /// Seconds since the Unix epoch at the start of this minute.
    pub const fn unix_seconds(self) -> u64 {
        self.0 as u64 * 60
    }
}

/// What a machine knows of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For timers.
    pub tick: Tick,
    /// For validity and expiry.
    pub wall: UnixMinute,
}

/// Everything a machine may touch besides itself: time, randomness, and where its outputs go.
pub struct Cx<'a, O> {
    /// The time of this input.
    pub now: Now,
    /// The only source of randomness.
    pub rng: &'a mut dyn CryptoRng,
    /// Outputs in order; the driver drains them after the call.
    pub out: &'a mut Vec<O>,
}

/// A protocol as a value.
pub trait Machine {
    /// What it is told.
    type In;
    /// What it asks for.
    type Out;

    /// Take one input. Total: bad bytes from elsewhere become an output, never a panic.
    fn handle(&mut self, cx: &mut Cx<'_, Self::Out>, input: Self::In);

    /// When it wants to be woken next, if at all: the least of its timers.
    fn deadline(&self) -> Option<Tick>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coarse_time_divides_down() {
        let minute = UnixMinute(60 * 24 * 3 + 61);
        assert_eq!((minute.day(), minute.hour(), minute.unix_seconds()), (3, 73, 262_860));
        assert_eq!(Tick(u64::MAX).after(1), Tick(u64::MAX));
    }
}

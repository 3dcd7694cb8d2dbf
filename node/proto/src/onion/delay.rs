//! How long a sender asks each hop to hold a packet (SESSION section 5 "Delays"): exponential, so that what leaves a node
//! tells nothing about what entered it when.

use pars_crypto::CryptoRng;
use pars_crypto::hash::random;

use super::layer::MAX_DELAY_MS;

/// A mean delay for each hop, chosen by the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delay {
    mean_ms: u32,
}

impl Delay {
    /// `fast`: none.
    pub const FAST: Self = Self { mean_ms: 0 };
    /// `default`: 100 ms a hop.
    pub const DEFAULT: Self = Self { mean_ms: 100 };
    /// `private`: 4 s a hop.
    pub const PRIVATE: Self = Self { mean_ms: 4_000 };

    /// What the hops of a request and its answer may take together, in ms: twenty times the mean covers all but one in ten
    /// thousand.
    pub const fn round_trip_ms(self) -> u64 {
        20 * self.mean_ms as u64
    }

    /// One draw, in ms, clamped to what a node accepts.
    pub fn sample(self, rng: &mut (impl CryptoRng + ?Sized)) -> u32 {
        // 53 random bits give a uniform number in (0, 1].
        let uniform = ((u64::from_be_bytes(random(rng)) >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        (-uniform.ln() * f64::from(self.mean_ms)).min(f64::from(MAX_DELAY_MS)) as u32
    }
}

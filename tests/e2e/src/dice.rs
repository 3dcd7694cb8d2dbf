//! Chance that can be thrown again: numbers from a printed seed.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::wait;

/// What names the seed of the next run.
pub const SEED: &str = "PARS_KILL_SEED";

/// A generator (splitmix64: Steele, Lea, Flood 2014). It decides where faults hit and nothing else.
#[derive(Debug, Clone)]
pub struct Dice {
    /// What it began with.
    pub seed: u64,
    state: u64,
}

impl Dice {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    /// From the environment's seed, or a fresh one.
    pub fn from_environment() -> Result<Self> {
        match std::env::var(SEED) {
            Ok(seed) => Ok(Self::new(seed.parse().with_context(|| format!("{SEED} is no number"))?)),
            Err(_) => Ok(Self::new(u64::from_be_bytes(fresh()?))),
        }
    }

    /// Dice of the same seed that throw something else at each stage: no name of a request is used twice.
    pub const fn of_stage(&self, stage: u64) -> Self {
        let mut own = Self::new(self.seed ^ stage);
        let state = own.next();
        Self { seed: self.seed, state }
    }

    /// A number below a bound above zero.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Sixteen bytes in hexadecimal: a client's id.
    pub fn client_id(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// Lets up to so much time pass, so that a fault hits anywhere; no verdict depends on how long it was.
    pub fn pause(&mut self, at_most: Duration) {
        let micros = u64::try_from(at_most.as_micros()).unwrap_or(u64::MAX).max(1);
        wait::moment(Duration::from_micros(self.below(micros)));
    }

    const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

/// 32 random bytes in hexadecimal digits that stand nowhere else: a canary (THREATS section 1).
pub fn canary() -> Result<String> {
    fresh::<32>().map(hex::encode)
}

fn fresh<const LENGTH: usize>() -> Result<[u8; LENGTH]> {
    use std::io::Read;
    let mut bytes = [0; LENGTH];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throw = |seed| {
            let mut dice = Dice::new(seed);
            (dice.client_id(), dice.below(50), dice.client_id())
        };
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
        assert!(Dice::new(1).below(3) < 3);
        let stages: std::collections::BTreeSet<String> = (0..9).map(|n| Dice::new(7).of_stage(n).client_id()).collect();
        assert_eq!(stages.len(), 9);
        // The reference's first number for seed 0.
        assert_eq!(Dice::new(0).next(), 0xe220_a839_7b1d_cdaf);
    }
}

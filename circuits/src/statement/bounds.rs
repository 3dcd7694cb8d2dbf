//! The two public inputs whose range the contract, not the circuit, enforces.

use alloy_primitives::{U256, uint};
use ark_bn254::Fr;
use ark_ff::{BigInt, PrimeField};

use super::{PRODUCT_BITS, TIME_BITS};

/// A public input outside the range that makes the comparison sound (THREATS Z7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BoundsError {
    /// Zero, or 2^168 and more.
    #[error("threshold {0} is outside 1 to 2^168 - 1; the contract never pins such a sitting")]
    Threshold(U256),
    /// 2^40 and more.
    #[error("time {0} does not fit 40 bits; the contract never pins such a sitting")]
    Time(U256),
}

/// `minBalance * MAXTIME` of a sitting: 1 to 2^168 - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threshold(U256);

impl Threshold {
    /// The first value that is too large.
    const LIMIT: U256 = uint!(0x1000000000000000000000000000000000000000000_U256);

    /// Checks the range.
    pub fn new(word: U256) -> Result<Self, BoundsError> {
        if word.is_zero() || word >= Self::LIMIT { Err(BoundsError::Threshold(word)) } else { Ok(Self(word)) }
    }

    /// The word.
    pub const fn word(self) -> U256 {
        self.0
    }

    pub(crate) fn scalar(self) -> Fr {
        // Below 2^168 and therefore canonical.
        Fr::from_bigint(BigInt::new(*self.0.as_limbs())).unwrap_or_default()
    }
}

/// The `at` of a sitting: seconds since the Unix epoch, below 2^40.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(u64);

impl Deadline {
    /// Checks the range.
    pub fn new(seconds: u64) -> Result<Self, BoundsError> {
        if seconds >> TIME_BITS == 0 { Ok(Self(seconds)) } else { Err(BoundsError::Time(U256::from(seconds))) }
    }

    /// Seconds since the Unix epoch.
    pub const fn seconds(self) -> u64 {
        self.0
    }
}

const _: () = assert!(PRODUCT_BITS == 168);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_runs_from_one_to_two_to_the_168_less_one() {
        let limit = U256::from(1) << 168;
        assert_eq!(Threshold::LIMIT, limit);
        let one = U256::from(1);
        for good in [one, limit - one] {
            assert_eq!(Threshold::new(good).unwrap().word(), good);
            assert_eq!(crate::field::word(Threshold::new(good).unwrap().scalar()), good);
        }
        for bad in [U256::ZERO, limit, crate::field::SCALAR_ORDER - one, U256::MAX] {
            assert_eq!(Threshold::new(bad), Err(BoundsError::Threshold(bad)));
        }
    }

    #[test]
    fn a_time_fits_forty_bits() {
        assert!(Deadline::new((1 << 40) - 1).is_ok());
        assert_eq!(Deadline::new(1 << 40), Err(BoundsError::Time(U256::from(1u64 << 40))));
    }
}

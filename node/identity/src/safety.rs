//! The safety number: what two people read to each other to know that nobody stands between them.
//!
//! Each side: h = H("pars-safety-v1"; IC), then 5,200 × h = SHA3-256(h ‖ SHA3-256(IC)); six groups of 5 bytes, each modulo
//! 100,000, are 30 digits (99.7 bits). The two halves sorted are the 60 digits, the same on both devices.

use std::fmt;

use pars_crypto::hash::{hash, sha3};
use pars_crypto::label::HashLabel;
use pars_wire::codec::Wire;

use crate::core::IdentityCore;

/// Makes a search for a core with a similar number 5,200 times dearer.
const ROUNDS: usize = 5_200;

/// 60 digits in twelve groups of five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SafetyNumber([u32; 12]);

impl SafetyNumber {
    /// The number of two identities; it does not matter who is first. Costs some milliseconds.
    pub fn of(one: &IdentityCore, other: &IdentityCore) -> Self {
        let mut halves = [half(one), half(other)];
        halves.sort_unstable();
        let mut groups = [0; 12];
        for (to, from) in groups.iter_mut().zip(halves.iter().flatten()) {
            *to = *from;
        }
        Self(groups)
    }

    /// The 60 digits without spaces, as they stand in a QR code.
    pub fn digits(&self) -> String {
        self.0.iter().map(|group| format!("{group:05}")).collect()
    }
}

fn half(core: &IdentityCore) -> [u32; 6] {
    let mut h = hash(HashLabel::SAFETY, &[&core.encode()]);
    for _ in 0..ROUNDS {
        h = sha3(&[&h, core.hash()]);
    }
    let mut groups = [0; 6];
    for (group, bytes) in groups.iter_mut().zip(h.as_chunks::<5>().0) {
        let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        *group = (number % 100_000) as u32;
    }
    groups
}

impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, group) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{group:05}")?;
        }
        Ok(())
    }
}

//! Commands that were carried out: none is carried out twice (SESSION section 6, "nonce remembered 15 min").
//!
//! A nonce is kept with the others of its command's minute, as 8 bytes of SHA3-256(key, nonce), and goes with that minute when
//! it is 15 minutes old; the signature is refused after five already. Eight bytes can only err to the strict side: with all
//! places taken one command in 2^41 is refused that is new, and its sender signs another one.

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hash::sha3;
use pars_wire::codec::Minute;

use super::super::reply::Status;

/// Minutes for which the nonces of commands are remembered.
const NONCE_MINUTES: u32 = 15;
/// Nonces remembered at most: 8,700 signed commands a second over 16 minutes. About 13 bytes each, 110 MB at most.
const MAX_NONCES: usize = 1 << 23;

/// Nonces by the minute of their command.
#[derive(Default)]
pub(super) struct Nonces(BTreeMap<Minute, BTreeSet<u64>>);

impl Nonces {
    /// A command is carried out once.
    ///
    /// # Errors
    /// [`Status::Refused`] the second time, [`Status::Busy`] while there is no room.
    pub(super) fn remember(&mut self, minute: Minute, key: &[u8; 32], nonce: &[u8; 8]) -> Result<(), Status> {
        if self.0.values().map(BTreeSet::len).sum::<usize>() >= MAX_NONCES {
            return Err(Status::Busy);
        }
        let [a, b, c, d, e, f, g, h, ..] = sha3(&[key, nonce]);
        let fresh = self.0.entry(minute).or_default().insert(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        if fresh { Ok(()) } else { Err(Status::Refused) }
    }

    /// Forget minutes that are over.
    pub(super) fn expire(&mut self, now: Minute) {
        self.0 = self.0.split_off(&Minute(now.0.saturating_sub(NONCE_MINUTES)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonce(number: u32) -> [u8; 8] {
        u64::from(number).to_be_bytes()
    }

    #[test]
    fn five_thousand_signed_commands_a_second_are_carried_out_for_as_long_as_one_may_come_twice() {
        let mut nonces = Nonces::default();
        let (minutes, of_a_minute) = (NONCE_MINUTES + 2, 60 * 5_000_u64);
        for minute in 1_000..1_000 + minutes {
            nonces.expire(Minute(minute));
            // A hundredth of them is made here; the others are as many places taken.
            let place = nonces.0.entry(Minute(minute)).or_default();
            place.extend(0..of_a_minute - 3_000);
            for number in 0..3_000 {
                assert_eq!(nonces.remember(Minute(minute), &[1; 32], &nonce(number)), Ok(()));
            }
        }
        let held: usize = nonces.0.values().map(BTreeSet::len).sum();
        assert!(held > 4_500_000 && held <= MAX_NONCES, "{held}");
    }

    #[test]
    fn a_command_is_refused_the_second_time_until_its_signature_is_over() {
        let mut nonces = Nonces::default();
        assert_eq!(nonces.remember(Minute(100), &[1; 32], &nonce(7)), Ok(()));
        for now in 95..=115 {
            nonces.expire(Minute(now));
            assert_eq!(nonces.remember(Minute(100), &[1; 32], &nonce(7)), Err(Status::Refused), "at {now}");
        }
        assert_eq!(nonces.remember(Minute(100), &[2; 32], &nonce(7)), Ok(()), "of another mailbox");
        nonces.expire(Minute(116));
        assert!(nonces.0.is_empty());
    }

    #[test]
    fn beyond_the_bound_nothing_is_carried_out_rather_than_twice() {
        let mut nonces = Nonces::default();
        nonces.0.insert(Minute(100), (0..MAX_NONCES as u64).collect());
        assert_eq!(nonces.remember(Minute(100), &[1; 32], &nonce(7)), Err(Status::Busy));
    }
}

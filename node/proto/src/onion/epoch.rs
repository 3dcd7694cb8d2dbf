//! Key epochs of 6 h, what a relay keeps of its own keys, and how far a packet's expiry may reach (SESSION section 5).

use std::collections::BTreeMap;

use pars_crypto::hash::sha3;
use pars_crypto::hkem::{Xw768Public, Xw768Secret};
use pars_crypto::{CryptoRng, Suite};
use pars_wire::codec::{Day, Minute};
use pars_wire::machine::UnixMinute;

/// Key epochs of a day: the keys of one descriptor.
pub const EPOCHS_A_DAY: u32 = 4;
/// Minutes of an epoch.
pub const EPOCH_MINUTES: u32 = 24 * 60 / EPOCHS_A_DAY;
/// Minutes for which the key of the previous epoch is still accepted; then it is erased.
pub const GRACE_MINUTES: u32 = 60;
/// Minutes for which the key of the next epoch is accepted early: the clocks of clients differ by this much.
pub const SKEW_MINUTES: u32 = 5;
/// Minutes a packet may live at most.
pub const MAX_LIFE_MINUTES: u32 = 120;
/// Expiries are rounded down to this many minutes, so that they do not tell packets apart.
pub const EXPIRY_GRAIN: u32 = 10;

/// Whole 6-hour spans since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(
    /// The count.
    pub u32,
);

impl Epoch {
    /// The epoch this minute lies in.
    pub const fn at(minute: UnixMinute) -> Self {
        Self(minute.0 / EPOCH_MINUTES)
    }

    /// The four epochs of a day.
    pub fn of(day: Day) -> impl Iterator<Item = Self> {
        (0..EPOCHS_A_DAY).map(move |index| Self(day.0.saturating_mul(EPOCHS_A_DAY).saturating_add(index)))
    }

    /// Its day.
    pub const fn day(self) -> Day {
        Day(self.0 / EPOCHS_A_DAY)
    }

    /// Its place among the keys of its day's descriptor: 0 to 3.
    pub const fn index(self) -> usize {
        (self.0 % EPOCHS_A_DAY) as usize
    }

    /// Its first minute.
    pub const fn start(self) -> u32 {
        self.0.saturating_mul(EPOCH_MINUTES)
    }

    /// The first minute behind it.
    pub const fn end(self) -> u32 {
        self.start().saturating_add(EPOCH_MINUTES)
    }
}

/// The expiry of a packet or reply block made now: at most 2 h ahead, at most 1 h behind the end of the key epoch,
/// rounded down to 10 minutes. One rule for both, so that they look alike: both live 1 to 2 hours.
pub fn expiry_at(now: UnixMinute) -> Minute {
    let latest = now.0.saturating_add(MAX_LIFE_MINUTES).min(Epoch::at(now).end().saturating_add(GRACE_MINUTES));
    Minute(latest / EXPIRY_GRAIN * EXPIRY_GRAIN)
}

/// One epoch's key of this relay.
pub struct EpochKey {
    /// Which epoch.
    pub epoch: Epoch,
    pub(super) secret: Xw768Secret,
    pub(super) public_hash: [u8; 32],
}

/// The keys a relay holds. Those of a day are made together, published together, and erased one by one.
#[derive(Default)]
pub struct EpochKeys {
    days: BTreeMap<Day, Vec<Xw768Public>>,
    keys: BTreeMap<Epoch, EpochKey>,
}

impl EpochKeys {
    /// Erase what is past its grace, make what today and tomorrow lack; returns the days whose keys are new.
    pub fn roll(&mut self, suite: &dyn Suite, now: UnixMinute, rng: &mut (impl CryptoRng + ?Sized)) -> Vec<Day> {
        let today = Day::at(now);
        self.keys.retain(|epoch, _| epoch.end().saturating_add(GRACE_MINUTES) > now.0);
        self.days.retain(|day, _| *day >= today);
        let missing: Vec<Day> = [today, today.plus(1)].into_iter().filter(|day| !self.days.contains_key(day)).collect();
        for day in &missing {
            let publics = Epoch::of(*day).map(|epoch| self.make(suite, epoch, now, rng)).collect();
            self.days.insert(*day, publics);
        }
        missing
    }

    /// A key of an epoch that is over already is published for its place in the layout, and forgotten at once.
    fn make(
        &mut self,
        suite: &dyn Suite,
        epoch: Epoch,
        now: UnixMinute,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Xw768Public {
        let secret = Xw768Secret::generate(suite, rng);
        let public = secret.public();
        if epoch.end() > now.0 {
            self.insert(epoch, secret);
        }
        public
    }

    /// Hold a key for an epoch: for vectors, and for a relay whose keys and replay log both survived.
    pub fn insert(&mut self, epoch: Epoch, secret: Xw768Secret) {
        let public_hash = sha3(&[&secret.public().to_bytes()]);
        self.keys.insert(epoch, EpochKey { epoch, secret, public_hash });
    }

    /// The public keys of a day, in order, for its descriptor.
    pub fn publics(&self, day: Day) -> Option<&[Xw768Public]> {
        self.days.get(&day).map(Vec::as_slice)
    }

    /// The keys under which a header may open now, the likeliest first.
    pub fn accepted(&self, now: UnixMinute) -> impl Iterator<Item = &EpochKey> {
        let current = Epoch::at(now);
        let previous =
            (now.0 < current.start().saturating_add(GRACE_MINUTES)).then(|| Epoch(current.0.saturating_sub(1)));
        let next = (now.0.saturating_add(SKEW_MINUTES) >= current.end()).then(|| Epoch(current.0.saturating_add(1)));
        [Some(current), previous, next].into_iter().flatten().filter_map(|epoch| self.keys.get(&epoch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_round_ten_minutes_one_to_two_hours_ahead() {
        for minute in (0..EPOCH_MINUTES * 2).map(|m| UnixMinute(29_000_000 / EPOCH_MINUTES * EPOCH_MINUTES + m)) {
            let expiry = expiry_at(minute).0;
            assert_eq!(expiry % EXPIRY_GRAIN, 0);
            assert!(expiry <= minute.0 + MAX_LIFE_MINUTES && expiry <= Epoch::at(minute).end() + GRACE_MINUTES);
            assert!(expiry > minute.0 + 50, "the shortest life is an hour less the rounding");
        }
    }

    #[test]
    fn epochs_number_the_quarters_of_a_day() {
        let minute = UnixMinute(1_440 * 20_000 + 360 * 3 + 359);
        let epoch = Epoch::at(minute);
        assert_eq!((epoch, epoch.day(), epoch.index()), (Epoch(80_003), Day(20_000), 3));
        assert_eq!((epoch.start(), epoch.end()), (minute.0 - 359, minute.0 + 1));
    }
}

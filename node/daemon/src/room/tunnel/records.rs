//! Identity records and device certificates that a host serves to the members of a sitting: kept in memory, verified before they
//! are kept, as many as there may be seats and some.
//!
//! Whoever connects may put one device. It goes with the connection, unless a seat was admitted over it: strangers would take all
//! places otherwise, and leave nobody's seat to be verified.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pars_crypto::Suite;
use pars_identity::device::{DeviceCertificate, DeviceId};
use pars_identity::id::IdentityId;
use pars_identity::record::IdentityRecord;

use crate::driver::SUITE;
use crate::room::facts::Device;

/// Devices held at most: more than there are connections.
const MOST: usize = 2_048;

type Key = (IdentityId, DeviceId);

/// The encodings of a record and a certificate.
pub type Pair = (Vec<u8>, Vec<u8>);

/// What is held of a device.
struct Held {
    pair: Arc<Pair>,
    /// The number of its record.
    seq: u64,
    /// Guests that put it and are still there, and the last of all.
    by: BTreeSet<u64>,
    last: u64,
    /// A seat was admitted over a connection that put it.
    stays: bool,
}

#[derive(Default)]
struct Inner {
    held: Mutex<BTreeMap<Key, Held>>,
    guests: AtomicU64,
}

/// The records of one sitting. Clones hold the same ones.
#[derive(Clone, Default)]
pub struct Records(Arc<Inner>);

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Records")
    }
}

/// Both, verified: the record signs itself, and its core the certificate.
pub fn open((record, certificate): &Pair) -> Option<Device> {
    let suite: &dyn Suite = SUITE;
    let record = IdentityRecord::verify(suite, record).ok()?;
    let certificate = DeviceCertificate::verify(suite, certificate, record.core()).ok()?;
    record.lists(&certificate).then_some((record, certificate))
}

impl Records {
    fn held(&self) -> MutexGuard<'_, BTreeMap<Key, Held>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that may put something; `seated`: a seat was admitted over it.
    pub fn guest(&self, seated: Arc<AtomicBool>) -> Guest {
        let number = self.0.guests.fetch_add(1, Ordering::Relaxed);
        Guest { records: self.clone(), number, seated, put: Mutex::default() }
    }

    /// What is served of a device.
    pub fn get(&self, identity: IdentityId, device: DeviceId) -> Option<Arc<Pair>> {
        self.held().get(&(identity, device)).map(|held| held.pair.clone())
    }
}

/// A connection as far as it puts records. What it put goes with it, unless a seat was admitted over it or somebody else put the
/// same.
pub struct Guest {
    records: Records,
    number: u64,
    seated: Arc<AtomicBool>,
    put: Mutex<Option<Key>>,
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Guest {
    /// Keep a pair that verifies; whether it, or a newer one of the device, is served now. A second device is refused. Takes a
    /// signature check's time.
    pub fn put(&self, pair: Pair) -> bool {
        let Some((record, certificate)) = open(&pair) else { return false };
        let key = (record.id(), certificate.device());
        let mut put = self.put.lock().unwrap_or_else(PoisonError::into_inner);
        if put.is_some_and(|put| put != key) {
            return false;
        }
        let mut all = self.records.held();
        if all.len() >= MOST && !all.contains_key(&key) && !make_room(&mut all) {
            return false;
        }
        let fresh = || Held { pair: Arc::default(), seq: 0, by: BTreeSet::new(), last: 0, stays: false };
        let held = all.entry(key).or_insert_with(fresh);
        // Anybody may hold an older record of somebody: it replaces no newer one.
        if held.by.is_empty() && !held.stays || record.seq() > held.seq {
            (held.pair, held.seq) = (Arc::new(pair), record.seq());
        }
        held.by.insert(self.number);
        held.last = self.number;
        *put = Some(key);
        true
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Some(key) = self.put.get_mut().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let mut all = self.records.held();
        let Some(held) = all.get_mut(&key) else { return };
        held.by.remove(&self.number);
        held.stays |= self.seated.load(Ordering::Acquire);
        if held.by.is_empty() && !held.stays {
            all.remove(&key);
        }
    }
}

/// Let the oldest go of those whose connections are gone.
fn make_room(all: &mut BTreeMap<Key, Held>) -> bool {
    let gone = all.iter().filter(|(_, held)| held.by.is_empty());
    let oldest = gone.min_by_key(|(_, held)| held.last).map(|(key, _)| *key);
    oldest.and_then(|key| all.remove(&key)).is_some()
}

#[cfg(test)]
mod tests {
    use pars_engine::identity::Identity;
    use pars_wire::machine::UnixMinute;

    use super::*;
    use crate::random;

    fn identity() -> Identity {
        Identity::create(SUITE, 0, UnixMinute(20_000 * 1_440), &mut random::system())
    }

    fn pair(of: &Identity) -> Pair {
        (of.record.encode(), of.certificate.encode())
    }

    fn guest(records: &Records, seated: bool) -> Guest {
        records.guest(Arc::new(AtomicBool::new(seated)))
    }

    fn is_served(records: &Records, of: &Identity) -> bool {
        records.get(of.id(), of.certificate.device()).is_some()
    }

    #[test]
    fn what_a_stranger_puts_goes_with_its_connection_and_what_a_seat_put_stays() {
        let (records, one, other) = (Records::default(), identity(), identity());
        let (seated, stranger) = (guest(&records, true), guest(&records, false));
        assert!(seated.put(pair(&one)) && stranger.put(pair(&other)));
        assert!(is_served(&records, &one) && is_served(&records, &other), "a join is judged by it");
        assert!(!stranger.put(pair(&one)), "one device each");
        drop((seated, stranger));
        assert!(is_served(&records, &one) && !is_served(&records, &other));
    }

    #[test]
    fn who_puts_another_ones_record_takes_nothing_with_him() {
        let (records, one) = (Records::default(), identity());
        let (seated, stranger) = (guest(&records, true), guest(&records, false));
        assert!(seated.put(pair(&one)) && stranger.put(pair(&one)));
        drop(stranger);
        assert!(is_served(&records, &one), "its owner is there");
        // The other way round, and both at once.
        let (stranger, later) = (guest(&records, false), guest(&records, false));
        assert!(stranger.put(pair(&one)));
        drop(seated);
        drop(stranger);
        assert!(later.put(pair(&one)));
        drop(later);
        assert!(is_served(&records, &one));
    }

    #[test]
    fn an_older_record_replaces_no_newer_one() {
        let (records, one) = (Records::default(), identity());
        let keys = pars_identity::seed::IdentityKeys::derive(SUITE, &one.entropy);
        let mut draft = one.record.content().clone();
        (draft.seq, draft.previous) = (draft.seq + 1, *one.record.hash());
        let newer = keys.sign_record(SUITE, draft, &mut random::system());
        let (seated, stranger) = (guest(&records, true), guest(&records, false));
        assert!(seated.put(pair(&one)));
        assert!(stranger.put((newer.encode(), one.certificate.encode())));
        assert!(seated.put(pair(&one)), "it is served in its newer form");
        let served = records.get(one.id(), one.certificate.device()).unwrap();
        assert_eq!(served.0, newer.encode());
    }

    #[test]
    fn the_oldest_of_those_who_went_make_room_and_nobody_who_is_there_does() {
        let (records, one) = (Records::default(), identity());
        let fill = |by: &dyn Fn(u64) -> BTreeSet<u64>| {
            let all = (0..MOST as u64).map(|number| {
                let mut id = [0; 32];
                id[..8].copy_from_slice(&number.to_be_bytes());
                let held =
                    Held { pair: Arc::default(), seq: 1, by: by(number), last: MOST as u64 - number, stays: true };
                ((IdentityId(id), DeviceId([0; 16])), held)
            });
            *records.held() = all.collect();
        };
        let last = MOST as u64 - 1;
        fill(&|number| if number < 8 { BTreeSet::new() } else { BTreeSet::from([number]) });
        let guest = guest(&records, true);
        assert!(guest.put(pair(&one)) && is_served(&records, &one));
        let gone: Vec<_> = {
            let all = records.held();
            let there =
                |number: u64| all.keys().any(|(id, _)| id.0[..8] == number.to_be_bytes() && id.0[8..] == [0; 24]);
            (0..=last).filter(|number| !there(*number)).collect()
        };
        assert_eq!(gone, [7], "the one whose last guest came first");
        fill(&|number| BTreeSet::from([number]));
        assert!(!guest.put(pair(&one)) && !is_served(&records, &one), "there is no room");
    }
}

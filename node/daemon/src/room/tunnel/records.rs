//! Identity records and device certificates that a host serves to the members of a sitting: kept in memory, verified before they
//! are kept, as many as there may be seats and some.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use pars_crypto::Suite;
use pars_identity::device::{DeviceCertificate, DeviceId};
use pars_identity::id::IdentityId;
use pars_identity::record::IdentityRecord;

use crate::driver::SUITE;
use crate::room::facts::Device;

/// Devices held at most.
const MOST: usize = 2_048;

type Key = (IdentityId, DeviceId);

/// The encodings of a record and a certificate.
pub type Pair = (Vec<u8>, Vec<u8>);

/// The records of one sitting. Clones hold the same ones.
#[derive(Clone, Default)]
pub struct Records(Arc<Mutex<BTreeMap<Key, Arc<Pair>>>>);

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
    fn held<T>(&self, with: impl FnOnce(&mut BTreeMap<Key, Arc<Pair>>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keep a pair that verifies; whether it is served now. Takes a signature check's time.
    pub fn put(&self, pair: Pair) -> bool {
        let Some((record, certificate)) = open(&pair) else { return false };
        self.held(|held| {
            let key = (record.id(), certificate.device());
            if held.len() >= MOST && !held.contains_key(&key) {
                return false;
            }
            held.insert(key, Arc::new(pair));
            true
        })
    }

    /// What is served of a device.
    pub fn get(&self, identity: IdentityId, device: DeviceId) -> Option<Arc<Pair>> {
        self.held(|held| held.get(&(identity, device)).cloned())
    }
}

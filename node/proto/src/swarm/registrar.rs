//! [`Records`] over `pars-identity`: the node's rules of SESSION section 2 "Directory".
//!
//! What a node cannot check alone it does not store: a successor statement needs the successor's core, which its node need
//! not hold (later part).

use pars_crypto::Suite;
use pars_identity::device::DeviceCertificate;
use pars_identity::prekey::PrekeyBatch;
use pars_identity::prekey::upload::LeafUpload;
use pars_identity::record::IdentityRecord;
use pars_identity::revocation::Revocation;
use pars_wire::codec::{Day, Hour, Wire};
use pars_wire::machine::UnixMinute;

use super::directory::{Filed, Held, Records, Refused, What};

/// Who knows identities.
#[derive(Clone, Copy, Debug)]
pub struct Registrar {
    suite: &'static dyn Suite,
}

impl Registrar {
    /// With the back end that verifies.
    pub const fn new(suite: &'static dyn Suite) -> Self {
        Self { suite }
    }

    fn identity(&self, held: &Held) -> Result<IdentityRecord, Refused> {
        let record = held.get(&What::IdentityRecord).ok_or(Refused)?;
        IdentityRecord::verify(self.suite, record).map_err(|_| Refused)
    }

    /// The first record, or one of the same identity core and a higher sequence; whether it continues the chain is for those who
    /// pinned the record before.
    fn identity_record(&self, identity: &[u8; 32], bytes: &[u8], held: &Held, hour: Hour) -> Result<What, Refused> {
        let record = IdentityRecord::verify(self.suite, bytes).map_err(|_| Refused)?;
        let known = held.contains_key(&What::IdentityRecord).then(|| self.identity(held)).transpose()?;
        let follows = known.is_none_or(|old| {
            let same_core = old.core().hash() == record.core().hash();
            same_core && (old.hash() == record.hash() || record.seq() > old.seq())
        });
        let ours = record.id().0 == *identity && record.valid_at(hour);
        if ours && follows { Ok(What::IdentityRecord) } else { Err(Refused) }
    }

    fn device(&self, bytes: &[u8], held: &Held, hour: Hour) -> Result<What, Refused> {
        let record = self.identity(held)?;
        let device = DeviceCertificate::verify(self.suite, bytes, record.core()).map_err(|_| Refused)?;
        let slot = record.content().devices.iter().position(|hash| hash == device.hash()).ok_or(Refused)?;
        if device.valid_at(hour) { Ok(What::Device(slot as u8)) } else { Err(Refused) }
    }

    /// A batch by a device that the current record lists; the held batch itself may come again.
    fn batch(&self, bytes: &[u8], held: &Held) -> Result<What, Refused> {
        let record = self.identity(held)?;
        for (slot, device) in devices(held) {
            let Ok(device) = DeviceCertificate::verify(self.suite, device, record.core()) else { continue };
            let Ok(batch) = PrekeyBatch::verify(self.suite, bytes, &device) else { continue };
            let what = What::Batch(slot);
            let old = held.get(&what).and_then(|old| PrekeyBatch::verify(self.suite, old, &device).ok());
            let newer = old.is_none_or(|old| old == batch || batch.content().batch > old.content().batch);
            return if record.lists(&device) && newer { Ok(what) } else { Err(Refused) };
        }
        Err(Refused)
    }

    /// Leaves of one batch that is held, each by its path.
    fn leaves(&self, bytes: &[u8], held: &Held) -> Result<Vec<Filed>, Refused> {
        let upload = LeafUpload::decode(bytes).map_err(|_| Refused)?;
        let record = self.identity(held)?;
        for (slot, device) in devices(held) {
            let Ok(device) = DeviceCertificate::verify(self.suite, device, record.core()) else { continue };
            let batch = held.get(&What::Batch(slot)).and_then(|b| PrekeyBatch::verify(self.suite, b, &device).ok());
            let belongs = |batch: &PrekeyBatch| upload.leaves().iter().all(|leaf| batch.check_leaf_path(leaf).is_ok());
            if batch.is_some_and(|batch| batch.content().batch == upload.batch() && belongs(&batch)) {
                let filed = upload.leaves().iter().map(|leaf| Filed {
                    what: What::Leaf(slot, leaf.prekey().day().unwrap_or(Day(0))),
                    record: leaf.encode(),
                });
                return Ok(filed.collect());
            }
        }
        Err(Refused)
    }
}

fn devices(held: &Held) -> impl Iterator<Item = (u8, &Vec<u8>)> {
    held.iter().filter_map(|(what, record)| match what {
        What::Device(slot) => Some((*slot, record)),
        _ => None,
    })
}

impl Records for Registrar {
    fn file(&self, identity: &[u8; 32], record: &[u8], held: &Held, now: UnixMinute) -> Result<Vec<Filed>, Refused> {
        let hour = Hour::at(now);
        let one = |what| vec![Filed { what, record: record.to_vec() }];
        let kind = record.first_chunk::<4>().ok_or(Refused)?;
        if held.contains_key(&What::Revocation) && kind != b"PSIV" {
            // Publishing a revocation is final.
            return Err(Refused);
        }
        match kind {
            b"PSI1" => self.identity_record(identity, record, held, hour).map(one),
            b"PSD1" => self.device(record, held, hour).map(one),
            b"PSP1" => self.batch(record, held).map(one),
            b"PSPL" => self.leaves(record, held),
            b"PSIV" => {
                let known = self.identity(held)?;
                Revocation::verify(record, known.core()).map_err(|_| Refused)?;
                Ok(one(What::Revocation))
            }
            _ => Err(Refused),
        }
    }

    /// An identity record tells its sequence. The others verify only against it, which their asker does: here they only
    /// have to be of their kind.
    fn rank(&self, identity: &[u8; 32], what: What, items: &[Vec<u8>], now: UnixMinute) -> Option<u64> {
        let is = |item: &Vec<u8>, magic: &[u8; 4], size: usize| item.starts_with(magic) && item.len() == size;
        match (what, items) {
            (What::IdentityRecord, [record]) => {
                let record = IdentityRecord::verify(self.suite, record).ok()?;
                (record.id().0 == *identity && record.valid_at(Hour::at(now))).then(|| record.seq())
            }
            (What::Device(_), [device]) => is(device, b"PSD1", DeviceCertificate::SIZE).then_some(0),
            (What::Batch(_), [batch]) => is(batch, b"PSP1", PrekeyBatch::SIZE).then_some(0),
            (What::Leaf(..), [batch, _]) => is(batch, b"PSP1", PrekeyBatch::SIZE).then_some(0),
            (What::Revocation, [revocation]) => is(revocation, b"PSIV", Revocation::SIZE).then_some(0),
            _ => None,
        }
    }
}

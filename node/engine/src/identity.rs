//! A member's own keys and records: made once, sealed in the store, published by `member::publish`.
//!
//! One device, one prekey batch. Not here: renewal of batches and records, rotation, other devices, the words on paper.

use pars_crypto::CryptoRng;
use pars_crypto::Suite;
use pars_crypto::secret::{Entropy, StoreKey};
use pars_identity::IdentityId;
use pars_identity::device::{CertificateDraft, DeviceCertificate, DeviceKeys};
use pars_identity::link::Link;
use pars_identity::prekey::secrets::LeafSecret;
use pars_identity::prekey::upload::LeafUpload;
use pars_identity::prekey::{BatchDraft, PrekeyBatch};
use pars_identity::record::{IdentityRecord, RecordDraft};
use pars_identity::seed::{ContactKeys, IdentityKeys};
use pars_identity::stored::Stored;
use pars_proto::swarm::directory::What;
use pars_wire::codec::{Day, Hour, Wire};
use pars_wire::limits::{MAX_DEVICES, PREKEY_DAYS};
use pars_wire::machine::UnixMinute;

use crate::store::{Change, RestoreError, Rows, Table};
use crate::vault;

/// Hours for which a record and its certificate are valid: one year.
const RECORD_HOURS: u32 = 365 * 24;

/// Leaves of a batch: its days and the last resort.
const LEAVES: u8 = PREKEY_DAYS + 1;

/// Everything a member is.
pub struct Identity {
    /// The seed, for the words and for records to come.
    pub entropy: Entropy,
    /// The keys that receive.
    pub contact: ContactKeys,
    /// The device's keys.
    pub device: DeviceKeys,
    /// IR.
    pub record: IdentityRecord,
    /// DC.
    pub certificate: DeviceCertificate,
    /// PB.
    pub batch: PrekeyBatch,
    /// Leaf secrets that are not erased.
    pub leaves: Vec<LeafSecret>,
    /// The leaves as they are published.
    pub uploads: Vec<LeafUpload>,
}

/// One record on its way to the directory.
pub(crate) struct Upload {
    /// The bytes.
    pub(crate) record: Vec<u8>,
    /// A slot it fills.
    pub(crate) probe: What,
    /// What must stand there then.
    pub(crate) expect: Vec<u8>,
}

impl Identity {
    /// A new identity with one device and prekeys for the fourteen days from today. `hashcash_bits`: what a stranger's
    /// object must cost, 18 to 28.
    pub fn create(suite: &dyn Suite, hashcash_bits: u8, now: UnixMinute, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let entropy = Entropy::generate(rng);
        let keys = IdentityKeys::derive(suite, &entropy);
        let contact = ContactKeys::derive(suite, &entropy, 0);
        let device = DeviceKeys::generate(suite, rng);
        let created = Hour::at(now);
        let not_after = created.plus(RECORD_HOURS);
        let public = device.signing.public().clone();
        let draft = CertificateDraft { device: device.id, created, not_after, keys: public };
        let certificate = keys.certify(suite, draft, rng);
        let mut devices = [[0; 32]; MAX_DEVICES];
        if let Some(first) = devices.first_mut() {
            *first = *certificate.hash();
        }
        let public = contact.public();
        let identity_keys = public.hash();
        let draft = RecordDraft { seq: 1, created, not_after, contact: public, devices, previous: [0; 32] };
        let record = keys.sign_record(suite, draft, rng);
        let draft = BatchDraft { batch: 1, first_day: Day::at(now), hashcash_bits, identity_keys };
        let (batch, secrets) = device.make_batch(suite, record.id(), draft, rng);
        let uploads = LeafUpload::packets(1, secrets.published());
        Self { entropy, contact, device, record, certificate, batch, leaves: secrets.leaves, uploads }
    }

    /// The identity's id.
    pub const fn id(&self) -> IdentityId {
        self.record.id()
    }

    /// The link to pass on.
    pub const fn link(&self) -> Link {
        Link::to(self.record.core())
    }

    /// The rows that hold it.
    pub(crate) fn changes(&self, key: &StoreKey, rng: &mut (impl CryptoRng + ?Sized)) -> Vec<Change> {
        let mut rows: Vec<(Vec<u8>, Vec<u8>)> = vec![
            (b"record".to_vec(), self.record.encode()),
            (b"certificate".to_vec(), self.certificate.encode()),
            (b"batch".to_vec(), self.batch.encode()),
        ];
        let numbered = |name: &[u8], number: usize| [name, &[number as u8]].concat();
        rows.extend(self.uploads.iter().enumerate().map(|(i, upload)| (numbered(b"upload", i), upload.encode())));
        let mut changes: Vec<Change> =
            rows.iter().map(|(name, bytes)| vault::seal(key, (Table::Identity, name), bytes, rng)).collect();
        let secrets = [
            (&b"entropy"[..], pars_crypto::secret::Zeroizing::new(self.entropy.expose().to_vec())),
            (b"contact", self.contact.to_stored()),
            (b"device", self.device.to_stored()),
        ];
        changes.extend(secrets.iter().map(|(name, bytes)| vault::seal(key, (Table::Identity, name), bytes, rng)));
        changes.extend(self.leaf_rows(key, rng));
        changes
    }

    /// A row for each leaf secret; where one was erased, none.
    fn leaf_rows(&self, key: &StoreKey, rng: &mut (impl CryptoRng + ?Sized)) -> Vec<Change> {
        let row = |number: u8| {
            let name = [&b"leaf"[..], &[number]].concat();
            match self.leaves.get(usize::from(number)) {
                Some(leaf) => vault::seal(key, (Table::Identity, &name), &leaf.to_stored(), rng),
                None => vault::drop_row(Table::Identity, &name),
            }
        };
        (0..LEAVES).map(row).collect()
    }

    /// Erase the leaf secrets whose life is over; the rows of those that are left. None: nothing was erased.
    pub(crate) fn erase(
        &mut self,
        key: &StoreKey,
        now: UnixMinute,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Option<Vec<Change>> {
        let is_alive = |leaf: &&LeafSecret| Hour::at(now) < leaf.erase_at(None);
        let alive: Vec<LeafSecret> = self.leaves.iter().filter(is_alive).cloned().collect();
        if alive.len() == self.leaves.len() {
            return None;
        }
        self.leaves = alive;
        Some(self.leaf_rows(key, rng))
    }

    /// Back from the rows.
    pub(crate) fn restore(suite: &dyn Suite, key: &StoreKey, rows: &Rows) -> Result<Self, RestoreError> {
        let open = |name: &'static str| {
            let value = rows.get(Table::Identity, name.as_bytes()).ok_or(RestoreError::Missing(name))?;
            vault::open(key, (Table::Identity, name.as_bytes()), value)
        };
        let entropy = open("entropy")?;
        let entropy = Entropy::from_bytes(*entropy.first_chunk().ok_or(RestoreError::Missing("entropy"))?);
        let record = IdentityRecord::verify(suite, &open("record")?)?;
        let certificate = DeviceCertificate::verify(suite, &open("certificate")?, record.core())?;
        let batch = PrekeyBatch::verify(suite, &open("batch")?, &certificate)?;
        let (mut leaves, mut uploads) = (Vec::new(), Vec::new());
        for (name, value) in rows.of(Table::Identity) {
            if name.starts_with(b"leaf") {
                leaves.push(LeafSecret::from_stored(suite, &vault::open(key, (Table::Identity, name), value)?)?);
            } else if name.starts_with(b"upload") {
                uploads.push(LeafUpload::decode(&vault::open(key, (Table::Identity, name), value)?)?);
            }
        }
        let contact = ContactKeys::from_stored(suite, &open("contact")?)?;
        let device = DeviceKeys::from_stored(suite, &open("device")?)?;
        Ok(Self { entropy, contact, device, record, certificate, batch, leaves, uploads })
    }

    /// Every record in the order in which a node can verify them.
    pub(crate) fn published(&self) -> Vec<Upload> {
        let one = |bytes: Vec<u8>, probe| Upload { record: bytes.clone(), probe, expect: bytes };
        let mut all = vec![
            one(self.record.encode(), What::IdentityRecord),
            one(self.certificate.encode(), What::Device(0)),
            one(self.batch.encode(), What::Batch(0)),
        ];
        for upload in &self.uploads {
            if let Some(leaf) = upload.leaves().first() {
                let probe = What::Leaf(0, leaf.prekey().day().unwrap_or(Day(0)));
                all.push(Upload { record: upload.encode(), probe, expect: leaf.encode() });
            }
        }
        all
    }
}

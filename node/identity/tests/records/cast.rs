//! The people of these tests: an identity with one device, a record, a certificate and a batch.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::secret::Entropy;
use pars_crypto::suite::Libcrux;
use pars_identity::bundle::BundleBytes;
use pars_identity::device::{CertificateDraft, DeviceCertificate, DeviceKeys};
use pars_identity::prekey::leaf::LeafWithPath;
use pars_identity::prekey::{BatchDraft, PrekeyBatch, PrekeySecrets};
use pars_identity::record::{IdentityRecord, RecordDraft};
use pars_identity::seed::{ContactKeys, IdentityKeys};
use pars_wire::codec::{Day, Hour, Wire};

/// The back end of these tests.
pub(crate) const SUITE: &Libcrux = &Libcrux;
/// Today.
pub(crate) const TODAY: Day = Day(20_700);

/// A source whose every draw follows from `seed`; the seed is printed, so that a failure can be repeated.
pub(crate) fn seeded(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

/// The hour of the day's noon.
pub(crate) fn noon(day: Day) -> Hour {
    day.first_hour().plus(12)
}

/// Somebody.
pub(crate) struct Person {
    pub(crate) rng: ChaCha20Rng,
    pub(crate) keys: IdentityKeys,
    pub(crate) contact: ContactKeys,
    pub(crate) device: DeviceKeys,
    pub(crate) certificate: DeviceCertificate,
    pub(crate) record: IdentityRecord,
    pub(crate) batch: PrekeyBatch,
    pub(crate) prekeys: PrekeySecrets,
}

impl Person {
    pub(crate) fn new(seed: u8) -> Self {
        let mut rng = seeded(seed.into());
        let entropy = Entropy::from_bytes([seed; 32]);
        let keys = IdentityKeys::derive(SUITE, &entropy);
        let contact = ContactKeys::derive(SUITE, &entropy, 0);
        let device = DeviceKeys::generate(SUITE, &mut rng);
        let created = TODAY.first_hour();
        let not_after = created.plus(365 * 24);
        let draft = CertificateDraft { device: device.id, created, not_after, keys: device.signing.public().clone() };
        let certificate = keys.certify(SUITE, draft, &mut rng);
        let mut devices = [[0; 32]; 8];
        devices[0] = *certificate.hash();
        let public = contact.public();
        let draft = RecordDraft { seq: 1, created, not_after, contact: public.clone(), devices, previous: [0; 32] };
        let record = keys.sign_record(SUITE, draft, &mut rng);
        let draft = BatchDraft { batch: 1, first_day: TODAY, hashcash_bits: 20, identity_keys: public.hash() };
        let (batch, prekeys) = device.make_batch(SUITE, keys.id(), draft, &mut rng);
        Self { rng, keys, contact, device, certificate, record, batch, prekeys }
    }

    /// The next record, with a change.
    pub(crate) fn next_record(&mut self, change: impl FnOnce(&mut RecordDraft)) -> IdentityRecord {
        let mut draft = self.record.content().clone();
        draft.seq += 1;
        draft.previous = *self.record.hash();
        change(&mut draft);
        self.keys.sign_record(SUITE, draft, &mut self.rng)
    }

    pub(crate) fn leaf(&self, index: usize) -> &LeafWithPath {
        &self.prekeys.published()[index]
    }

    /// IR, DC, PB and a leaf as a directory gives them.
    pub(crate) fn parts(&self, leaf: usize) -> [Vec<u8>; 4] {
        [self.record.encode(), self.certificate.encode(), self.batch.encode(), self.leaf(leaf).encode()]
    }
}

/// The four parts as the bundle takes them.
pub(crate) fn bundle_bytes(parts: &[Vec<u8>; 4]) -> BundleBytes<'_> {
    let [record, certificate, batch, leaf] = parts;
    BundleBytes { record, certificate, batch, leaf }
}

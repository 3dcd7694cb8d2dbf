//! Two people with published records.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::secret::Entropy;
use pars_crypto::suite::Libcrux;
use pars_identity::device::{CertificateDraft, DeviceCertificate, DeviceKeys};
use pars_identity::prekey::leaf::LeafWithPath;
use pars_identity::prekey::secrets::LeafSecret;
use pars_identity::prekey::{BatchDraft, PrekeyBatch, PrekeySecrets};
use pars_identity::record::{IdentityRecord, RecordDraft};
use pars_identity::seed::{ContactKeys, IdentityKeys};
use pars_proto::session::Tools;
use pars_proto::session::handshake::Local;
use pars_wire::codec::Day;
use pars_wire::machine::{Now, Tick, UnixMinute};

/// The back end of the product.
pub(super) const SUITE: &Libcrux = &Libcrux;
/// A noon.
pub(super) const NOON: UnixMinute = UnixMinute(20_000 * 1_440 + 720);
const TODAY: Day = Day(20_000);

pub(super) fn source(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(super) fn tools(rng: &mut ChaCha20Rng) -> Tools<'_> {
    Tools { now: Now { tick: Tick(0), wall: NOON }, suite: SUITE, rng }
}

/// Somebody with one device and a batch of prekeys.
pub(super) struct Person {
    pub(super) keys: IdentityKeys,
    pub(super) contact: ContactKeys,
    pub(super) device: DeviceKeys,
    pub(super) certificate: DeviceCertificate,
    pub(super) record: IdentityRecord,
    pub(super) batch: PrekeyBatch,
    prekeys: PrekeySecrets,
}

impl Person {
    pub(super) fn new(seed: u8) -> Self {
        let mut rng = source(seed.into());
        let entropy = Entropy::from_bytes([seed; 32]);
        let keys = IdentityKeys::derive(SUITE, &entropy);
        let contact = ContactKeys::derive(SUITE, &entropy, 0);
        let device = DeviceKeys::generate(SUITE, &mut rng);
        let created = TODAY.first_hour();
        let not_after = created.plus(9_000);
        let draft = CertificateDraft { device: device.id, created, not_after, keys: device.signing.public().clone() };
        let certificate = keys.certify(SUITE, draft, &mut rng);
        let mut devices = [[0; 32]; 8];
        devices[0] = *certificate.hash();
        let public = contact.public();
        let identity_keys = public.hash();
        let draft = RecordDraft { seq: 1, created, not_after, contact: public, devices, previous: [0; 32] };
        let record = keys.sign_record(SUITE, draft, &mut rng);
        let draft = BatchDraft { batch: 1, first_day: TODAY, hashcash_bits: 18, identity_keys };
        let (batch, prekeys) = device.make_batch(SUITE, keys.id(), draft, &mut rng);
        Self { keys, contact, device, certificate, record, batch, prekeys }
    }

    pub(super) fn local(&self) -> Local<'_> {
        Local { record: &self.record, certificate: &self.certificate, contact: &self.contact, device: &self.device }
    }

    pub(super) fn leaf(&self) -> &LeafSecret {
        &self.prekeys.leaves[0]
    }

    pub(super) fn leaf_with_path(&self) -> &LeafWithPath {
        &self.prekeys.published()[0]
    }
}

//! Two people who never change: targets verify against their keys, and sign with them where a hostile peer could.

use std::sync::LazyLock;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::{HybridLabel, KdfLabel};
use pars_crypto::secret::{DsaSeed, Ed25519Seed, Entropy};
use pars_crypto::sign::HybridSecret;
use pars_crypto::suite::Libcrux;
use pars_identity::bundle::Bundle;
use pars_identity::device::{CertificateDraft, DeviceCertificate, DeviceKeys};
use pars_identity::link::Assurance;
use pars_identity::prekey::secrets::LeafSecret;
use pars_identity::prekey::{BatchDraft, PrekeyBatch, PrekeySecrets};
use pars_identity::record::{IdentityRecord, RecordDraft};
use pars_identity::seed::{ContactKeys, IdentityKeys};
use pars_proto::session::Tools;
use pars_proto::session::handshake::Local;
use pars_wire::codec::Day;
use pars_wire::machine::{Now, Tick, UnixMinute};

/// The back end of the targets.
pub(crate) const SUITE: &Libcrux = &Libcrux;
/// The day on which they play.
pub(crate) const TODAY: Day = Day(20_000);
/// Its noon.
pub(crate) const NOON: UnixMinute = UnixMinute(20_000 * 1_440 + 720);
/// The same for machines.
pub(crate) const NOW: Now = Now { tick: Tick(0), wall: NOON };

pub(crate) static ALICE: LazyLock<Person> = LazyLock::new(|| Person::new(1));
pub(crate) static BOB: LazyLock<Person> = LazyLock::new(|| Person::new(2));

/// A source of its own for each use: targets give the same answer for the same bytes, in any order.
pub(crate) fn source(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn tools(rng: &mut ChaCha20Rng) -> Tools<'_> {
    Tools { now: NOW, suite: SUITE, rng }
}

/// Somebody with one device and a batch of prekeys.
pub(crate) struct Person {
    pub(crate) keys: IdentityKeys,
    /// The identity's signing keys, derived once more: the crate gives them to nobody.
    pub(crate) signing: HybridSecret,
    pub(crate) contact: ContactKeys,
    pub(crate) device: DeviceKeys,
    pub(crate) certificate: DeviceCertificate,
    pub(crate) record: IdentityRecord,
    pub(crate) batch: PrekeyBatch,
    pub(crate) prekeys: PrekeySecrets,
}

impl Person {
    pub(crate) fn new(seed: u8) -> Self {
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
        Self { signing: signing(&entropy), keys, contact, device, certificate, record, batch, prekeys }
    }

    pub(crate) fn local(&self) -> Local<'_> {
        Local { record: &self.record, certificate: &self.certificate, contact: &self.contact, device: &self.device }
    }

    pub(crate) fn leaf(&self) -> &LeafSecret {
        &self.prekeys.leaves[0]
    }

    /// What a directory gives of this person.
    pub(crate) fn bundle(&self) -> Bundle {
        Bundle {
            record: self.record.clone(),
            certificate: self.certificate.clone(),
            batch: self.batch.clone(),
            prekey: self.leaf().prekey.clone(),
            assurance: Assurance::Checked,
        }
    }
}

fn signing(entropy: &Entropy) -> HybridSecret {
    let seed = |purpose: &[u8]| kdf::<32>(NO_SALT, &[entropy.expose()], KdfLabel::IDENTITY, &[purpose, &[0; 4]]);
    let dsa = DsaSeed::from_bytes(*seed(b"mldsa").expose());
    HybridSecret::from_seeds(SUITE, dsa, Ed25519Seed::from_bytes(*seed(b"ed25519").expose()))
}

/// `content` and its signature by `key`, made without randomness.
pub(crate) fn signed(key: &HybridSecret, label: HybridLabel, content: &[u8]) -> Vec<u8> {
    [content, &key.sign_with(SUITE, label, content, &[0; 32]).to_bytes()].concat()
}

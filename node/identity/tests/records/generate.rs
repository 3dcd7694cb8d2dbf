//! The vectors of this crate: one identity from fixed entropy, everything it publishes, and what people see of it.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::hash::sha3;
use pars_crypto::secret::Entropy;
use pars_crypto::suite::Libcrux;
use pars_identity::device::{CertificateDraft, DeviceKeys};
use pars_identity::link::Link;
use pars_identity::pin::Pin;
use pars_identity::prekey::BatchDraft;
use pars_identity::prekey::upload::LeafUpload;
use pars_identity::record::RecordDraft;
use pars_identity::safety::SafetyNumber;
use pars_identity::seed::{ContactKeys, IdentityKeys, to_words};
use pars_wire::codec::{Day, Hour, Wire};
use serde_json::{Value, json};

/// The contents of `tests/vectors/session/identity.json`.
pub(crate) fn vectors() -> Value {
    let suite = &Libcrux;
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let entropy = Entropy::from_bytes(std::array::from_fn(|i| i as u8));
    let keys = IdentityKeys::derive(suite, &entropy);
    let contact = ContactKeys::derive(suite, &entropy, 0);
    let device = DeviceKeys::generate(suite, &mut rng);
    let (created, not_after) = (Hour(496_800), Hour(505_560));

    let draft = CertificateDraft { device: device.id, created, not_after, keys: device.signing.public().clone() };
    let certificate = keys.certify(suite, draft, &mut rng);
    let mut devices = [[0; 32]; 8];
    devices[0] = *certificate.hash();
    let draft = RecordDraft { seq: 1, created, not_after, contact: contact.public(), devices, previous: [0; 32] };
    let record = keys.sign_record(suite, draft, &mut rng);
    let draft =
        BatchDraft { batch: 1, first_day: Day(20_700), hashcash_bits: 20, identity_keys: contact.public().hash() };
    let (batch, prekeys) = device.make_batch(suite, keys.id(), draft, &mut rng);
    let other = IdentityKeys::derive(suite, &Entropy::from_bytes([0xff; 32]));
    let successor = keys.name_successor(suite, &other, created, &mut rng);
    let link = Link::to(keys.core());

    json!({
        "entropy": hex::encode(entropy.expose()),
        "words": to_words(&entropy).as_str(),
        "id": keys.id().to_string(),
        "checksumCase": keys.id().to_checksum_case(),
        "link": link.to_string(),
        "ndef": hex::encode(link.to_ndef().unwrap()),
        "core": hex::encode(keys.core().encode()),
        "coreHash": hex::encode(keys.core().hash()),
        "revocationSecret": hex::encode(keys.revocation().expose()),
        "contactKeys": {
            "x25519": hex::encode(contact.x25519.expose()),
            "mlkemSeed": hex::encode(contact.mlkem.seed().expose()),
            "inboxSeed": hex::encode(contact.inbox.seed().expose()),
            "hash": hex::encode(contact.public().hash()),
        },
        "record": hex::encode(record.encode()),
        "recordHash": hex::encode(record.hash()),
        "certificate": hex::encode(certificate.encode()),
        "batch": hex::encode(batch.encode()),
        "leaves": prekeys.published().iter().map(|leaf| hex::encode(sha3(&[&leaf.encode()]))).collect::<Vec<_>>(),
        "leaf": hex::encode(prekeys.published()[0].encode()),
        "lastResort": hex::encode(prekeys.published()[14].encode()),
        "revocation": hex::encode(keys.revoke().encode()),
        "successorEntropy": "ff".repeat(32),
        "successorHash": hex::encode(sha3(&[&successor.encode()])),
        "successor": hex::encode(successor.encode()),
        "upload": hex::encode(LeafUpload::packets(1, &prekeys.published()[..2])[0].encode()),
        "pin": hex::encode(Pin::new(&record).encode()),
        "safetyNumber": SafetyNumber::of(keys.core(), other.core()).to_string(),
    })
}

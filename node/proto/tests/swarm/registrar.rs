//! Which real records a node lets stand (SESSION section 2 "Directory", SE-R29).

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::secret::Entropy;
use pars_crypto::suite::Libcrux;
use pars_identity::device::{CertificateDraft, DeviceCertificate, DeviceKeys};
use pars_identity::prekey::upload::LeafUpload;
use pars_identity::prekey::{BatchDraft, PrekeyBatch, PrekeySecrets};
use pars_identity::record::{IdentityRecord, RecordDraft};
use pars_identity::seed::{ContactKeys, IdentityKeys};
use pars_proto::swarm::Registrar;
use pars_proto::swarm::directory::{Held, Records, What};
use pars_wire::codec::{Day, Hour, Wire};

use crate::world::{NOON, TODAY};

struct Person {
    keys: IdentityKeys,
    contact: ContactKeys,
    device: DeviceKeys,
    certificate: DeviceCertificate,
    rng: ChaCha20Rng,
}

impl Person {
    fn new(seed: u64) -> Self {
        println!("seed {seed}");
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let entropy = Entropy::generate(&mut rng);
        let keys = IdentityKeys::derive(&Libcrux, &entropy);
        let contact = ContactKeys::derive(&Libcrux, &entropy, 0);
        let device = DeviceKeys::generate(&Libcrux, &mut rng);
        let draft = CertificateDraft {
            device: device.id,
            created: Hour::at(NOON),
            not_after: Hour::at(NOON).plus(10_000),
            keys: device.signing.public().clone(),
        };
        let certificate = keys.certify(&Libcrux, draft, &mut rng);
        Self { keys, contact, device, certificate, rng }
    }

    fn id(&self) -> [u8; 32] {
        self.keys.id().0
    }

    fn record(&mut self, seq: u64) -> IdentityRecord {
        let mut devices = [[0; 32]; 8];
        devices[2] = *self.certificate.hash();
        let draft = RecordDraft {
            seq,
            created: Hour::at(NOON),
            not_after: Hour::at(NOON).plus(10_000),
            contact: self.contact.public(),
            devices,
            previous: [0; 32],
        };
        self.keys.sign_record(&Libcrux, draft, &mut self.rng)
    }

    fn batch(&mut self, batch: u64) -> (PrekeyBatch, PrekeySecrets) {
        let identity_keys = self.contact.public().hash();
        let draft = BatchDraft { batch, first_day: TODAY, hashcash_bits: 20, identity_keys };
        self.device.make_batch(&Libcrux, self.keys.id(), draft, &mut self.rng)
    }

    /// Offer a record; true and filed if it may stand.
    fn offer(&self, held: &mut Held, record: &[u8]) -> bool {
        let filed = Registrar::new(&Libcrux).file(&self.id(), record, held, NOON);
        let stands = filed.is_ok();
        held.extend(filed.into_iter().flatten().map(|item| (item.what, item.record)));
        stands
    }
}

#[test]
fn records_stand_in_their_order_each_in_its_slot() {
    let mut person = Person::new(101);
    let mut held = Held::new();
    let (record, (batch, secrets)) = (person.record(1).encode(), person.batch(1));
    let uploads = LeafUpload::packets(1, secrets.published());
    assert!(!person.offer(&mut held, &person.certificate.encode()), "no device before its identity");
    assert!(person.offer(&mut held, &record));
    assert!(!person.offer(&mut held, &batch.encode()), "no batch before its device");
    assert!(person.offer(&mut held, &person.certificate.encode()));
    assert!(!person.offer(&mut held, &uploads[0].encode()), "no leaf before its batch");
    assert!(person.offer(&mut held, &batch.encode()));
    assert_eq!(uploads.len(), 3);
    assert!(uploads.iter().all(|upload| person.offer(&mut held, &upload.encode())));
    let leaves = (0..14).map(|i| What::Leaf(2, TODAY.plus(i))).chain([What::Leaf(2, Day(0))]);
    let slots: Held = held.clone();
    assert!(
        leaves
            .into_iter()
            .chain([What::IdentityRecord, What::Device(2), What::Batch(2)])
            .all(|w| slots.contains_key(&w))
    );
    assert_eq!(slots.len(), 18);
    assert!(person.offer(&mut held, &record) && person.offer(&mut held, &batch.encode()), "the same again is no harm");
}

#[test]
fn another_identity_an_older_sequence_and_a_changed_byte_are_refused() {
    let (mut person, mut other) = (Person::new(102), Person::new(103));
    let mut held = Held::new();
    assert!(!person.offer(&mut held, &other.record(1).encode()));
    let (first, second, third) = (person.record(1), person.record(2), person.record(3));
    assert!(person.offer(&mut held, &second.encode()));
    assert!(!person.offer(&mut held, &first.encode()));
    let mut changed = third.encode();
    changed[3_000] ^= 1;
    assert!(!person.offer(&mut held, &changed));
    assert!(person.offer(&mut held, &third.encode()));
    assert!(!person.offer(&mut held, &other.certificate.encode()));
    let unlisted = Person { device: DeviceKeys::generate(&Libcrux, &mut other.rng), ..other };
    assert!(!person.offer(&mut held, &unlisted.certificate.encode()));
    assert!(person.offer(&mut held, &person.certificate.encode()));
    let (new, _) = person.batch(5);
    let (old, secrets) = person.batch(4);
    assert!(person.offer(&mut held, &new.encode()));
    assert!(!person.offer(&mut held, &old.encode()), "an older batch");
    assert!(
        !person.offer(&mut held, &LeafUpload::packets(4, secrets.published())[0].encode()),
        "leaves of another batch"
    );
    assert!(!person.offer(&mut held, &LeafUpload::packets(5, secrets.published())[0].encode()), "under a false number");
}

#[test]
fn after_a_revocation_nothing_else_stands() {
    let mut person = Person::new(104);
    let mut held = Held::new();
    assert!(!person.offer(&mut held, &person.keys.revoke().encode()), "of an unknown identity");
    let record = person.record(1).encode();
    assert!(person.offer(&mut held, &record));
    assert!(person.offer(&mut held, &person.keys.revoke().encode()));
    let later = person.record(9).encode();
    assert!(!person.offer(&mut held, &later));
    assert!(person.offer(&mut held, &person.keys.revoke().encode()));
}

#[test]
fn a_lookup_ranks_only_what_is_of_the_identity_asked_for() {
    let (mut person, mut other) = (Person::new(105), Person::new(106));
    let registrar = Registrar::new(&Libcrux);
    let record = person.record(7).encode();
    let rank = |records: &[Vec<u8>]| registrar.rank(&person.keys.id().0, What::IdentityRecord, records, NOON);
    assert_eq!(rank(std::slice::from_ref(&record)), Some(7));
    assert_eq!(rank(&[other.record(9).encode()]), None);
    assert_eq!(rank(&[]), None);
    assert_eq!(rank(&[record.clone(), record]), None);
}

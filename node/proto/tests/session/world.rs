//! People with published records, and pairs of sessions between them.

use std::cell::Cell;
use std::rc::Rc;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use pars_crypto::Suite;
use pars_crypto::sealed::Place;
use pars_crypto::secret::{Entropy, StoreKey};
use pars_crypto::suite::Libcrux;
use pars_identity::bundle::Bundle;
use pars_identity::device::{CertificateDraft, DeviceCertificate, DeviceKeys};
use pars_identity::link::Assurance;
use pars_identity::prekey::secrets::LeafSecret;
use pars_identity::prekey::{BatchDraft, PrekeyBatch, PrekeySecrets};
use pars_identity::record::{IdentityRecord, RecordDraft};
use pars_identity::seed::{ContactKeys, IdentityKeys};
use pars_proto::session::handshake::{Initiated, Local, Unsealed, initiate};
use pars_proto::session::{
    Delivered, Draft, InitObject, MessageId, Object, ReceiveError, Received, SendError, Session, Tools,
};
use pars_wire::codec::{Day, Hour};
use pars_wire::content::{ContentType, Flags};
use pars_wire::machine::{Now, Tick, UnixMinute};

/// The day on which the tests play.
pub(crate) const TODAY: Day = Day(20_000);
/// Its noon.
pub(crate) const NOON: UnixMinute = UnixMinute(20_000 * 1_440 + 720);

pub(crate) const SUITE: &dyn Suite = &Libcrux;

/// A seeded source; the seed is printed, so that a failure can be repeated.
pub(crate) fn seeded(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

/// How often something random is tried: a few times in `test`, as often as THREATS asks for where `PARS_DEEP` is set, which
/// `cargo xtask deep` does.
pub(crate) fn trials(quick: u64, deep: u64) -> u64 {
    let count = if std::env::var_os("PARS_DEEP").is_some() { deep } else { quick };
    println!("{count} trials");
    count
}

pub(crate) fn tools(rng: &mut ChaCha20Rng) -> Tools<'_> {
    tools_at(rng, 0)
}

/// Some hours after noon.
pub(crate) fn tools_at(rng: &mut ChaCha20Rng, hours: u32) -> Tools<'_> {
    Tools { now: Now { tick: Tick(0), wall: UnixMinute(NOON.0 + hours * 60) }, suite: SUITE, rng }
}

/// A number below `bound`, by the test's source.
pub(crate) fn below(rng: &mut ChaCha20Rng, bound: u32) -> u32 {
    rng.next_u32() % bound
}

/// Somebody with one device and a batch of prekeys.
pub(crate) struct Person {
    pub(crate) keys: IdentityKeys,
    pub(crate) contact: ContactKeys,
    pub(crate) device: DeviceKeys,
    pub(crate) record: IdentityRecord,
    pub(crate) certificate: DeviceCertificate,
    pub(crate) batch: PrekeyBatch,
    pub(crate) prekeys: PrekeySecrets,
}

impl Person {
    pub(crate) fn new(rng: &mut ChaCha20Rng) -> Self {
        let entropy = Entropy::generate(rng);
        let keys = IdentityKeys::derive(SUITE, &entropy);
        let contact = ContactKeys::derive(SUITE, &entropy, 0);
        let device = DeviceKeys::generate(SUITE, rng);
        let created = TODAY.first_hour();
        let draft = CertificateDraft {
            device: device.id,
            created,
            not_after: created.plus(9_000),
            keys: device.signing.public().clone(),
        };
        let certificate = keys.certify(SUITE, draft, rng);
        let mut devices = [[0; 32]; 8];
        devices[0] = *certificate.hash();
        let draft = RecordDraft {
            seq: 1,
            created,
            not_after: created.plus(9_000),
            contact: contact.public(),
            devices,
            previous: [0; 32],
        };
        let record = keys.sign_record(SUITE, draft, rng);
        let draft =
            BatchDraft { batch: 1, first_day: TODAY, hashcash_bits: 18, identity_keys: contact.public().hash() };
        let (batch, prekeys) = device.make_batch(SUITE, record.id(), draft, rng);
        Self { keys, contact, device, record, certificate, batch, prekeys }
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

    pub(crate) fn call(&self, other: &Self, rng: &mut ChaCha20Rng) -> Initiated {
        initiate(&self.local(), &other.bundle(), &mut tools(rng)).unwrap()
    }

    /// Take an INIT of `from`, whose records are known.
    pub(crate) fn answer(&self, object: &[u8], from: &Self, rng: &mut ChaCha20Rng) -> (Session, Delivered) {
        let object = init(object);
        let mut tools = tools(rng);
        let unsealed = Unsealed::open(&object, self.leaf(), self.local(), &mut tools).unwrap();
        let verified = unsealed.verify(&from.record, &from.certificate, None, &tools).unwrap();
        verified.establish(&mut tools).unwrap()
    }
}

pub(crate) fn init(object: &[u8]) -> InitObject<'_> {
    let Object::Init(object) = Object::read(object).unwrap() else { panic!("an INIT is expected") };
    object
}

/// A draft with this text, named and numbered by `number`.
pub(crate) fn draft(number: u64, text: &[u8]) -> Draft<'_> {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    Draft {
        id: MessageId(id),
        sequence: number,
        content_type: ContentType::Text,
        flags: Flags::RECEIPT_WANTED,
        content: text,
    }
}

/// One end of a session with its owner's keys. Copies share one source of randomness: none draws what another drew.
#[derive(Clone)]
pub(crate) struct End<'a> {
    pub(crate) owner: &'a Person,
    pub(crate) session: Session,
    source: Rc<Cell<u64>>,
    pub(crate) hours: u32,
}

impl<'a> End<'a> {
    pub(crate) fn new(owner: &'a Person, session: Session, rng: &mut ChaCha20Rng) -> Self {
        Self { owner, session, source: Rc::new(Cell::new(rng.next_u64())), hours: 0 }
    }

    pub(crate) fn send(&mut self, number: u64, text: &[u8]) -> Vec<u8> {
        self.try_send(number, text).unwrap()
    }

    fn randomness(&self) -> ChaCha20Rng {
        self.source.set(self.source.get().wrapping_add(1));
        ChaCha20Rng::seed_from_u64(self.source.get())
    }

    pub(crate) fn try_send(&mut self, number: u64, text: &[u8]) -> Result<Vec<u8>, SendError> {
        let mut rng = self.randomness();
        self.session.send(&draft(number, text), &mut tools_at(&mut rng, self.hours))
    }

    pub(crate) fn receive(&mut self, object: &[u8]) -> Result<Received, ReceiveError> {
        let mut rng = self.randomness();
        let mut tools = tools_at(&mut rng, self.hours);
        match Object::read(object)? {
            Object::Ratchet(object) => self.session.receive(&object, &self.owner.contact.mlkem, &mut tools),
            Object::Init(object) => self.session.receive_init(&object, &mut tools).map(|message| Received {
                message,
                confirmed: false,
                superseded: None,
            }),
            Object::Companion(_) => Err(ReceiveError::Undecryptable),
        }
    }

    pub(crate) fn read(&mut self, object: &[u8]) -> Vec<u8> {
        self.receive(object).unwrap().message.content.to_vec()
    }

    /// The whole state in plain bytes, as a thief of an unlocked device finds it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let key = StoreKey::from_bytes([7; 32]);
        let id = self.session.id();
        let sealed = self.session.store(&key, &mut ChaCha20Rng::seed_from_u64(0));
        sealed.open(&key, Place { table: "session", key: &id.0 }).unwrap().to_vec()
    }

    /// Through the store and back, as after a restart.
    pub(crate) fn restarted(&self) -> Self {
        let key = StoreKey::from_bytes([7; 32]);
        let sealed = self.session.store(&key, &mut self.randomness());
        let session = Session::restore(&self.session.id(), &sealed, &key, SUITE).unwrap();
        Self { owner: self.owner, session, source: Rc::clone(&self.source), hours: self.hours }
    }
}

/// Two strangers.
pub(crate) fn people(rng: &mut ChaCha20Rng) -> (Person, Person) {
    (Person::new(rng), Person::new(rng))
}

/// Alice has called, Bob has read "hello" and not answered.
pub(crate) fn called<'a>(alice: &'a Person, bob: &'a Person, rng: &mut ChaCha20Rng) -> (End<'a>, End<'a>) {
    let mut at_alice = End::new(alice, alice.call(bob, rng).session, rng);
    let object = at_alice.send(1, b"hello");
    let (session, message) = bob.answer(&object, alice, rng);
    assert_eq!(message.content[..], b"hello"[..]);
    (at_alice, End::new(bob, session, rng))
}

/// Both have answered once: confirmed on both sides, and it is Bob's turn to step.
pub(crate) fn open<'a>(alice: &'a Person, bob: &'a Person, rng: &mut ChaCha20Rng) -> (End<'a>, End<'a>) {
    let (mut at_alice, mut at_bob) = called(alice, bob, rng);
    let reply = at_bob.send(1, b"hi");
    at_alice.receive(&reply).unwrap();
    let message = at_alice.send(2, b"how are you");
    at_bob.receive(&message).unwrap();
    (at_alice, at_bob)
}

/// An hour of the tests.
pub(crate) fn noon() -> Hour {
    Hour::at(NOON)
}

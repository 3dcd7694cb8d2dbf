//! A sitting, its host, and people who take seats in it, the same on every run.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, Signature, U256, keccak256};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use k256::ecdsa::SigningKey;
use pars_crypto::secret::{Ed25519Seed, Entropy, HybridKemSeed};
use pars_crypto::sign::Ed25519Public;
use pars_crypto::suite::Libcrux;
use pars_identity::device::{CertificateDraft, DeviceCertificate, DeviceId, DeviceKeys};
use pars_identity::id::IdentityId;
use pars_identity::record::{IdentityRecord, RecordDraft};
use pars_identity::seed::{ContactKeys, IdentityKeys};
use pars_proto::room::about::AgendaItem;
use pars_proto::room::{
    Backend, Body, Claim, ConsentSigner, Description, Facts, Front, HostEntry, HostSecrets, JoinProof, Line, Metadata,
    Named, Reach, Scope, SeatIdentity, SeatSecrets, SfuEntry, Sitting, Statement, StatementHash, Support,
};
use pars_wire::codec::Hour;
use pars_wire::{ChainId, Kind, Nullifier, RoomId, SittingId};

/// The back end.
pub(crate) const SUITE: &Libcrux = &Libcrux;
/// When the sitting was opened, Unix seconds.
pub(crate) const OPENED: u64 = 1_800_000_000;
/// When people join.
pub(crate) const NOW: u64 = OPENED + 600;
/// RS.
pub(crate) const SCOPE: Scope = Scope {
    chain: ChainId(7_072),
    town_hall: Address::repeat_byte(0x11),
    room: RoomId(B256::repeat_byte(0x22)),
    sitting: SittingId(3),
};

pub(crate) fn source(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) const fn sitting(kind: Kind) -> Sitting {
    Sitting { scope: SCOPE, kind, opened_at: OPENED, ends_at: OPENED + 7_200 }
}

pub(crate) fn line<const N: usize>(text: &str) -> Line<N> {
    Line::new(text).expect("a line")
}

/// Keys of a host.
pub(crate) fn host() -> HostSecrets {
    HostSecrets::from_seeds(SUITE, HybridKemSeed::from_bytes([0x31; 32]), Ed25519Seed::from_bytes([0x32; 32]))
}

/// What stands of it in the metadata.
pub(crate) fn entry(secrets: &HostSecrets) -> HostEntry {
    let reach = Reach::Direct("127.0.0.1:4433".parse().expect("an address"));
    HostEntry { x_pk: secrets.x_pk(), s_vk: secrets.s_vk(), session: IdentityId([0x33; 32]), reach }
}

pub(crate) fn front() -> Front {
    let second = HostSecrets::from_seeds(SUITE, HybridKemSeed::from_bytes([1; 32]), Ed25519Seed::from_bytes([2; 32]));
    let reach = Reach::Rendezvous { node: B256::repeat_byte(0x34).into(), token: [0x35; 16] };
    let hosts = vec![entry(&host()), HostEntry { reach, ..entry(&second) }];
    let own = SfuEntry { backend: Backend::Own, region: line("eu-north"), address: line("127.0.0.1:7880") };
    let cluster = SfuEntry { backend: Backend::LiveKit, region: line("ap"), address: line("wss://media.example") };
    Front { room: SCOPE.room, seq: 9, hosts, sfus: vec![own, cluster] }
}

pub(crate) fn description() -> Description {
    let agenda = vec![
        AgendaItem { minutes: 10, text: line("Report of the treasury") },
        AgendaItem { minutes: 0, text: line("گفتگوی آزاد") },
    ];
    let (title, languages) = (line("مجمع عمومی / General assembly"), vec![line("fa"), line("en")]);
    Description { title, agenda, languages, starts_at: OPENED, ends_at: OPENED + 7_200 }
}

pub(crate) fn metadata() -> Metadata {
    Metadata::public(front(), description()).expect("a small object")
}

/// Somebody with a wallet, an identity and one device.
pub(crate) struct Person {
    pub(crate) wallet: SigningKey,
    pub(crate) account: Address,
    pub(crate) device: DeviceKeys,
    pub(crate) certificate: DeviceCertificate,
    pub(crate) record: IdentityRecord,
}

impl Person {
    pub(crate) fn new(seed: u8) -> Self {
        let mut rng = source(u64::from(seed) + 1_000);
        let entropy = Entropy::from_bytes([seed; 32]);
        let keys = IdentityKeys::derive(SUITE, &entropy);
        let device = DeviceKeys::generate(SUITE, &mut rng);
        let created = Hour((OPENED / 3_600) as u32 - 24);
        let not_after = created.plus(9_000);
        let draft = CertificateDraft { device: device.id, created, not_after, keys: device.signing.public().clone() };
        let certificate = keys.certify(SUITE, draft, &mut rng);
        let mut devices = [[0; 32]; 8];
        devices[0] = *certificate.hash();
        let contact = ContactKeys::derive(SUITE, &entropy, 0).public();
        let draft = RecordDraft { seq: 1, created, not_after, contact, devices, previous: [0; 32] };
        let record = keys.sign_record(SUITE, draft, &mut rng);
        let wallet = SigningKey::from_slice(&[seed; 32]).expect("a scalar");
        let account = address(&wallet);
        Self { wallet, account, device, certificate, record }
    }

    pub(crate) fn named(&self) -> Named {
        Named { account: self.account, session: self.record.id(), device: self.device.id }
    }

    pub(crate) fn sign(&self, digest: B256) -> [u8; 65] {
        sign(&self.wallet, digest)
    }
}

pub(crate) fn address(key: &SigningKey) -> Address {
    let point = key.verifying_key().to_encoded_point(false);
    Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..])
}

pub(crate) fn sign(key: &SigningKey, digest: B256) -> [u8; 65] {
    let (signature, id) = key.sign_prehash_recoverable(digest.as_slice()).expect("a digest");
    Signature::from_signature_and_parity(signature, id.is_y_odd()).as_bytes()
}

/// Keys of a seat by their number.
pub(crate) fn seat(seed: u8) -> SeatSecrets {
    let (x, s) = (HybridKemSeed::from_bytes([seed; 32]), Ed25519Seed::from_bytes([seed ^ 0x80; 32]));
    SeatSecrets::from_seeds(SUITE, x, s)
}

/// A body with keys of that number, issued now.
pub(crate) fn body(seed: u8, claim: Claim) -> Body {
    let secrets = seat(seed);
    let consent = match claim {
        Claim::Recorder { .. } => None,
        _ => Some(ConsentSigner::Address(Address::repeat_byte(seed))),
    };
    let (x_pk, s_vk) = (secrets.x_pk(), secrets.s_vk());
    Body { scope: SCOPE, issued_at: NOW, expires_at: NOW + 120, x_pk, s_vk, consent, claim }
}

/// A stand-in for a proof: what a verifier that knows no circuit can compare. Real proofs are the daemon's.
pub(crate) fn points(nullifier: Nullifier, payload: B256, issued_at: u64) -> Box<[u8; 256]> {
    let mut points = Box::new([0; 256]);
    for (i, word) in points.chunks_mut(32).enumerate() {
        let text = [nullifier.0.as_slice(), payload.as_slice(), &issued_at.to_be_bytes(), &[i as u8]].concat();
        word.copy_from_slice(keccak256(text).as_slice());
    }
    points
}

fn points_of(body: &Body) -> Option<Box<[u8; 256]>> {
    body.claim.nullifier().map(|nullifier| points(nullifier, body.seat_hash(), body.issued_at))
}

pub(crate) fn nullifier(seed: u8) -> Nullifier {
    Nullifier(B256::repeat_byte(seed))
}

pub(crate) fn anonymous(seed: u8) -> Statement {
    stated(body(seed, Claim::Anonymous { nullifier: nullifier(seed) }), None)
}

/// Everything that supports this body, signed by `by` where it needs a name.
pub(crate) fn stated(body: Body, by: Option<&Person>) -> Statement {
    let points = points_of(&body);
    let support = match (&body.claim, by) {
        (Claim::Anonymous { .. }, _) => Support::Anonymous { points: points.expect("a nullifier") },
        (Claim::Recorder { .. }, _) => Support::Recorder { seat: body.sign_recorder(seat(1).s()) },
        (_, Some(person)) => {
            let wallet = person.sign(body.typed_data().expect("a named body").digest());
            let identity = body.sign_identity(SUITE, &person.device.signing, &mut source(77));
            Support::Named { points, wallet, identity }
        }
        (_, None) => unreachable!("a named body needs a person"),
    };
    Statement::new(body, support).expect("support of the form")
}

/// What somebody's index, tree and directory hold.
#[derive(Default)]
pub(crate) struct World<'a> {
    pub(crate) people: Vec<&'a Person>,
    pub(crate) access: BTreeSet<Address>,
    pub(crate) leaves: BTreeSet<Address>,
    pub(crate) delegates: BTreeMap<Address, Address>,
    pub(crate) banned: BTreeSet<SeatIdentity>,
    pub(crate) seats: BTreeMap<StatementHash, Ed25519Public>,
}

impl<'a> World<'a> {
    pub(crate) fn of(people: &[&'a Person]) -> Self {
        let access = people.iter().map(|person| person.account).collect();
        Self { people: people.to_vec(), access, ..Self::default() }
    }
}

impl Facts for World<'_> {
    fn proof_holds(&self, proof: &JoinProof<'_>) -> bool {
        let words = proof.words();
        let expected = points(proof.nullifier, proof.payload, proof.issued_at);
        words.iter().zip(expected.chunks(32)).all(|(word, bytes)| *word == U256::from_be_slice(bytes))
    }

    fn has_leaf(&self, account: Address) -> bool {
        self.leaves.contains(&account)
    }

    fn has_access(&self, account: Address) -> bool {
        self.access.contains(&account)
    }

    fn seat_delegate(&self, account: Address) -> Option<Address> {
        self.delegates.get(&account).copied()
    }

    fn is_banned(&self, identity: &SeatIdentity) -> bool {
        self.banned.contains(identity)
    }

    fn device(&self, session: IdentityId, device: DeviceId) -> Option<(&IdentityRecord, &DeviceCertificate)> {
        let person = self.people.iter().find(|person| person.record.id() == session && person.device.id == device)?;
        Some((&person.record, &person.certificate))
    }

    fn seat_key(&self, seat: StatementHash) -> Option<Ed25519Public> {
        self.seats.get(&seat).copied()
    }
}

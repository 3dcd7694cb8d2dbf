//! People who take seats: some by name, most by a proof. Signatures are real; the proof is a hash that a closure of the same
//! secret can check, because circuits have their own tests.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Signature, keccak256};
use chacha20::ChaCha20Rng;
use k256::ecdsa::SigningKey;
use pars_crypto::secret::Entropy;
use pars_crypto::sign::Ed25519Public;
use pars_crypto::suite::Libcrux;
use pars_identity::IdentityId;
use pars_identity::device::{CertificateDraft, DeviceCertificate, DeviceId, DeviceKeys};
use pars_identity::record::{IdentityRecord, RecordDraft};
use pars_identity::seed::{ContactKeys, IdentityKeys};
use pars_proto::room::{Body, Claim, Facts, JoinProof, Named, Scope, SeatIdentity, Sitting, StatementHash, Support};
use pars_wire::codec::Hour;
use pars_wire::{ChainId, Kind, Nullifier, RoomId, SittingId};

use crate::host::randomness;

/// Unix seconds at the beginning of a run.
pub const BEGIN: u64 = 1_800_000_000;
/// The sitting of every run.
pub const fn sitting(kind: Kind) -> Sitting {
    let scope = Scope {
        chain: ChainId(7_072),
        town_hall: Address::repeat_byte(0x11),
        room: RoomId(B256::repeat_byte(0x22)),
        sitting: SittingId(1),
    };
    Sitting { scope, kind, opened_at: BEGIN - 60, ends_at: BEGIN + 7_200 }
}

/// Somebody.
pub struct Somebody {
    /// What makes the seat unique.
    pub nullifier: Nullifier,
    name: Option<Box<Name>>,
}

struct Name {
    wallet: SigningKey,
    account: Address,
    device: DeviceKeys,
    certificate: DeviceCertificate,
    record: IdentityRecord,
}

fn points(nullifier: Nullifier, payload: B256, issued_at: u64) -> Box<[u8; 256]> {
    let mut points = Box::new([0; 256]);
    for (number, word) in (0_u8..).zip(points.chunks_mut(32)) {
        let text = [nullifier.0.as_slice(), payload.as_slice(), &issued_at.to_be_bytes(), &[number]].concat();
        word.copy_from_slice(keccak256(text).as_slice());
    }
    points
}

impl Name {
    fn new(rng: &mut ChaCha20Rng) -> Self {
        let entropy = Entropy::generate(rng);
        let keys = IdentityKeys::derive(&Libcrux, &entropy);
        let device = DeviceKeys::generate(&Libcrux, rng);
        let created = Hour((BEGIN / 3_600) as u32 - 24);
        let not_after = created.plus(9_000);
        let draft = CertificateDraft { device: device.id, created, not_after, keys: device.signing.public().clone() };
        let certificate = keys.certify(&Libcrux, draft, rng);
        let mut devices = [[0; 32]; 8];
        devices[0] = *certificate.hash();
        let contact = ContactKeys::derive(&Libcrux, &entropy, 0).public();
        let draft = RecordDraft { seq: 1, created, not_after, contact, devices, previous: [0; 32] };
        let record = keys.sign_record(&Libcrux, draft, rng);
        let wallet = SigningKey::from_slice(&pars_crypto::hash::random::<32>(rng)).expect("a scalar");
        let point = wallet.verifying_key().to_encoded_point(false);
        let account = Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..]);
        Self { wallet, account, device, certificate, record }
    }

    fn sign(&self, digest: B256) -> [u8; 65] {
        let (signature, id) = self.wallet.sign_prehash_recoverable(digest.as_slice()).expect("a digest");
        Signature::from_signature_and_parity(signature, id.is_y_odd()).as_bytes()
    }
}

impl Somebody {
    /// By number, with or without a name; the first one leads the room. The same for every seed of a setting.
    pub fn new(setting: u64, number: usize, named: bool) -> Self {
        let mut rng = randomness(setting, "somebody", number as u64);
        let nullifier = Nullifier(pars_crypto::hash::random::<32>(&mut rng).into());
        Self { nullifier, name: named.then(|| Box::new(Name::new(&mut rng))) }
    }

    /// Its account, if it has a name.
    pub fn account(&self) -> Option<Address> {
        self.name.as_ref().map(|name| name.account)
    }

    /// What it claims.
    pub fn claim(&self, kind: Kind) -> Claim {
        let nullifier = self.nullifier;
        let Some(name) = &self.name else { return Claim::Anonymous { nullifier } };
        let member = Named { account: name.account, session: name.record.id(), device: name.device.id };
        match kind {
            Kind::Committee => Claim::Committee { member },
            _ => Claim::Identified { nullifier: Some(nullifier), member },
        }
    }

    /// Proof and signatures of a body.
    pub fn support(&self, body: &Body, rng: &mut ChaCha20Rng) -> Support {
        let points = points(self.nullifier, body.seat_hash(), body.issued_at);
        let Some(name) = &self.name else { return Support::Anonymous { points } };
        let wallet = name.sign(body.typed_data().expect("a form with a wallet").digest());
        let identity = body.sign_identity(&Libcrux, &name.device.signing, rng);
        let points = body.claim.nullifier().map(|_| points);
        Support::Named { points, wallet, identity }
    }

    /// Something in place of a proof.
    pub fn forged(&self) -> Support {
        Support::Anonymous { points: Box::new([7; 256]) }
    }
}

/// What everybody's own index says.
pub struct Index<'a>(
    /// Everybody there is.
    pub &'a [Somebody],
    /// Signing keys of seats, by their statements.
    pub &'a BTreeMap<StatementHash, Ed25519Public>,
);

impl Index<'_> {
    fn name(&self, account: Address) -> Option<&Name> {
        self.0.iter().filter_map(|somebody| somebody.name.as_deref()).find(|name| name.account == account)
    }

    /// Whether an account leads the room: the first one's does.
    pub fn leads(&self, account: Option<Address>) -> bool {
        account.is_some() && self.0.first().is_some_and(|first| first.account() == account)
    }
}

impl Facts for Index<'_> {
    fn proof_holds(&self, proof: &JoinProof<'_>) -> bool {
        let known = self.0.iter().any(|somebody| somebody.nullifier == proof.nullifier);
        known && *points(proof.nullifier, proof.payload, proof.issued_at) == *proof.points
    }

    fn has_leaf(&self, account: Address) -> bool {
        self.name(account).is_some()
    }

    fn has_access(&self, account: Address) -> bool {
        self.name(account).is_some()
    }

    fn seat_delegate(&self, _: Address) -> Option<Address> {
        None
    }

    fn is_banned(&self, _: &SeatIdentity) -> bool {
        false
    }

    fn device(&self, session: IdentityId, device: DeviceId) -> Option<(&IdentityRecord, &DeviceCertificate)> {
        let names = self.0.iter().filter_map(|somebody| somebody.name.as_deref());
        let name = names.into_iter().find(|name| name.record.id() == session && name.device.id == device)?;
        Some((&name.record, &name.certificate))
    }

    fn seat_key(&self, seat: StatementHash) -> Option<Ed25519Public> {
        self.1.get(&seat).copied()
    }
}

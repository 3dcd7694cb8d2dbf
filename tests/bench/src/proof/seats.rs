//! What a publisher checks of a seat that is new to it before it sends (TOWNHALL section 3): bytes to a verdict, by the functions that its
//! machine and its daemon use. Reading the rows of the own index is not in it.
//!
//! - Unnamed: canonical encoding, scope and times, the proof against the pinned root, nobody twice.
//! - Named: besides the identity's record and its device's certificate, the wallet's signature and the device's.

use alloy_primitives::{Address, B256, Signature};
use anyhow::{Context, Result, anyhow};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use k256::ecdsa::SigningKey;
use pars_circuits::{Nullifier, Proof, ProvingKey, Purpose, Request, VerifyingKey, Witness};
use pars_crypto::sign::Ed25519Public;
use pars_crypto::suite::Libcrux;
use pars_engine::identity::Identity;
use pars_identity::IdentityId;
use pars_identity::device::{DeviceCertificate, DeviceId};
use pars_identity::record::IdentityRecord;
use pars_proto::room::recording::ConsentKey;
use pars_proto::room::{
    Body, Claim, Distinct, Facts, JoinProof, Named, Scope, SeatIdentity, SeatNo, SeatSecrets, Sitting, Statement,
    StatementHash, Support, verify,
};
use pars_wire::codec::Wire;
use pars_wire::machine::UnixMinute;
use pars_wire::{ChainId, Kind, RoomId, SittingId};

use super::{AT, Story, account, secret};
use crate::clock::{each, repeat};

/// Entries of each kind that are timed as one.
pub(super) const BATCH: usize = 10;
/// When they were stated, in Unix seconds.
const STATED: u64 = AT - 3_600;

/// CPU in ms of one entry, unnamed and named. An entry that is refused is an error.
pub(super) fn measure(key: &ProvingKey, story: &Story, entries: usize, runs: usize) -> Result<[f64; 2]> {
    let of_kind = |is_named: bool| {
        let number = |place: usize| u16::try_from(place).map(|place| place + 1);
        let all = (0..entries).map(|place| Entry::new(key, story, number(place)?, is_named));
        let all = all.collect::<Result<Vec<_>>>()?;
        let costs = repeat(runs, |_| {
            let mut seats = Distinct::default();
            all.iter().try_for_each(|entry| entry.judge(key.verifying_key(), story, &mut seats))
        })?;
        Ok::<_, anyhow::Error>(each(&costs, entries))
    };
    Ok([of_kind(false)?, of_kind(true)?])
}

/// A seat as its host tells of it.
struct Entry {
    seat: SeatNo,
    statement: Vec<u8>,
    /// Record and certificate, of who has a name.
    papers: Option<[Vec<u8>; 2]>,
}

impl Entry {
    /// That of the holder of a leaf.
    fn new(key: &ProvingKey, story: &Story, number: u16, is_named: bool) -> Result<Self> {
        let mut rng = ChaCha20Rng::seed_from_u64(number.into());
        let seat = SeatSecrets::generate(&Libcrux, &mut rng);
        let holder = secret(number)?;
        let external = story.sitting.scope(Purpose::Join).external();
        let nullifier = pars_wire::Nullifier(Nullifier::of(external, &holder).bytes());
        let name = is_named.then(|| Name::new(number, &mut rng)).transpose()?;
        let claim = match &name {
            Some(name) => Claim::Identified { nullifier: Some(nullifier), member: name.member() },
            None => Claim::Anonymous { nullifier },
        };
        let consent = Some(ConsentKey::generate(&mut rng).signer());
        let (x_pk, s_vk) = (seat.x_pk(), seat.s_vk());
        let (issued_at, expires_at) = (STATED, STATED + 120);
        let body = Body { scope: room(story).scope, issued_at, expires_at, x_pk, s_vk, consent, claim };
        let payload = body.seat_hash();
        let request = Request { account: account(number), secret: &holder, purpose: Purpose::Join, payload, issued_at };
        let proof = key.prove(&Witness::new(&story.set, &story.sitting, &request)?, &[7; 32])?;
        let support = match &name {
            Some(name) => name.support(&body, points(&proof)?, &mut rng)?,
            None => Support::Anonymous { points: points(&proof)? },
        };
        let papers = name.map(|Name { identity, .. }| [identity.record.encode(), identity.certificate.encode()]);
        Ok(Self { seat: SeatNo(number), statement: Statement::new(body, support)?.encode(), papers })
    }

    /// What is measured.
    fn judge(&self, key: &VerifyingKey, story: &Story, seats: &mut Distinct) -> Result<()> {
        let statement = Statement::decode(&self.statement)?;
        let device = self.papers.as_ref().map(|[record, certificate]| {
            let record = IdentityRecord::verify(&Libcrux, record)?;
            let certificate = DeviceCertificate::verify(&Libcrux, certificate, record.core())?;
            Ok::<_, anyhow::Error>((record, certificate))
        });
        let known = Known { key, story, device: device.transpose()? };
        let refused = |refusal| anyhow!("a good entry is refused: {refusal:?}");
        verify(&Libcrux, &statement, &room(story), &known).map_err(refused)?;
        seats.admit(self.seat, &statement).map_err(refused)?;
        Ok(())
    }
}

/// The sitting as the protocol has it.
fn room(story: &Story) -> Sitting {
    let of = &story.sitting;
    let (chain, room, sitting) = (ChainId(of.chain_id), RoomId(of.room_id), SittingId(of.sitting_id));
    let scope = Scope { chain, town_hall: of.town_hall, room, sitting };
    Sitting { scope, kind: Kind::TownHall, opened_at: STATED - 3_600, ends_at: AT }
}

fn points(proof: &Proof) -> Result<Box<[u8; 256]>> {
    let bytes: Vec<u8> = proof.points().iter().flat_map(|word| word.to_be_bytes::<32>()).collect();
    bytes.try_into().map(Box::new).ok().context("eight coordinates")
}

/// Wallet and identity of somebody.
struct Name {
    wallet: SigningKey,
    identity: Identity,
}

impl Name {
    fn new(number: u16, rng: &mut ChaCha20Rng) -> Result<Self> {
        let scalar = B256::with_last_byte(1 + (number % 255) as u8);
        let wallet = SigningKey::from_slice(scalar.as_slice()).ok().context("a scalar")?;
        let made = UnixMinute(u32::try_from(STATED / 60)? - 60);
        Ok(Self { wallet, identity: Identity::create(&Libcrux, 18, made, rng) })
    }

    fn member(&self) -> Named {
        let account = Address::from_public_key(self.wallet.verifying_key());
        Named { account, session: self.identity.id(), device: self.identity.device.id }
    }

    fn support(&self, body: &Body, points: Box<[u8; 256]>, rng: &mut ChaCha20Rng) -> Result<Support> {
        let digest = body.typed_data().context("a wallet signs for a name")?.digest();
        let signed = self.wallet.sign_prehash_recoverable(digest.as_slice()).ok();
        let (signature, id) = signed.context("a digest is signed")?;
        let wallet = Signature::from_signature_and_parity(signature, id.is_y_odd()).as_bytes();
        let identity = body.sign_identity(&Libcrux, &self.identity.device.signing, rng);
        Ok(Support::Named { points: Some(points), wallet, identity })
    }
}

/// What the own index says: the circuit's part as the daemon has it, everybody has access, nobody is banned.
struct Known<'a> {
    key: &'a VerifyingKey,
    story: &'a Story,
    device: Option<(IdentityRecord, DeviceCertificate)>,
}

impl Facts for Known<'_> {
    fn proof_holds(&self, proof: &JoinProof<'_>) -> bool {
        let Ok(nullifier) = Nullifier::from_word(proof.nullifier.0.into()) else { return false };
        let statement = self.story.sitting.statement(Purpose::Join, nullifier, proof.payload, proof.issued_at);
        self.key.verify(&statement.inputs(), &proof.words()).is_ok()
    }

    fn has_leaf(&self, _: Address) -> bool {
        true
    }

    fn has_access(&self, _: Address) -> bool {
        true
    }

    fn seat_delegate(&self, _: Address) -> Option<Address> {
        None
    }

    fn is_banned(&self, _: &SeatIdentity) -> bool {
        false
    }

    fn device(&self, session: IdentityId, device: DeviceId) -> Option<(&IdentityRecord, &DeviceCertificate)> {
        let (record, certificate) = self.device.as_ref()?;
        (record.id() == session && certificate.device() == device).then_some((record, certificate))
    }

    fn seat_key(&self, _: StatementHash) -> Option<Ed25519Public> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_both_kinds_are_judged_and_what_is_refused_is_an_error() {
        let (key, story) = (ProvingKey::generate_insecure_dev().unwrap(), Story::new().unwrap());
        let entries = measure(&key, &story, 1, 1).unwrap();
        assert!(entries.iter().all(|ms| *ms > 0.0), "{entries:?}");
        let mut bad = Entry::new(&key, &story, 1, true).unwrap();
        let mut seats = Distinct::default();
        assert!(bad.judge(key.verifying_key(), &story, &mut seats).is_ok());
        // The last byte is the device's signature's.
        *bad.statement.last_mut().unwrap() ^= 1;
        let refused = bad.judge(key.verifying_key(), &story, &mut seats).unwrap_err().to_string();
        assert!(refused.contains("IdentitySignature"), "{refused}");
    }
}

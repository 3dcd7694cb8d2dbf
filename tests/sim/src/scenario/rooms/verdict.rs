//! Journey 2: B proves from the tree that its own view gives; contract and twin say the same of the proof and of everything that
//! is not quite it; who cannot prove is told why.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use alloy_primitives::{Address, B256, U256};
use pars_bindings::TownHall;
use pars_circuits::{
    Deadline, Envelope, LeafSet, ProofFile, ProvingKey, Purpose, Request, Root, Sitting, Threshold, VerifyingKey,
    Witness, check,
};
use pars_crypto::hash::sha3;
use pars_indexer_core::Sitting as SittingRow;
use pars_wire::RoomId;

use super::super::stage::{B, Stage};
use super::{PROVER, town_hall};
use crate::chain::setting::{CHAIN_ID, HOLDERS, STRANGER, holder_secret};
use crate::world::BEGIN;

/// Seconds from the beginning to the proof's time of issue.
const ISSUED: u64 = 3_600;

/// One proof, and what is said of it.
pub(super) fn verdict(stage: &mut Stage, room: RoomId, row: &SittingRow) {
    let sitting = Sitting {
        chain_id: CHAIN_ID,
        town_hall: town_hall(stage),
        room_id: room.0,
        sitting_id: row.sitting_id.0,
        root: Root::from_word(row.root).expect("a root of the registry"),
        threshold: Threshold::new(row.threshold).expect("a threshold of the Town Hall"),
        at: Deadline::new(row.ends_at).expect("a time of the Town Hall"),
    };
    let set = LeafSet::new(stage.world.view(B).leaves_at(row.at)).expect("a small tree");
    let secret = holder_secret(PROVER);
    let (payload, issued_at) = (sha3(&[b"seat keys of B"]).into(), BEGIN.unix_seconds() + ISSUED);
    let request =
        Request { account: HOLDERS[PROVER].account, secret: &secret, purpose: Purpose::Join, payload, issued_at };
    ineligible(&set, &sitting, &request);
    let witness = Witness::new(&set, &sitting, &request).expect("B is eligible");
    let file = prove(&sitting, &request, &witness);
    let asked = Asked { room: room.0, proof: file.proof.to_vec(), nullifier: file.nullifier };
    let key = VerifyingKey::insecure_dev().expect("the development key");
    let twin = |asked: &Asked| check::admit(&key, &sitting, &asked.proof, asked.nullifier, None).map(|_| ());
    assert_eq!((says(stage, &asked), twin(&asked)), (true, Ok(())), "{}: B's proof", stage.place());
    for (name, code, broken) in broken(&asked) {
        let verdict = (says(stage, &broken), twin(&broken).map_err(check::Refusal::code));
        assert_eq!(verdict, (false, Err(code)), "{}: {name}", stage.place());
        stage.world.note(&format!("verdict on {name}: {code}"));
    }
    let elsewhere = Asked { room: sha3(&[b"another room"]).into(), ..asked.clone() };
    assert!(!says(stage, &elsewhere), "{}: in another room", stage.place());
    let other = check::admit(&key, &sitting, &asked.proof, asked.nullifier, Some(B256::ZERO));
    assert_eq!(other.map(|_| ()).map_err(check::Refusal::code), Err("wrong_payload"), "{}", stage.place());
}

/// What the contract is asked.
#[derive(Clone)]
struct Asked {
    room: B256,
    proof: Vec<u8>,
    nullifier: B256,
}

fn says(stage: &Stage, asked: &Asked) -> bool {
    let Asked { room, proof, nullifier } = asked.clone();
    let call = TownHall::canJoinAnonymousCall { roomId: room, proof: proof.into(), nullifier };
    let ledger = &stage.world.ledger;
    let now = ledger.read(town_hall(stage), &call, ledger.head()).expect("a gate never reverts");
    // B asks at the head of its own view, which may be late or on a branch that is gone.
    let seen = stage.world.view(B).head().filter(|head| ledger.block(head.number) == Some(*head));
    let late = seen.map(|head| ledger.read(town_hall(stage), &call, head.number).expect("a gate never reverts"));
    assert!(late.is_none_or(|late| late == now), "{}: the verdict of a late view", stage.place());
    now
}

fn broken(good: &Asked) -> Vec<(&'static str, &'static str, Asked)> {
    let envelope = Envelope::decode(&good.proof).expect("the prover's own bytes");
    let with = |change: &dyn Fn(&mut Envelope)| {
        let mut other = envelope.clone();
        change(&mut other);
        Asked { proof: other.encode().to_vec(), ..good.clone() }
    };
    let mut short = good.clone();
    short.proof.pop();
    let mut flipped = good.clone();
    flipped.proof[40] ^= 1;
    let nullifier = (U256::from_be_bytes(good.nullifier.0) ^ U256::ONE).into();
    vec![
        ("another nullifier", "proof_invalid", Asked { nullifier, ..good.clone() }),
        ("another sitting", "wrong_sitting", with(&|envelope| envelope.sitting_id += 1)),
        ("another payload", "proof_invalid", with(&|envelope| envelope.payload = B256::ZERO)),
        ("another time of issue", "proof_invalid", with(&|envelope| envelope.issued_at += 1)),
        ("a byte less", "malformed_proof", short),
        ("one flipped bit", "malformed_proof", flipped),
    ]
}

/// Everybody who cannot prove is told why.
fn ineligible(set: &LeafSet, sitting: &Sitting, request: &Request<'_>) {
    let why = |account: Address, secret: usize| {
        let secret = holder_secret(secret);
        let other = Request { account, secret: &secret, ..*request };
        Witness::new(set, sitting, &other).map(|_| ()).map_err(|reason| reason.code())
    };
    assert_eq!(why(STRANGER, 0), Err("not_registered"));
    assert_eq!(why(HOLDERS[PROVER].account, 0), Err("commitment_mismatch"));
    assert_eq!(why(HOLDERS[3].account, 3), Err("weight_below_threshold"));
    assert_eq!(why(HOLDERS[4].account, 4), Err("lock_ends_before_sitting"));
}

/// A proof costs half a second, and the same statement has the same proof.
fn prove(sitting: &Sitting, request: &Request<'_>, witness: &Witness) -> ProofFile {
    static KEY: LazyLock<ProvingKey> =
        LazyLock::new(|| ProvingKey::generate_insecure_dev().expect("the development key"));
    static MADE: Mutex<BTreeMap<[U256; 6], ProofFile>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().expect("no thread panics here");
    let new = || ProofFile::new(sitting, request, witness, &KEY.prove(witness, &[7; 32]).expect("a true witness"));
    made.entry(witness.statement().inputs()).or_insert_with(new).clone()
}

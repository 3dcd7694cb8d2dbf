//! One whole story under the development key: five holders lock and register, a sitting opens, one of them proves.
//!
//! The times keep every rule of the escrow: the week's boundary W lies inside the sitting, holder 4's lock ends there
//! and is too short; holder 3 locks one raw unit and is too small; three holders can prove.

use alloy_primitives::{Address, B256, U256, address, keccak256};
use pars_circuits::{
    Deadline, Leaf, LeafSet, ProofFile, ProvingKey, Purpose, Request, Secret, Sitting, Threshold, Witness, room_id,
};
use serde::Serialize;

use super::{MAXTIME, generator, random_secret};

const WEEK: u64 = 604_800;
const HOUR: u64 = 3_600;
/// The boundary of a week inside the sitting.
const BOUNDARY: u64 = 2_977 * WEEK;
const OPENED_AT: u64 = BOUNDARY - HOUR;
const AT: u64 = BOUNDARY + 3 * HOUR;
const FIRST_LOCK: u64 = OPENED_AT - 3 * WEEK;

const CHAIN_ID: u64 = 7072;
const TOWN_HALL: Address = Address::repeat_byte(0x11);
const CREATOR: Address = Address::repeat_byte(0x22);
const PROVER: usize = 2;

/// Account (the well-known development accounts), amount in raw units of 9 decimals, duration in seconds.
const LOCKS: [(Address, u128, u64); 5] = [
    (address!("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"), 5_000_000_000_000, MAXTIME),
    (address!("0x70997970c51812dc3a010c7d01b50e0d17dc79c8"), 100_000_000_000, 52 * WEEK),
    (address!("0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc"), 250_000_000_000, 104 * WEEK),
    (address!("0x90f79bf6eb2c4f870365e785982e1f101e93b906"), 1, 26 * WEEK),
    (address!("0x15d34aaf54267db7d7c367839aaf71a00a2c6a65"), 900_000_000_000, 3 * WEEK + 2 * HOUR),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Vectors {
    chain_id: u64,
    town_hall: Address,
    creator: Address,
    room_nonce: u64,
    room_id: B256,
    sitting_id: u64,
    kind: &'static str,
    min_balance: &'static str,
    threshold: String,
    opened_at: u64,
    at: u64,
    holders: Vec<Holder>,
    prover: usize,
    root: B256,
    payload: B256,
    issued_at: u64,
    external: B256,
    nullifier: B256,
    signal: B256,
    inputs: Vec<B256>,
    points: Vec<B256>,
    proof: alloy_primitives::Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Holder {
    account: Address,
    secret: B256,
    commitment: B256,
    amount: String,
    locked_at: u64,
    duration: u64,
    end: u64,
    leaf: B256,
}

pub(super) fn vectors(key: &ProvingKey) -> Vectors {
    let mut rng = generator(3);
    let secrets: Vec<Secret> = LOCKS.iter().map(|_| random_secret(&mut rng)).collect();
    let leaves = leaves(&secrets);
    let (sitting, set) = sitting(leaves);
    let request = Request {
        account: LOCKS[PROVER].0,
        secret: &secrets[PROVER],
        purpose: Purpose::Join,
        payload: keccak256("the seat keys of a join vector"),
        issued_at: OPENED_AT + 120,
    };
    let witness = Witness::new(&set, &sitting, &request).expect("holder 2 is eligible");
    let proof = key.prove(&witness, &[3; 32]).expect("the witness is true");
    let file = ProofFile::new(&sitting, &request, &witness, &proof);
    let statement = witness.statement();
    Vectors {
        chain_id: CHAIN_ID,
        town_hall: TOWN_HALL,
        creator: CREATOR,
        room_nonce: 0,
        room_id: sitting.room_id,
        sitting_id: sitting.sitting_id,
        kind: "OpenForum",
        min_balance: "1",
        threshold: sitting.threshold.word().to_string(),
        opened_at: OPENED_AT,
        at: AT,
        holders: set.leaves().iter().zip(&secrets).enumerate().map(holder).collect(),
        prover: PROVER,
        root: sitting.root.bytes(),
        payload: request.payload,
        issued_at: request.issued_at,
        external: statement.external.bytes(),
        nullifier: file.nullifier,
        signal: statement.signal.bytes(),
        inputs: file.inputs,
        points: file.points,
        proof: file.proof,
    }
}

fn locked_at(i: usize) -> u64 {
    FIRST_LOCK + 60 * i as u64
}

fn leaves(secrets: &[Secret]) -> Vec<Leaf> {
    let leaf = |(i, secret): (usize, &Secret)| {
        let (account, weight, duration) = LOCKS[i];
        let end = (locked_at(i) + duration) / WEEK * WEEK;
        Leaf { account, commitment: secret.commitment(), weight, end: Deadline::new(end).expect("below 2^40") }
    };
    secrets.iter().enumerate().map(leaf).collect()
}

fn sitting(leaves: Vec<Leaf>) -> (Sitting, LeafSet) {
    let set = LeafSet::new(leaves).expect("five leaves fit");
    let sitting = Sitting {
        chain_id: CHAIN_ID,
        town_hall: TOWN_HALL,
        room_id: room_id(CHAIN_ID, TOWN_HALL, CREATOR, 0),
        sitting_id: 1,
        root: set.root(),
        threshold: Threshold::new(U256::from(MAXTIME)).expect("one raw unit over the longest lock"),
        at: Deadline::new(AT).expect("below 2^40"),
    };
    (sitting, set)
}

fn holder((i, (leaf, secret)): (usize, (&Leaf, &Secret))) -> Holder {
    Holder {
        account: leaf.account,
        secret: B256::from(*secret.to_bytes()),
        commitment: leaf.commitment.bytes(),
        amount: leaf.weight.to_string(),
        locked_at: locked_at(i),
        duration: LOCKS[i].2,
        end: leaf.end.seconds(),
        leaf: leaf.hash().into(),
    }
}

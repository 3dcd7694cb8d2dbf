//! Commitment, leaf, nullifier, external and signal of independent cases; locks at the boundaries of the comparison.

use alloy_primitives::{Address, B256};
use ark_std::rand::Rng;
use pars_circuits::{Deadline, Leaf, Nullifier, Purpose, Scope, Signal};
use rand_chacha::ChaCha20Rng;
use serde::Serialize;

use super::{
    generator,
    locks::{Lock, locks},
    random_bytes, random_secret,
};

#[derive(Serialize)]
pub(super) struct Vectors {
    cases: Vec<Case>,
    locks: Vec<Lock>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    chain_id: u64,
    town_hall: Address,
    room_id: B256,
    sitting_id: u64,
    purpose: u8,
    purpose_id: B256,
    external: B256,
    secret: B256,
    commitment: B256,
    account: Address,
    weight: String,
    end: u64,
    leaf: B256,
    nullifier: B256,
    payload: B256,
    issued_at: u64,
    signal: B256,
}

/// 40 cases; integers stay below 2^53, so that every JSON reader keeps them.
pub(super) fn vectors() -> Vectors {
    let mut rng = generator(2);
    Vectors { cases: (0..40).map(|i| case(i, &mut rng)).collect(), locks: locks() }
}

fn case(i: u64, rng: &mut ChaCha20Rng) -> Case {
    let purpose = if i % 3 == 2 { Purpose::Poll(random_bytes(rng)) } else { Purpose::Join };
    let scope = Scope {
        chain_id: [7070, 7071, 7072, 31337][(i % 4) as usize],
        town_hall: Address::from_word(random_bytes(rng)),
        room_id: random_bytes(rng),
        sitting_id: if i == 5 { (1 << 53) - 1 } else { i + 1 },
        purpose,
    };
    let secret = random_secret(rng);
    // Edges of the ranges, a removed leaf among them, then anything.
    let (weight, end) = match i {
        0 => (0, 0),
        1 => (1, 1),
        2 => (u128::MAX, (1 << 40) - 1),
        _ => (rng.r#gen::<u128>() >> (i % 97), rng.gen_range(1_700_000_000..2_000_000_000)),
    };
    let end = Deadline::new(end).expect("below 2^40");
    let account = Address::from_word(random_bytes(rng));
    let leaf = Leaf { account, commitment: secret.commitment(), weight, end };
    let (payload, issued_at) = (random_bytes(rng), rng.gen_range(0..1u64 << 40));
    let external = scope.external();
    Case {
        chain_id: scope.chain_id,
        town_hall: scope.town_hall,
        room_id: scope.room_id,
        sitting_id: scope.sitting_id,
        purpose: purpose.code(),
        purpose_id: purpose.id(),
        external: external.bytes(),
        secret: B256::from(*secret.to_bytes()),
        commitment: leaf.commitment.bytes(),
        account: leaf.account,
        weight: leaf.weight.to_string(),
        end: end.seconds(),
        leaf: leaf.hash().into(),
        nullifier: Nullifier::of(external, &secret).bytes(),
        payload,
        issued_at,
        signal: Signal::of(external, payload, issued_at).bytes(),
    }
}

//! A development key that is generated once per build folder, and a small sitting with one proof.

use std::{fs, path::Path, sync::LazyLock};

use alloy_primitives::{Address, B256, U256};
use pars_circuits::{
    Deadline, Leaf, LeafSet, Proof, ProofFile, ProvingKey, Purpose, Request, Secret, Sitting, Threshold, Witness,
    key::PINNED_DEV_KEY,
};
use sha3::{Digest, Sha3_256};

pub(crate) const AT: u64 = 1_800_000_000;
pub(crate) const SPAN: u64 = 10_000_000;
pub(crate) const WEIGHT: u128 = 50_000;
pub(crate) const PROVER: u8 = 3;

/// The development key, read from the build folder if a file of the pinned hash is there.
pub(crate) static KEY: LazyLock<ProvingKey> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("insecure-dev.key");
    let cached = fs::read(&path).ok().and_then(|file| ProvingKey::from_bytes(&file).ok());
    cached.filter(|key| key.hash() == PINNED_DEV_KEY).unwrap_or_else(|| {
        let key = ProvingKey::generate_insecure_dev().unwrap();
        // Test processes run side by side: each writes its own file, the last rename wins.
        let own = path.with_extension(std::process::id().to_string());
        fs::write(&own, key.to_bytes()).unwrap();
        fs::rename(&own, &path).unwrap();
        key
    })
});

/// A sitting with one proof of it by account [`PROVER`].
pub(crate) struct Story {
    pub(crate) set: LeafSet,
    pub(crate) sitting: Sitting,
    pub(crate) witness: Witness,
    pub(crate) proof: Proof,
    pub(crate) file: ProofFile,
}

pub(crate) static STORY: LazyLock<Story> = LazyLock::new(|| {
    let set = LeafSet::new((0..7).map(leaf).collect()).unwrap();
    let sitting = sitting(&set);
    let secret = secret(PROVER);
    let request = request(&secret);
    let witness = Witness::new(&set, &sitting, &request).unwrap();
    let proof = KEY.prove(&witness, &[1; 32]).unwrap();
    let file = ProofFile::new(&sitting, &request, &witness, &proof);
    Story { set, sitting, witness, proof, file }
});

pub(crate) fn secret(i: u8) -> Secret {
    Secret::from_bytes(&[i + 1; 32]).unwrap()
}

pub(crate) fn account(i: u8) -> Address {
    Address::repeat_byte(0xa0 + i)
}

/// Weight grows with the index; the prover's just meets the threshold.
pub(crate) fn leaf(i: u8) -> Leaf {
    let weight = WEIGHT + u128::from(i) - u128::from(PROVER);
    Leaf { account: account(i), commitment: secret(i).commitment(), weight, end: Deadline::new(AT + SPAN).unwrap() }
}

pub(crate) fn sitting(set: &LeafSet) -> Sitting {
    Sitting {
        chain_id: 7072,
        town_hall: Address::repeat_byte(0x11),
        room_id: B256::repeat_byte(0x22),
        sitting_id: 4,
        root: set.root(),
        threshold: Threshold::new(U256::from(WEIGHT) * U256::from(SPAN)).unwrap(),
        at: Deadline::new(AT).unwrap(),
    }
}

pub(crate) fn request(secret: &Secret) -> Request<'_> {
    let (purpose, payload) = (Purpose::Join, B256::repeat_byte(0x33));
    Request { account: account(PROVER), secret, purpose, payload, issued_at: AT - 600 }
}

/// Gives a changed key file the hash it needs to get past the first check.
pub(crate) fn reseal(mut file: Vec<u8>) -> Vec<u8> {
    let body = file.len() - 32;
    let hash = Sha3_256::digest(&file[..body]);
    file[body..].copy_from_slice(&hash);
    file
}

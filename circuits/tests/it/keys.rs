//! Key files and the development key (THREATS Z9).

use pars_circuits::{
    ProvingKey, VerifyingKey,
    key::{CONSTRAINT_DIGEST, KeyError, PINNED_DEV_KEY, PINNED_DEV_VERIFYING_KEY},
    solidity::verifier_source,
    statement::constraint_digest,
};

use crate::support::{KEY, STORY, reseal};

/// Offsets in a key file.
const VERSION: usize = 16;
const KIND: usize = 18;
const FLAGS: usize = 19;
const DIGEST: usize = 20;
const ALPHA: usize = 52;
const GAMMA: usize = ALPHA + 64 + 128;
const DELTA: usize = GAMMA + 128;
const IC: usize = DELTA + 128;

fn verifying() -> Vec<u8> {
    VerifyingKey::insecure_dev().unwrap().to_bytes()
}

fn refusal(file: &[u8]) -> KeyError {
    VerifyingKey::from_bytes(file).map(|_| ()).unwrap_err()
}

/// A valid key that is not the development key: alpha and the first IC point exchanged, the flag cleared.
fn production() -> VerifyingKey {
    let mut file = verifying();
    for i in 0..64 {
        file.swap(ALPHA + i, IC + i);
    }
    file[FLAGS] = 0;
    VerifyingKey::from_bytes(&reseal(file)).unwrap()
}

#[test]
fn the_deterministic_dev_key_and_the_circuit_have_the_pinned_hashes() {
    let key = ProvingKey::generate_insecure_dev().unwrap();
    assert_eq!(key.hash(), PINNED_DEV_KEY);
    assert_eq!(key.verifying_key().hash(), PINNED_DEV_VERIFYING_KEY);
    assert_eq!(VerifyingKey::insecure_dev().unwrap().hash(), PINNED_DEV_VERIFYING_KEY);
    assert_eq!(constraint_digest().unwrap(), CONSTRAINT_DIGEST);
}

#[test]
fn key_files_survive_a_round_trip_and_the_full_point_check() {
    let file = KEY.to_bytes();
    let again = ProvingKey::from_bytes(&file).unwrap();
    assert_eq!(again.hash(), KEY.hash());
    assert_eq!(again.to_bytes(), file);
    assert_eq!(again.check_points(), Ok(()));
    assert_eq!(VerifyingKey::from_bytes(&verifying()).unwrap().to_bytes(), verifying());
}

#[test]
fn a_dev_key_is_refused_on_every_chain_but_the_two_of_development() {
    let verifying = VerifyingKey::insecure_dev().unwrap();
    for chain in [7072, 31337] {
        assert!(KEY.for_chain(chain).is_ok() && verifying.for_chain(chain).is_ok());
    }
    for chain in [0, 1, 7070, 7071, 1337, u64::MAX] {
        assert_eq!(KEY.for_chain(chain).map(|_| ()), Err(KeyError::DevKeyRefused(chain)));
        assert_eq!(verifying.for_chain(chain).map(|_| ()), Err(KeyError::DevKeyRefused(chain)));
    }
}

#[test]
fn a_production_key_is_accepted_everywhere_and_its_contract_has_no_guard() {
    let key = production();
    assert!(key.for_chain(1).is_ok() && key.for_chain(7070).is_ok());
    let source = verifier_source(&key);
    assert!(source.contains("DEV_KEY = false") && !source.contains("constructor"));
    assert!(source.contains(&key.hash().to_string()));
    let placeholders = ["@R@", "@Q@", "@GUARD@", "@INPUTS@", "@IC0@", "@ALPHA_BETA@", "@GAMMA@", "@DELTA@"];
    assert!(!placeholders.iter().any(|placeholder| source.contains(placeholder)));
}

#[test]
fn the_dev_key_without_its_flag_is_recognised() {
    let mut file = verifying();
    file[FLAGS] = 0;
    assert_eq!(refusal(&reseal(file)), KeyError::DevKeyWithoutFlag);
    let mut file = KEY.to_bytes();
    file[FLAGS] = 0;
    assert_eq!(ProvingKey::from_bytes(&reseal(file)).map(|_| ()).unwrap_err(), KeyError::DevKeyWithoutFlag);
}

#[test]
fn a_key_with_gamma_equal_to_delta_is_refused() {
    let mut file = verifying();
    file.copy_within(GAMMA..DELTA, DELTA);
    assert_eq!(refusal(&reseal(file)), KeyError::GammaEqualsDelta);
}

#[test]
fn every_cut_and_every_header_field_has_its_own_refusal() {
    let file = verifying();
    for length in [0, 15, 51, 100, file.len() - 1] {
        assert_eq!(refusal(&file[..length]), KeyError::Length { expected: file.len(), actual: length });
    }
    let longer = [&file[..], &[0]].concat();
    assert_eq!(refusal(&longer), KeyError::Length { expected: file.len(), actual: file.len() + 1 });
    let changed = |at: usize| {
        let mut file = file.clone();
        file[at] ^= 0x80;
        refusal(&file)
    };
    assert_eq!(changed(0), KeyError::Magic);
    assert_eq!(changed(VERSION), KeyError::Version(0x8001));
    assert_eq!(changed(KIND), KeyError::Kind { expected: 2, actual: 0x82 });
    assert_eq!(changed(FLAGS), KeyError::Flags(0x81));
    assert!(matches!(changed(DIGEST), KeyError::ConstraintDigest(_)));
    assert_eq!(refusal(&KEY.to_bytes()), KeyError::Kind { expected: 2, actual: 1 });
}

#[test]
fn every_altered_byte_of_the_points_or_the_hash_is_refused() {
    let file = verifying();
    for at in ALPHA..file.len() {
        let mut file = file.clone();
        file[at] ^= 1;
        assert!(matches!(refusal(&file), KeyError::Hash { .. }), "byte {at}");
    }
    let mut key = KEY.to_bytes();
    let middle = key.len() / 2;
    key[middle] ^= 1;
    assert!(matches!(ProvingKey::from_bytes(&key).unwrap_err(), KeyError::Hash { .. }));
}

#[test]
fn coordinates_and_points_outside_their_field_or_group_are_refused() {
    let mut file = verifying();
    file[ALPHA..ALPHA + 32].fill(0xff);
    assert_eq!(refusal(&reseal(file)), KeyError::Coordinate);
    let mut file = verifying();
    file[ALPHA] ^= 1;
    assert_eq!(refusal(&reseal(file)), KeyError::Point("verifying key"));
}

#[test]
fn a_proving_key_with_a_wrong_point_fails_its_check_and_never_yields_a_proof() {
    let mut file = KEY.to_bytes();
    let last_of_query_l = file.len() - 32 - 64;
    file[last_of_query_l] ^= 1;
    let key = ProvingKey::from_bytes(&reseal(file)).unwrap();
    assert_eq!(key.check_points(), Err(KeyError::Point("query L")));
    assert!(key.prove(&STORY.witness, &[2; 32]).is_err());
}

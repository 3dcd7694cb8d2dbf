//! What is committed is what this code makes, and it says what it should.

use std::{fs, path::Path};

use alloy_primitives::{Address, B256, U256};
use pars_circuits::{
    Deadline, ProofFile, Purpose, Root, Sitting, Threshold, VerifyingKey,
    check::{Expectation, check},
};
use serde_json::Value;

use crate::{support::KEY, vectors};

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_committed_vectors_key_and_contract_are_those_this_code_makes() {
    for (path, content) in vectors::files(&KEY) {
        let committed = fs::read(root().join(path)).unwrap_or_default();
        assert!(committed == content, "{path} is out of date: run the `vectors` example of this crate");
    }
}

fn read(name: &str) -> Value {
    serde_json::from_slice(&fs::read(root().join("tests/vectors").join(name)).unwrap()).unwrap()
}

#[test]
fn the_vector_files_have_the_promised_number_of_cases() {
    let poseidon = read("poseidon.json");
    let cases: usize = ["t2", "t3", "t5"].iter().map(|t| poseidon[t].as_array().unwrap().len()).sum();
    assert!(cases >= 128);
    let eligibility = read("eligibility.json");
    assert!(eligibility["cases"].as_array().unwrap().len() >= 32);
    let locks = eligibility["locks"].as_array().unwrap();
    let eligible = locks.iter().filter(|lock| lock["eligible"] == true).count();
    assert!(eligible >= 10 && locks.len() - eligible >= 10, "{eligible} of {} locks are eligible", locks.len());
}

/// Only public fields of the file are used, as any other reader would.
#[test]
fn the_join_vector_is_admitted_when_read_back() {
    let join = read("join.json");
    let word = |name: &str| join[name].as_str().unwrap().parse::<B256>().unwrap();
    let words = |name: &str| -> Vec<B256> { serde_json::from_value(join[name].clone()).unwrap() };
    let number = |name: &str| join[name].as_u64().unwrap();
    let town_hall: Address = join["townHall"].as_str().unwrap().parse().unwrap();
    let sitting = Sitting {
        chain_id: number("chainId"),
        town_hall,
        room_id: word("roomId"),
        sitting_id: number("sittingId"),
        root: Root::from_word(word("root").into()).unwrap(),
        threshold: Threshold::new(join["threshold"].as_str().unwrap().parse::<U256>().unwrap()).unwrap(),
        at: Deadline::new(number("at")).unwrap(),
    };
    let file = ProofFile {
        version: 1,
        chain_id: sitting.chain_id,
        town_hall,
        room_id: sitting.room_id,
        sitting_id: sitting.sitting_id,
        purpose: 1,
        purpose_id: B256::ZERO,
        issued_at: number("issuedAt"),
        payload: word("payload"),
        nullifier: word("nullifier"),
        inputs: words("inputs"),
        points: words("points"),
        proof: serde_json::from_value(join["proof"].clone()).unwrap(),
    };
    let expectation = Expectation { purpose: Purpose::Join, payload: Some(file.payload) };
    assert!(check(&VerifyingKey::insecure_dev().unwrap(), &sitting, &expectation, &file).is_ok());
}

#[test]
fn the_join_vector_keeps_the_rules_of_the_escrow() {
    let join = read("join.json");
    let (opened, at) = (join["openedAt"].as_u64().unwrap(), join["at"].as_u64().unwrap());
    assert!(opened < at && at <= opened + 86_400);
    for holder in join["holders"].as_array().unwrap() {
        let number = |name: &str| holder[name].as_u64().unwrap();
        assert!((7 * 86_400..=4 * 365 * 86_400).contains(&number("duration")));
        assert_eq!(number("end"), (number("lockedAt") + number("duration")) / 604_800 * 604_800);
        assert!(number("lockedAt") < opened && number("end") >= number("lockedAt") + 7 * 86_400);
    }
}

//! Proofs, their envelope and file, secrets, and key files.

use std::str;

use pars_circuits::key::KeyError;
use pars_circuits::{ENVELOPE_LEN, Envelope, Proof, ProofFile, ProvingKey, Secret, VerifyingKey};
use pars_crypto::hash::sha3;
use serde_json::{Value, json};

use crate::Outcome;
use crate::check::{fixed, same};
use crate::corpus::Seeds;

/// The envelope, and the proof inside: eight words that are points, or a refusal.
pub(crate) fn envelope(bytes: &[u8]) -> Outcome {
    let envelope = Envelope::decode(bytes);
    if let Ok(envelope) = &envelope {
        same(&envelope.encode(), bytes);
        if let Ok(proof) = Proof::from_points(&envelope.points) {
            assert_eq!(proof.points(), envelope.points, "a second encoding of a point was accepted");
        }
    }
    // Whatever stands behind the points must not keep them from being tried.
    let whole = fixed::<ENVELOPE_LEN>(&bytes[..bytes.len().min(256)]);
    let points = Envelope::decode(&*whole).expect("zeros behind the points").points;
    if let Ok(proof) = Proof::from_points(&points) {
        assert_eq!(proof.points(), points, "a second encoding of a point was accepted");
    }
    Outcome::of(envelope.is_ok())
}

/// A value in JSON has many texts; what was read must read back as itself.
pub(super) fn json<T>(bytes: &[u8]) -> Outcome
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let value = serde_json::from_slice::<T>(bytes);
    if let Ok(value) = &value {
        let text = serde_json::to_vec(value).expect("a value that was read");
        assert_eq!(serde_json::from_slice::<T>(&text).expect("what was written"), *value);
    }
    Outcome::of(value.is_ok())
}

/// What `eligibility prove` hands on.
pub(crate) fn proof_file(bytes: &[u8]) -> Outcome {
    json::<ProofFile>(bytes)
}

/// A secret of the field.
pub(crate) fn secret(bytes: &[u8]) -> Outcome {
    Outcome::of(Secret::from_bytes(&fixed(bytes)).is_ok())
}

/// A key file as it is, then with the hash that belongs to it: so the points are reached.
pub(crate) fn verifying_key(bytes: &[u8]) -> Outcome {
    let read = |bytes: &[u8]| {
        let key = VerifyingKey::from_bytes(bytes);
        if let Ok(key) = &key {
            same(&key.to_bytes(), bytes);
        }
        Outcome::of(key.is_ok())
    };
    read(bytes);
    let content = bytes.get(..bytes.len().saturating_sub(32)).unwrap_or_default();
    read(&[content, &sha3(&[content])].concat())
}

/// The head of a proving key: its two megabytes of points are read only behind a good one, and by their full number.
pub(crate) fn proving_key_header(bytes: &[u8]) -> Outcome {
    let head = bytes.len() >= 52;
    Outcome::of(match ProvingKey::from_bytes(bytes) {
        Ok(_) => panic!("a whole proving key is larger than every input"),
        Err(error) => head && matches!(error, KeyError::Length { .. }),
    })
}

fn story() -> Value {
    let text = include_str!("../../../vectors/join.json");
    serde_json::from_str(text).expect("tests/vectors/join.json")
}

fn bytes_of(value: &Value) -> Vec<u8> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x")).expect("hexadecimal digits");
    let pairs = digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("digits"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("digits")).collect()
}

pub(super) fn seeds(seeds: &mut Seeds) {
    let story = story();
    seeds.add_with(
        "circuits-envelope",
        "proof",
        &bytes_of(&story["proof"]),
        &[
            ("sitting-of-256-bits", &|bytes| bytes[256] = 1),
            ("coordinate-not-reduced", &|bytes| bytes[..32].fill(0xff)),
            ("point-at-infinity", &|bytes| bytes[..64].fill(0)),
            ("point-off-the-curve", &|bytes| bytes[63] ^= 1),
        ],
    );
    let field = |name: &str| story[name].clone();
    let file = json!({
        "version": 1, "chainId": field("chainId"), "townHall": field("townHall"), "roomId": field("roomId"),
        "sittingId": field("sittingId"), "purpose": 1, "purposeId": field("payload"), "issuedAt": field("issuedAt"),
        "payload": field("payload"), "nullifier": field("nullifier"), "inputs": field("inputs"),
        "points": field("points"), "proof": field("proof"),
    });
    let text = file.to_string();
    seeds.add("circuits-proof-file", "file", &text);
    seeds.add("circuits-proof-file", "unknown-field", text.replacen('{', "{\"more\":1,", 1));
    seeds.add("circuits-proof-file", "field-twice", text.replacen('{', "{\"purpose\":1,", 1));
    seeds.add("circuits-proof-file", "number-too-large", text.replace("7072", "18446744073709551616"));
    seeds.add("circuits-proof-file", "nested", "[".repeat(4_000));
    seeds.add("circuits-secret", "five", [&[0; 31][..], &[5]].concat());
    let key = VerifyingKey::insecure_dev().expect("the development key").to_bytes();
    seeds.add_with(
        "circuits-verifying-key",
        "development",
        &key,
        &[
            ("flag-taken-away", &|bytes| bytes[19] = 0),
            ("unknown-flag", &|bytes| bytes[19] = 3),
            ("point-at-infinity", &|bytes| bytes[52..116].fill(0)),
            ("coordinate-not-reduced", &|bytes| bytes[52..84].fill(0xff)),
            ("gamma-is-delta", &|bytes| bytes.copy_within(244..372, 372)),
        ],
    );
    seeds.add_with(
        "circuits-proving-key-header",
        "verifying-key",
        &key,
        &[
            ("proving-key-cut-short", &|bytes| bytes[18] = 1),
            ("other-circuit", &|bytes| bytes[18..21].copy_from_slice(&[1, 1, 0])),
        ],
    );
}

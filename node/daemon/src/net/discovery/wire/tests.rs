//! The bytes of `/pars/descriptors/1`, frozen as tests/vectors/session/discovery.json (`PARS_BLESS=1` writes it), and what
//! damage does to them. libp2p's codec is this same CBOR.

use cbor4ii::serde::{from_slice, to_vec};
use pars_fuzz::Outcome;
use pars_fuzz::mutate::replay_and_damage;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

const VECTOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/session/discovery.json");

fn bytes(fill: u8, length: usize) -> Bytes {
    Bytes(vec![fill; length])
}

/// A descriptor has 9,660 bytes and a key 2,592; which ones they are is the directory's business.
fn signed(fill: u8) -> Signed {
    Signed { psrd: bytes(fill, 3), dsa: bytes(fill + 1, 2) }
}

fn told(signed: &Signed) -> Value {
    json!({"psrd": hex::encode(&signed.psrd.0), "dsa": hex::encode(&signed.dsa.0)})
}

/// Each with its name and what it says.
fn requests() -> Vec<(&'static str, Value, Request)> {
    let known = [[3; 16], [4; 16]];
    let get = |day, hashes: &[ItemHash]| Request::Get { day, known: join(&hashes.iter().copied().collect()) };
    vec![
        ("put", told(&signed(1)), Request::Put(signed(1))),
        ("get", json!({"day": 20_000, "known": known.map(hex::encode)}), get(20_000, &known)),
        ("getNothingKnown", json!({"day": 0, "known": []}), get(0, &[])),
        ("putObject", json!({"object": hex::encode([5; 24])}), Request::PutObject(bytes(5, 24))),
        ("getObject", json!({"hash": hex::encode([6; 32])}), Request::GetObject(bytes(6, 32))),
    ]
}

fn responses() -> Vec<(&'static str, Value, Response)> {
    let items = [signed(7), signed(9)];
    let page = json!({"items": items.each_ref().map(told), "more": true});
    let last = Response::Page { items: Vec::new(), more: false };
    let refused = |name, refusal| (name, json!({"refused": name}), Response::Refused(refusal));
    vec![
        ("held", json!({}), Response::Held),
        ("page", page, Response::Page { items: items.to_vec(), more: true }),
        ("lastPage", json!({"items": [], "more": false}), last),
        ("object", json!({"object": hex::encode([11; 3])}), Response::Object(Some(bytes(11, 3)))),
        ("noObject", json!({"object": null}), Response::Object(None)),
        refused("notServed", Refusal::NotServed),
        refused("busy", Refusal::Busy),
        refused("malformed", Refusal::Malformed),
        refused("unregistered", Refusal::Unregistered),
        refused("day", Refusal::Day),
        refused("signature", Refusal::Signature),
        refused("replaced", Refusal::Replaced),
    ]
}

fn encode(message: &impl Serialize) -> Vec<u8> {
    to_vec(Vec::new(), message).unwrap()
}

/// By name: what it says, and its bytes.
fn table<T: Serialize>(messages: &[(&str, Value, T)]) -> Value {
    let row = |(name, says, message): &(&str, Value, T)| {
        let mut row = says.clone();
        row["cbor"] = json!(hex::encode(encode(message)));
        ((*name).to_owned(), row)
    };
    Value::Object(messages.iter().map(row).collect())
}

#[test]
fn hashes_come_back_as_they_went() {
    let hashes = BTreeSet::from([[1; 16], [2; 16], [0xff; 16]]);
    let mut bytes = join(&hashes);
    assert_eq!(split(&bytes), hashes);
    bytes.0.push(7);
    assert_eq!(split(&bytes), hashes);
}

#[test]
fn the_discovery_vector_is_reproduced_byte_for_byte() {
    let item = Item { psrd: vec![1; 9_660], dsa: Box::new([2; DSA87_PUBLIC]) };
    let (psrd, dsa) = (json!({"fill": "01", "length": 9_660}), json!({"fill": "02", "length": DSA87_PUBLIC}));
    let hash = json!({"psrd": psrd, "dsa": dsa, "hash": hex::encode(item.hash())});
    let made = json!({
        "protocol": PROTOCOL, "mostRequestBytes": REQUEST, "mostResponseBytes": RESPONSE, "itemHash": hash,
        "requests": table(&requests()), "responses": table(&responses()),
    });
    if std::env::var_os("PARS_BLESS").is_some() {
        std::fs::write(VECTOR, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let published: Value = serde_json::from_str(&std::fs::read_to_string(VECTOR).unwrap()).unwrap();
    assert_eq!(published, made, "discovery.json");
    // By hand, after RFC 8949: a map of one pair, a text of 9 bytes, a byte string of 32.
    let by_hand = [&[0xa1, 0x69][..], b"GetObject", &[0x58, 32], &[6; 32]].concat();
    assert_eq!(encode(&requests()[4].2), by_hand);
    assert_eq!(encode(&Response::Held), [&[0x64][..], b"Held"].concat());
}

/// One that was read is written and read again as itself.
fn decode<T: DeserializeOwned + Serialize + PartialEq + fmt::Debug>(bytes: &[u8]) -> Outcome {
    let Ok(message) = from_slice::<T>(bytes) else { return Outcome::Refused };
    assert_eq!(from_slice::<T>(&encode(&message)).unwrap(), message);
    Outcome::Accepted
}

fn damage<T: DeserializeOwned + Serialize + PartialEq + fmt::Debug>(name: &str, messages: &[(&str, Value, T)]) {
    let valid: Vec<_> = messages.iter().map(|(_, _, message)| encode(message)).collect();
    let cut = valid.iter().map(|whole| whole[..whole.len() - 1].to_vec());
    let nested = [0x81, 0x9f, 0xa1, 0xc1].map(|head| vec![head; 20_000]);
    // Byte strings, texts, lists and maps of 2^64-1.
    let endless = [0x5b, 0x7b, 0x9b, 0xbb].map(|head| [&[0xa1, 0x63][..], b"Put", &[head], &[0xff; 8]].concat());
    let refused = cut.chain(nested).chain(endless).map(|input| (input, Outcome::Refused)).collect::<Vec<_>>();
    let valid = valid.into_iter().map(|input| (input, Outcome::Accepted));
    replay_and_damage(name, &valid.chain(refused).collect::<Vec<_>>(), decode::<T>);
}

#[test]
fn damaged_requests_and_responses_are_read_or_refused_and_nothing_else() {
    damage("discovery-request", &requests());
    damage("discovery-response", &responses());
}

//! The published vectors are what this code makes, and what it reads.

use pars_crypto::secret::SharedSecret;
use pars_proto::media::{Codec, MediaError, Opener, SealedData};
use pars_proto::room::{Metadata, SequenceGate, SignedMessage, SignedRecord, Statement};
use pars_wire::codec::Wire;
use serde_json::Value;

use crate::story::cast::{SCOPE, seat};
use crate::story::vectors;

fn published(name: &str) -> Value {
    let path = format!("{}/../../tests/vectors/room/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

#[test]
fn the_room_vectors_are_reproduced_byte_for_byte() {
    for (name, made) in vectors() {
        assert!(made == published(name), "{name} is stale: run `cargo run --example room_vectors`");
    }
}

#[test]
fn the_published_objects_are_read_and_written_the_same() {
    for object in [&published("metadata.json")["public"], &published("metadata.json")["sealed"]] {
        let read = Metadata::decode(&bytes(&object["object"])).unwrap();
        assert_eq!(read.hash().to_vec(), bytes(&object["hash"]));
    }
    for case in published("statement.json")["cases"].as_array().unwrap() {
        let encoded = bytes(&case["statement"]);
        let statement = Statement::decode(&encoded).unwrap();
        assert_eq!(
            (statement.encode(), statement.hash().0.to_vec()),
            (encoded, bytes(&case["st"])),
            "{}",
            case["name"]
        );
    }
    for epoch in published("epoch.json")["epochs"].as_array().unwrap() {
        let record = SignedRecord::decode(&bytes(&epoch["record"])).unwrap();
        assert_eq!(record.record().hash().0.to_vec(), bytes(&epoch["rh"]));
    }
    let mut seen = SequenceGate::default();
    for message in published("message.json")["messages"].as_array().unwrap() {
        let signed = SignedMessage::decode(&bytes(&message["message"])).unwrap();
        let opened = signed.open(&SCOPE, Some(&seat(1).s_vk()), &mut seen).unwrap();
        assert_eq!(format!("{:?}", opened.content), message["says"].as_str().unwrap());
    }
}

fn codec(value: &Value) -> Codec {
    match value.as_str().unwrap() {
        "opus" => Codec::Opus,
        "vp8" => Codec::Vp8,
        "h264" => Codec::H264,
        other => panic!("{other} is no codec"),
    }
}

fn opener(case: &Value) -> Opener {
    let mut opener = Opener::default();
    let index = u8::try_from(case["index"].as_u64().unwrap()).unwrap();
    opener.set(index, &SharedSecret::from_bytes(array(&case["material"]))).unwrap();
    opener
}

/// Both files: ours, and the one that the page's worker wrote.
#[test]
fn the_published_frames_and_data_open_once_and_the_refused_ones_never() {
    for file in [published("media.json"), published("media_page.json")] {
        for case in file["frames"].as_array().unwrap() {
            let (mut opener, codec, sealed) = (opener(case), codec(&case["codec"]), bytes(&case["sealed"]));
            let opened = opener.frame(codec, &sealed).unwrap();
            // Start codes of H264 come back in their long form.
            assert!(codec == Codec::H264 || opened == bytes(&case["frame"]));
            assert_eq!(opener.frame(codec, &sealed), Err(MediaError::Replayed));
        }
        for case in file["data"].as_array().unwrap() {
            let key_index = u8::try_from(case["index"].as_u64().unwrap()).unwrap();
            let sealed = SealedData { payload: bytes(&case["sealed"]), iv: array(&case["iv"]), key_index };
            let mut opener = opener(case);
            assert_eq!(opener.data(&sealed).unwrap(), bytes(&case["payload"]));
            assert_eq!(opener.data(&sealed), Err(MediaError::Replayed));
        }
        for case in file["refused"].as_array().unwrap() {
            assert!(opener(case).frame(codec(&case["codec"]), &bytes(&case["sealed"])).is_err(), "{}", case["why"]);
        }
    }
}

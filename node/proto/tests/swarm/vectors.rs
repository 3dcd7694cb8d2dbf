//! The published vector is what this code makes, and this code reads it.

use std::collections::BTreeSet;

use pars_proto::swarm::command::{Command, Received};
use pars_proto::swarm::directory::What;
use pars_proto::swarm::frame::{Body, Frame};
use pars_proto::swarm::receipt::Receipt;
use pars_proto::swarm::reply::{Reply, Status};
use pars_wire::NodeId;
use pars_wire::codec::Wire;
use pars_wire::limits::{ONION_ROOM, PACKET, SURB};
use pars_wire::machine::UnixMinute;
use serde_json::Value;

use crate::story;
use crate::world::body_of;

fn published() -> Value {
    serde_json::from_str(include_str!("../../../../tests/vectors/session/swarm.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}

#[test]
fn the_swarm_vector_is_reproduced_byte_for_byte() {
    let (published, made) = (published(), story::vector());
    for (name, value) in made.as_object().unwrap() {
        assert!(published[name] == *value, "{name} differs from the published vector");
    }
    assert_eq!(published.as_object().unwrap().len(), made.as_object().unwrap().len(), "published and no longer made");
}

#[test]
fn everything_published_of_the_swarm_is_read_and_written_again_as_it_was() {
    let published = published();
    let all = |name: &str| published[name].as_object().unwrap().clone();
    for (name, value) in all("commands") {
        let command = bytes(&value);
        // How many reply blocks follow stands in the third byte.
        let body = body_of(&command, &vec![1; command[2].into()]);
        let received = Received::decode(&body).unwrap_or_else(|error| panic!("command {name}: {error}"));
        assert_eq!(received.surbs.len(), usize::from(command[2]), "command {name}");
        // What a command has no use for is padding, and stays with it.
        let again = received.command.encode(command[2]);
        let (written, padding) = again.split_at(command.len());
        assert!(written == command && padding.iter().all(|byte| *byte == 0), "command {name}");
    }
    for (name, value) in all("replies") {
        let body = body_of(&bytes(&value), &[]);
        let reply = Reply::decode(&body).unwrap_or_else(|error| panic!("reply {name}: {error}"));
        assert_eq!(reply.encode(), body, "reply {name}");
    }
    for (name, value) in all("frames") {
        let mut frame = bytes(&value);
        frame.resize(PACKET, 0);
        let read = Frame::decode(&frame).unwrap_or_else(|error| panic!("frame {name}: {error}"));
        assert_eq!(read.encode(), frame, "frame {name}");
    }
    for slot in published["slots"].as_array().unwrap() {
        let what = What::decode(&bytes(&slot["bytes"])).unwrap();
        assert_eq!(format!("{what:?}"), slot["slot"].as_str().unwrap());
    }
    let receipt = bytes(&published["receipt"]["bytes"]);
    assert_eq!(Receipt::decode(&receipt).unwrap().encode(), receipt);
}

#[test]
fn a_reply_of_every_status_is_published() {
    let published = published();
    let replies = published["replies"].as_object().unwrap().values();
    let status = |reply| Reply::decode(&body_of(&bytes(reply), &[])).unwrap().status;
    let told: BTreeSet<Status> = replies.map(status).collect();
    let all: BTreeSet<Status> = (0..=u8::MAX).filter_map(|byte| Status::from_byte(byte).ok()).collect();
    assert_eq!(told, all);
}

/// The minute of the file, and the node that its readings are meant for.
fn here(published: &Value) -> (UnixMinute, NodeId) {
    let now = UnixMinute(published["now"].as_u64().unwrap().try_into().unwrap());
    let node: [u8; 32] = bytes(&published["placement"]["nodes"][0]["node"]).try_into().unwrap();
    (now, NodeId(node.into()))
}

#[test]
fn every_published_signature_of_a_command_verifies() {
    let published = published();
    let (now, node) = here(&published);
    for name in ["put", "putM", "putL", "get", "del"] {
        let command = bytes(&published["commands"][name]);
        let body = body_of(&command, &vec![1; command[2].into()]);
        let command = Received::decode(&body).unwrap().command;
        assert_eq!(command.verify(node, now), Ok(()), "{name}");
    }
}

#[test]
fn the_published_body_is_a_reading_and_its_reply_blocks() {
    let published = published();
    let (now, node) = here(&published);
    let whole: [u8; ONION_ROOM] = bytes(&published["body"]).try_into().unwrap();
    let received = Received::decode(&whole).unwrap();
    assert_eq!(received.command.encode(2), bytes(&published["commands"]["get"]));
    assert_eq!(received.command.verify(node, now), Ok(()));
    let (one, other) = whole[ONION_ROOM - 2 * SURB..].split_at(SURB);
    assert_eq!(received.surbs, [one, other]);
}

#[test]
fn the_published_frame_of_a_replica_carries_a_put_without_reply_blocks() {
    let published = published();
    let mut frame = bytes(&published["frames"]["storePut"]);
    frame.resize(PACKET, 0);
    let Body::Store(body) = Frame::decode(&frame).unwrap().body else { panic!("a command") };
    let received = Received::decode(&body).unwrap();
    assert!(matches!(received.command, Command::Put { .. }) && received.surbs.is_empty());
    assert_eq!(received.command.encode(1), bytes(&published["commands"]["putM"]));
}

//! The published vector is what this code makes, and this code reads it.

use pars_proto::onion::Descriptor;
use pars_proto::onion::packet::Packet;
use pars_proto::onion::surb::Surb;
use pars_wire::codec::Wire;
use serde_json::Value;

use crate::story;

fn published() -> Value {
    serde_json::from_str(include_str!("../../../../tests/vectors/session/onion.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}

#[test]
fn the_onion_vector_is_reproduced_byte_for_byte() {
    let (published, made) = (published(), story::vector());
    for (name, value) in made.as_object().unwrap() {
        assert!(published[name] == *value, "{name} differs from the published vector");
    }
    assert_eq!(published.as_object().unwrap().len(), made.as_object().unwrap().len(), "published and no longer made");
}

#[test]
fn everything_published_of_the_onion_is_read_and_written_again_as_it_was() {
    let published = published();
    let packet = bytes(&published["forward"]["packet"]);
    assert_eq!(Packet::decode(&packet).unwrap().encode(), packet);
    let block = bytes(&published["reply"]["surb"]);
    assert_eq!(Surb::decode(&block).unwrap().encode(), block);
    let descriptor = bytes(&published["descriptor"]["descriptor"]);
    assert_eq!(Descriptor::decode(&descriptor).unwrap().encode(), descriptor);
}

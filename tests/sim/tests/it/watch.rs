//! No rule is vacuous: each watch that is fed a violation says so.

use pars_crypto::secret::Zeroizing;
use pars_engine::io::Received;
use pars_engine::registry::Registry;
use pars_identity::IdentityId;
use pars_proto::session::MessageId;
use pars_sim::host::HostId;
use pars_sim::watch::{MAX_NODE_QUEUE, MAX_WORLD_QUEUE, Watch};
use pars_wire::codec::Day;
use pars_wire::content::ContentType;
use pars_wire::limits::PACKET;

const READER: HostId = HostId(17);

fn message(cursor: u64, id: u8, object: u8) -> Received {
    Received {
        cursor,
        from: IdentityId([9; 32]),
        id: MessageId([id; 16]),
        sequence: 1,
        object: [object; 32],
        content_type: ContentType::Text,
        timestamp: 0,
        content: Zeroizing::new(b"text".to_vec()),
    }
}

fn way(hosts: [u8; 5]) -> Vec<HostId> {
    hosts.map(HostId).to_vec()
}

#[test]
fn a_packet_of_another_size_is_seen() {
    let watch = Watch::default();
    assert_eq!(watch.packet(&vec![0; PACKET]), Ok(()));
    for length in [0, PACKET - 1, PACKET + 1] {
        assert!(watch.packet(&vec![0; length]).unwrap_err().contains("bytes"));
    }
}

#[test]
fn a_hop_that_holds_both_ends_is_seen() {
    let mut watch = Watch::default();
    assert_eq!(watch.way(&way([16, 0, 1, 2, 3])), Ok(()));
    for (one, other) in [(0, 4), (1, 4), (1, 3), (0, 1)] {
        let mut hosts = [16, 0, 1, 2, 3];
        hosts[other] = hosts[one];
        assert!(watch.way(&way(hosts)).unwrap_err().contains("a way over"));
    }
    assert!(watch.way(&way([16, 0, 1, 2, 3])[..4]).is_err(), "a hop less");
    assert_eq!(watch.ways, 6);
}

#[test]
fn a_message_key_used_twice_is_seen() {
    let mut watch = Watch::default();
    let key = [1; 32];
    watch.keys.made([10; 32], key);
    assert_eq!(watch.keys.seen([10; 32]), Ok(()));
    assert_eq!(watch.keys.seen([10; 32]), Ok(()), "a copy of the object");
    watch.keys.made([11; 32], key);
    assert!(watch.keys.seen([11; 32]).unwrap_err().contains("two objects"));
}

#[test]
fn a_key_used_again_after_a_crash_is_no_second_use_if_nobody_saw_the_first_object() {
    let mut watch = Watch::default();
    watch.keys.made([10; 32], [1; 32]);
    watch.keys.made([11; 32], [1; 32]);
    assert_eq!(watch.keys.seen([11; 32]), Ok(()));
    assert!(watch.keys.seen([10; 32]).is_err(), "now the first one is");
}

#[test]
fn a_key_that_met_a_nonce_twice_is_seen() {
    let watch = Watch::default();
    assert_eq!(watch.nonces(0), Ok(()));
    assert!(watch.nonces(1).unwrap_err().contains("key and nonce"));
}

#[test]
fn a_gap_is_seen() {
    assert!(Watch::default().gap(READER, "used").unwrap_err().contains("gap"));
}

#[test]
fn a_message_delivered_twice_is_seen() {
    let mut watch = Watch::default();
    watch.received(READER, &message(1, 1, 10)).unwrap();
    assert_eq!(watch.received(READER, &message(1, 1, 10)), Ok(()), "told again under its cursor");
    assert!(watch.received(READER, &message(2, 1, 10)).unwrap_err().contains("twice"), "another cursor");
    assert!(watch.received(READER, &message(1, 1, 11)).unwrap_err().contains("twice"), "another object");
}

#[test]
fn a_cursor_with_another_message_is_seen() {
    let mut watch = Watch::default();
    watch.received(READER, &message(1, 1, 10)).unwrap();
    assert!(watch.received(READER, &message(1, 2, 12)).unwrap_err().contains("under cursor 1"));
}

#[test]
fn a_message_told_again_after_its_reader_acknowledged_it_is_seen() {
    let mut watch = Watch::default();
    for cursor in 1..=3 {
        watch.received(READER, &message(cursor, cursor as u8, 10)).unwrap();
    }
    watch.acknowledged(READER, 2);
    assert_eq!(watch.received(READER, &message(3, 3, 10)), Ok(()));
    assert!(watch.received(READER, &message(2, 2, 10)).unwrap_err().contains("acknowledged"));
    assert!(watch.received(HostId(18), &message(1, 9, 10)).is_ok(), "another reader");
}

#[test]
fn a_message_acknowledged_and_never_delivered_is_seen() {
    let mut watch = Watch::default();
    watch.queued(MessageId([1; 16]));
    watch.queued(MessageId([2; 16]));
    watch.received(READER, &message(1, 1, 10)).unwrap();
    assert_eq!((watch.missing(), watch.delivered()), (1, 1));
    watch.received(READER, &message(2, 2, 11)).unwrap();
    assert_eq!(watch.missing(), 0);
}

#[test]
fn a_queue_beyond_its_bound_is_seen() {
    let mut watch = Watch::default();
    assert_eq!(watch.queues(MAX_NODE_QUEUE, MAX_WORLD_QUEUE), Ok(()));
    assert!(watch.queues(MAX_NODE_QUEUE + 1, 0).unwrap_err().contains("in a node"));
    assert!(watch.queues(0, MAX_WORLD_QUEUE + 1).unwrap_err().contains("in the world"));
    assert_eq!(watch.longest, MAX_NODE_QUEUE + 1);
}

#[test]
fn two_registries_of_one_day_are_seen() {
    let mut watch = Watch::default();
    let registry = |day: u32, beacon: u8| Registry { day: Day(day), beacon: [beacon; 32], nodes: Vec::new() };
    assert_eq!(watch.registry(&registry(1, 1)), Ok(()));
    assert_eq!(watch.registry(&registry(1, 1)), Ok(()));
    assert_eq!(watch.registry(&registry(2, 2)), Ok(()));
    assert!(watch.registry(&registry(1, 2)).unwrap_err().contains("two registries of day 1"));
}

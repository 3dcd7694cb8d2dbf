//! Sizes to the byte, and what is no canonical encoding.

use pars_proto::swarm::ObjectId;
use pars_proto::swarm::auth::{AUTH, Auth};
use pars_proto::swarm::command::{Command, Op, Received};
use pars_proto::swarm::directory::What;
use pars_proto::swarm::frame::{Body, Frame};
use pars_proto::swarm::mailbox::Flag;
use pars_proto::swarm::receipt::{RECEIPT, Receipt};
use pars_proto::swarm::reply::{Item, Items, Reply, Status};
use pars_wire::codec::{Day, Hour, Minute, Wire};
use pars_wire::limits::{BUCKET_L, BUCKET_M, BUCKET_S, ONION_ROOM, PACKET, SURB};

use crate::world::{World, body_of, key, node};

fn commands() -> Vec<(Command, usize)> {
    let auth = Auth::unsigned;
    let (flag, ttl_hours) = (Flag::Pair, 24);
    let inbox =
        |size| Command::PutInbox { ttl_hours, inbox: [1; 32], day: Day(3), nonce: [4; 8], object: vec![9; size] };
    let mut record = vec![1; 9_295];
    record[..4].copy_from_slice(b"PSI1");
    vec![
        (Command::Put { flag, ttl_hours, auth: auth(), object: vec![9; BUCKET_S] }, 118 + BUCKET_S),
        (Command::Put { flag, ttl_hours, auth: auth(), object: vec![9; BUCKET_M] }, 118 + BUCKET_M),
        (Command::Put { flag, ttl_hours, auth: auth(), object: vec![9; BUCKET_L] }, 11_254),
        (inbox(BUCKET_L), 11_186),
        (inbox(BUCKET_S), 50 + BUCKET_S),
        (Command::Get { flag: Flag::Inbox, auth: auth(), cursor: 7 }, 124),
        (Command::Del { flag, auth: auth(), objects: vec![ObjectId([5; 32]); 64] }, 117 + 32 * 64),
        (Command::Stat { object: ObjectId([5; 32]) }, 36),
        (Command::DirGet { identity: [6; 32], week: 9, what: What::Leaf(2, Day(8)) }, 48),
        (Command::DirPut { identity: [6; 32], nonce: [4; 8], record }, 44 + 9_295),
    ]
}

#[test]
fn every_command_has_its_size_and_reads_back() {
    assert_eq!(Auth::unsigned().encode().len(), AUTH);
    for (command, size) in commands() {
        let most = if size + 2 * SURB <= ONION_ROOM { 2 } else { u64::from(size + SURB <= ONION_ROOM) };
        for surbs in 0..=most {
            let bytes = command.encode(surbs as u8);
            assert_eq!(bytes.len(), size, "{:?}", command.op());
            let body = body_of(&bytes, &vec![1; surbs as usize]);
            let received = Received::decode(&body).unwrap();
            assert_eq!((received.command, received.surbs.len()), (command.clone(), surbs as usize));
        }
    }
    assert_eq!(124 + 2 * SURB, 9_724);
}

#[test]
fn every_slot_of_the_directory_reads_back_in_eight_bytes() {
    let slots = [
        What::IdentityRecord,
        What::Device(7),
        What::Batch(1),
        What::Leaf(2, Day(0)),
        What::Leaf(0, Day(20_000)),
        What::Revocation,
        What::Successor,
    ];
    for what in slots {
        assert_eq!(what.encode().len(), 8);
        assert_eq!(What::decode(&what.encode()), Ok(what));
    }
    for wrong in [[0; 8], [1, 1, 0, 0, 0, 0, 0, 0], [2, 8, 0, 0, 0, 0, 0, 0], [3, 0, 0, 1, 0, 0, 0, 0], [7; 8]] {
        assert!(What::decode(&wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn replies_hold_what_the_design_says() {
    let sizes = |objects: &[usize]| 16 + objects.iter().map(|size| 45 + size).sum::<usize>();
    assert_eq!(
        [sizes(&[BUCKET_L]), sizes(&[BUCKET_M, BUCKET_S]), sizes(&[BUCKET_S; 2])],
        [11_197, 10_346 - 16 + 16, 8_298]
    );
    let receipt = Receipt::sign(&key(0), node(0), &ObjectId([1; 32]), &pars_proto::swarm::Tag([2; 32]), Hour(9));
    assert_eq!(receipt.encode().len(), RECEIPT);
    assert_eq!(16 + 7 * RECEIPT, 716);
    let item = |size| Item { id: ObjectId([1; 32]), cursor: 5, stored: Minute(60), work: None, object: vec![1; size] };
    let worked = |size| Item { work: Some([7; 8]), ..item(size) };
    assert_eq!([item(BUCKET_S).size(), worked(BUCKET_S).size()], [45 + BUCKET_S, 53 + BUCKET_S]);
    for (op, items) in [
        (Op::Put, Items::Receipts(vec![receipt; 7])),
        (Op::Stat, Items::Receipts(Vec::new())),
        (Op::Get, Items::Objects(vec![item(BUCKET_M), item(BUCKET_S)])),
        (Op::Get, Items::Objects(vec![item(BUCKET_L)])),
        (Op::Get, Items::Objects(vec![worked(BUCKET_L)])),
        (Op::Get, Items::Objects(vec![worked(BUCKET_M), item(BUCKET_S)])),
        (Op::DirGet, Items::Records(vec![vec![1; 4_826], vec![2; 1_744]])),
        (Op::Del, Items::None),
    ] {
        let reply = Reply { op, status: Status::Ok, more: true, minute: Minute(3), cursor: 4, items };
        assert_eq!(Reply::decode(&reply.encode()), Ok(reply));
    }
}

#[test]
fn frames_between_nodes_have_the_size_of_a_packet_and_read_back() {
    let receipt = Receipt::sign(&key(0), node(0), &ObjectId([1; 32]), &pars_proto::swarm::Tag([2; 32]), Hour(9));
    let bodies = [
        Body::Store(body_of(&commands()[2].0.encode(0), &[])),
        Body::Query(ObjectId([3; 32])),
        Body::Answer(Ok(receipt)),
        Body::Answer(Err(Status::Full)),
    ];
    for body in bodies {
        let frame = Frame { request: 77, from: node(1), body };
        let bytes = frame.encode();
        assert_eq!(bytes.len(), PACKET);
        assert_eq!(Frame::decode(&bytes), Ok(frame));
        let longer = [&bytes[..], &[0]].concat();
        assert!(Frame::decode(&bytes[1..]).is_err() && Frame::decode(&longer).is_err());
        let mut padded = bytes;
        padded[PACKET - 1] = 1;
        assert!(Frame::decode(&padded).is_err());
    }
}

#[test]
fn bytes_that_are_no_command_of_ours_are_refused() {
    let get = commands()[5].0.encode(1);
    let body = body_of(&get, &[1]);
    let refused = |change: &dyn Fn(&mut [u8; ONION_ROOM])| {
        let mut changed = body.clone();
        change(&mut changed);
        assert!(Received::decode(&changed).is_err());
    };
    assert!(Received::decode(&body).is_ok());
    refused(&|b| b[0] = 0);
    refused(&|b| b[0] = 11);
    refused(&|b| b[1] = 2);
    refused(&|b| b[2] = 3);
    refused(&|b| b[3] = 5);
    refused(&|b| b[3] = 0x10);
    refused(&|b| b[3] = 0x30);
    refused(&|b| b[124] = 1);
    refused(&|b| b[ONION_ROOM - SURB - 1] = 1);
    let del = commands()[6].0.encode(0);
    let mut many = body_of(&del, &[]);
    many[116] = 65;
    assert!(Received::decode(&many).is_err());
    let inbox_flag = body_of(&[&[1, 1, 0, 4][..], &commands()[0].0.encode(0)[4..]].concat(), &[]);
    assert!(Received::decode(&inbox_flag).is_err(), "PUT goes to no inbox");
    let large = commands()[2].0.encode(1);
    let mut no_room = Box::new([0; ONION_ROOM]);
    no_room[..large.len()].copy_from_slice(&large);
    assert!(Received::decode(&no_room).is_err(), "an L leaves no room for a block");
}

#[test]
fn operations_of_later_parts_are_answered_with_not_supported_and_cover_with_nothing() {
    let mut world = World::new(1, 95);
    for op in [Op::Subscribe, Op::Rendezvous] {
        let replies = world.raw(node(0), &Command::Opaque { op, flag: 0, rest: Vec::new() }, 2);
        let reply = Reply::decode(&replies[0]).unwrap();
        assert_eq!((replies.len(), reply.op, reply.status), (1, op, Status::NotSupported));
    }
    for op in [Op::Nop, Op::Subscribe, Op::Rendezvous] {
        let body = body_of(&[&[op as u8, 1, 1, 0x24][..], &[9; 40]].concat(), &[7]);
        let received = Received::decode(&body).unwrap();
        let again = body_of(&received.command.encode(1), &[7]);
        assert!(again == body && matches!(received.command, Command::Opaque { flag: 0x24, .. }), "nothing is dropped");
    }
    assert!(world.raw(node(0), &Command::Opaque { op: Op::Nop, flag: 0, rest: vec![7; 5] }, 1).is_empty());
}

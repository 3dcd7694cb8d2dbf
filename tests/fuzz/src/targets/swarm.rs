//! Commands, replies, frames between nodes, and records of the directory.

use std::collections::BTreeMap;

use pars_crypto::secret::{Ed25519Seed, MailboxSecret};
use pars_crypto::sign::Ed25519Secret;
use pars_identity::prekey::upload::LeafUpload;
use pars_proto::swarm::auth::{Auth, Scope};
use pars_proto::swarm::command::{Command, Op, Received};
use pars_proto::swarm::directory::{Held, Records, What};
use pars_proto::swarm::frame::{Body, Frame};
use pars_proto::swarm::mailbox::{DayKey, Flag};
use pars_proto::swarm::receipt::Receipt;
use pars_proto::swarm::reply::{Item, Items, Reply, Status};
use pars_proto::swarm::{ObjectId, Registrar, Tag};
use pars_wire::NodeId;
use pars_wire::codec::{Day, Hour, Minute, Wire};
use pars_wire::limits::{BUCKET_M, BUCKET_S, ONION_ROOM, PACKET, SURB};

use crate::Outcome;
use crate::check::{fixed, same, wire};
use crate::corpus::Seeds;
use crate::people::{ALICE, NOON, SUITE, TODAY};

fn node() -> NodeId {
    NodeId([1; 32].into())
}

/// A command as the onion hands it over; short inputs are filled with zeros, as a sender does.
pub(crate) fn command(bytes: &[u8]) -> Outcome {
    let body = fixed::<ONION_ROOM>(bytes);
    let Ok(Received { command, surbs }) = Received::decode(&body) else { return Outcome::Refused };
    let mut again = command.encode(surbs.len() as u8);
    again.resize(ONION_ROOM - SURB * surbs.len(), 0);
    surbs.iter().for_each(|surb| again.extend_from_slice(surb));
    same(&again, &body[..]);
    let _ = command.verify(node(), NOON);
    Outcome::Accepted
}

/// A reply as the client takes it out of the packet.
pub(crate) fn reply(bytes: &[u8]) -> Outcome {
    let body = fixed::<ONION_ROOM>(bytes);
    let reply = Reply::decode(&body);
    if let Ok(reply) = &reply {
        same(&reply.encode()[..], &body[..]);
    }
    Outcome::of(reply.is_ok())
}

/// A frame between two nodes; short inputs are filled with zeros, longer ones are taken as they are.
pub(crate) fn frame(bytes: &[u8]) -> Outcome {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().max(PACKET), 0);
    let frame = Frame::decode(&bytes);
    if let Ok(frame) = &frame {
        same(&frame.encode(), &bytes);
    }
    Outcome::of(frame.is_ok())
}

/// AUTH; only the genuine one verifies.
pub(crate) fn auth(bytes: &[u8]) -> Outcome {
    if let Ok(auth) = Auth::decode(bytes) {
        let scope = Scope { op: Op::Get as u8, flag: 0, node: Some(node()), rest: b"rest" };
        let genuine = auth == genuine_auth();
        assert_eq!(auth.verify(&scope, NOON).is_ok(), genuine);
    }
    wire::<Auth>(bytes)
}

fn day_key() -> DayKey {
    DayKey::derive(&MailboxSecret::from_bytes([3; 32]), Flag::Pair, TODAY)
}

fn genuine_auth() -> Auth {
    let scope = Scope { op: Op::Get as u8, flag: 0, node: Some(node()), rest: b"rest" };
    Auth::sign(&day_key(), &scope, NOON, [4; 8])
}

fn receipt_key() -> Ed25519Secret {
    Ed25519Secret::from_seed(Ed25519Seed::from_bytes([5; 32]))
}

fn genuine_receipt() -> Receipt {
    Receipt::sign(&receipt_key(), node(), &ObjectId([6; 32]), &Tag([7; 32]), Hour(480_100))
}

/// A receipt. Its node is named, not signed: the key stands for it.
pub(crate) fn receipt(bytes: &[u8]) -> Outcome {
    if let Ok(mut receipt) = Receipt::decode(bytes) {
        receipt.node = node();
        let genuine = receipt == genuine_receipt();
        assert_eq!(receipt.verifies(&receipt_key().public(), &ObjectId([6; 32]), &Tag([7; 32])), genuine);
    }
    wire::<Receipt>(bytes)
}

/// A slot of the directory.
pub(crate) fn what(bytes: &[u8]) -> Outcome {
    wire::<What>(bytes)
}

/// A record offered to a node that holds Alice's: what it files is what came, and nothing of anybody else.
pub(crate) fn record(bytes: &[u8]) -> Outcome {
    let registrar = Registrar::new(SUITE);
    let identity = ALICE.keys.id().0;
    let filed = registrar.file(&identity, bytes, &held(), NOON);
    if let Ok(filed) = &filed {
        for item in filed {
            assert!(bytes.windows(item.record.len()).any(|window| window == item.record), "filed what did not come");
            let items = std::slice::from_ref(&item.record);
            let _ = registrar.rank(&identity, item.what, items, NOON);
        }
    }
    let _ = registrar.file(&[9; 32], bytes, &BTreeMap::new(), NOON).map_err(|_| ());
    for what in [What::IdentityRecord, What::Device(0), What::Batch(0), What::Leaf(0, TODAY), What::Revocation] {
        let _ = registrar.rank(&identity, what, &[bytes.to_vec()], NOON);
    }
    Outcome::of(filed.is_ok())
}

fn held() -> Held {
    BTreeMap::from([
        (What::IdentityRecord, ALICE.record.encode()),
        (What::Device(0), ALICE.certificate.encode()),
        (What::Batch(0), ALICE.batch.encode()),
    ])
}

pub(super) fn seeds(seeds: &mut Seeds) {
    commands(seeds);
    replies(seeds);
    let frame = |body| trimmed(&Frame { request: 7, from: node(), body }.encode());
    let stat = fixed(&Command::Stat { object: ObjectId([6; 32]) }.encode(0));
    seeds.add("swarm-frame", "store", frame(Body::Store(stat)));
    seeds.add("swarm-frame", "query", frame(Body::Query(ObjectId([6; 32]))));
    seeds.add_with(
        "swarm-frame",
        "receipt",
        &frame(Body::Answer(Ok(genuine_receipt()))),
        &[("status-with-a-receipt", &|bytes| bytes[42] = 1), ("packet-of-the-onion", &|bytes| bytes[0] = 1)],
    );
    seeds.add("swarm-frame", "full", frame(Body::Answer(Err(Status::Full))));
    seeds.add("swarm-frame", "one-byte-too-long", vec![2; PACKET + 1]);
    seeds.add_with(
        "swarm-auth",
        "reading",
        &genuine_auth().encode(),
        &[
            ("signature-not-reduced", &|bytes| bytes[111] |= 0xf0),
            ("minute-at-the-end-of-time", &|bytes| bytes[36..40].fill(0xff)),
        ],
    );
    seeds.add("swarm-auth", "unsigned", Auth::unsigned().encode());
    seeds.add("swarm-receipt", "receipt", genuine_receipt().encode());
    for (name, what) in [("device", What::Device(7)), ("leaf", What::Leaf(2, TODAY)), ("successor", What::Successor)] {
        seeds.add("swarm-what", name, what.encode());
    }
    seeds.add("swarm-what", "device-8", [2, 8, 0, 0, 0, 0, 0, 0]);
    let leaves = ALICE.prekeys.published();
    seeds.add("swarm-record", "identity", ALICE.record.encode());
    seeds.add("swarm-record", "device", ALICE.certificate.encode());
    seeds.add("swarm-record", "batch", ALICE.batch.encode());
    seeds.add("swarm-record", "revocation", ALICE.keys.revoke().encode());
    seeds.add_with(
        "swarm-record",
        "leaves",
        &LeafUpload::packets(1, &leaves[..2])[0].encode(),
        &[
            ("leaves-of-another-batch", &|bytes| bytes[11] = 2),
            ("one-leaf-twice", &|bytes| bytes.copy_within(13..13 + 1_744, 13 + 1_744)),
        ],
    );
}

fn trimmed(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    bytes[..length].to_vec()
}

fn commands(seeds: &mut Seeds) {
    let (flag, ttl_hours, key) = (Flag::Pair, 24, day_key());
    let signed = |command: Command, node| command.signed(&key, node, NOON, [4; 8]);
    let auth = Auth::unsigned;
    let put = Command::Put { flag, ttl_hours, auth: auth(), object: vec![9; BUCKET_S] };
    let get = signed(Command::Get { flag, auth: auth(), cursor: 7 }, Some(node()));
    let del = signed(Command::Del { flag, auth: auth(), objects: vec![ObjectId([6; 32]); 2] }, None);
    let inbox = Command::PutInbox { ttl_hours, inbox: [1; 32], day: Day(3), nonce: [4; 8], object: vec![9; BUCKET_M] };
    let what = What::Leaf(2, TODAY);
    let record = ALICE.keys.revoke().encode();
    let identity = ALICE.keys.id().0;
    seeds.add_with(
        "swarm-command",
        "put",
        &signed(put, None).encode(0),
        &[
            ("put-into-an-inbox", &|bytes| bytes[3] = 4),
            ("put-of-no-class", &|bytes| bytes[3] = 0x30),
            ("put-larger-than-it-is", &|bytes| bytes[3] = 0x10),
        ],
    );
    let with_block = [&get.encode(1)[..], &vec![0; ONION_ROOM - SURB - 124], &[7; SURB]].concat();
    seeds.add_with(
        "swarm-command",
        "get-with-a-block",
        &with_block,
        &[("three-blocks", &|bytes| bytes[2] = 3), ("padding-that-is-not-zero", &|bytes| bytes[200] = 1)],
    );
    seeds.add_with("swarm-command", "del", &del.encode(0), &[("del-of-65", &|bytes| bytes[116] = 65)]);
    seeds.add("swarm-command", "put-inbox", inbox.encode(0));
    seeds.add("swarm-command", "stat", Command::Stat { object: ObjectId([6; 32]) }.encode(0));
    seeds.add("swarm-command", "dir-get", Command::DirGet { identity, week: 9, what }.encode(0));
    let put = Command::DirPut { identity, nonce: [4; 8], record }.encode(0);
    seeds.add_with(
        "swarm-command",
        "dir-put",
        &put,
        &[("dir-put-of-leaves-cut-short", &|bytes| bytes.splice(44.., *b"PSPL\0\0\0\0\0\0\0\x01\x06").for_each(drop))],
    );
    seeds.add("swarm-command", "nop-of-noise", [9, 1, 0, 0, 5, 5, 5]);
    seeds.add("swarm-command", "nop-with-a-flag", [9, 1, 2, 0x24, 5, 5, 5]);
    seeds.add("swarm-command", "subscribe", [4, 1, 1, 0]);
    seeds.add("swarm-command", "rendezvous", [10, 1, 1, 0, 8, 8, 8]);
}

fn replies(seeds: &mut Seeds) {
    let reply = |op, items| {
        trimmed(&Reply { op, status: Status::Ok, more: true, minute: Minute(NOON.0), cursor: 7, items }.encode()[..])
    };
    let item = Item { id: ObjectId([6; 32]), cursor: 8, stored: Minute(60), work: None, object: vec![1; BUCKET_S] };
    let worked = Item { work: Some([9; 8]), ..item.clone() };
    seeds.add("swarm-reply", "objects-of-an-inbox", reply(Op::Get, Items::Objects(vec![worked])));
    let record = ALICE.keys.revoke().encode();
    seeds.add_with(
        "swarm-reply",
        "receipts",
        &reply(Op::Put, Items::Receipts(vec![genuine_receipt(); 2])),
        &[
            ("more-receipts-than-there-is-room", &|bytes| bytes[2] = 0xff),
            ("more-is-2", &|bytes| bytes[3] = 2),
            ("status-8", &|bytes| bytes[1] = 8),
        ],
    );
    seeds.add_with(
        "swarm-reply",
        "objects",
        &reply(Op::Get, Items::Objects(vec![item])),
        &[
            ("object-of-no-class", &|bytes| bytes[16 + 32] = 3),
            ("object-larger-than-it-is", &|bytes| bytes[16 + 32] = 2),
        ],
    );
    seeds.add_with(
        "swarm-reply",
        "records",
        &reply(Op::DirGet, Items::Records(vec![record, vec![2; 9]])),
        &[("record-beyond-the-end", &|bytes| bytes[16..18].fill(0xff))],
    );
    seeds.add_with("swarm-reply", "nothing", &reply(Op::Del, Items::None), &[("items-of-del", &|bytes| bytes[2] = 1)]);
}

//! The vector of the swarm: tags, placement, signed commands, receipts, work, all from one seed.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::hash::{random, sha3};
use pars_crypto::secret::{Ed25519Seed, MailboxSecret};
use pars_crypto::sign::Ed25519Secret;
use pars_proto::swarm::auth::Auth;
use pars_proto::swarm::command::{Command, Op};
use pars_proto::swarm::directory::{What, tag as directory_tag};
use pars_proto::swarm::frame::{Body, Frame};
use pars_proto::swarm::hashcash::Work;
use pars_proto::swarm::mailbox::{DayKey, Flag, inbox_tag};
use pars_proto::swarm::placement::{Operators, StoreNode};
use pars_proto::swarm::receipt::Receipt;
use pars_proto::swarm::reply::{Item, Items, Reply, Status};
use pars_proto::swarm::{ObjectId, Placement, Snapshot, Tag};
use pars_wire::NodeId;
use pars_wire::codec::{Day, Hour, Minute, Wire};
use pars_wire::limits::{BUCKET_L, BUCKET_M, BUCKET_S, ONION_ROOM, SURB};
use pars_wire::machine::UnixMinute;
use serde_json::{Value, json};

const SEED: u64 = 0x5041_5253_5357_524d;
const NOW: UnixMinute = UnixMinute(29_000_000);

fn hex0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn nodes(rng: &mut ChaCha20Rng) -> Vec<(StoreNode, Ed25519Seed)> {
    let node = |i: u8, rng: &mut ChaCha20Rng| {
        let seed = Ed25519Seed::generate(rng);
        let key = Ed25519Secret::from_seed(seed.clone()).public();
        // Nodes 0 to 5 are of one operator.
        let operator = if i < 6 { [1; 32] } else { [i; 32] };
        (StoreNode { node: NodeId(random::<32>(rng).into()), operator, key }, seed)
    };
    (0..16).map(|i| node(i, rng)).collect()
}

fn placement(rng: &mut ChaCha20Rng) -> (Value, Vec<(StoreNode, Ed25519Seed)>) {
    let nodes = nodes(rng);
    let beacon = random(rng);
    let members: Vec<StoreNode> = nodes.iter().map(|(node, _)| node.clone()).collect();
    let snapshot = Snapshot { day: Day::at(NOW), beacon, nodes: members };
    let mut placement = Placement::new(Operators::Capped);
    placement.learn(snapshot.clone());
    let cases: Vec<Value> = (0..8)
        .map(|_| {
            let tag = Tag(random(rng));
            let replicas = placement.replicas(&tag, snapshot.day);
            json!({"tag": hex0x(&tag.0), "replicas": replicas.iter().map(ToString::to_string).collect::<Vec<_>>()})
        })
        .collect();
    let listed: Vec<Value> = snapshot
        .nodes
        .iter()
        .map(|node| json!({"node": node.node.to_string(), "operator": hex0x(&node.operator)}))
        .collect();
    (json!({"beacon": hex0x(&beacon), "nodes": listed, "cases": cases}), nodes)
}

fn mailboxes(secret: &MailboxSecret) -> Vec<Value> {
    [Flag::Pair, Flag::Group, Flag::File, Flag::GroupFile]
        .into_iter()
        .flat_map(|flag| [Day::at(NOW), Day::at(NOW).plus(1)].map(|day| (flag, day)))
        .map(|(flag, day)| {
            let key = DayKey::derive(secret, flag, day);
            json!({"flag": flag as u8, "day": day.0, "vk": hex0x(&key.public()), "tag": hex0x(&key.tag().0)})
        })
        .collect()
}

fn commands(key: &DayKey, node: NodeId, object: &[u8], rng: &mut ChaCha20Rng) -> Value {
    let flag = key.flag;
    let id = ObjectId::of(&key.tag(), object);
    let put = Command::Put { flag, ttl_hours: 168, auth: Auth::unsigned(), object: object.to_vec() };
    let get = Command::Get { flag, auth: Auth::unsigned(), cursor: 7 };
    let del = Command::Del { flag, auth: Auth::unsigned(), objects: vec![id, ObjectId([9; 32])] };
    let what = What::Leaf(2, Day::at(NOW));
    let mut record = random::<68>(rng).to_vec();
    record[..4].copy_from_slice(b"PSIV");
    let inbox: [u8; 32] = random(rng);
    let inbox_put =
        Command::PutInbox { ttl_hours: 24, inbox, day: Day::at(NOW), nonce: random(rng), object: object.to_vec() };
    json!({
        "put": hex0x(&put.signed(key, None, NOW, random(rng)).encode(1)),
        "putInbox": hex0x(&inbox_put.encode(1)),
        "get": hex0x(&get.signed(key, Some(node), NOW, random(rng)).encode(2)),
        "del": hex0x(&del.signed(key, None, NOW, random(rng)).encode(1)),
        "stat": hex0x(&Command::Stat { object: id }.encode(1)),
        "dirGet": hex0x(&Command::DirGet { identity: [6; 32], week: Day::at(NOW).week(), what }.encode(1)),
        "dirPut": hex0x(&Command::DirPut { identity: [6; 32], nonce: random(rng), record }.encode(0)),
        "nop": hex0x(&opaque(Op::Nop).encode(0)),
        "subscribe": hex0x(&opaque(Op::Subscribe).encode(2)),
        "rendezvous": hex0x(&opaque(Op::Rendezvous).encode(1)),
        "putM": hex0x(&larger(key, BUCKET_M).encode(1)),
        "putL": hex0x(&larger(key, BUCKET_L).encode(0)),
        "putInboxL": hex0x(&first_contact().encode(0)),
    })
}

/// Bytes that count from `first` up to 250 and begin again.
fn counted(first: usize, length: usize) -> Vec<u8> {
    (first..first + length).map(|i| (i % 251) as u8).collect()
}

/// PUT of an object of class M or L. L leaves no room for a reply block: its writer asks with STAT.
fn larger(key: &DayKey, size: usize) -> Command {
    let put = Command::Put { flag: key.flag, ttl_hours: 168, auth: Auth::unsigned(), object: counted(0, size) };
    put.signed(key, None, NOW, [4; 8])
}

/// PUT_INBOX of a whole INIT: class L.
fn first_contact() -> Command {
    let object = counted(1, BUCKET_L);
    Command::PutInbox { ttl_hours: 168, inbox: [4; 32], day: Day::at(NOW), nonce: [3; 8], object }
}

/// A body as the onion hands it to a node: the command, zeros, and its reply blocks, which are the onion's.
fn body(command: &Value, blocks: [Vec<u8>; 2]) -> String {
    let room = 2 * (ONION_ROOM - blocks.len() * SURB);
    let blocks = hex::encode(blocks.concat());
    format!("0x{:0<room$}{blocks}", command.as_str().and_then(|text| text.strip_prefix("0x")).unwrap_or_default())
}

/// Bytes that a node of this version keeps and does not look at.
fn opaque(op: Op) -> Command {
    Command::Opaque { op, flag: 0, rest: vec![5; 8] }
}

fn slots() -> Vec<Value> {
    let all = [
        What::IdentityRecord,
        What::Device(7),
        What::Batch(1),
        What::Leaf(2, Day::at(NOW)),
        What::Leaf(2, Day(0)),
        What::Revocation,
        What::Successor,
    ];
    all.iter().map(|what| json!({"slot": format!("{what:?}"), "bytes": hex0x(&what.encode())})).collect()
}

fn frames(key: &DayKey, from: NodeId, receipt: Receipt, id: ObjectId) -> Value {
    let trimmed = |body| {
        let bytes = Frame { request: 5, from, body }.encode();
        let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        hex0x(&bytes[..length])
    };
    let store = |command: Command| {
        let mut room = Box::new([0; ONION_ROOM]);
        room.iter_mut().zip(command.encode(0)).for_each(|(to, from)| *to = from);
        trimmed(Body::Store(room))
    };
    json!({
        "store": store(Command::Stat { object: id }),
        "storePut": store(larger(key, BUCKET_M)),
        "query": trimmed(Body::Query(id)),
        "receipt": trimmed(Body::Answer(Ok(receipt))),
        "full": trimmed(Body::Answer(Err(Status::Full))),
    })
}

fn replies(receipt: Receipt, id: ObjectId, object: &[u8]) -> Value {
    let trimmed = |body: Box<[u8; ONION_ROOM]>| {
        let length = body.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        hex0x(&body[..length])
    };
    let reply = |op, items| Reply { op, status: Status::Ok, more: false, minute: Minute(NOW.0), cursor: 7, items };
    let bare = |op, status| trimmed(Reply::bare(op, status, Minute(NOW.0)).encode());
    let item = Item { id, cursor: 8, stored: Minute(NOW.0.div_ceil(60) * 60), work: None, object: object.to_vec() };
    let worked = Item { work: Some([1, 2, 3, 4, 5, 6, 7, 8]), ..item.clone() };
    json!({
        "put": trimmed(reply(Op::Put, Items::Receipts(vec![receipt])).encode()),
        "get": trimmed(reply(Op::Get, Items::Objects(vec![item])).encode()),
        "getInbox": trimmed(reply(Op::Get, Items::Objects(vec![worked])).encode()),
        "empty": trimmed(reply(Op::Get, Items::Objects(Vec::new())).encode()),
        "stat": trimmed(reply(Op::Stat, Items::Receipts(vec![receipt; 2])).encode()),
        "dirGet": trimmed(reply(Op::DirGet, Items::Records(vec![vec![7; 68], vec![8; 3]])).encode()),
        "del": bare(Op::Del, Status::Ok),
        "notSupported": bare(Op::Subscribe, Status::NotSupported),
        "full": bare(Op::Put, Status::Full),
        "refused": bare(Op::DirPut, Status::Refused),
        "effort": bare(Op::PutInbox, Status::Effort),
        "notPlaced": bare(Op::Put, Status::NotPlaced),
        "busy": bare(Op::Put, Status::Busy),
        "gone": bare(Op::Put, Status::Gone),
    })
}

/// The whole vector. Replies stand without their zero padding.
pub(crate) fn vector() -> Value {
    let mut rng = ChaCha20Rng::seed_from_u64(SEED);
    let (placement, nodes) = placement(&mut rng);
    let secret = MailboxSecret::generate(&mut rng);
    let key = DayKey::derive(&secret, Flag::Pair, Day::at(NOW));
    let object: [u8; BUCKET_S] = random(&mut rng);
    let id = ObjectId::of(&key.tag(), &object);
    let (node, seed) = &nodes[0];
    let receipt = Receipt::sign(&Ed25519Secret::from_seed(seed.clone()), node.node, &id, &key.tag(), Hour(483_502));
    let inbox: [u8; 32] = random(&mut rng);
    let work = Work { tag: inbox_tag(&inbox, Day::at(NOW)), object: id, beacon: random(&mut rng) };
    let nonce = work.search(14, 0, u64::MAX).unwrap();
    let frame = Frame { request: 5, from: node.node, body: Body::Answer(Ok(receipt)) }.encode();
    let commands = commands(&key, node.node, &object, &mut rng);
    let whole = body(&commands["get"], [counted(0, SURB), counted(1, SURB)]);
    json!({
        "now": NOW.0,
        "placement": placement,
        "mailboxes": {"secret": hex0x(secret.expose()), "days": mailboxes(&secret)},
        "object": {"bytes": hex0x(&object), "id": hex0x(&id.0)},
        "commands": commands,
        "body": whole,
        "receipt": {"seed": hex0x(seed.expose()), "bytes": hex0x(&receipt.encode())},
        "replies": replies(receipt, id, &object),
        "frames": frames(&key, node.node, receipt, id),
        "slots": slots(),
        "frame": hex0x(&sha3(&[&frame])),
        "inbox": {"vk": hex0x(&inbox), "tag": hex0x(&work.tag.0), "beacon": hex0x(&work.beacon), "nonce": hex0x(&nonce),
                  "effort": work.effort(&nonce)},
        "directory": {"identity": hex0x(&[6; 32]), "week": Day::at(NOW).week(),
                      "tag": hex0x(&directory_tag(&[6; 32], Day::at(NOW).week()).0)},
    })
}

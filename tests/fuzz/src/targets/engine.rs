//! The engine: snapshots, rows of a member and of a store as a damaged disk holds them, bytes of a link.

use std::sync::LazyLock;

use pars_crypto::Sealed;
use pars_crypto::sealed::Place;
use pars_crypto::secret::{Ed25519Seed, StoreKey};
use pars_crypto::sign::{Ed25519Secret, HybridSecret};
use pars_engine::identity::Identity;
use pars_engine::io::{CommandId, Event, Link};
use pars_engine::member::{Member, MemberConfig};
use pars_engine::registry::Network;
use pars_engine::service::{Service, ServiceConfig};
use pars_engine::store::{Change, Table, Value};
use pars_engine::{Batch, BatchId, Command, Input, Node, Output, Rows};
use pars_proto::onion::delay::Delay;
use pars_proto::swarm::client::Client;
use pars_proto::swarm::frame::{Body, Frame};
use pars_proto::swarm::placement::Operators;
use pars_proto::swarm::store::{Store, StoreConfig};
use pars_proto::swarm::{ObjectId, Registrar, Tag};
use pars_wire::NodeId;
use pars_wire::codec::Wire;
use pars_wire::limits::PACKET;
use pars_wire::machine::{Cx, Machine};

use crate::Outcome;
use crate::check::wire;
use crate::corpus::Seeds;
use crate::people::{NOW, SUITE, TODAY, source};

/// Tables whose values a member seals, by the first byte of an input.
const SEALED: [Table; 5] = [Table::Contact, Table::Outbox, Table::Message, Table::Held, Table::Counter];

fn config() -> MemberConfig {
    let key = StoreKey::from_bytes([7; 32]);
    MemberConfig { suite: SUITE, key, network: Network::Dev, delay: Delay::FAST, poll: None }
}

fn input(node: &mut Node, input: Input) -> Vec<Output> {
    let (mut out, mut rng) = (Vec::new(), source(92));
    node.handle(&mut Cx { now: NOW, rng: &mut rng, out: &mut out }, input);
    out
}

/// The rows of a member who has just begun.
static ROWS: LazyLock<Rows> = LazyLock::new(|| {
    let identity = Identity::create(SUITE, 18, NOW.wall, &mut source(91));
    let Ok(member) = Member::create(config(), identity, NOW) else { return Rows::default() };
    let mut node = Node::new(SUITE, Some(member), None);
    let mut rows = Rows::default();
    for output in input(&mut node, Input::Command { id: CommandId([1; 16]), command: Command::Publish }) {
        if let Output::Persist(batch) = output {
            rows.apply(&batch);
        }
    }
    rows
});

/// A snapshot of any node.
pub(crate) fn snapshot(bytes: &[u8]) -> Outcome {
    wire::<Rows>(bytes)
}

/// `table1|key_len1|key|value`: one more row of a member, sealed under its own key where rows are.
pub(crate) fn row(bytes: &[u8]) -> Outcome {
    let [table, length, rest @ ..] = bytes else { return Outcome::Refused };
    let Some((key, value)) = rest.split_at_checked((*length).into()) else { return Outcome::Refused };
    let (table, value) = match SEALED.get(usize::from(*table)) {
        Some(table) => {
            let place = Place { table: table.name(), key };
            (*table, Value::Sealed(Sealed::seal(&config().key, place, value, &mut source(93))))
        }
        None if table % 3 == 2 => (Table::Seen, Value::Plain(value.to_vec())),
        None if table % 3 == 0 => (Table::Handshake, Value::Plain(value.to_vec())),
        None => (Table::Cursor, Value::Plain(value.to_vec())),
    };
    let mut rows = ROWS.clone();
    let change = Change { table, key: key.to_vec(), value: Some(value) };
    rows.apply(&Batch { id: BatchId(9), changes: vec![change] });
    let Ok(member) = Member::restore(config(), &rows, NOW) else { return Outcome::Refused };
    let _ = (member.history(0, None, usize::MAX), member.conversations(), member.published());
    let mut node = Node::new(SUITE, Some(member), None);
    let _ = input(&mut node, Input::Wake);
    Outcome::Accepted
}

/// `key_len1|key|value`: a row of a swarm store, and of a swarm client.
pub(crate) fn store_row(bytes: &[u8]) -> Outcome {
    let [length, rest @ ..] = bytes else { return Outcome::Refused };
    let Some((key, value)) = rest.split_at_checked((*length).into()) else { return Outcome::Refused };
    let row = || [(key.to_vec(), value.to_vec())];
    let registrar = || Box::new(Registrar::new(SUITE));
    let secret = Ed25519Secret::from_seed(Ed25519Seed::from_bytes([5; 32]));
    let node = NodeId([1; 32].into());
    let config = StoreConfig { node, key: secret, operators: Operators::Waived, capacity: 1 << 20 };
    let store = Store::open(config, registrar(), row());
    let client = Client::open(Operators::Waived, registrar(), row());
    Outcome::of(store.is_ok() || client.is_ok())
}

/// Bytes of a link of a node that is member and service at once; short inputs are filled with zeros as well.
pub(crate) fn link(bytes: &[u8]) -> Outcome {
    let mut whole = bytes.to_vec();
    whole.resize(bytes.len().max(PACKET), 0);
    let mut taken = false;
    for bytes in [bytes.to_vec(), whole] {
        let Some(mut node) = node() else { return Outcome::Refused };
        let out = input(&mut node, Input::Recv { from: Link::Client([0; 16]), bytes });
        let refused = |output: &Output| matches!(output, Output::Event(Event::Malformed | Event::Dropped(_)));
        taken |= !out.iter().any(refused);
    }
    Outcome::of(taken)
}

fn node() -> Option<Node> {
    let member = Member::restore(config(), &ROWS, NOW).ok()?;
    let config = ServiceConfig {
        node: NodeId([1; 32].into()),
        keys: HybridSecret::generate(SUITE, &mut source(94)),
        addresses: Vec::new(),
        network: Network::Dev,
        capacity: 1 << 20,
        suite: SUITE,
    };
    let service = Service::open(config, &Rows::default(), NOW).ok()?;
    Some(Node::new(SUITE, Some(member), Some(service)))
}

pub(super) fn seeds(seeds: &mut Seeds) {
    let value = Value::Plain(vec![3; 9]);
    let change = |table, key: u8| Change { table, key: vec![key], value: Some(value.clone()) };
    let mut rows = Rows::default();
    rows.apply(&Batch { id: BatchId(1), changes: vec![change(Table::Cursor, 1), change(Table::Store, 2)] });
    seeds.add_with(
        "engine-snapshot",
        "two-rows",
        &rows.encode(),
        &[
            ("another-version", &|bytes| bytes[4] = 2),
            ("more-rows-than-there-are", &|bytes| bytes[5..9].fill(0xff)),
            ("value-beyond-the-end", &|bytes| bytes[14..18].fill(0xff)),
            ("no-such-table", &|bytes| bytes[9] = 12),
        ],
    );
    member_rows(seeds);
    let place = [&TODAY.0.to_be_bytes()[..], &Tag([2; 32]).0, &[3; 32]].concat();
    let row = |key: &[u8], value: &[u8]| [&[key.len() as u8], key, value].concat();
    let object = [&[0][..], &8_u64.to_be_bytes(), &[0, 1, 2, 3, 0, 7, 8, 9, 0], &[5; 4_096]].concat();
    seeds.add("engine-store-row", "object", row(&[b"o", &place[..]].concat(), &object));
    seeds.add("engine-store-row", "tombstone", row(&[b"t", &place[..]].concat(), &[0, 0, 7, 8, 9]));
    let slot = [&b"d"[..], &[6; 32], &[1, 0, 0, 0, 0, 0, 0, 0]].concat();
    seeds.add("engine-store-row", "record", row(&slot, &[0, 7, 8, 9, 1, 2, 3]));
    seeds.add("engine-store-row", "cursor", row(&place, &9_u64.to_be_bytes()));
    seeds.add("engine-link", "packet-for-a-client", [1, 4, 9, 9]);
    seeds.add("engine-link", "packet-for-a-relay", [1, 0, 9, 9]);
    let frame = Frame { request: 5, from: NodeId([2; 32].into()), body: Body::Query(ObjectId([6; 32])) }.encode();
    let length = frame.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    seeds.add("engine-link", "frame", &frame[..length]);
    seeds.add("engine-link", "frame-of-no-kind", [2, 9, 0, 0, 0, 0, 0, 0, 0, 5]);
}

fn member_rows(seeds: &mut Seeds) {
    let row = |table: u8, key: &[u8], value: &[u8]| [&[table, key.len() as u8], key, value].concat();
    let contact = |kind: u8| [&[kind][..], &[6; 32]].concat();
    let names = [&[6; 32][..], &[7; 16], &1_u64.to_be_bytes(), &300_u64.to_be_bytes(), &[0, 1], &[8; 32]].concat();
    let message = |state: u8, copies: u8| [&[state, copies][..], &names, b"salam"].concat();
    let parcel = [&5_u64.to_be_bytes()[..], &[1], &[4; 32], &[0], &[9; 64]].concat();
    seeds.add_with(
        "engine-row",
        "message-received",
        &row(2, &5_u64.to_be_bytes(), &message(1, 0)),
        &[("message-of-no-state", &|bytes| bytes[10] = 9), ("message-of-no-type", &|bytes| bytes[77] = 13)],
    );
    seeds.add("engine-row", "message-at-the-end-of-cursors", row(2, &[0xff; 8], &message(1, 0)));
    let gap = [&[1, 0][..], &names[..64], &[0, 0], &[8; 32], b"no session opens it"].concat();
    seeds.add_with(
        "engine-row",
        "gap",
        &row(2, &5_u64.to_be_bytes(), &gap),
        &[("gap-that-is-no-text", &|bytes| {
            let at = bytes.len() - 1;
            bytes[at] = 0xff;
        })],
    );
    seeds.add("engine-row", "message-sent", row(2, &5_u64.to_be_bytes(), &message(3, 5)));
    seeds.add(
        "engine-row",
        "conversation",
        row(0, &contact(b't'), &[2, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9]),
    );
    seeds.add("engine-row", "contact", row(0, &contact(b'b'), &[1; 300]));
    seeds.add("engine-row", "pin", row(0, &contact(b'p'), b"PSPN"));
    seeds.add("engine-row", "parcel", row(1, &1_u64.to_be_bytes(), &parcel));
    seeds.add("engine-row", "held", row(3, &[1; 32], &[0, 7, 8, 9, 5, 5]));
    seeds.add("engine-row", "acknowledged", row(4, b"a", &[0xff; 8]));
    seeds.add("engine-row", "publication", row(4, b"p", &[0, 0, 11, 41, 3, 0]));
    seeds.add("engine-row", "publication-beyond-the-records", row(4, b"p", &[0, 0, 11, 41, 0xff, 0]));
    let command = [&5_u64.to_be_bytes()[..], &[7; 16], &[6; 32]].concat();
    seeds.add("engine-row", "command", row(4, &[&b"c"[..], &[3; 16]].concat(), &command));
    let with_digest = [&command[..], &[9; 32]].concat();
    seeds.add("engine-row", "command-with-digest", row(4, &[&b"c"[..], &[3; 16]].concat(), &with_digest));
    let with_minute = [&with_digest[..], &NOW.wall.0.to_be_bytes()].concat();
    seeds.add_with(
        "engine-row",
        "command-with-minute",
        &row(4, &[&b"c"[..], &[3; 16]].concat(), &with_minute),
        &[
            ("command-with-half-a-minute", &|bytes| bytes.truncate(bytes.len() - 2)),
            ("command-of-the-end-of-time", &|bytes| {
                let at = bytes.len() - 4;
                bytes[at..].fill(0xff);
            }),
        ],
    );
    seeds.add("engine-row", "handshake", row(6, &[3; 32], &[&[2; 32][..], &[0, 7, 8, 9]].concat()));
    seeds.add("engine-row", "seen", row(8, &[3; 32], &[0, 7, 8, 9]));
    seeds.add("engine-row", "cursor", row(7, &[3; 68], &[0, 0, 0, 0, 0, 0, 0, 9]));
}

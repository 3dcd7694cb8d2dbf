//! Where objects lie: copies that somebody puts into other mailboxes, a put that ends days late (THREATS S5), and nodes that
//! withhold what others show (S7).

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hash::sha3;
use pars_engine::io::{CommandId, Event};
use pars_engine::store::{Batch, Change, Table, Value};
use pars_engine::{BatchId, Command};
use pars_proto::swarm::hashcash::Work;
use pars_proto::swarm::mailbox::{Flag, ObjectId, Tag};
use pars_wire::NodeId;
use pars_wire::content::ContentType;
use pars_wire::limits::MIN_HASHCASH_BITS;

use crate::talk::{all_stored, confirmed, heard, read, say};
use crate::town::{ALICE, BOB, Id, Town};

const MALLORY: Id = BOB + 1;
/// Bytes of a row in front of the object, in mailboxes of contacts.
const HEAD: usize = 1 + 8 + 4 + 4 + 1;
/// Behind all that a node gave out in these tests.
const CURSOR: u64 = u64::MAX >> 1;
/// Between two polls of who polls by itself.
const POLL_MS: u64 = 3_600_000;

/// Rows of objects at all nodes together: `o|day4|tag32|id32` → `flag1|cursor8|stored_min4|expiry_h4|effort1|object`, of an inbox
/// with the nonce of the work in front of the object.
type Objects = BTreeMap<Vec<u8>, Vec<u8>>;

fn objects(town: &Town) -> Objects {
    let mut all = Objects::new();
    for id in town.alive() {
        for (key, value) in town.rows(id).of(Table::Store).filter(|(key, _)| key.first() == Some(&b'o')) {
            let Value::Plain(value) = value else { panic!("objects are ciphertext") };
            all.insert(key.to_vec(), value.clone());
        }
    }
    all
}

/// Somebody writes to another; the rows that this made.
fn write(town: &mut Town, (from, to): (Id, Id), number: u8, text: &str) -> Objects {
    let before = objects(town);
    let (to, content) = (town.id(to), text.as_bytes().to_vec().into());
    town.command(from, number, Command::Send { to, content_type: ContentType::Text, content });
    let queued = |event: &Event| matches!(event, Event::Queued { command, .. } if *command == CommandId([number; 16]));
    town.until("queueing", |town| town.told(from, queued));
    all_stored(town, from);
    town.run(60_000);
    let mut made = objects(town);
    made.retain(|key, _| !before.contains_key(key));
    made
}

/// The row of the same object in another row's mailbox, with the work that a stranger owes.
fn copy(object: &[u8], beside: (&Vec<u8>, &Vec<u8>)) -> (Vec<u8>, Vec<u8>) {
    let (place, head) = (&beside.0[..37], &beside.1[..HEAD]);
    let (tag, day) = (Tag(place[5..].try_into().unwrap()), &place[1..5]);
    let id = ObjectId::of(&tag, object);
    let work = Work { tag, object: id, beacon: sha3(&[day]) };
    let nonce = (head[0] & 15 == Flag::Inbox as u8).then(|| work.search(MIN_HASHCASH_BITS, 0, u64::MAX).unwrap());
    let nonce = nonce.as_ref().map_or(&[][..], |nonce| nonce);
    ([place, &id.0].concat(), [&head[..1], &CURSOR.to_be_bytes(), &head[9..], nonce, object].concat())
}

/// Change the disks of all nodes.
fn edit(town: &mut Town, changes: &[(&Vec<u8>, Option<&Vec<u8>>)]) {
    let change = |(key, value): &(&Vec<u8>, Option<&Vec<u8>>)| {
        let value = value.map(|value| Value::Plain(value.clone()));
        Change { table: Table::Store, key: (*key).clone(), value }
    };
    let changes: Vec<Change> = changes.iter().map(change).collect();
    for id in town.alive() {
        edit_at(town, id, changes.clone());
    }
    town.run(1_000);
}

/// Change the disk of one.
fn edit_at(town: &mut Town, id: Id, changes: Vec<Change>) {
    let mut rows = town.rows(id).clone();
    rows.apply(&Batch { id: BatchId(0), changes });
    town.roll_back(id, rows);
}

/// How far a member has read each node in the mailbox day of an object's row: `day4|tag32|node32` → `cursor8`.
fn cursors(town: &Town, reader: Id, object: &[u8]) -> BTreeMap<NodeId, Vec<u8>> {
    let place = &object[1..37];
    let mut all = BTreeMap::new();
    for (key, value) in town.rows(reader).of(Table::Cursor).filter(|(key, _)| key.starts_with(place)) {
        let Value::Plain(cursor) = value else { panic!("cursors are no secret") };
        let node: [u8; 32] = key[36..].try_into().unwrap();
        all.insert(NodeId(node.into()), cursor.clone());
    }
    all
}

/// Somebody and Bob have answered each other, so that each writes to a mailbox of their own from now on; the rows of the first
/// message, which lay in Bob's inbox.
fn acquaint(town: &mut Town, who: Id, numbers: [u8; 3]) -> Objects {
    let first = write(town, (who, BOB), numbers[0], "salam");
    let before = heard(town, BOB).len();
    read(town, BOB, before + 1);
    write(town, (BOB, who), numbers[1], "salam to you");
    read(town, who, 1);
    write(town, (who, BOB), numbers[2], "how are you?");
    read(town, BOB, before + 2);
    first
}

#[test]
fn copies_of_an_object_in_other_mailboxes_of_its_reader_suppress_nothing() {
    let mut town = Town::third(95);
    let inbox = acquaint(&mut town, ALICE, [1, 2, 3]);
    let inbox = inbox.iter().next().unwrap();
    assert_eq!(inbox.1[0] & 15, Flag::Inbox as u8);
    acquaint(&mut town, MALLORY, [4, 5, 6]);
    let own = write(&mut town, (MALLORY, BOB), 7, "look at this");
    let own = own.iter().next().unwrap();
    let honest = write(&mut town, (ALICE, BOB), 8, "the true words");
    let (key, value) = honest.iter().next().unwrap();
    assert!(honest.len() == 1 && key[5..37] != own.0[5..37] && value[0] & 15 == Flag::Pair as u8);

    // A node hides the object for a while and puts its bytes into the inbox and into Mallory's own mailbox with Bob.
    let object = &value[HEAD..];
    let copies = [copy(object, inbox), copy(object, own)];
    let put: Vec<_> = copies.iter().map(|(key, value)| (key, Some(value))).chain([(key, None)]).collect();
    edit(&mut town, &put);
    let times = |town: &mut Town, text: &str| {
        for _ in 0..3 {
            town.command(BOB, 202, Command::Poll { days: 1 });
            town.run(60_000);
        }
        heard(town, BOB).iter().filter(|heard| *heard == text).count()
    };
    assert_eq!((times(&mut town, "look at this"), times(&mut town, "the true words")), (1, 0));
    let met = |event: &Event| matches!(event, Event::Gap(gap) if gap.object == sha3(&[object]));
    assert!(town.told(BOB, met), "the copies were read, and nothing opens them");
    edit(&mut town, &[(key, Some(value))]);
    assert_eq!(times(&mut town, "the true words"), 1);
}

#[test]
fn what_is_put_two_days_late_is_read_by_somebody_who_never_stopped_polling() {
    let mut town = confirmed(96);
    town.poll = Some(POLL_MS);
    town.restart(BOB);
    town.cut_off(ALICE);
    say(&mut town, ALICE, 4, "from behind the mountains");
    (0..2).for_each(|_| town.dawn());
    assert!(town.member(ALICE).desk().on_the_way() > 0, "nobody has it yet");
    town.cut = None;
    all_stored(&mut town, ALICE);
    let reads = |town: &Town| heard(town, BOB).iter().any(|text| text == "from behind the mountains");
    town.until("reading by itself", |town| reads(town));
}

#[test]
fn what_the_nodes_asked_first_withhold_of_a_day_past_is_read_at_the_others_and_then_nobody_is_asked_again() {
    const TEN_MINUTES: u64 = 600_000;
    let hears = |town: &Town, words: &str| heard(town, BOB).iter().any(|text| text == words);
    let mut town = confirmed(97);
    town.stop(BOB, usize::MAX);
    write(&mut town, (ALICE, BOB), 4, "what all show");
    let withheld = write(&mut town, (ALICE, BOB), 5, "what some withhold");
    let (key, _) = withheld.first_key_value().unwrap();
    let values: BTreeMap<Id, Value> =
        town.alive().into_iter().filter_map(|id| Some((id, town.rows(id).get(Table::Store, key)?.clone()))).collect();
    assert_eq!((withheld.len(), values.len()), (1, 7), "every node holds it");

    // Whoever is asked first shows the other object alone, and goes on like that; all others show both.
    edit(&mut town, &[(key, None)]);
    let before = cursors(&town, BOB, key);
    town.poll = Some(TEN_MINUTES);
    town.sleep(2);
    town.until("reading what all show", |town| hears(town, "what all show"));
    town.run(TEN_MINUTES / 10);
    let after = cursors(&town, BOB, key);
    let liars: BTreeSet<Id> = after
        .iter()
        .filter(|&(node, cursor)| before.get(node) != Some(cursor))
        .map(|(node, _)| town.service(*node))
        .collect();
    assert_eq!(liars.len(), 3, "one poll reads three");
    for (id, value) in values.into_iter().filter(|(id, _)| !liars.contains(id)) {
        edit_at(&mut town, id, vec![Change { table: Table::Store, key: key.clone(), value: Some(value) }]);
    }
    town.until("reading what three of seven withhold", |town| hears(town, "what some withhold"));

    // Fourteen days of the inbox and Alice's: when all seven have answered for them only today's and yesterday's answer. Of days
    // before the network had a registry there is nobody to ask.
    town.run(2 * 6 * TEN_MINUTES);
    town.events.clear();
    town.run(6 * TEN_MINUTES);
    let answered = |event: &Event| matches!(event, Event::Read { answered } if *answered > 0);
    let readings = town.events.iter().filter(|(at, event)| *at == BOB && answered(event)).count();
    assert!((1..=7 * 4).contains(&readings), "{readings} answers in an hour: four places in at most seven polls");
}

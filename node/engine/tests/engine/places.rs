//! Where objects lie: copies that somebody puts into other mailboxes, and a put that ends days late (THREATS S5).

use std::collections::BTreeMap;

use pars_crypto::hash::sha3;
use pars_engine::io::{CommandId, Event};
use pars_engine::store::{Batch, Change, Table, Value};
use pars_engine::{BatchId, Command};
use pars_proto::swarm::hashcash::Work;
use pars_proto::swarm::mailbox::{Flag, ObjectId, Tag};
use pars_wire::content::ContentType;
use pars_wire::limits::MIN_HASHCASH_BITS;

use crate::talk::{all_stored, confirmed, heard, read, say};
use crate::town::{ALICE, BOB, Id, Town};

const MALLORY: Id = BOB + 1;
/// Bytes of a row in front of the object, in mailboxes of contacts.
const HEAD: usize = 1 + 8 + 4 + 4 + 1;
/// Behind all that a node gave out in these tests.
const CURSOR: u64 = 1_000;
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
    let batch = Batch { id: BatchId(0), changes: changes.iter().map(change).collect() };
    for id in town.alive() {
        let mut rows = town.rows(id).clone();
        rows.apply(&batch);
        town.roll_back(id, rows);
    }
    town.run(1_000);
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

//! The snapshot of version 1: a member's rows as a seed makes them, byte for byte, and members out of the files: one who has
//! just begun, and one in the middle of a conversation, with rows of every kind, as they were written while a command's row had
//! no digest. The second conversation, Alice's rows and Bob's, is from when it had no time; the fourth, Alice's, is as it is
//! written now. `PARS_BLESS=1` writes the newest files anew; a changed layout takes further files, and the old ones are still
//! read.
//!
//! All of them are of version 1: that number is of the snapshot's frame (tables, names and values of rows), which never changed.
//! What stands in a row is its machine's. It changed three times: the row of a command grew at its end, twice, and is told by its
//! length; a message's type took a value that was free, for a gap. What could not be told so would take a new version.

use pars_crypto::secret::StoreKey;
use pars_crypto::suite::Libcrux;
use pars_engine::io::{CommandId, Delivery, Entry, Event};
use pars_engine::member::{Member, MemberConfig};
use pars_engine::store::Table;
use pars_engine::{Command, Input, Node, Output, Rows};
use pars_wire::codec::Wire;
use pars_wire::content::ContentType;
use pars_wire::machine::{Now, Tick};

use crate::gaps::gap;
use crate::talk::{all_stored, confirmed, say};
use crate::town::{ALICE, BOB, Town};
use crate::world::{NOW, World, config};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/snapshot-v1.bin");

const CONVERSATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/conversation-v1.bin");

/// The same as written since a command's row holds a digest of what it sent, and before it held a time: Alice's rows, Bob's.
const CONVERSATIONS: [&str; 2] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/conversation-v2.bin"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/conversation-v2-bob.bin"),
];

/// The same as written since a command's row says when it was made: Alice's rows.
const DATED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/conversation-v4.bin");

fn rows(world: &mut World) -> Rows {
    let mut rows = Rows::default();
    let commands = [Command::Publish, Command::Acknowledge(0)];
    for (i, command) in commands.into_iter().enumerate() {
        for output in world.input(Input::Command { id: CommandId([i as u8; 16]), command }) {
            if let Output::Persist(batch) = output {
                rows.apply(&batch);
            }
        }
    }
    rows
}

#[test]
fn the_snapshot_of_version_1_is_what_it_was() {
    let made = rows(&mut World::new(5)).encode();
    if std::env::var_os("PARS_BLESS").is_some() {
        std::fs::write(GOLDEN, &made).unwrap();
    }
    let golden = std::fs::read(GOLDEN).unwrap();
    assert!(golden == made, "the snapshot's bytes changed: raise its version");
    assert_eq!(Rows::decode(&golden).unwrap().encode(), golden);
}

#[test]
fn a_member_restarts_from_the_golden_file_as_who_it_was() {
    let world = World::new(5);
    let golden = Rows::decode(&std::fs::read(GOLDEN).unwrap()).unwrap();
    let member = Member::restore(config(), &golden, NOW).unwrap();
    assert_eq!(member.identity().id(), world.node.member().unwrap().identity().id());
    assert_eq!(member.identity().leaves.len(), 15);
}

#[test]
fn a_snapshot_does_not_open_under_another_store_key() {
    let golden = Rows::decode(&std::fs::read(GOLDEN).unwrap()).unwrap();
    let mut other = config();
    other.key = pars_crypto::secret::StoreKey::from_bytes([8; 32]);
    assert!(Member::restore(other, &golden, NOW).is_err());
}

/// Alice has a confirmed session, an older one that is closed, a message on its way, one read and one acknowledged.
fn conversation() -> Town {
    let mut town = confirmed(51);
    let with = town.id(BOB);
    town.command(ALICE, 60, Command::MarkRead { with, cursor: 2 });
    town.command(ALICE, 61, Command::Acknowledge(2));
    town.command(ALICE, 62, Command::Close(with));
    say(&mut town, ALICE, 63, "anew");
    all_stored(&mut town, ALICE);
    town.alive().into_iter().for_each(|id| town.stop(id, usize::MAX));
    say(&mut town, ALICE, 64, "on its way");
    town.run(1_000);
    town
}

#[test]
fn a_conversation_in_the_golden_file_is_read_as_it_was_written() {
    read_as_written(&Rows::decode(&std::fs::read(CONVERSATION).unwrap()).unwrap(), false);
}

#[test]
fn a_conversation_written_now_is_read_with_what_its_commands_sent() {
    let town = conversation();
    if std::env::var_os("PARS_BLESS").is_some() {
        std::fs::write(DATED, town.rows(ALICE).encode()).unwrap();
    }
    let golden = std::fs::read(DATED).unwrap();
    assert!(
        golden == town.rows(ALICE).encode(),
        "what is written changed: add a further file, and still read this one"
    );
    read_as_written(town.rows(ALICE), true);
}

#[test]
fn the_fourth_golden_conversation_is_read_by_who_wrote_it() {
    read_as_written(&Rows::decode(&std::fs::read(DATED).unwrap()).unwrap(), true);
}

#[test]
fn the_second_golden_conversation_is_read_by_both_who_wrote_it() {
    let [alice, bob] = CONVERSATIONS.map(|path| Rows::decode(&std::fs::read(path).unwrap()).unwrap());
    read_as_written(&alice, true);
    // Bob was called: he remembers the handshake, and what he read.
    assert!(bob.of(Table::Handshake).count() > 0);
    let now = Now { tick: Tick(0), wall: NOW.wall };
    let config = MemberConfig { key: StoreKey::from_bytes([BOB as u8; 32]), ..config() };
    let member = Member::restore(config, &bob, now).unwrap();
    let history = member.history(0, None, usize::MAX);
    let said: Vec<_> = history.iter().map(|entry| std::str::from_utf8(&entry.content).unwrap()).collect();
    assert_eq!(said, ["salam", "salam, Alice", "how are you?"]);
    assert_eq!(member.sessions().all().count(), 1);
    assert_eq!(member.conversations()[0].pq_auth, Some(pars_proto::session::PqAuth::Confirmed));
}

/// A gap is a message's row without a content type: Bob's rows since there are some.
const GAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/conversation-v3-gap.bin");

#[test]
fn the_third_golden_conversation_holds_a_gap() {
    if std::env::var_os("PARS_BLESS").is_some() {
        std::fs::write(GAP, gap(52).rows(BOB).encode()).unwrap();
    }
    let rows = Rows::decode(&std::fs::read(GAP).unwrap()).unwrap();
    let config = MemberConfig { key: StoreKey::from_bytes([BOB as u8; 32]), ..config() };
    let member = Member::restore(config, &rows, Now { tick: Tick(0), wall: NOW.wall }).unwrap();
    let history = member.history(0, None, usize::MAX);
    let kinds: Vec<_> = history.iter().map(|entry| entry.content_type.is_some()).collect();
    assert_eq!(kinds, [true, true, true, true, false]);
}

fn read_as_written(rows: &Rows, digests: bool) {
    for table in [Table::Identity, Table::Session, Table::Handshake, Table::Cursor, Table::Contact, Table::Outbox] {
        // Alice was never called: she remembers no handshake.
        assert_eq!(rows.of(table).count() == 0, table == Table::Handshake, "{}", table.name());
    }
    let now = Now { tick: Tick(0), wall: NOW.wall };
    let member = Member::restore(MemberConfig { key: StoreKey::from_bytes([ALICE as u8; 32]), ..config() }, rows, now);
    let member = member.unwrap();
    let texts = |entry: &Entry| String::from_utf8(entry.content.to_vec()).unwrap();
    let history = member.history(0, None, usize::MAX);
    let said: Vec<_> = history.iter().map(texts).collect();
    assert_eq!(said, ["salam", "salam, Alice", "how are you?", "anew", "on its way"]);
    assert_eq!((history[1].delivery, history[4].delivery), (Delivery::Read, Delivery::Queued));
    assert!(matches!(history[3].delivery, Delivery::Stored { .. }));
    let [conversation] = member.conversations()[..] else { panic!("one conversation") };
    assert!(conversation.verified && !conversation.closed && conversation.ratchet.is_some());
    assert_eq!((member.sessions().all().count(), member.acknowledged(), member.published()), (2, 2, true));
    let to = conversation.peer;
    let mut world = World::of(Node::new(&Libcrux, Some(member), None), 6);
    let mut again = |content: &[u8]| {
        let (id, content) = (CommandId([64; 16]), content.to_vec().into());
        let command = Command::Send { to, content_type: ContentType::Text, content };
        let told = world.input(Input::Command { id, command });
        told.iter().any(|output| matches!(output, Output::Event(Event::Queued { .. })))
    };
    assert!(again(b"on its way"));
    assert_eq!(again(b"something else"), !digests, "a row without a digest says nothing of what was sent");
}

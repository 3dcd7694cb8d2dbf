//! Two people write to each other: history, read marks, closing, what waits for proof.

use pars_engine::Command;
use pars_engine::io::{CommandError, CommandId, Delivery, Direction, Entry, Event};
use pars_proto::session::PqAuth;
use pars_wire::content::ContentType;

use crate::town::{ALICE, BOB, Id, Town};

pub(crate) fn say(town: &mut Town, from: Id, number: u8, text: &str) {
    let to = town.id(if from == ALICE { BOB } else { ALICE });
    let (content_type, content) = (ContentType::Text, text.as_bytes().to_vec().into());
    town.command(from, number, Command::Send { to, content_type, content });
    town.until("queueing", |town| queued(town, from, number).is_some());
}

fn queued(town: &Town, from: Id, number: u8) -> Option<u64> {
    town.events.iter().rev().find_map(|(at, event)| match event {
        Event::Queued { command, cursor, .. } if *at == from && *command == CommandId([number; 16]) => Some(*cursor),
        _ => None,
    })
}

pub(crate) fn all_stored(town: &mut Town, id: Id) {
    town.until("storing", |town| town.member(id).desk().on_the_way() == 0);
}

fn texts(entries: &[Entry], direction: Direction) -> Vec<String> {
    let of = entries.iter().filter(|entry| entry.direction == direction);
    of.map(|entry| String::from_utf8(entry.content.to_vec()).unwrap()).collect()
}

pub(crate) fn heard(town: &Town, id: Id) -> Vec<String> {
    texts(&town.member(id).history(0, None, usize::MAX), Direction::Received)
}

pub(crate) fn read(town: &mut Town, id: Id, count: usize) {
    for _ in 0..9 {
        if heard(town, id).len() < count {
            town.command(id, 202, Command::Poll { days: 1 });
            town.run(60_000);
        }
    }
    assert_eq!(heard(town, id).len(), count);
}

/// Both have proven themselves: Alice wrote, Bob answered, Alice wrote again.
pub(crate) fn confirmed(seed: u64) -> Town {
    let mut town = Town::acquainted(seed);
    say(&mut town, ALICE, 1, "salam");
    all_stored(&mut town, ALICE);
    read(&mut town, BOB, 1);
    say(&mut town, BOB, 2, "salam, Alice");
    all_stored(&mut town, BOB);
    read(&mut town, ALICE, 1);
    say(&mut town, ALICE, 3, "how are you?");
    all_stored(&mut town, ALICE);
    read(&mut town, BOB, 2);
    town
}

#[test]
fn a_message_is_sent_once_for_its_command_also_after_a_restart() {
    let mut town = Town::acquainted(11);
    say(&mut town, ALICE, 1, "once");
    let before = queued(&town, ALICE, 1);
    say(&mut town, ALICE, 1, "once");
    town.restart(ALICE);
    town.events.clear();
    say(&mut town, ALICE, 1, "once");
    assert_eq!(queued(&town, ALICE, 1), before, "the same message");
    all_stored(&mut town, ALICE);
    read(&mut town, BOB, 1);
    town.command(BOB, 203, Command::Poll { days: 1 });
    town.run(60_000);
    assert_eq!((heard(&town, BOB).len(), town.member(ALICE).history(0, None, 99).len()), (1, 1));
}

#[test]
fn a_request_that_is_repeated_a_day_later_and_after_a_restart_is_the_same_message() {
    let mut town = Town::acquainted(21);
    say(&mut town, ALICE, 1, "once a day");
    let before = queued(&town, ALICE, 1);
    all_stored(&mut town, ALICE);
    // Others are sent in the 24 hours after it (THREATS N6).
    for number in 2..40 {
        say(&mut town, ALICE, number, "later");
    }
    all_stored(&mut town, ALICE);
    town.sleep(1);
    town.run(2_000);
    town.events.clear();
    say(&mut town, ALICE, 1, "once a day");
    assert_eq!(queued(&town, ALICE, 1), before, "the same message");
    assert_eq!(town.member(ALICE).history(0, None, usize::MAX).len(), 39);
}

#[test]
fn sent_and_received_messages_share_one_history_read_in_pages_and_kept_over_restarts() {
    let mut town = confirmed(12);
    let whole = town.member(ALICE).history(0, None, usize::MAX);
    assert_eq!(whole.iter().map(|entry| entry.cursor).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(texts(&whole, Direction::Sent), ["salam", "how are you?"]);
    assert_eq!(texts(&whole, Direction::Received), ["salam, Alice"]);
    assert!(matches!(whole[0].delivery, Delivery::Stored { copies: 5.. }), "{whole:?}");
    assert_eq!(whole[1].delivery, Delivery::Unread);
    assert!(whole.iter().all(|entry| entry.timestamp % 300 == 0 && entry.timestamp > 0));
    let page = town.member(ALICE).history(1, Some(town.id(BOB)), 1);
    assert_eq!(page, whole[1..2]);
    assert!(town.member(ALICE).history(0, Some(town.id(ALICE)), 9).is_empty());
    assert!(town.member(ALICE).history(3, None, 9).is_empty());
    town.restart(ALICE);
    assert_eq!(town.member(ALICE).history(0, None, usize::MAX), whole);
    assert_eq!(town.member(ALICE).cursor(), 3);
}

#[test]
fn what_is_marked_as_read_stays_read_after_a_restart() {
    let mut town = confirmed(13);
    let unread = |town: &Town| town.member(BOB).conversations()[0].unread;
    assert_eq!(unread(&town), 2);
    let with = town.id(ALICE);
    let first = town.member(BOB).history(0, Some(with), 1)[0].cursor;
    town.command(BOB, 9, Command::MarkRead { with, cursor: first });
    town.until("marking", |town| {
        town.told(BOB, |event| matches!(event, Event::Done { command } if command.0 == [9; 16]))
    });
    town.restart(BOB);
    assert_eq!(unread(&town), 1);
    let entries = town.member(BOB).history(0, None, 9);
    assert_eq!((entries[0].delivery, entries[2].delivery), (Delivery::Read, Delivery::Unread));
}

#[test]
fn what_was_received_is_told_again_after_a_restart_until_it_is_acknowledged() {
    let mut town = confirmed(14);
    let told = |town: &mut Town| {
        town.events.clear();
        town.restart(BOB);
        town.run(10_000);
        town.events.iter().filter(|(at, event)| *at == BOB && matches!(event, Event::Received(_))).count()
    };
    assert_eq!(told(&mut town), 2);
    let first = town.member(BOB).history(0, None, 1)[0].cursor;
    town.command(BOB, 9, Command::Acknowledge(first));
    town.run(100);
    assert_eq!(told(&mut town), 1);
    assert_eq!(town.member(BOB).acknowledged(), first);
}

#[test]
fn a_closed_conversation_only_receives_and_the_next_message_begins_a_new_session() {
    let mut town = confirmed(15);
    let bob = town.id(BOB);
    let before = town.member(ALICE).conversations()[0];
    assert_eq!((before.pq_auth, before.closed), (Some(PqAuth::Confirmed), false));
    town.command(ALICE, 9, Command::Close(bob));
    town.until("closing", |town| town.told(ALICE, |event| matches!(event, Event::Done { .. })));
    town.restart(ALICE);
    let closed = town.member(ALICE).conversations()[0];
    assert_eq!((closed.ratchet, closed.pq_auth, closed.closed), (None, None, true));
    say(&mut town, BOB, 20, "one more");
    all_stored(&mut town, BOB);
    read(&mut town, ALICE, 2);
    assert!(town.member(ALICE).conversations()[0].closed, "receiving does not open it again");
    say(&mut town, ALICE, 21, "from the beginning");
    all_stored(&mut town, ALICE);
    let open = town.member(ALICE).conversations()[0];
    assert!(!open.closed && open.pq_auth == Some(PqAuth::Pending) && open.ratchet != before.ratchet);
    read(&mut town, BOB, 3);
    assert_eq!(town.member(BOB).conversations()[0].ratchet, open.ratchet, "Bob answers on the new one");
    let stranger = town.id(ALICE);
    town.command(ALICE, 22, Command::Close(stranger));
    let refused = |event: &Event| matches!(event, Event::Refused { error: CommandError::NoConversation, .. });
    assert!(town.told(ALICE, refused));
}

#[test]
fn an_action_to_somebody_who_is_not_proven_is_refused_and_changes_nothing() {
    let mut town = Town::acquainted(16);
    let to = town.id(BOB);
    let send = |content_type, content: &[u8]| Command::Send { to, content_type, content: content.to_vec().into() };
    let refused = |town: &Town| {
        let (_, event) = town.events.last().unwrap();
        let Event::Refused { error, .. } = event else { panic!("{event:?}") };
        *error
    };
    for sensitive in [ContentType::Action, ContentType::File, ContentType::Voice, ContentType::RoomInvitation] {
        town.command(ALICE, 1, send(sensitive, b"x"));
        assert_eq!(refused(&town), CommandError::Unconfirmed, "no session yet");
    }
    say(&mut town, ALICE, 2, "salam");
    town.command(ALICE, 3, send(ContentType::Action, b"x"));
    assert_eq!(refused(&town), CommandError::Unconfirmed, "nobody has answered");
    for empty in [&b""[..], &[0xff]] {
        town.command(ALICE, 4, send(ContentType::Text, empty));
        assert_eq!(refused(&town), CommandError::Text);
    }
    town.command(ALICE, 5, send(ContentType::Device, b"x"));
    assert_eq!(refused(&town), CommandError::ContentType(ContentType::Device));
    assert_eq!(town.member(ALICE).history(0, None, 9).len(), 1);
}

#[test]
fn an_action_goes_to_a_proven_contact_and_keeps_its_type() {
    let mut town = confirmed(17);
    let to = town.id(BOB);
    let (content_type, content) = (ContentType::Action, vec![2, 0xff, 0].into());
    town.command(ALICE, 30, Command::Send { to, content_type, content });
    all_stored(&mut town, ALICE);
    town.command(BOB, 202, Command::Poll { days: 1 });
    town.until("reading", |town| town.member(BOB).history(0, None, 99).len() == 4);
    let last = town.member(BOB).history(0, None, 99).pop().unwrap();
    assert_eq!((last.content_type, &last.content[..]), (Some(ContentType::Action), &[2, 0xff, 0][..]));
}

#[test]
fn a_contact_that_was_never_opened_is_answered_after_its_first_message() {
    let mut town = Town::acquainted(18);
    assert!(town.member(BOB).conversations().is_empty());
    say(&mut town, ALICE, 1, "salam");
    all_stored(&mut town, ALICE);
    read(&mut town, BOB, 1);
    let conversation = town.member(BOB).conversations()[0];
    assert_eq!((conversation.peer, conversation.verified), (town.id(ALICE), false));
    assert!(town.member(ALICE).conversations()[0].verified, "Alice had the whole link");
    let core = town.member(BOB).core(town.id(ALICE)).unwrap();
    assert_eq!(&core, town.member(ALICE).identity().record.core());
}

#[test]
fn a_contact_whose_prekeys_are_of_a_day_that_is_over_is_opened_again_for_the_message() {
    let mut town = Town::acquainted(19);
    town.sleep(3);
    town.run(2_000);
    say(&mut town, ALICE, 1, "three days later");
    all_stored(&mut town, ALICE);
    read(&mut town, BOB, 1);
    let implied = |event: &Event| matches!(event, Event::Opened { .. });
    assert_eq!(town.events.iter().filter(|(at, event)| *at == ALICE && implied(event)).count(), 2);
}

#[test]
fn a_message_that_was_read_shows_no_gap_when_other_replicas_give_it_again_after_a_restart() {
    let mut town = confirmed(20);
    for _ in 0..4 {
        town.restart(BOB);
        town.run(2_000);
        town.command(BOB, 202, Command::Poll { days: 1 });
        town.run(60_000);
    }
    assert!(!town.told(BOB, |event| matches!(event, Event::Gap { .. })));
    assert_eq!(heard(&town, BOB).len(), 2);
}

#[test]
fn messages_that_overtake_each_other_are_told_in_the_order_in_which_they_were_written() {
    for seed in 31..36 {
        let mut town = Town::acquainted(seed);
        let written: Vec<String> = (1..=6).map(|number| format!("message {number}")).collect();
        for (number, text) in (1..).zip(&written) {
            say(&mut town, ALICE, number, text);
        }
        all_stored(&mut town, ALICE);
        read(&mut town, BOB, written.len());
        assert_eq!(heard(&town, BOB), written, "seed {seed}");
    }
}

#[test]
fn more_messages_than_a_first_chain_holds_begin_another_handshake() {
    let mut town = Town::acquainted(41);
    let count = pars_wire::limits::MAX_INIT as u8 + 2;
    for number in 1..=count {
        say(&mut town, ALICE, number, &format!("message {number}"));
    }
    all_stored(&mut town, ALICE);
    read(&mut town, BOB, count.into());
}

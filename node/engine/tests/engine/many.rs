//! More than a mailbox day holds, and more than anybody reads.

use pars_engine::Command;
use pars_engine::io::{CommandId, Direction, Event, Input};
use pars_wire::codec::Day;
use pars_wire::content::ContentType;

use crate::talk::{all_stored, confirmed, heard, read, say};
use crate::town::{ALICE, BOB, Id, Town};

/// Messages written between two polls of the reader.
const GROUP: usize = 50;

fn write(town: &mut Town, numbers: std::ops::Range<usize>) {
    let to = town.id(BOB);
    for number in numbers {
        let id = CommandId((1_000_000 + number as u128).to_be_bytes());
        let content = format!("{number}").into_bytes().into();
        town.handle(
            ALICE,
            Input::Command { id, command: Command::Send { to, content_type: ContentType::Text, content } },
        );
    }
}

fn poll(town: &mut Town, id: Id) {
    town.command(id, 202, Command::Poll { days: 0 });
    town.run(20_000);
}

fn answer(town: &mut Town, number: u8) {
    say(town, BOB, number, "I hear you");
    all_stored(town, BOB);
    poll(town, ALICE);
}

/// Numbers that Bob heard of Alice. A burst of so many is not told in its order: nothing waits longer than some polls.
fn numbers(town: &Town) -> Vec<usize> {
    let with = Some(town.id(ALICE));
    let entries = town.member(BOB).history(0, with, usize::MAX);
    let received = entries.iter().filter(|entry| entry.direction == Direction::Received);
    let mut all: Vec<_> = received.filter_map(|entry| std::str::from_utf8(&entry.content).ok()?.parse().ok()).collect();
    all.sort_unstable();
    all
}

#[test]
fn six_hundred_messages_of_one_day_all_arrive_although_a_mailbox_day_holds_256() {
    let mut town = confirmed(71);
    let day = Day::at(town.now().wall);
    for group in 0..600 / GROUP {
        write(&mut town, group * GROUP..(group + 1) * GROUP);
        all_stored(&mut town, ALICE);
        poll(&mut town, BOB);
        // Another life forgets what it meant to delete.
        if group == 3 {
            town.restart(BOB);
            town.run(2_000);
        }
    }
    for _ in 0..5 {
        poll(&mut town, BOB);
    }
    assert_eq!(numbers(&town), (0..600).collect::<Vec<_>>());
    assert_eq!(Day::at(town.now().wall), day, "all of it within one day");
    assert!(!town.told(ALICE, |event| matches!(event, Event::InsufficientStorage { .. })));
    assert!(!town.told(BOB, |event| matches!(event, Event::Gap { .. })));
}

#[test]
fn a_contact_whom_nobody_reads_pauses_and_another_one_is_heard() {
    let mut town = Town::third(72);
    let carol = BOB + 1;
    say(&mut town, ALICE, 1, "salam");
    all_stored(&mut town, ALICE);
    read(&mut town, BOB, 1);
    answer(&mut town, 2);
    let with = town.id(ALICE);
    let paused = |town: &Town| town.member(BOB).paused();
    let mut written = 0;
    while paused(&town).is_empty() {
        assert!(written < 1_200, "it never pauses");
        if written == 800 {
            // A chain that nobody answers holds a thousand.
            answer(&mut town, 3);
        }
        write(&mut town, written..written + GROUP);
        written += GROUP;
        all_stored(&mut town, ALICE);
        poll(&mut town, BOB);
    }
    write(&mut town, written..written + GROUP);
    written += GROUP;
    all_stored(&mut town, ALICE);
    let before = heard(&town, BOB).len();
    poll(&mut town, BOB);
    assert_eq!(heard(&town, BOB).len(), before, "nothing more of her is read");
    let conversation = town.member(BOB).conversations()[0];
    assert!(conversation.paused && conversation.peer == with);
    assert!(matches!(paused(&town)[..], [of] if of.peer == with && of.open >= 1_024));

    let (to, content) = (town.id(BOB), b"can you hear me?".to_vec().into());
    town.command(carol, 9, Command::Send { to, content_type: ContentType::Text, content });
    all_stored(&mut town, carol);
    poll(&mut town, BOB);
    assert_eq!(heard(&town, BOB).len(), before + 1, "Carol is heard");

    let cursor = town.member(BOB).cursor();
    town.command(BOB, 10, Command::MarkRead { with, cursor });
    assert!(paused(&town).is_empty());
    for _ in 0..4 {
        poll(&mut town, BOB);
    }
    assert_eq!(numbers(&town), (0..written).collect::<Vec<_>>());
}

//! What can never be read: listed, told until it is acknowledged, over restarts.

use pars_engine::Command;
use pars_engine::io::{Delivery, Entry, Event};

use crate::talk::{all_stored, confirmed, read, say};
use crate::town::{ALICE, BOB, Town};

/// Alice's disk was put back, and she used a key a second time: Bob has a gap behind three messages.
pub(crate) fn gap(seed: u64) -> Town {
    let mut town = confirmed(seed);
    let before = town.rows(ALICE).clone();
    say(&mut town, ALICE, 5, "read");
    all_stored(&mut town, ALICE);
    read(&mut town, BOB, 3);
    town.roll_back(ALICE, before);
    town.run(2_000);
    say(&mut town, ALICE, 6, "never read");
    all_stored(&mut town, ALICE);
    town.command(BOB, 202, Command::Poll { days: 1 });
    town.until("the gap", |town| told(town) > 0);
    town
}

fn told(town: &Town) -> usize {
    town.events.iter().filter(|(at, event)| *at == BOB && matches!(event, Event::Gap { .. })).count()
}

fn told_after_restart(town: &mut Town) -> usize {
    town.events.clear();
    town.restart(BOB);
    town.run(2_000);
    town.command(BOB, 202, Command::Poll { days: 1 });
    town.run(60_000);
    told(town)
}

fn listed(town: &Town) -> Vec<Entry> {
    let history = town.member(BOB).history(0, Some(town.id(ALICE)), usize::MAX);
    history.into_iter().filter(|entry| entry.content_type.is_none()).collect()
}

#[test]
fn a_gap_is_listed_once_in_its_conversation_and_told_again_until_it_is_acknowledged() {
    let mut town = gap(91);
    let gaps = listed(&town);
    let [gap] = &gaps[..] else { panic!("one gap") };
    let newest = town.member(BOB).cursor();
    assert_eq!((gap.cursor, gap.sequence, gap.delivery), (newest, 0, Delivery::Unread));
    assert!(gap.timestamp > 0 && gap.timestamp % 300 == 0);
    let reason = std::str::from_utf8(&gap.content).unwrap().to_owned();
    assert!(!reason.is_empty());
    let same = |(_, event): &(usize, Event)| matches!(event, Event::Gap(told) if told.cursor == newest && told.reason == reason && told.from == town.id(ALICE));
    assert!(town.events.iter().any(same));
    assert_eq!(town.member(BOB).conversations()[0].unread, 4);
    // Other replicas have a copy too: it is the same gap.
    assert_eq!((told_after_restart(&mut town), listed(&town).len()), (1, 1));
    town.command(BOB, 9, Command::Acknowledge(newest));
    town.run(100);
    assert_eq!((told_after_restart(&mut town), listed(&town).len()), (0, 1));
    let with = town.id(ALICE);
    town.command(BOB, 10, Command::MarkRead { with, cursor: newest });
    town.run(100);
    assert_eq!((listed(&town)[0].delivery, town.member(BOB).conversations()[0].unread), (Delivery::Read, 0));
}

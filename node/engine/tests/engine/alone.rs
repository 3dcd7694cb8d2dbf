//! What goes on without commands: polls, publishing after a restart, another first relay, crashes between commits.

use pars_engine::Command;
use pars_engine::io::Event;
use pars_engine::store::Table;

use crate::talk::{all_stored, heard, read, say};
use crate::town::{ALICE, BOB, Town};

#[test]
fn a_member_that_polls_by_itself_hears_what_was_written_while_it_was_away() {
    let mut town = Town::acquainted(31);
    town.stop(BOB, usize::MAX);
    say(&mut town, ALICE, 1, "while you sleep");
    all_stored(&mut town, ALICE);
    town.poll = Some(30_000);
    town.sleep(5);
    town.until("reading by itself", |town| heard(town, BOB).len() == 1);
    say(&mut town, ALICE, 2, "good morning");
    town.until("reading again", |town| heard(town, BOB).len() == 2);
}

#[test]
fn publishing_goes_on_after_restarts_and_its_end_is_durable() {
    let mut town = Town::new(32, 2);
    town.command(ALICE, 1, Command::Publish);
    for _ in 0..4 {
        town.run(3_000);
        town.restart(ALICE);
    }
    assert!(!town.member(ALICE).published());
    town.until("publishing", |town| town.member(ALICE).published());
    town.run(100);
    assert!(town.told(ALICE, |event| matches!(event, Event::Published)));
    town.restart(ALICE);
    assert!(town.member(ALICE).published());
    town.open(BOB, ALICE);
}

#[test]
fn records_are_published_again_for_the_nodes_of_a_new_week() {
    let mut town = Town::acquainted(33);
    town.sleep(7);
    town.run(1_000);
    assert!(!town.member(BOB).published(), "other nodes answer for this week");
    town.until("publishing", |town| town.member(BOB).published());
}

#[test]
fn what_was_sent_to_a_prekey_whose_life_is_over_leaves_the_disk_once_the_nodes_have_told_the_time() {
    let mut town = Town::acquainted(37);
    say(&mut town, ALICE, 1, "salam");
    all_stored(&mut town, ALICE);
    read(&mut town, BOB, 1);
    let rows =
        |town: &Town, table, name: &[u8]| town.rows(BOB).of(table).filter(|(row, _)| row.starts_with(name)).count();
    let left = |town: &Town| (rows(town, Table::Identity, b"leaf"), rows(town, Table::Handshake, b""));
    assert_eq!(left(&town), (15, 1), "fourteen days and the last resort; her handshake");
    town.poll = Some(600_000);
    town.sleep(40);
    // Nobody answers: the clock may be wrong, and what is erased does not come back. What a leaf could open is remembered.
    (0..7).for_each(|id| town.stop(id, usize::MAX));
    town.run(2 * 3_600_000);
    assert_eq!(left(&town), (15, 1));
    (0..7).for_each(|id| town.start(id, None));
    town.until("erasing", |town| left(town) == (1, 0));
    town.restart(BOB);
    town.run(1_000);
    assert_eq!((left(&town), heard(&town, BOB).len()), ((1, 0), 1));
}

#[test]
fn records_are_published_within_minutes_while_a_tenth_of_all_packets_is_lost() {
    for seed in 40..44 {
        let mut town = Town::new(seed, 1);
        town.loss = 100;
        town.command(ALICE, 1, Command::Publish);
        town.until("publishing", |town| town.member(ALICE).published());
        let seconds = town.now().tick.0 / 1_000;
        println!("published after {seconds} s");
        assert!(seconds < 300, "{seconds} s");
    }
}

#[test]
fn another_first_relay_is_drawn_when_the_first_dies_and_what_was_under_way_arrives() {
    let mut town = Town::acquainted(34);
    for round in 0..2 {
        say(&mut town, ALICE, round + 1, "under way");
        let first = town.member(ALICE).first_relay().unwrap();
        let dead = town.service(first);
        town.connects.clear();
        town.stop(dead, usize::MAX);
        all_stored(&mut town, ALICE);
        assert!(!town.connects.is_empty() && town.member(ALICE).first_relay() != Some(first));
        read(&mut town, BOB, usize::from(round) + 1);
        if round == 0 {
            town.start(dead, None);
        }
    }
    assert_eq!(town.alive().len(), 6, "six of seven are enough");
}

#[test]
fn a_relay_that_restarts_with_new_keys_is_used_again() {
    let mut town = Town::acquainted(35);
    for id in town.alive() {
        town.restart(id);
    }
    town.run(1_000);
    say(&mut town, ALICE, 1, "over new keys");
    all_stored(&mut town, ALICE);
    read(&mut town, BOB, 1);
}

#[test]
fn a_crash_between_any_two_commits_loses_nothing_that_was_acknowledged() {
    let mut town = Town::acquainted(36);
    let mut sent = 0;
    for crash in 0..12_usize {
        let number = crash as u8 + 1;
        let (writer, reader) = if crash % 3 == 2 && sent > 2 { (BOB, ALICE) } else { (ALICE, BOB) };
        // Batches that are open at the crash: none, one, all of them reach the disk.
        town.crash_at_batch = Some((if crash % 2 == 0 { writer } else { reader }, crash % 3));
        let to = town.id(reader);
        for _ in 0..3 {
            let (content_type, content) = (pars_wire::content::ContentType::Text, vec![b'a' + number].into());
            town.command(writer, number, Command::Send { to, content_type, content });
            town.run(40_000);
            town.command(reader, 202, Command::Poll { days: 1 });
            town.run(40_000);
            [writer, reader].into_iter().for_each(|id| {
                if !town.runs(id) {
                    town.start(id, None);
                }
            });
        }
        sent += usize::from(writer == ALICE);
    }
    town.crash_at_batch = None;
    for id in [ALICE, BOB] {
        all_stored(&mut town, id);
    }
    read(&mut town, BOB, sent);
    read(&mut town, ALICE, 12 - sent);
    let mut once = heard(&town, BOB);
    once.sort();
    once.dedup();
    assert_eq!(once.len(), sent, "nothing twice");
}

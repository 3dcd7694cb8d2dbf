//! What is asked twice at once, or before it may be told.

use pars_engine::Command;
use pars_engine::io::{CommandError, CommandId, Event, Input, OpenError};
use pars_identity::link::{Assurance, Link};
use pars_wire::content::ContentType;

use crate::talk::{all_stored, confirmed, say};
use crate::town::{ALICE, BOB, Town};

fn published(seed: u64) -> Town {
    let mut town = Town::new(seed, 2);
    town.command(BOB, 200, Command::Publish);
    town.until("publishing", |town| town.member(BOB).published());
    town
}

fn opened(town: &Town) -> Option<Assurance> {
    town.events.iter().find_map(|(at, event)| match event {
        Event::Opened { assurance, .. } if *at == ALICE => Some(*assurance),
        _ => None,
    })
}

#[test]
fn the_check_of_a_second_link_counts_for_a_lookup_that_a_bare_id_began() {
    let mut town = published(81);
    let link = town.link(BOB);
    town.command(ALICE, 1, Command::Open(Link { check: None, ..link }));
    town.command(ALICE, 2, Command::Open(link));
    town.command(ALICE, 3, Command::Open(Link { check: None, ..link }));
    town.until("opening", |town| opened(town).is_some());
    assert_eq!(opened(&town), Some(Assurance::Checked));
    assert!(town.member(ALICE).conversations()[0].verified);
}

#[test]
fn a_second_link_that_contradicts_the_first_is_refused_and_the_first_goes_on() {
    let mut town = published(82);
    let link = town.link(BOB);
    town.command(ALICE, 1, Command::Open(link));
    town.command(ALICE, 2, Command::Open(Link { check: Some([7; 16]), ..link }));
    let refused = |event: &Event| {
        let error = CommandError::Open(OpenError::OtherCheck);
        matches!(event, Event::Refused { command, error: of } if *command == CommandId([2; 16]) && *of == error)
    };
    assert!(town.told(ALICE, refused));
    town.until("opening", |town| opened(town).is_some());
    assert_eq!(opened(&town), Some(Assurance::Checked));
}

#[test]
fn a_false_check_after_a_bare_id_opens_nothing() {
    let mut town = published(83);
    let link = town.link(BOB);
    town.command(ALICE, 1, Command::Open(Link { check: None, ..link }));
    town.command(ALICE, 2, Command::Open(Link { check: Some([7; 16]), ..link }));
    town.until("looking up", |town| town.told(ALICE, |event| matches!(event, Event::NotOpened { .. })));
    assert!(town.member(ALICE).conversations().is_empty());
}

#[test]
fn an_identity_that_could_still_be_lost_says_so() {
    let mut town = Town::new(84, 1);
    assert!(!town.member(ALICE).durable());
    town.command(ALICE, 1, Command::Publish);
    assert!(!town.member(ALICE).durable(), "its batch is not on the disk");
    town.until("the first commit", |town| {
        town.told(ALICE, |event| matches!(event, Event::Done { command } if command.0 == [1; 16]))
    });
    assert!(town.member(ALICE).durable());
    town.restart(ALICE);
    assert!(town.member(ALICE).durable());
}

#[test]
fn an_id_that_named_another_message_is_refused_also_after_a_restart() {
    let mut town = confirmed(85);
    let to = town.id(BOB);
    let again = |town: &mut Town, content_type, content: &[u8]| {
        town.events.clear();
        town.command(ALICE, 77, Command::Send { to, content_type, content: content.to_vec().into() });
        let refused =
            town.told(ALICE, |event| matches!(event, Event::Refused { error: CommandError::ClientIdReused, .. }));
        let queued = town.told(ALICE, |event| matches!(event, Event::Queued { .. }));
        (refused, queued)
    };
    say(&mut town, ALICE, 77, "the first");
    for _ in 0..2 {
        assert_eq!(again(&mut town, ContentType::Text, b"the first"), (false, true));
        assert_eq!(again(&mut town, ContentType::Text, b"another"), (true, false));
        assert_eq!(again(&mut town, ContentType::Action, b"the first"), (true, false));
        town.restart(ALICE);
        town.run(1_000);
    }
    assert_eq!(town.member(ALICE).history(0, None, 99).len(), 4);
    all_stored(&mut town, ALICE);
}

#[test]
fn an_id_of_a_message_that_waits_for_records_names_that_message_too() {
    let mut town = Town::acquainted(87);
    town.sleep(3);
    town.run(2_000);
    let to = town.id(BOB);
    let send = |town: &mut Town, content: &[u8]| {
        town.command(ALICE, 9, Command::Send { to, content_type: ContentType::Text, content: content.to_vec().into() });
    };
    for _ in 0..70 {
        send(&mut town, b"three days later");
    }
    assert!(!town.told(ALICE, |event| matches!(event, Event::Refused { .. })), "it waits, once");
    send(&mut town, b"another");
    let reused = |event: &Event| matches!(event, Event::Refused { error: CommandError::ClientIdReused, .. });
    assert!(town.told(ALICE, reused));
    town.until("queueing", |town| town.told(ALICE, |event| matches!(event, Event::Queued { .. })));
    all_stored(&mut town, ALICE);
    assert_eq!(town.member(ALICE).history(0, None, 9).len(), 1);
}

#[test]
fn a_member_on_a_service_node_goes_over_other_nodes_only() {
    let mut town = Town::new(86, 0);
    let id = 3;
    town.run(1_000);
    town.join(id);
    town.command(id, 1, Command::Publish);
    town.until("publishing", |town| town.member(id).published());
    for _ in 0..30 {
        if let Some(first) = town.member(id).first_relay() {
            town.handle(id, Input::Disconnected(first));
        }
        town.command(id, 202, Command::Poll { days: 0 });
        town.run(10_000);
    }
    assert!(town.connects.len() > 20, "{}", town.connects.len());
    assert!(town.connects.iter().all(|node| town.service(*node) != id));
}

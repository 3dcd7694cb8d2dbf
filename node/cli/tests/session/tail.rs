//! `session tail`.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use pars_rpc::{
    event::Event,
    message::{GAP, Message},
};
use serde_json::{Value, json};

use crate::{daemon::Fake, parsctl, received, text};

fn events() -> Vec<Event> {
    vec![
        Event::MessageReceived(received(4, "one")),
        Event::Published {},
        Event::MessageReceived(received(6, "two")),
        Event::Gap(Message { kind: GAP.into(), ..received(7, "an object cannot be read") }),
        Event::MessageReceived(received(9, "three")),
    ]
}

fn daemon() -> Fake {
    Fake::start(events(), |_, _| Ok(Value::Null))
}

fn acknowledged(daemon: &Fake) -> Vec<u64> {
    let acks = daemon.calls().into_iter().filter(|(method, _)| method == "event.ack");
    acks.map(|(_, params)| params["cursor"].as_u64().unwrap()).collect()
}

#[test]
fn events_are_printed_one_a_line_until_enough_messages_came() {
    let daemon = daemon();
    let shown = text(&parsctl(daemon.datadir(), &["session", "tail", "--count", "2"]));
    let sender = format!("05{}", crate::SESSION);
    assert_eq!(shown, format!("[4] {sender}: one\nyour records stand in the directory\n[6] {sender}: two\n"));
}

#[test]
fn a_gap_is_printed_with_its_reason_and_is_not_counted_as_a_message() {
    let daemon = daemon();
    let shown = text(&parsctl(daemon.datadir(), &["session", "tail", "--count", "3"]));
    let sender = format!("05{}", crate::SESSION);
    assert!(
        shown.ends_with(&format!("[7] {sender}: a gap: an object cannot be read\n[9] {sender}: three\n")),
        "{shown}"
    );
}

#[test]
fn with_json_each_line_is_one_event() {
    let daemon = daemon();
    let shown = text(&parsctl(daemon.datadir(), &["--json", "session", "tail", "--count", "3"]));
    let told: Vec<Event> = shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told, events());
}

#[test]
fn what_is_printed_is_acknowledged_unless_that_is_not_wanted_or_something_was_left_out() {
    for flags in [&["--no-ack"][..], &["--after", "3"]] {
        let silent = daemon();
        parsctl(silent.datadir(), &[&["session", "tail", "--count", "3"], flags].concat());
        assert_eq!(acknowledged(&silent), Vec::<u64>::new(), "{flags:?}");
    }
    let daemon = daemon();
    parsctl(daemon.datadir(), &["session", "tail", "--count", "3"]);
    assert_eq!(acknowledged(&daemon), [4, 6, 7, 9]);
}

#[test]
fn a_cursor_to_start_from_is_passed_on() {
    let daemon = daemon();
    parsctl(daemon.datadir(), &["session", "tail", "--count", "1", "--after", "3"]);
    parsctl(daemon.datadir(), &["session", "tail", "--count", "1"]);
    let subscribed = daemon.calls().into_iter().filter(|(method, _)| method == "event.subscribe");
    let asked: Vec<Value> = subscribed.map(|(_, params)| params).collect();
    assert_eq!(asked, [json!({"after": 3}), json!({})]);
}

#[test]
fn a_broken_handshake_ends_the_tail_with_status_3() {
    let ending = crate::daemon::rubbish(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
    );
    let output = parsctl(ending.path(), &["--json", "session", "tail"]);
    assert_eq!((output.status.code(), crate::code(&output).as_str()), (Some(3), "daemon_gone"));
}

#[test]
fn a_message_that_could_not_be_printed_is_not_acknowledged() {
    let many: Vec<Message> = (1..=2_000).map(|cursor| received(cursor, &"x".repeat(500))).collect();
    let daemon = Fake::start(many.into_iter().map(Event::MessageReceived).collect(), |_, _| Ok(Value::Null));
    let mut child = Command::new(env!("CARGO_BIN_EXE_parsctl"))
        .args(["session", "tail", "--datadir", daemon.datadir().to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut reader = BufReader::with_capacity(64, child.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    drop(reader);
    assert!(child.wait().unwrap().success(), "a reader that goes is no failure");
    let acknowledged = acknowledged(&daemon);
    assert!(acknowledged.len() < 1_999, "{} acknowledged", acknowledged.len());
}

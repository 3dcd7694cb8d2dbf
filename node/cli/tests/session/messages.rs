//! Sending and reading.

use std::fs;

use serde_json::{Value, json};

use crate::{SESSION, daemon::Fake, document, parsctl, parsctl_reading, received, session, status, text};

fn sending() -> Fake {
    Fake::start(Vec::new(), |method, params| {
        assert_eq!(method, "message.send");
        Ok(json!({"id": "cd".repeat(16), "clientId": params["clientId"]}))
    })
}

/// Twenty messages, three a page, the even ones ours.
fn reading() -> Fake {
    Fake::start(Vec::new(), |method, params| {
        match method {
            "message.markRead" | "event.ack" => return Ok(Value::Null),
            "status.get" => return Ok(status(0)),
            "session.list" => return Ok(json!([session()])),
            other => assert_eq!(other, "message.list"),
        }
        let after = params["after"].as_u64().unwrap();
        let last = (after + params["limit"].as_u64().unwrap().min(3)).min(20);
        let page: Vec<Value> = (after + 1..=last).map(message).collect();
        Ok(json!({"messages": page, "next": (last < 20).then_some(last)}))
    })
}

fn message(cursor: u64) -> Value {
    let mut message = json!(received(cursor, &format!("number {cursor}")));
    if cursor.is_multiple_of(2) {
        (message["direction"], message["state"]) = (json!("sent"), json!("queued"));
    }
    message
}

#[test]
fn a_text_from_argument_file_and_standard_input_is_the_same_request_under_an_id_of_its_own() {
    let daemon = sending();
    let file = daemon.datadir().join("text");
    fs::write(&file, "سلام, world\n").unwrap();
    let send = ["--json", "session", "send", "--session", SESSION];
    let by_argument = parsctl(daemon.datadir(), &[&send[..], &["--message", "سلام, world"]].concat());
    let by_file = parsctl(daemon.datadir(), &[&send[..], &["--message-file", file.to_str().unwrap()]].concat());
    let by_input = parsctl_reading("سلام, world\n".as_bytes(), daemon.datadir(), &send);
    let mut ids = Vec::new();
    for (output, (_, params)) in [by_argument, by_file, by_input].iter().zip(daemon.calls()) {
        assert_eq!((&params["session"], &params["content"]), (&json!(SESSION), &json!("سلام, world")));
        assert_eq!(document(output)["clientId"], params["clientId"]);
        ids.push(params["clientId"].as_str().unwrap().to_owned());
    }
    assert!(ids.iter().all(|id| id.len() == 32));
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

#[test]
fn a_request_that_is_named_keeps_its_name() {
    let daemon = sending();
    let id = "ef".repeat(16);
    for _ in 0..2 {
        parsctl(daemon.datadir(), &["session", "send", "--session", SESSION, "--message", "hi", "--client-id", &id]);
    }
    let ids: Vec<_> = daemon.calls().into_iter().map(|(_, params)| params["clientId"].clone()).collect();
    assert_eq!(ids, [json!(id), json!(id)]);
}

#[test]
fn all_pages_are_read_and_shown_in_order() {
    let daemon = reading();
    let output = parsctl(daemon.datadir(), &["--json", "session", "read", "--session", SESSION]);
    let cursors: Vec<u64> =
        document(&output)["messages"].as_array().unwrap().iter().map(|m| m["cursor"].as_u64().unwrap()).collect();
    assert_eq!(cursors, (1..=20).collect::<Vec<_>>());
    assert_eq!(document(&output)["next"], Value::Null);
    let lines = text(&parsctl(daemon.datadir(), &["session", "read", "--session", SESSION]));
    assert_eq!(lines.lines().nth(1), Some(&*format!("[2] to {SESSION} (on its way): number 2")));
}

#[test]
fn a_limit_ends_the_reading_and_says_where_to_go_on() {
    let daemon = reading();
    let words = ["--json", "session", "read", "--session", SESSION, "--after", "5", "--limit", "4"];
    let read = document(&parsctl(daemon.datadir(), &words));
    assert_eq!((read["messages"].as_array().unwrap().len(), &read["next"]), (4, &json!(9)));
}

#[test]
fn marking_reads_and_acknowledges_up_to_the_last_received_message_that_was_shown() {
    let daemon = reading();
    let shown = text(&parsctl(daemon.datadir(), &["session", "read", "--session", SESSION, "--limit", "6", "--mark"]));
    assert_eq!(shown.lines().count(), 6, "{shown}");
    let changes = |(method, _): &(String, Value)| ["message.markRead", "event.ack"].contains(&method.as_str());
    let changed: Vec<_> = daemon.calls().into_iter().filter(changes).collect();
    let expected =
        [("message.markRead", json!({"session": SESSION, "cursor": 5})), ("event.ack", json!({"cursor": 5}))];
    assert_eq!(changed, expected.map(|(method, params)| (method.to_owned(), params)));
}

#[test]
fn marking_never_acknowledges_what_nobody_has_read_in_another_session() {
    // The other session holds message 3, unread; the one that is read holds 2 and 5.
    let other = "cd".repeat(32);
    let hidden = other.clone();
    let daemon = Fake::start(Vec::new(), move |method, params| {
        let of_hidden = params["session"] == json!(hidden);
        Ok(match method {
            "message.list" if of_hidden => json!({"messages": [received(3, "not looked at")], "next": null}),
            "message.list" => json!({"messages": [received(2, "a"), received(5, "b")], "next": null}),
            "session.list" => {
                let mut second = session();
                second["id"] = json!(hidden);
                json!([session(), second])
            }
            "status.get" => status(1),
            _ => Value::Null,
        })
    });
    parsctl(daemon.datadir(), &["session", "read", "--session", SESSION, "--mark"]);
    assert!(daemon.calls().contains(&("message.markRead".into(), json!({"session": SESSION, "cursor": 5}))));
    assert_eq!(daemon.calls().last(), Some(&("event.ack".into(), json!({"cursor": 2}))));
}

#[test]
fn what_others_wrote_cannot_steer_the_terminal() {
    let daemon = Fake::start(Vec::new(), |_, _| {
        Ok(json!({"messages": [received(1, "\u{1b}]0;title\u{7}\u{202e}x\u{9b}2J")], "next": null}))
    });
    let shown = text(&parsctl(daemon.datadir(), &["session", "read", "--session", SESSION]));
    assert!(shown.trim_end().chars().all(|c| !c.is_control() && c != '\u{202e}'), "{shown:?}");
}

//! `recording …` and `room order`: each asks for its method and prints the answer.

use pars_rpc::{Code, RpcError};
use serde_json::{Value, json};

use crate::{code, daemon::Fake, document, parsctl, text};

fn id(digits: &str) -> String {
    format!("0x{}", digits.repeat(32))
}

fn room() -> String {
    id("11")
}

/// Somebody asks, and this user has agreed to another one before.
fn status() -> Value {
    let ask = json!({"recording": id("55"), "by": 2, "retentionSeconds": 2_592_000, "validUntil": 1_700_003_600});
    json!({
        "room": room(), "phase": "asked", "ask": ask, "agreed": id("44"), "recorder": null, "since": null,
        "participants": null, "own": null, "unsigned": null,
    })
}

fn row() -> Value {
    json!({
        "recording": id("55"), "span": id("66"), "room": room(), "state": "anchored", "by": "other", "key": true,
        "cid": "bafyroot", "beganAt": 100, "endedAt": 110, "bytes": 131_072, "copies": {"confirmed": 1, "asked": 2},
    })
}

fn verified(wraps: bool) -> Value {
    json!({
        "span": id("66"), "cid": "bafyroot", "anchored": true, "wraps": wraps, "ending": "torn", "segments": 3,
        "torn": 1, "bytes": 131_072, "copies": {"confirmed": 1, "asked": 2},
    })
}

fn track(path: Option<&str>) -> Value {
    json!({
        "track": 1, "seat": null, "pseudonym": "0011223344556677", "codec": "opus", "beganMs": 20, "endedMs": 10_020,
        "frames": 500, "ending": "whole", "path": path,
    })
}

fn daemon() -> Fake {
    Fake::start(Vec::new(), |method, _| match method {
        "recording.propose" | "recording.answer" | "recording.stop" | "recording.status" => Ok(status()),
        "recording.list" => Ok(json!([row()])),
        "recording.fetch" => Ok(json!({"span": id("66"), "cid": "bafyroot", "bytes": 131_072})),
        "recording.verify" => Ok(verified(true)),
        "recording.play" => Ok(json!({"tracks": [track(Some("/out/1.webm"))]})),
        "recording.tracks" => Ok(json!({"beganAt": 100_000, "endedMs": 10_020, "tracks": [track(None)]})),
        "recording.forget" => Ok(json!({"spans": 2, "stillPinned": 0})),
        "room.order" => Ok(json!(null)),
        _ => Err(RpcError::from(Code::MethodNotFound)),
    })
}

#[test]
fn each_verb_asks_for_its_method_and_prints_the_answer_as_one_document() {
    let (daemon, room, span, executor) = (daemon(), room(), id("66"), "ab".repeat(32));
    let peer = format!("05{executor}");
    let proposed = json!({
        "room": room, "executor": executor, "retentionSeconds": 2_592_000, "validSeconds": 7_200, "dummies": 5,
    });
    let plain = json!({"room": room, "retentionSeconds": 86_400, "validSeconds": 86_400, "dummies": 0});
    let fetched = json!({"span": span, "cid": "bafyroot", "bytes": 131_072});
    let from = json!({"span": span, "from": ["http://a", "http://b"]});
    let asked = [
        (
            format!("propose --room {room} --retention-days 30 --valid-hours 2 --dummies 5 --executor {peer}"),
            "recording.propose",
            proposed,
            status(),
        ),
        (format!("propose --room {room} --retention-days 1"), "recording.propose", plain, status()),
        (format!("stop --room {room}"), "recording.stop", json!({"room": room}), status()),
        (format!("status --room {room}"), "recording.status", json!({"room": room}), status()),
        ("list".to_owned(), "recording.list", json!({}), json!({"recordings": [row()]})),
        (format!("fetch {span}"), "recording.fetch", json!({"span": span}), fetched.clone()),
        (format!("fetch {span} --from http://a --from http://b"), "recording.fetch", from, fetched),
        (format!("verify {span}"), "recording.verify", json!({"span": span}), verified(true)),
        (
            format!("tracks {span}"),
            "recording.tracks",
            json!({"span": span}),
            json!({"beganAt": 100_000, "endedMs": 10_020, "tracks": [track(None)]}),
        ),
        (format!("forget {span}"), "recording.forget", json!({"span": span}), json!({"spans": 2, "stillPinned": 0})),
        (
            format!("forget --recording {span}"),
            "recording.forget",
            json!({"recording": span}),
            json!({"spans": 2, "stillPinned": 0}),
        ),
    ];
    for (words, method, params, expected) in asked {
        let words: Vec<&str> = ["--json", "recording"].into_iter().chain(words.split(' ')).collect();
        let output = parsctl(daemon.datadir(), &words);
        assert_eq!(document(&output), expected, "{words:?}");
        assert_eq!(daemon.calls().last(), Some(&(method.to_owned(), params)), "{words:?}");
    }
}

#[test]
fn an_answer_names_the_recording_that_is_asked_for_unless_one_is_given() {
    let (daemon, room, other) = (daemon(), room(), id("77"));
    let answer = |words: &[&str]| {
        let words = [&["recording", "answer", "--room", &room], words].concat();
        text(&parsctl(daemon.datadir(), &words));
        let (method, params) = daemon.calls().last().cloned().unwrap();
        assert_eq!(method, "recording.answer");
        params
    };
    assert_eq!(answer(&["yes"]), json!({"room": room, "recording": id("55"), "agree": true}));
    assert_eq!(answer(&["no"]), json!({"room": room, "recording": id("55"), "agree": false}));
    // What was agreed to is taken back, although somebody asks for something else meanwhile.
    let (calls, taken_back) = (daemon.calls(), json!({"room": room, "recording": id("44"), "agree": false}));
    assert_eq!(calls[calls.len() - 2], ("recording.answer".to_owned(), taken_back));
    assert_eq!(answer(&["--recording", &other, "no"]), json!({"room": room, "recording": other, "agree": false}));
}

#[test]
fn plain_files_go_to_an_absolute_folder_and_are_named() {
    let daemon = daemon();
    // The working directory of the daemon is another one.
    let shown = text(&parsctl(daemon.datadir(), &["recording", "play", &id("66"), "--out", "here"]));
    let folder = std::env::current_dir().unwrap().join("here");
    let asked = json!({"span": id("66"), "folder": folder});
    assert_eq!(daemon.calls().last(), Some(&("recording.play".to_owned(), asked)));
    assert!(shown.contains(&folder.display().to_string()) && shown.contains("    /out/1.webm\n"), "{shown}");
}

#[test]
fn other_key_wraps_than_the_chain_names_are_a_failure() {
    let daemon = Fake::start(Vec::new(), |_, _| Ok(verified(false)));
    let output = parsctl(daemon.datadir(), &["--json", "recording", "verify", &id("66")]);
    assert_eq!((output.status.code(), code(&output).as_str()), (Some(1), "wraps_differ"));
    assert_eq!(document(&output)["error"]["details"], verified(false));
}

#[test]
fn people_read_who_asks_what_is_kept_and_what_to_do() {
    let daemon = daemon();
    let shown = |words: &[&str]| text(&parsctl(daemon.datadir(), &[&["recording"], words].concat()));
    let asked = shown(&["status", "--room", &room()]);
    assert!(
        asked.starts_with("Seat 2 asks to record: copies kept for 30 days, consent until 1700003600.\n"),
        "{asked}"
    );
    assert!(asked.contains(&format!("Answer: parsctl recording answer --room {} yes|no\n", room())), "{asked}");
    assert!(asked.contains(&format!("You agreed to recording {}; take it back", id("44"))), "{asked}");
    let list = shown(&["list"]);
    let line =
        "anchored, recorded by another, opens here, from 100 to 110, 131072 bytes, copies 1 of 2\n    root bafyroot\n";
    assert_eq!(list, format!("{}  {line}", id("66")));
    let checked = shown(&["verify", &id("66")]);
    assert!(
        checked.contains("1 of the segments are torn") && checked.contains("The chain names this root"),
        "{checked}"
    );
    let tracks = shown(&["tracks", &id("66")]);
    assert!(tracks.contains("track 1: member 0011223344556677, opus, 500 frames from 20 to 10020 ms\n"), "{tracks}");
}

#[test]
fn an_order_is_given_to_a_seat_or_to_everybody() {
    let (daemon, room) = (daemon(), room());
    let order = |words: &str| {
        let words: Vec<&str> = ["--json", "room", "order", &room].into_iter().chain(words.split(' ')).collect();
        parsctl(daemon.datadir(), &words)
    };
    for (words, kind, seat) in [
        ("promote --seat 3", "promote", Some(3)),
        ("demote --seat 3", "demote", Some(3)),
        ("mute --seat 3", "mute", Some(3)),
        ("unmute --seat 3", "unmute", Some(3)),
        ("kick --seat 3", "kick", Some(3)),
        ("ban --seat 3", "ban", Some(3)),
        ("lower-hand --seat 3", "lowerHand", Some(3)),
        ("lower-hand", "lowerHand", None),
        ("mute-all", "muteAll", None),
        ("accept", "accept", None),
    ] {
        let shown = document(&order(words));
        let word = words.split(' ').next();
        assert_eq!(shown, json!({"roomId": room, "order": word, "seat": seat}));
        let mut asked = json!({"room": room, "kind": kind});
        seat.into_iter().for_each(|seat| asked["seat"] = json!(seat));
        assert_eq!(daemon.calls().last(), Some(&("room.order".to_owned(), asked)), "{words}");
    }
    let before = daemon.calls().len();
    for words in ["kick", "mute", "promote", "accept --seat 3", "mute-all --seat 3", "dance"] {
        assert_eq!(order(words).status.code(), Some(2), "{words}");
    }
    assert_eq!(daemon.calls().len(), before);
}

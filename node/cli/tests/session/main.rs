//! `parsctl session`, `recording`, `room order`, `status` and `peers` against a daemon that answers what it is told to.

mod daemon;
mod messages;
mod recordings;
mod refusals;
mod tail;
mod verbs;

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use pars_rpc::{
    HexBytes,
    message::{Delivery, Direction, Message},
};
use serde_json::{Value, json};

/// The session of the tests.
const SESSION: &str = "abababababababababababababababababababababababababababababababab";

/// Runs `parsctl` with an environment that names nothing, and this on its standard input.
fn parsctl_reading(input: &[u8], datadir: &Path, words: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_parsctl"))
        .env_clear()
        .env("HOME", datadir)
        .env("PARS_DATADIR", datadir)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have refused before it read.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn parsctl(datadir: &Path, words: &[&str]) -> Output {
    parsctl_reading(b"", datadir, words)
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn code(output: &Output) -> String {
    document(output)["error"]["code"].as_str().unwrap_or_else(|| panic!("{output:?}")).to_owned()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn received(cursor: u64, content: &str) -> Message {
    Message {
        cursor,
        id: HexBytes([cursor as u8; 16]),
        session: SESSION.parse().unwrap(),
        sender: format!("05{SESSION}"),
        direction: Direction::Received,
        sequence: cursor,
        timestamp: 1_700_000_100,
        kind: "text".into(),
        content: content.into(),
        delivery: Delivery::Unread,
    }
}

fn session() -> Value {
    json!({
        "id": SESSION, "peer": format!("05{SESSION}"), "ratchet": null, "pqAuth": "pending", "fs": "full",
        "verified": true, "archived": false, "unread": 2,
    })
}

fn status(acknowledged: u64) -> Value {
    json!({
        "network": "dev", "chainId": 7072, "version": "0.1.0", "state": "degraded",
        "chain": {"head": 12, "finalized": 10, "synced": true}, "relays": 6, "firstRelay": "ef".repeat(32),
        "outgoing": 0, "service": null, "executor": true, "cursor": 5, "acknowledged": acknowledged, "paused": [],
    })
}

fn identity() -> Value {
    json!({"id": format!("05{SESSION}"), "link": format!("pars://session/05{SESSION}?b=AAAA"), "published": false})
}

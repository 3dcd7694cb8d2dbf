//! Each verb asks for its method and prints the answer.

use pars_rpc::{Code, RpcError};
use serde_json::{Value, json};

use crate::{SESSION, daemon::Fake, document, identity, parsctl, session, text};

const REVOCATION: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn status() -> Value {
    json!({
        "network": "dev", "chainId": 7072, "version": "0.1.0", "state": "degraded",
        "chain": {"head": 12, "finalized": 10, "synced": true}, "relays": 6, "firstRelay": "ef".repeat(32),
        "outgoing": 0, "service": null, "executor": true, "cursor": 5, "acknowledged": 4,
    })
}

fn peers() -> Value {
    json!({"peers": [{
        "node": "01".repeat(32), "operator": "02".repeat(32), "stake": "15000000000000",
        "addresses": ["127.0.0.1:9000"], "described": true, "firstRelay": true,
    }]})
}

fn created() -> Value {
    let mut created = identity();
    created["revocation"] = json!(REVOCATION);
    created
}

fn daemon() -> Fake {
    Fake::start(Vec::new(), |method, _| match method {
        "identity.create" => Ok(created()),
        "identity.get" => Ok(identity()),
        "session.create" | "session.close" => Ok(session()),
        "session.list" => Ok(json!([session()])),
        "status.get" => Ok(status()),
        "peers.list" => Ok(peers()),
        _ => Err(RpcError::from(Code::MethodNotFound)),
    })
}

#[test]
fn each_verb_asks_for_its_method_and_prints_the_answer_as_one_document() {
    let daemon = daemon();
    let recipient = format!("pars://session/05{SESSION}?b=AAAA");
    let peer = format!("05{SESSION}");
    let asked = [
        (&["session", "identity", "create"][..], "identity.create", json!({}), created()),
        (&["session", "identity", "show"], "identity.get", json!({}), identity()),
        (
            &["session", "create", "--recipient", &recipient],
            "session.create",
            json!({"recipient": recipient}),
            session(),
        ),
        (&["session", "list"], "session.list", json!({}), json!({"sessions": [session()]})),
        (&["session", "close", "--session", &peer], "session.close", json!({"session": SESSION}), session()),
        (&["status"], "status.get", json!({}), status()),
        (&["peers"], "peers.list", json!({}), peers()),
    ];
    for (words, method, params, expected) in asked {
        let output = parsctl(daemon.datadir(), &[&["--json"], words].concat());
        assert_eq!(document(&output), expected, "{words:?}");
        assert_eq!(daemon.calls().last(), Some(&(method.to_owned(), params)), "{words:?}");
    }
}

#[test]
fn a_new_identity_shows_its_revocation_secret_once_with_what_it_is_for() {
    let daemon = daemon();
    let created = text(&parsctl(daemon.datadir(), &["session", "identity", "create"]));
    assert!(created.contains(REVOCATION) && created.contains("ends this identity for ever"), "{created}");
    let shown = text(&parsctl(daemon.datadir(), &["session", "identity", "show"]));
    assert!(!shown.contains(REVOCATION));
}

#[test]
fn people_see_the_link_and_its_qr_code() {
    let shown = text(&parsctl(daemon().datadir(), &["session", "identity", "show"]));
    assert!(shown.contains(&format!("pars://session/05{SESSION}?b=AAAA")));
    assert!(shown.lines().filter(|line| line.contains('█')).count() > 15, "{shown}");
}

#[test]
fn people_read_sentences() {
    let daemon = daemon();
    let status = text(&parsctl(daemon.datadir(), &["status"]));
    assert!(status.starts_with("sessiond 0.1.0 on dev (chain 7072) works, but few relays"), "{status}");
    let list = text(&parsctl(daemon.datadir(), &["session", "list"]));
    assert_eq!(list, format!("{SESSION}  waits for the first answer, identity checked, 2 unread\n"));
    let peers = text(&parsctl(daemon.datadir(), &["peers"]));
    assert_eq!(peers, format!("{}  127.0.0.1:9000, the first relay\n", "01".repeat(32)));
}

//! Each verb asks for its method and prints the answer.

use pars_identity::IdentityId;
use pars_rpc::{
    Code, RpcError,
    event::Event,
    message::{GAP, Message},
};
use serde_json::{Value, json};

use crate::{SESSION, daemon::Fake, document, identity, parsctl, session, status, text};

const REVOCATION: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

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
        "identity.revocation" => Ok(json!({"revocation": REVOCATION})),
        "session.create" | "session.close" => Ok(session()),
        "session.list" => Ok(json!([session()])),
        "status.get" => Ok(status(4)),
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
        (&["session", "identity", "revocation"], "identity.revocation", json!({}), json!({"revocation": REVOCATION})),
        (
            &["session", "create", "--recipient", &recipient],
            "session.create",
            json!({"recipient": recipient}),
            session(),
        ),
        (&["session", "list"], "session.list", json!({}), json!({"sessions": [session()]})),
        (&["session", "close", "--session", &peer], "session.close", json!({"session": SESSION}), session()),
        (&["status"], "status.get", json!({}), status(4)),
        (&["peers"], "peers.list", json!({}), peers()),
    ];
    for (words, method, params, expected) in asked {
        let output = parsctl(daemon.datadir(), &[&["--json"], words].concat());
        assert_eq!(document(&output), expected, "{words:?}");
        assert_eq!(daemon.calls().last(), Some(&(method.to_owned(), params)), "{words:?}");
    }
}

#[test]
fn the_revocation_secret_is_shown_at_creation_and_on_demand_with_what_it_is_for_and_nowhere_else() {
    let daemon = daemon();
    for verb in ["create", "revocation"] {
        let shown = text(&parsctl(daemon.datadir(), &["session", "identity", verb]));
        assert!(shown.contains(REVOCATION) && shown.contains("ends this identity for ever"), "{shown}");
    }
    let shown = text(&parsctl(daemon.datadir(), &["session", "identity", "show"]));
    assert!(!shown.contains(REVOCATION));
}

#[test]
fn people_see_the_id_in_checksum_case_the_link_and_its_qr_code() {
    let shown = text(&parsctl(daemon().datadir(), &["session", "identity", "show"]));
    let id: IdentityId = format!("05{SESSION}").parse().unwrap();
    assert!(shown.starts_with(&format!("Identity {}\n", id.to_checksum_case())), "{shown}");
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

#[test]
fn a_paused_session_is_named_with_the_command_that_lets_it_go_on() {
    let daemon = Fake::start(Vec::new(), |_, _| {
        let mut paused = status(4);
        paused["paused"] = json!([{"session": SESSION, "open": 1024}]);
        Ok(paused)
    });
    let shown = text(&parsctl(daemon.datadir(), &["status"]));
    let sentence = format!(
        "session {SESSION} is read no further: 1024 of its messages are open. Read them with: parsctl session read --session {SESSION} --mark"
    );
    assert!(shown.contains(&sentence), "{shown}");
    assert!(!text(&parsctl(self::daemon().datadir(), &["status"])).contains("Paused"));
}

#[test]
fn what_came_into_the_inbox_and_cannot_be_read_is_shown_as_that() {
    let gap = Message {
        kind: GAP.into(),
        ..crate::received(3, "the records of this first contact did not come within a day")
    };
    // A message after it ends the tail.
    let told = vec![Event::Gap(gap.clone()), Event::MessageReceived(crate::received(4, "one"))];
    // The session of the daemon's own account, as it comes.
    let daemon = Fake::start(told, move |method, _| match method {
        "identity.get" => Ok(identity()),
        "session.list" => {
            let mut inbox = session();
            (inbox["pqAuth"], inbox["unread"]) = (json!("none"), json!(1));
            Ok(json!([inbox]))
        }
        "message.list" => Ok(json!({"messages": [gap], "next": null})),
        _ => Ok(Value::Null),
    });
    let listed = text(&parsctl(daemon.datadir(), &["session", "list"]));
    let expected =
        format!("{SESSION}  your inbox: first contacts that cannot be read (session read says why), 1 unread\n");
    assert_eq!(listed, expected);
    let line =
        "[3] a first contact that cannot be read, of whom is unknown: the records of this first contact did not come";
    let read = text(&parsctl(daemon.datadir(), &["session", "read", "--session", SESSION]));
    assert!(read.starts_with(line), "{read}");
    let tail = text(&parsctl(daemon.datadir(), &["session", "tail", "--no-ack", "--count", "1"]));
    assert!(tail.starts_with(line), "{tail}");
}

//! JSON-RPC: bodies that clients send, parameters of every call, answers and events as a client reads them.

use pars_rpc::HexBytes;
use pars_rpc::call::{Call, Visitor, visit_all};
use pars_rpc::envelope::{Incoming, MAX_BATCH, Notification, Request, Response, read};
use pars_rpc::event::Event;
use pars_rpc::room::{Account, Room};
use serde_json::{Value, json};

use super::circuits::json as read_again;
use crate::Outcome;
use crate::check::same;
use crate::corpus::Seeds;

/// A body: every part is a request, or the answer to what is none, and each part is answered once.
pub(crate) fn body(bytes: &[u8]) -> Outcome {
    match read(bytes) {
        Incoming::Single(part) => Outcome::of(is_request(&part)),
        Incoming::Batch(parts) => {
            assert!(!parts.is_empty() && parts.len() <= MAX_BATCH, "a batch of {}", parts.len());
            Outcome::of(parts.iter().map(is_request).fold(true, |all, one| all & one))
        }
    }
}

/// Whether it is a request; one that was read reads again as one of the same id and method, a refusal can be sent. (A
/// fraction among the parameters may lose its last digit on the way: no method takes one.)
fn is_request(part: &Result<Request, Response>) -> bool {
    match part {
        Ok(request) => {
            let text = serde_json::to_vec(request).expect("a request that was read");
            let Incoming::Single(Ok(again)) = read(&text) else { panic!("no request any more: {request:?}") };
            assert_eq!((&again.id, &again.method), (&request.id, &request.method));
            true
        }
        Err(response) => {
            assert!(serde_json::to_vec(response).is_ok());
            false
        }
    }
}

struct Params<'a> {
    value: &'a Value,
    read: bool,
}

impl Visitor for Params<'_> {
    fn visit<C: Call>(&mut self) {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": C::METHOD.name(), "params": self.value});
        let Ok(request) = serde_json::from_value::<Request>(request) else { return };
        if let Ok(params) = request.params::<C>() {
            let again = serde_json::to_value(&params).expect("parameters that were read");
            let once_more = serde_json::from_value::<C>(again.clone()).expect("what was written");
            assert_eq!(serde_json::to_value(once_more).expect("the same"), again);
            self.read = true;
        }
    }
}

/// Parameters, given to every call in turn.
pub(crate) fn call(bytes: &[u8]) -> Outcome {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return Outcome::Refused };
    let mut params = Params { value: &value, read: false };
    visit_all(&mut params);
    Outcome::of(params.read)
}

/// An answer as a client reads it: what was read reads again as an answer to the same request.
pub(crate) fn response(bytes: &[u8]) -> Outcome {
    let Ok(response) = serde_json::from_slice::<Response>(bytes) else { return Outcome::Refused };
    let text = serde_json::to_vec(&response).expect("an answer that was read");
    let again = serde_json::from_slice::<Response>(&text).expect("what was written");
    assert_eq!(again.id, response.id);
    assert_eq!(again.into_result().is_ok(), response.into_result().is_ok());
    Outcome::Accepted
}

/// An event as a client reads it, alone and as a notification.
pub(crate) fn event(bytes: &[u8]) -> Outcome {
    read_again::<Notification>(bytes);
    read_again::<Event>(bytes)
}

/// 32 bytes in hexadecimal digits.
pub(crate) fn id(bytes: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(bytes);
    let id = text.parse::<HexBytes<32>>();
    if let Ok(id) = &id {
        same(id.to_string().as_bytes(), text.to_ascii_lowercase().as_bytes());
    }
    Outcome::of(id.is_ok())
}

/// `0x` and the digits of a room or an account.
pub(crate) fn prefixed(bytes: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(bytes);
    let printed =
        text.parse::<Room>().map(|id| id.to_string()).or_else(|_| text.parse::<Account>().map(|id| id.to_string()));
    if let Ok(printed) = &printed {
        same(printed.as_bytes(), text.to_ascii_lowercase().as_bytes());
    }
    Outcome::of(printed.is_ok())
}

pub(super) fn seeds(seeds: &mut Seeds) {
    let text = |value: Value| value.to_string();
    let request = |id: Value, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let session = "5a".repeat(32);
    let send = json!({"session": session, "content": "salam", "clientId": "ab".repeat(16)});
    seeds.add("rpc-body", "send", text(request(json!(1), "message.send", send.clone())));
    let batch = json!([request(json!("a"), "status.get", json!({})), request(json!(null), "GetPeers", json!([]))]);
    seeds.add("rpc-body", "batch", text(batch));
    seeds.add(
        "rpc-body",
        "notification",
        r#"{"jsonrpc":"2.0","method":"event.ack","params":{"cursor":18446744073709551615}}"#,
    );
    for (name, hostile) in [
        ("deep", "[".repeat(10_000)),
        ("two-methods", r#"{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}"#.to_owned()),
        ("id-beyond-64-bits", r#"{"jsonrpc":"2.0","id":184467440737095516160,"method":"a"}"#.to_owned()),
        ("id-with-a-fraction", r#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#.to_owned()),
        ("half-a-character", r#"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#.to_owned()),
        ("not-a-number", r#"{"jsonrpc":"2.0","id":NaN,"method":"a"}"#.to_owned()),
        ("another-version", r#"{"jsonrpc":"1.0","id":1,"method":"a"}"#.to_owned()),
        ("empty-batch", "[]".to_owned()),
        ("batch-of-65", text(Value::Array(vec![request(json!(1), "status.get", json!({})); MAX_BATCH + 1]))),
    ] {
        seeds.add("rpc-body", name, hostile);
    }
    params(seeds, &session, send);
    answers(seeds, &session);
    seeds.add("rpc-id", "lower-case", &session);
    seeds.add("rpc-id", "upper-case", session.to_uppercase());
    seeds.add("rpc-id", "one-digit-less", &session[1..]);
    seeds.add("rpc-id", "wide-digits", "５".repeat(64));
    seeds.add("rpc-prefixed", "room", format!("0x{session}"));
    seeds.add("rpc-prefixed", "account", format!("0x{}", "Ab".repeat(20)));
    seeds.add("rpc-prefixed", "two-prefixes", format!("0x0x{}", &session[2..]));
    seeds.add("rpc-prefixed", "upper-case-prefix", format!("0X{session}"));
}

fn params(seeds: &mut Seeds, session: &str, send: Value) {
    let link = format!("pars://session/05{session}?b={}", "cd".repeat(16));
    for (name, value) in [
        ("nothing", json!({})),
        ("send", send),
        ("recipient", json!({"recipient": link})),
        ("page", json!({"session": session, "after": 7, "limit": 256, "since": 1_800_000_000_u64})),
        ("mark", json!({"session": session, "cursor": 9})),
        (
            "certify",
            json!({"chainId": 7_072, "trigger": "11".repeat(20), "account": "22".repeat(20), "signerId": session}),
        ),
        ("unknown-field", json!({"session": session, "verbose": true})),
        ("negative-cursor", json!({"cursor": -1})),
        ("list", json!([1, 2])),
    ] {
        seeds.add("rpc-call", name, value.to_string());
    }
}

fn answers(seeds: &mut Seeds, session: &str) {
    for (name, value) in [
        ("result", json!({"jsonrpc": "2.0", "id": 1, "result": null})),
        ("error", json!({"jsonrpc": "2.0", "id": "a", "error": {"code": -32_601, "message": "no such method"}})),
        ("both", json!({"jsonrpc": "2.0", "id": 1, "result": 1, "error": {"code": 1, "message": ""}})),
        ("neither", json!({"jsonrpc": "2.0", "id": 1})),
    ] {
        seeds.add("rpc-response", name, value.to_string());
    }
    let message = json!({
        "cursor": 7, "id": "ab".repeat(16), "session": session, "sender": format!("05{session}"), "direction": "received",
        "sequence": 1, "timestamp": 1_800_000_000_u64, "kind": "text", "content": "سلام", "state": "unread",
    });
    let received = json!({"type": "messageReceived", "data": message});
    seeds.add("rpc-event", "received", received.to_string());
    let stored = json!({"type": "messageReceived", "data": {"state": "stored", "copies": -1}});
    seeds.add("rpc-event", "fewer-than-no-copies", stored.to_string());
    seeds.add("rpc-event", "published", json!({"type": "published", "data": {}}).to_string());
    let told = json!({"jsonrpc": "2.0", "method": "event", "params": received});
    seeds.add("rpc-event", "notification", told.to_string());
    seeds.add("rpc-event", "unknown-type", json!({"type": session, "data": {}}).to_string());
}

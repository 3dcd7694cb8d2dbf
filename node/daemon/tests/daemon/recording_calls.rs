//! Calls about recordings: what each door lets through, and what is refused by its number.

use pars_rpc::Code;
use serde_json::{Value, json};

use crate::support::{World, call};

fn id() -> String {
    format!("0x{}", "66".repeat(32))
}

fn propose(retention: u64, valid: u64, dummies: u16) -> Value {
    json!({"room": id(), "retentionSeconds": retention, "validSeconds": valid, "dummies": dummies})
}

#[tokio::test]
async fn a_page_neither_has_plain_files_written_nor_names_machines_to_ask() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let file: Value = serde_json::from_slice(&std::fs::read(world.datadir("a").join("rpc.json")).unwrap()).unwrap();
    let page = async |method: &str, params: Value| -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let http =
            reqwest::Client::new().post(daemon.ready().http.clone()).bearer_auth(file["token"].as_str().unwrap());
        let answer = http.header("content-type", "application/json").body(request).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    let folder = world.datadir("plain");
    let play = json!({"span": id(), "folder": folder});
    let from = json!({"span": id(), "from": ["http://127.0.0.1:1"]});
    for (method, params) in [("recording.play", play), ("recording.fetch", from)] {
        let refused = page(method, params.clone()).await;
        assert_eq!(refused["error"]["code"], Code::InvalidRequest as i32, "{method}: {refused}");
        let taken = call(&daemon.ready().socket, method, params).await;
        assert_eq!(taken["error"]["code"], Code::RecordingUnknown as i32, "{method}: {taken}");
    }
    assert!(!folder.exists(), "a refused call leaves nothing");
    assert_eq!(page("recording.fetch", json!({"span": id()})).await["error"]["code"], Code::RecordingUnknown as i32);
    daemon.stop().await.unwrap();
}

#[tokio::test]
async fn a_call_that_cannot_be_meant_is_refused_before_anything_is_looked_up() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let read = |length: u32| json!({"span": id(), "track": 1, "offset": 0, "length": length});
    let from: Vec<String> = (0..9).map(|port| format!("http://127.0.0.1:{port}")).collect();
    for (method, params) in [
        ("recording.propose", propose(0, 60, 0)),
        ("recording.propose", propose(60, 0, 0)),
        ("recording.propose", propose(60, 86_401, 0)),
        ("recording.propose", propose(60, 60, u16::MAX)),
        ("recording.fetch", json!({"span": id(), "from": from})),
        ("recording.play", json!({"span": id(), "folder": "plain"})),
        ("recording.read", read(0)),
        ("recording.read", read(262_145)),
        ("recording.forget", json!({})),
        ("recording.forget", json!({"span": id(), "recording": id()})),
    ] {
        let response = call(&daemon.ready().socket, method, params.clone()).await;
        assert_eq!(response["error"]["code"], Code::InvalidParams as i32, "{method} {params}: {response}");
    }
    let socket = &daemon.ready().socket;
    assert_eq!(call(socket, "recording.list", json!({})).await["result"], json!([]));
    for (method, params) in [
        ("recording.verify", json!({"span": id()})),
        ("recording.tracks", json!({"span": id()})),
        ("recording.read", read(1)),
        ("recording.forget", json!({"span": id()})),
    ] {
        let response = call(socket, method, params).await;
        assert_eq!(response["error"]["code"], Code::RecordingUnknown as i32, "{method}: {response}");
    }
    daemon.stop().await.unwrap();
}

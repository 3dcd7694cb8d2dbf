//! Calls over the socket and over loopback HTTP.

use std::os::unix::fs::PermissionsExt;

use pars_rpc::Code;
use serde_json::{Value, json};

use crate::support::{World, call, post};

fn code(response: &Value) -> i64 {
    response["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {response}"))
}

#[tokio::test]
async fn an_identity_is_made_once_and_kept_over_a_restart() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let socket = daemon.ready().socket.clone();
    assert_eq!(code(&call(&socket, "identity.get", json!({})).await), Code::NoIdentity as i64);
    let status = call(&socket, "status.get", json!({})).await;
    assert_eq!(status["result"]["state"], "noIdentity", "{status}");
    let created = call(&socket, "identity.create", json!({})).await["result"].clone();
    assert_eq!(created["revocation"].as_str().unwrap().len(), 64);
    assert!(created["id"].as_str().unwrap().starts_with("05"));
    assert!(created["link"].as_str().unwrap().starts_with("pars://session/05"));
    assert_eq!(code(&call(&socket, "CreateIdentity", json!({})).await), Code::IdentityExists as i64);
    daemon.stop().await.unwrap();
    let daemon = world.member("a").await;
    let socket = daemon.ready().socket.clone();
    let shown = call(&socket, "GetIdentity", json!({})).await["result"].clone();
    assert_eq!((&shown["id"], &shown["link"]), (&created["id"], &created["link"]));
    assert_eq!(shown["published"], false, "no node stands yet");
    assert_eq!(code(&call(&socket, "identity.create", json!({})).await), Code::IdentityExists as i64);
    daemon.stop().await.unwrap();
}

#[tokio::test]
async fn only_the_owner_may_use_what_the_daemon_keeps_and_a_clean_end_leaves_no_address() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let dir = world.datadir("a");
    let mode = |name: &str| std::fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("."), 0o700);
    for name in ["sessiond.sock", "rpc.json", "store.key", "session.redb", "index.db", "sessiond.lock"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    let file: Value = serde_json::from_slice(&std::fs::read(dir.join("rpc.json")).unwrap()).unwrap();
    assert_eq!(file["network"], "dev");
    assert_eq!(file["token"].as_str().unwrap().len(), 64);
    assert_eq!(file["http"], json!(daemon.ready().http));
    daemon.stop().await.unwrap();
    assert!(!dir.join("rpc.json").exists() && !dir.join("sessiond.sock").exists());
}

#[tokio::test]
async fn loopback_http_wants_the_token_the_host_and_no_foreign_origin() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let file: Value = serde_json::from_slice(&std::fs::read(world.datadir("a").join("rpc.json")).unwrap()).unwrap();
    let token = file["token"].as_str().unwrap().to_owned();
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "status.get"}).to_string();
    let send = async |headers: &[(&str, &str)]| {
        let builder = reqwest::Client::new().post(daemon.ready().http.clone()).body(request.clone());
        let mut builder = builder.header("content-type", "application/json");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.send().await.unwrap().status().as_u16()
    };
    let bearer = format!("Bearer {token}");
    let wrong = format!("Bearer {}", "0".repeat(64));
    assert_eq!(send(&[("authorization", &bearer)]).await, 200);
    assert_eq!(send(&[]).await, 401);
    assert_eq!(send(&[("authorization", &wrong)]).await, 401);
    assert_eq!(send(&[("authorization", &bearer), ("host", "attacker.example")]).await, 403);
    assert_eq!(send(&[("authorization", &bearer), ("origin", "http://attacker.example")]).await, 403);
    daemon.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_a_request_has_its_number() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let socket = daemon.ready().socket.clone();
    let id = "00".repeat(32);
    for (method, params, expected) in [
        ("no.such", json!({}), Code::MethodNotFound),
        ("status.get", json!({"verbose": true}), Code::InvalidParams),
        ("session.close", json!({}), Code::InvalidParams),
        ("message.send", json!({"session": "xyz", "content": "a"}), Code::InvalidParams),
        ("session.create", json!({"recipient": "nobody"}), Code::InvalidParams),
        ("session.list", json!({}), Code::NoIdentity),
        ("message.send", json!({"session": id, "content": "a"}), Code::NoIdentity),
        ("event.subscribe", json!({}), Code::InvalidRequest),
        ("group.create", json!({}), Code::NotSupported),
        ("SendFile", json!({}), Code::NotSupported),
    ] {
        let response = call(&socket, method, params).await;
        assert_eq!(code(&response), expected as i64, "{method}: {response}");
    }
    call(&socket, "identity.create", json!({})).await;
    for (method, params, expected) in [
        ("message.send", json!({"session": id, "content": "a"}), Code::UnknownSession),
        ("message.send", json!({"session": id, "content": ""}), Code::ContentSize),
        (
            "trigger.certify",
            json!({"chainId": 1, "trigger": "11".repeat(20), "account": "22".repeat(20), "signerId": id}),
            Code::ActionRefused,
        ),
        (
            "trigger.send",
            json!({"session": id, "certificate": "00", "sessionMessage": "", "signature": ""}),
            Code::ActionRefused,
        ),
        ("message.list", json!({"session": id}), Code::UnknownSession),
        ("message.list", json!({"session": id, "limit": 0}), Code::InvalidParams),
        ("session.close", json!({"session": id}), Code::UnknownSession),
    ] {
        let response = call(&socket, method, params).await;
        assert_eq!(code(&response), expected as i64, "{method}: {response}");
    }
    daemon.stop().await.unwrap();
}

#[tokio::test]
async fn a_trigger_key_is_certified_for_this_chain_and_only_our_own_certificate_is_carried() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let other = world.member("b").await;
    let certify = |chain: u64| json!({"chainId": chain, "trigger": "11".repeat(20), "account": "22".repeat(20), "signerId": "33".repeat(32)});
    let mut certificates = Vec::new();
    for daemon in [&daemon, &other] {
        let socket = &daemon.ready().socket;
        assert_eq!(code(&call(socket, "trigger.certify", certify(7072)).await), Code::NoIdentity as i64);
        call(socket, "identity.create", json!({})).await;
        let certificate = call(socket, "trigger.certify", certify(7072)).await["result"]["certificate"].clone();
        let certificate = certificate.as_str().unwrap().to_owned();
        assert_eq!(certificate.len(), 2 * 4_771);
        certificates.push(certificate);
    }
    for (certificate, expected) in [(&certificates[1], Code::ActionRefused), (&certificates[0], Code::UnknownSession)] {
        let params = json!({
            "session": "00".repeat(32), "certificate": certificate,
            "sessionMessage": "00".repeat(352), "signature": "00".repeat(4_627),
        });
        let response = call(&daemon.ready().socket, "trigger.send", params).await;
        assert_eq!(code(&response), expected as i64, "{response}");
    }
    daemon.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test]
async fn a_batch_is_answered_as_one_and_another_network_is_refused() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let socket = daemon.ready().socket.clone();
    let batch = json!([
        {"jsonrpc": "2.0", "id": "a", "method": "status.get"},
        {"jsonrpc": "2.0", "method": "status.get"},
        {"jsonrpc": "2.0", "id": 2, "method": "identity.get", "params": {}},
        {"id": 3},
    ]);
    let (status, body) = post(&socket, "", &batch.to_string()).await;
    let answers: Vec<Value> = serde_json::from_str(&body).unwrap();
    assert_eq!((status, answers.len()), (200, 3), "{body}");
    let by_id = |id: Value| answers.iter().find(|answer| answer["id"] == id).unwrap();
    assert_eq!(by_id(json!("a"))["result"]["network"], "dev");
    assert_eq!(code(by_id(json!(2))), Code::NoIdentity as i64);
    assert_eq!(code(by_id(json!(3))), Code::InvalidRequest as i64);
    let (status, body) = post(&socket, "", r#"{"jsonrpc":"2.0","method":"status.get"}"#).await;
    assert_eq!((status, body.as_str()), (204, ""), "a notification has no answer");
    let one = r#"{"jsonrpc":"2.0","id":1,"method":"status.get"}"#;
    let (_, body) = post(&socket, "Pars-Network: testnet\r\n", one).await;
    assert_eq!(code(&serde_json::from_str(&body).unwrap()), Code::WrongNetwork as i64);
    let (_, body) = post(&socket, "Pars-Network: dev\r\n", one).await;
    assert!(body.contains("\"result\""), "{body}");
    let (status, _) = post(&socket, "", &"x".repeat(300_000)).await;
    assert_eq!(status, 413);
    daemon.stop().await.unwrap();
}

#[tokio::test]
async fn the_index_is_followed_and_a_second_daemon_on_the_directory_is_refused() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let socket = daemon.ready().socket.clone();
    let second = pars_daemon::config::Config::check(world.datadir("a"), world.settings()).unwrap();
    let error = pars_daemon::daemon::Daemon::start(second).await.unwrap_err();
    assert!(error.to_string().contains("another sessiond"), "{error}");
    // The index follows by itself; each look waits for a later one.
    loop {
        let status = call(&socket, "status.get", json!({})).await["result"].clone();
        if status["chain"]["synced"] == true && status["chain"]["finalized"].as_u64() > Some(0) {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(call(&socket, "peers.list", json!({})).await["result"]["peers"], json!([]));
    daemon.stop().await.unwrap();
}

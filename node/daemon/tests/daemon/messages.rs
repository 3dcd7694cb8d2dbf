//! Five service nodes and two members in one process: a message, its events, their acknowledgement.

use alloy::primitives::U256;
use futures::future::join_all;
use futures::{SinkExt, StreamExt};
use pars_bindings::ParsToken::transferCall;
use pars_bindings::ServiceNodeRegistry::rollEpochCall;
use pars_daemon::args::Settings;
use pars_daemon::daemon::Daemon;
use pars_devnet::dev_accounts;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{World, call};

const STAKE: u64 = 1_000_000_000_000;

/// Service nodes that stand in the registry of today, and where discovery begins.
async fn services(world: &World) -> (Vec<Daemon>, String) {
    let settings = |account: usize, bootstrap: Vec<String>| Settings {
        service: true,
        dev_account: Some(account),
        bootstrap,
        ..world.settings()
    };
    for account in &dev_accounts()[1..=5] {
        let stake = transferCall { to: account.address(), value: U256::from(STAKE) };
        world.send(world.contracts.pars, &stake).await;
    }
    let first = world.daemon("s1", settings(1, Vec::new())).await;
    let bootstrap = first.ready().listen.clone();
    let others = (2..=5).map(|account| {
        let (settings, name) = (settings(account, vec![bootstrap.clone()]), format!("s{account}"));
        async move { world.daemon(&name, settings).await }
    });
    let mut all = join_all(others).await;
    all.push(first);
    world.send(world.contracts.service_node_registry, &rollEpochCall {}).await;
    (all, bootstrap)
}

struct Subscriber(WebSocketStream<UnixStream>);

impl Subscriber {
    async fn start(daemon: &Daemon, params: Value) -> Self {
        let stream = UnixStream::connect(&daemon.ready().socket).await.unwrap();
        let (mut socket, _) = client_async("ws://localhost/ws", stream).await.unwrap();
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "event.subscribe", "params": params});
        socket.send(Message::Text(request.to_string().into())).await.unwrap();
        let mut subscriber = Self(socket);
        assert_eq!(subscriber.next().await, json!({"jsonrpc": "2.0", "id": 1, "result": null}));
        subscriber
    }

    async fn next(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.0.next().await.unwrap().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// The data of the next event of a type.
    async fn event(&mut self, wanted: &str) -> Value {
        loop {
            let told = self.next().await;
            assert_eq!((&told["method"], &told["jsonrpc"]), (&json!("event"), &json!("2.0")));
            if told["params"]["type"] == wanted {
                return told["params"]["data"].clone();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_told_until_it_is_acknowledged_and_the_same_request_is_the_same_message() {
    let world = World::start().await;
    let (services, bootstrap) = services(&world).await;
    let settings = || Settings { bootstrap: vec![bootstrap.clone()], ..world.settings() };
    let (a, b) = (world.daemon("a", settings()).await, world.daemon("b", settings()).await);
    let [to_a, to_b] = [&a, &b].map(|daemon| daemon.ready().socket.clone());
    let own = call(&to_a, "identity.create", json!({})).await["result"].clone();
    let other = call(&to_b, "identity.create", json!({})).await["result"].clone();
    let mut told_b = Subscriber::start(&b, json!({})).await;
    // Wait for the event, but a daemon that was quicker than the subscriber says so itself.
    if call(&to_b, "identity.get", json!({})).await["result"]["published"] != true {
        told_b.event("published").await;
    }
    let mut told_a = Subscriber::start(&a, json!({})).await;
    let session = call(&to_a, "session.create", json!({"recipient": other["link"]})).await["result"].clone();
    assert_eq!((&session["verified"], &session["peer"]), (&json!(true), &other["id"]), "{session}");
    assert_eq!(told_a.event("sessionChanged").await["id"], session["id"]);
    let send = json!({"session": session["id"], "content": "hello", "clientId": "ab".repeat(16)});
    let sent = call(&to_a, "message.send", send.clone()).await["result"].clone();
    assert_eq!(call(&to_a, "SendMessage", send).await["result"], sent, "the same request is the same message");
    while told_a.event("messageUpdated").await["state"] != "stored" {}

    let told = told_b.event("messageReceived").await;
    assert_eq!((&told["content"], &told["id"], &told["sender"]), (&json!("hello"), &sent["id"], &own["id"]));
    let again = Subscriber::start(&b, json!({})).await.event("messageReceived").await;
    assert_eq!(again, told, "not acknowledged: told again, the same");
    b.stop().await.unwrap();
    let b = world.daemon("b", settings()).await;
    let after_restart = Subscriber::start(&b, json!({"after": 0})).await.event("messageReceived").await;
    assert_eq!(after_restart, told);
    call(&to_b, "event.ack", json!({"cursor": told["cursor"]})).await;
    let status = call(&to_b, "status.get", json!({})).await["result"].clone();
    assert_eq!((&status["acknowledged"], &status["cursor"]), (&told["cursor"], &told["cursor"]));

    // Acknowledged: the next thing a new subscriber hears of is the next message.
    let mut fresh = Subscriber::start(&b, json!({})).await;
    let second = json!({"session": session["id"], "content": "second"});
    let second = call(&to_a, "message.send", second).await["result"].clone();
    assert_eq!(fresh.event("messageReceived").await["id"], second["id"]);
    let from_b = json!({"session": told["session"], "cursor": told["cursor"]});
    assert_eq!(call(&to_b, "message.markRead", from_b).await["result"], Value::Null);
    let listed = call(&to_b, "message.list", json!({"session": told["session"]})).await["result"]["messages"].clone();
    assert_eq!((&listed[0]["state"], &listed[1]["state"]), (&json!("read"), &json!("unread")));
    for daemon in services.into_iter().chain([a, b]) {
        daemon.stop().await.unwrap();
    }
}

//! Service nodes of one network, members on it, and what a subscriber is told.

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

/// Five service nodes that stand in the registry of today, and where discovery begins.
pub(crate) async fn services(world: &World) -> (Vec<Daemon>, String) {
    let (all, bootstrap) = unrolled(world, 5).await;
    roll(world).await;
    (all, bootstrap)
}

/// What an account needs to be a service node.
pub(crate) async fn stake(world: &World, account: usize) {
    let stake = transferCall { to: dev_accounts()[account].address(), value: U256::from(STAKE) };
    world.send(world.contracts.pars, &stake).await;
}

/// Who is registered now stands in the registry of today.
pub(crate) async fn roll(world: &World) {
    world.send(world.contracts.service_node_registry, &rollEpochCall {}).await;
}

/// Service nodes of accounts 1 and on, registered, and where discovery begins.
pub(crate) async fn unrolled(world: &World, count: usize) -> (Vec<Daemon>, String) {
    let settings = |account: usize, bootstrap: Vec<String>| Settings {
        service: true,
        dev_account: Some(account),
        bootstrap,
        ..world.settings()
    };
    for account in 1..=count {
        stake(world, account).await;
    }
    let first = world.daemon("s1", settings(1, Vec::new())).await;
    let bootstrap = first.ready().listen.clone();
    let others = (2..=count).map(|account| {
        let (settings, name) = (settings(account, vec![bootstrap.clone()]), format!("s{account}"));
        async move { world.daemon(&name, settings).await }
    });
    let mut all = join_all(others).await;
    all.push(first);
    (all, bootstrap)
}

/// A subscription over the Unix socket.
pub(crate) struct Subscriber(WebSocketStream<UnixStream>);

impl Subscriber {
    pub(crate) async fn start(daemon: &Daemon, params: Value) -> Self {
        let stream = UnixStream::connect(&daemon.ready().socket).await.unwrap();
        let (mut socket, _) = client_async("ws://localhost/ws", stream).await.unwrap();
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "event.subscribe", "params": params});
        socket.send(Message::Text(request.to_string().into())).await.unwrap();
        let mut subscriber = Self(socket);
        assert_eq!(subscriber.next().await, json!({"jsonrpc": "2.0", "id": 1, "result": null}));
        subscriber
    }

    pub(crate) async fn next(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.0.next().await.unwrap().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// The data of the next event of a type.
    pub(crate) async fn event(&mut self, wanted: &str) -> Value {
        loop {
            let told = self.next().await;
            assert_eq!((&told["method"], &told["jsonrpc"]), (&json!("event"), &json!("2.0")));
            if told["params"]["type"] == wanted {
                return told["params"]["data"].clone();
            }
        }
    }
}

/// A member's daemon whose identity is published.
pub(crate) struct Person {
    pub(crate) daemon: Daemon,
    pub(crate) told: Subscriber,
    /// What `identity.create` answered.
    pub(crate) identity: Value,
}

impl Person {
    pub(crate) async fn start(world: &World, name: &str, bootstrap: &str) -> Self {
        let settings = Settings { bootstrap: vec![bootstrap.to_owned()], ..world.settings() };
        let daemon = world.daemon(name, settings).await;
        let socket = daemon.ready().socket.clone();
        let identity = call(&socket, "identity.create", json!({})).await["result"].clone();
        let mut told = Subscriber::start(&daemon, json!({})).await;
        // Wait for the event, but a daemon that was quicker than the subscriber says so itself.
        if call(&socket, "identity.get", json!({})).await["result"]["published"] != true {
            told.event("published").await;
        }
        Self { daemon, told, identity }
    }

    /// Two of them, each published while the other is: most of it is waiting.
    pub(crate) async fn pair(world: &World, bootstrap: &str) -> (Self, Self) {
        tokio::join!(Self::start(world, "a", bootstrap), Self::start(world, "b", bootstrap))
    }

    /// The result of a call that succeeds.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let response = call(&self.daemon.ready().socket, method, params).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].clone()
    }

    /// Send a text and wait until it lies at enough nodes.
    pub(crate) async fn send(&mut self, session: &Value, content: &str) -> Value {
        let sent = self.call("message.send", json!({"session": session, "content": content})).await;
        loop {
            let updated = self.told.event("messageUpdated").await;
            if updated["id"] == sent["id"] && updated["state"] == "stored" {
                return updated;
            }
        }
    }

    /// Wait until these were received, in any order, each once and nothing else.
    pub(crate) async fn heard<const N: usize>(&mut self, contents: [&str; N]) {
        let mut heard = Vec::new();
        while heard.len() < N {
            heard.push(self.told.event("messageReceived").await["content"].clone());
        }
        for content in contents {
            assert_eq!(heard.iter().filter(|one| **one == content).count(), 1, "{content}: {heard:?}");
        }
    }

    /// The session's id of the person with this identity.
    pub(crate) fn session_with(identity: &Value) -> Value {
        json!(identity["id"].as_str().unwrap()[2..])
    }
}

//! A hosted room, holders with and without leaves, and a page.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolCall;
use futures::{SinkExt, StreamExt};
use pars_bindings::ParsToken::{approveCall, transferCall};
use pars_bindings::ServiceNodeRegistry::rollEpochCall;
use pars_bindings::TownHall::{RoomConfig, createRoomCall, roomCountCall};
use pars_bindings::VotingEscrow::{createLock_0Call, createLock_1Call};
use pars_circuits::Secret;
use pars_daemon::args::Settings;
use pars_daemon::daemon::Daemon;
use pars_devnet::dev_accounts;
use pars_wire::Kind;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{World, call};

/// The host's account, creator of every room.
pub(crate) const HOST: usize = 1;
/// Ten tokens.
const AMOUNT: u64 = 10_000_000_000;
const STAKE: u64 = 1_000_000_000_000;
const YEARS: u64 = 4 * 365 * 86_400;

/// Everything but members.
pub(crate) struct Hall {
    pub(crate) world: World,
    pub(crate) sfu: pars_sfu::Running,
    pub(crate) host: Daemon,
    bootstrap: String,
    _service: Daemon,
    keys: TempDir,
}

/// What a hall stands on.
pub(crate) struct Standing {
    _world: World,
    _sfu: pars_sfu::Running,
    _service: Daemon,
    _keys: TempDir,
}

fn account(number: usize) -> Address {
    dev_accounts()[number].address()
}

impl Hall {
    /// A chain with three holders (1 and 2 with leaves, 3 without), a service node, the SFU and the host's daemon.
    pub(crate) async fn start() -> Self {
        let world = World::start().await;
        let keys = tempfile::tempdir().unwrap();
        let (key, secret) = ("key".to_owned(), "s".repeat(48));
        let content = json!({"key": key, "secret": secret}).to_string();
        pars_keyfile::create(&keys.path().join("sfu.json"), content.as_bytes()).unwrap();
        let address = ([127, 0, 0, 1], 0).into();
        let sfu_keys = pars_sfu::Keys::new(&key, &secret).unwrap();
        let config = pars_sfu::Config { listen: address, udp: address, keys: sfu_keys, dump: None };
        let sfu = pars_sfu::start(config).await.unwrap();
        let service = service(&world, (4, "service"), Vec::new()).await;
        let bootstrap = service.ready().listen.clone();
        for (holder, leaf) in [(1, true), (2, true), (3, false)] {
            lock(&world, holder, leaf).await;
        }
        let host = world.daemon("host", host_settings(&world, (&sfu, &keys, &bootstrap))).await;
        Self { world, sfu, host, bootstrap, _service: service, keys }
    }

    /// The same without the host's daemon, and what a program in its place is started with.
    pub(crate) async fn without_host(self) -> (Standing, Vec<String>) {
        let Self { world, sfu, host, bootstrap, _service, keys } = self;
        host.stop().await.unwrap();
        let path = |path: PathBuf| path.display().to_string();
        let arguments = [
            ("--datadir", path(world.datadir("host"))),
            ("--network", "dev".to_owned()),
            ("--listen", "/ip4/127.0.0.1/tcp/0".to_owned()),
            ("--rpc", world.rpc.clone()),
            ("--deployment", path(world.deployment.clone())),
            ("--bootstrap", bootstrap),
            ("--sfu", sfu.ready.url.clone()),
            ("--sfu-key-file", path(keys.path().join("sfu.json"))),
            ("--sfu-fingerprint", sfu.ready.fingerprint.clone()),
            ("--dev-account", HOST.to_string()),
        ];
        let mut words: Vec<_> = arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        words.push("--host".to_owned());
        (Standing { _world: world, _sfu: sfu, _service, _keys: keys }, words)
    }

    /// The host's daemon again, on the same directory.
    pub(crate) async fn restart_host(self) -> Self {
        self.restart_host_after(async {}).await.0
    }

    /// The same; this is done while there is none.
    pub(crate) async fn restart_host_after<T>(self, meanwhile: impl Future<Output = T>) -> (Self, T) {
        let Self { world, sfu, host, bootstrap, _service, keys } = self;
        host.stop().await.unwrap();
        let done = meanwhile.await;
        let host = world.daemon("host", host_settings(&world, (&sfu, &keys, &bootstrap))).await;
        (Self { world, sfu, host, bootstrap, _service, keys }, done)
    }

    /// What a daemon on this network is started with.
    pub(crate) fn settings(&self) -> Settings {
        Settings { bootstrap: vec![self.bootstrap.clone()], ..self.world.settings() }
    }

    /// Four more service nodes, of accounts 5 to 8: messages need five in the registry of today.
    pub(crate) async fn services(&self) -> Vec<Daemon> {
        let mut all = Vec::new();
        for number in 5..=8 {
            all.push(service(&self.world, (number, &format!("service-{number}")), vec![self.bootstrap.clone()]).await);
        }
        self.world.send(self.world.contracts.service_node_registry, &rollEpochCall {}).await;
        all
    }

    /// A member's daemon; with the secrets of an account's leaf.
    pub(crate) async fn member(&self, name: &str, holder: Option<usize>) -> Daemon {
        let home = holder.map(|holder| home(&self.world, holder));
        self.world.daemon(name, Settings { home, ..self.settings() }).await
    }

    /// The id of the room that the host's account creates next.
    pub(crate) async fn next_room(&self) -> String {
        let nonce = self.world.read(self.world.contracts.town_hall, &roomCountCall { creator: account(HOST) }).await;
        format!("{:#x}", pars_circuits::room_id(7_072, self.world.contracts.town_hall, account(HOST), nonce))
    }

    /// Creates it.
    pub(crate) async fn create_room(&self, kind: Kind) {
        self.create_room_for(kind, kind.cap()).await;
    }

    async fn create_room_for(&self, kind: Kind, capacity: u16) {
        let config = RoomConfig {
            kind: kind.into(),
            capacity,
            minBalance: if kind == Kind::Committee { 0 } else { 1 },
            safe: Address::ZERO,
            committee: Address::ZERO,
            metadataHash: B256::ZERO,
        };
        let create =
            createRoomCall { config, slotOf: account(HOST), deadline: Default::default(), slotSignature: Bytes::new() };
        send_as(&self.world, HOST, self.world.contracts.town_hall, &create).await;
    }

    /// A room of the host's account.
    pub(crate) async fn room(&self, kind: Kind) -> String {
        self.room_for(kind, kind.cap()).await
    }

    /// The same for so many seats.
    pub(crate) async fn room_for(&self, kind: Kind, capacity: u16) -> String {
        let id = self.next_room().await;
        self.create_room_for(kind, capacity).await;
        // The host's own index hears of it with the next look.
        while call(&self.host.ready().socket, "room.lobby", json!({"room": id})).await.get("error").is_some() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        id
    }

    /// How many sittings' secrets the host keeps.
    pub(crate) fn kept(&self) -> usize {
        std::fs::read_dir(self.world.datadir("host").join("hosted")).unwrap().count()
    }

    /// An hour from now, in Unix seconds.
    pub(crate) fn soon(&self) -> u64 {
        let now = Command::new("date").arg("+%s").output().unwrap().stdout;
        String::from_utf8(now).unwrap().trim().parse::<u64>().unwrap() + 3_600
    }

    /// What `room.host` is asked with.
    pub(crate) fn sitting(&self, room: &str) -> Value {
        let agenda = json!([{"minutes": 5, "text": "Welcome"}]);
        json!({"room": room, "endsAt": self.soon(), "title": "Assembly", "agenda": agenda, "languages": ["en"]})
    }

    /// Open a sitting and host it; waits until a member's daemon shows it. Its number.
    pub(crate) async fn host(&self, room: &str, member: &Daemon) -> u64 {
        let hosted = result(&self.host, "room.host", self.sitting(room)).await;
        self.shown(room, member).await;
        hosted["sitting"].as_u64().unwrap()
    }

    /// Waits until a member's daemon and the host's show that no sitting runs.
    pub(crate) async fn closed(&self, room: &str, member: &Daemon) {
        for daemon in [member, &self.host] {
            while call(&daemon.ready().socket, "room.lobby", json!({"room": room})).await["result"]["sitting"]
                .is_object()
            {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    /// Waits until a member's daemon shows a room's host and its sitting, whose block is final a little later.
    pub(crate) async fn shown(&self, room: &str, member: &Daemon) {
        loop {
            let lobby = &call(&member.ready().socket, "room.lobby", json!({"room": room})).await["result"];
            if lobby["host"] == json!(true) && lobby["sitting"].is_object() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A service node of an account.
async fn service(world: &World, (number, name): (usize, &str), bootstrap: Vec<String>) -> Daemon {
    let stake = transferCall { to: account(number), value: U256::from(STAKE) };
    world.send(world.contracts.pars, &stake).await;
    world.daemon(name, Settings { service: true, dev_account: Some(number), bootstrap, ..world.settings() }).await
}

fn host_settings(world: &World, (sfu, keys, bootstrap): (&pars_sfu::Running, &TempDir, &str)) -> Settings {
    Settings {
        host: true,
        sfu: Some(sfu.ready.url.clone()),
        sfu_key_file: Some(keys.path().join("sfu.json")),
        sfu_fingerprint: Some(sfu.ready.fingerprint.clone()),
        dev_account: Some(HOST),
        bootstrap: vec![bootstrap.to_owned()],
        home: Some(home(world, HOST)),
        capture: Some(world.datadir("host.capture")),
        capture_tunnels: Some(world.datadir("host.tunnels")),
        ..world.settings()
    }
}

fn home(world: &World, holder: usize) -> PathBuf {
    world.datadir(&format!("home-{holder}"))
}

/// A transaction of a development account.
pub(crate) async fn send_as(world: &World, from: usize, to: Address, call: &impl SolCall) {
    let transaction = json!([{"from": account(from), "to": to, "data": Bytes::from(call.abi_encode())}]);
    let hash = world.devnet.call("eth_sendTransaction", transaction).await.unwrap();
    let receipt = world.devnet.call("eth_getTransactionReceipt", json!([hash])).await.unwrap();
    assert_eq!(receipt["status"], "0x1");
}

/// A lock, with a leaf whose secret lies in the holder's home.
async fn lock(world: &World, holder: usize, leaf: bool) {
    let (pars, escrow) = (world.contracts.pars, world.contracts.voting_escrow);
    let (amount, duration) = (U256::from(AMOUNT), U256::from(YEARS));
    world.send(pars, &transferCall { to: account(holder), value: amount }).await;
    send_as(world, holder, pars, &approveCall { spender: escrow, value: amount }).await;
    if !leaf {
        return send_as(world, holder, escrow, &createLock_0Call { amount, duration }).await;
    }
    let secret = Secret::from_entropy(&[holder as u8; 64]).unwrap();
    let commitment = secret.commitment();
    let place = home(world, holder).join("identities/7072").join(format!("{:#x}", account(holder)));
    std::fs::create_dir_all(&place).unwrap();
    let text = format!("0x{}\n", hex::encode(secret.to_bytes().as_slice()));
    pars_keyfile::create(&place.join(commitment.to_string()), text.as_bytes()).unwrap();
    send_as(world, holder, escrow, &createLock_1Call { amount, duration, commitment: commitment.word() }).await;
}

/// The result of a call over the socket.
pub(crate) async fn result(daemon: &Daemon, method: &str, params: Value) -> Value {
    let mut answer = call(&daemon.ready().socket, method, params).await;
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    answer["result"].take()
}

/// The number of a refusal.
pub(crate) async fn refused(daemon: &Daemon, method: &str, params: Value) -> i64 {
    let answer = call(&daemon.ready().socket, method, params).await;
    answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("{method}: {answer}"))
}

/// A page: one WebSocket, calls and what is told.
pub(crate) struct Page {
    socket: WebSocketStream<UnixStream>,
    told: Vec<Value>,
    last: u64,
}

impl Page {
    pub(crate) async fn open(daemon: &Daemon) -> Self {
        let stream = UnixStream::connect(&daemon.ready().socket).await.unwrap();
        let (socket, _) = client_async("ws://localhost/ws", stream).await.unwrap();
        Self { socket, told: Vec::new(), last: 0 }
    }

    async fn next(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.next().await.unwrap().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// Calls; what is told meanwhile is kept.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let request = json!({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params});
        self.socket.send(Message::Text(request.to_string().into())).await.unwrap();
        loop {
            let mut answer = self.next().await;
            if answer["id"] == json!(self.last) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.told.push(answer["params"].take());
        }
    }

    /// Waits for an event of a type that fits.
    pub(crate) async fn told(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let fits = |event: &Value| event["type"] == kind && fits(&event["data"]);
        loop {
            if let Some(place) = self.told.iter().position(fits) {
                return self.told.remove(place)["data"].take();
            }
            let mut next = self.next().await;
            self.told.push(next["params"].take());
        }
    }

    /// What was told of a type and not waited for.
    pub(crate) fn heard<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.told.iter().filter(move |event| event["type"] == kind).map(|event| &event["data"])
    }

    /// Gets ready to join without a name: what `room.join` is asked with.
    pub(crate) async fn prepare_anonymously(&mut self, room: &str) -> Value {
        let prepared = self.call("room.prepare", json!({"room": room, "form": "anonymous", "textOnly": false})).await;
        assert_eq!(prepared["typedData"], Value::Null);
        json!({"attempt": prepared["attempt"]})
    }

    /// The same by name, signed by the built-in wallet.
    pub(crate) async fn prepare_by_name(&mut self, room: &str, holder: usize) -> Value {
        let account = format!("{:#x}", account(holder));
        let params = json!({"room": room, "form": "known", "account": account, "textOnly": false});
        let prepared = self.call("room.prepare", params).await;
        let signed = self.call("dev.sign", json!({"account": account, "typedData": prepared["typedData"]})).await;
        json!({"attempt": prepared["attempt"], "walletSignature": signed["signature"]})
    }

    /// Joins without a name.
    pub(crate) async fn join_anonymously(&mut self, room: &str) -> Value {
        let attempt = self.prepare_anonymously(room).await;
        self.call("room.join", attempt).await
    }

    /// Joins by name.
    pub(crate) async fn join_by_name(&mut self, room: &str, holder: usize) -> Value {
        let attempt = self.prepare_by_name(room, holder).await;
        self.call("room.join", attempt).await
    }

    /// Waits for a roster of so many seats.
    pub(crate) async fn sees(&mut self, seats: usize) -> Value {
        self.told("roomRoster", |roster| roster["seats"].as_array().is_some_and(|all| all.len() == seats)).await
    }
}

/// One HTTP request over TCP: status, head and body.
pub(crate) async fn get(url: &str, path: &str, headers: &str) -> (u16, String, String) {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let answer = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned())
}

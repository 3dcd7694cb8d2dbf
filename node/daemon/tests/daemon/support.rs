//! A development chain with the contracts, daemons on it in process and as programs, and bare HTTP over a Unix socket.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use alloy::primitives::{Address, Bytes};
use alloy::sol_types::SolCall;
use pars_bindings::deployment::{DeployConfig, Deployment, plan};
use pars_daemon::args::Settings;
use pars_daemon::config::Config;
use pars_daemon::daemon::Daemon;
use pars_devnet::{Devnet, Server, dev_accounts};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// A chain that answers, and a directory for what runs on it.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) rpc: String,
    pub(crate) deployment: PathBuf,
    pub(crate) devnet: Devnet,
    pub(crate) contracts: Deployment,
}

impl World {
    /// A chain with the contracts.
    pub(crate) async fn start() -> Self {
        Self::begun_at(None).await
    }

    /// The same, on a chain whose clock began at a time.
    pub(crate) async fn begun_at(genesis_time: Option<u64>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let chain = pars_devnet::Config { empty_blocks: true, genesis_time, ..pars_devnet::Config::in_memory(7072) };
        let devnet = Devnet::start(&chain).unwrap();
        let server = Server::bind(devnet.clone(), ([127, 0, 0, 1], 0).into()).await.unwrap();
        let rpc = format!("http://{}", server.address());
        tokio::spawn(server.serve(std::future::pending()));
        let deployment = dir.path().join("7072.json");
        let contracts = deploy(&devnet, dev_accounts()[0].address()).await;
        std::fs::write(&deployment, serde_json::to_string(&contracts).unwrap()).unwrap();
        Self { dir, rpc, deployment, devnet, contracts }
    }

    /// A transaction of the first account, who deployed and holds all tokens.
    pub(crate) async fn send(&self, to: Address, call: &impl SolCall) {
        let data = Bytes::from(call.abi_encode());
        let transaction = json!([{"from": dev_accounts()[0].address(), "to": to, "data": data}]);
        let hash = self.devnet.call("eth_sendTransaction", transaction).await.unwrap();
        let receipt = self.devnet.call("eth_getTransactionReceipt", json!([hash])).await.unwrap();
        assert_eq!(receipt["status"], "0x1");
    }

    /// What a view function says.
    pub(crate) async fn read<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        let call = json!([{"to": to, "data": Bytes::from(call.abi_encode())}, "latest"]);
        let output: Bytes = serde_json::from_value(self.devnet.call("eth_call", call).await.unwrap()).unwrap();
        C::abi_decode_returns(&output).unwrap()
    }

    /// A daemon's data directory.
    pub(crate) fn datadir(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What a member's daemon is started with; nobody answers at its bootstrap address.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            network: Some("dev".into()),
            listen: Some("/ip4/127.0.0.1/tcp/0".into()),
            rpc: Some(self.rpc.clone()),
            deployment: Some(self.deployment.clone()),
            bootstrap: vec!["/ip4/127.0.0.1/tcp/9/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN".into()],
            ..Settings::default()
        }
    }

    /// A member's daemon.
    pub(crate) async fn member(&self, name: &str) -> Daemon {
        self.daemon(name, self.settings()).await
    }

    /// A daemon.
    pub(crate) async fn daemon(&self, name: &str, settings: Settings) -> Daemon {
        Daemon::start(Config::check(self.datadir(name), settings).unwrap()).await.unwrap()
    }
}

/// A daemon that runs as a program; it ends with this at the latest.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) ready: Value,
}

impl Program {
    /// Starts it and waits for its ready line.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, ready: serde_json::from_str(&line).expect("the ready line is JSON") }
    }

    pub(crate) fn socket(&self) -> &Path {
        Path::new(self.ready["socket"].as_str().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The contracts on a chain, by an account that then holds all tokens.
pub(crate) async fn deploy(devnet: &Devnet, owner: Address) -> Deployment {
    let plan = plan(&DeployConfig::dev(7072, owner, 0)).unwrap();
    let mut first = None;
    for step in &plan.steps {
        let transaction = json!([{"from": owner, "data": step.init_code}]);
        let hash = devnet.call("eth_sendTransaction", transaction).await.unwrap();
        let receipt = devnet.call("eth_getTransactionReceipt", json!([hash])).await.unwrap();
        assert_eq!(receipt["contractAddress"], json!(step.address), "{}", step.name);
        let block = receipt["blockNumber"].as_str().unwrap().trim_start_matches("0x");
        first.get_or_insert(u64::from_str_radix(block, 16).unwrap());
    }
    Deployment { block: first.unwrap(), ..plan.deployment }
}

/// One HTTP/1.1 request over the socket, whose answer nobody has read yet.
pub(crate) async fn ask(socket: &Path, headers: &str, body: &str) -> UnixStream {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    let length = body.len();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// One HTTP/1.1 request over the socket: status and body.
pub(crate) async fn post(socket: &Path, headers: &str, body: &str) -> (u16, String) {
    let mut stream = ask(socket, headers, body).await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// One call over the socket: the response.
pub(crate) async fn call(socket: &Path, method: &str, params: Value) -> Value {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let (status, body) = post(socket, "", &request.to_string()).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

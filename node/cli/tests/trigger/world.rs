//! A development chain over HTTP with every contract and a counter; a daemon at its Unix socket; a home.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex},
};

use alloy::{
    primitives::{Address, Bytes, U256},
    sol,
    sol_types::SolCall,
};
use axum::{Json, Router, extract::State, routing::post};
use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
use pars_bindings::{SessionTrigger, deployment::Deployment};
use pars_crypto::{secret::Entropy, suite::Libcrux};
use pars_devnet::{Config, Devnet, Server, dev_accounts};
use pars_identity::{seed::IdentityKeys, trigger::TriggerKey};
use pars_rpc::trigger::{Certify, SendAction};
use pars_wire::{ChainId, SignerId};
use serde_json::{Value, json};

/// The session of the tests.
pub(crate) const SESSION: &str = "abababababababababababababababababababababababababababababababab";

sol! {
    /// `node/chain/tests/fixtures/Counter.sol`.
    contract Counter {
        function value() external view returns (uint256);
        function add(uint256 n) external;
    }
}

type Sent = Arc<Mutex<Vec<SendAction>>>;

/// Everything around `parsctl`.
pub(crate) struct World {
    directory: tempfile::TempDir,
    devnet: Devnet,
    rpc: String,
    sent: Sent,
    pub(crate) counter: Address,
}

impl World {
    pub(crate) async fn new() -> Self {
        let devnet = Devnet::start(&Config { gas_limit: 15_000_000, ..Config::in_memory(7072) }).unwrap();
        let server = Server::bind(devnet.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let rpc = format!("http://{}", server.address());
        tokio::spawn(server.serve(std::future::pending()));
        let directory = tempfile::tempdir().unwrap();
        let sent = Sent::default();
        let listener = tokio::net::UnixListener::bind(directory.path().join("sessiond.sock")).unwrap();
        let routes = Router::new().route("/", post(answer)).with_state(sent.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let mut world = Self { directory, devnet, rpc, sent, counter: Address::ZERO };
        world.done(&["chain", "deploy", "--dev-account", "0"]).await;
        let code = include_str!("../../../chain/tests/fixtures/counter.hex").trim();
        let receipt = world.transact(json!({"data": code})).await;
        world.counter = serde_json::from_value(receipt["contractAddress"].clone()).unwrap();
        world
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    fn deployment_file(&self) -> PathBuf {
        self.path().join("deployment.json")
    }

    pub(crate) fn deployment(&self) -> Deployment {
        serde_json::from_slice(&std::fs::read(self.deployment_file()).unwrap()).unwrap()
    }

    /// Runs `parsctl --json` with chain, deployment, daemon and home of this world.
    pub(crate) async fn parsctl(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parsctl"));
        command.env_clear().env("PARS_HOME", self.path().join("home")).env("PARS_DATADIR", self.path());
        command.env("PARS_RPC", &self.rpc).env("PARS_DEPLOYMENT", self.deployment_file()).args(words).arg("--json");
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// As [`World::parsctl`], which must succeed; its document.
    pub(crate) async fn done(&self, words: &[&str]) -> Value {
        let output = self.parsctl(words).await;
        assert!(output.status.success(), "{words:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// As [`World::parsctl`], which must refuse; its code.
    pub(crate) async fn refused(&self, words: &[&str]) -> String {
        let output = self.parsctl(words).await;
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        document["error"]["code"].as_str().unwrap_or_else(|| panic!("{document}")).to_owned()
    }

    /// The action sent last, submitted as an executor would.
    pub(crate) async fn execute_last(&self) -> Value {
        let action = self.sent.lock().unwrap().last().cloned().expect("an action was sent");
        let bytes = |text: &str| Bytes::from(alloy::hex::decode(text).unwrap());
        let call = SessionTrigger::executeFromSessionCall {
            sessionMessage: bytes(&action.session_message),
            mldsaSignature: bytes(&action.signature),
            mldsaPublicKey: Bytes::new(),
        };
        let data = Bytes::from(call.abi_encode());
        self.transact(json!({"to": self.deployment().session_trigger, "data": data, "gas": "0x200000"})).await
    }

    /// What the daemon was sent.
    pub(crate) fn sent(&self) -> Vec<SendAction> {
        self.sent.lock().unwrap().clone()
    }

    pub(crate) async fn counted(&self) -> U256 {
        Counter::valueCall::abi_decode_returns(&self.read(self.counter, Counter::valueCall {}.abi_encode()).await)
            .unwrap()
    }

    pub(crate) async fn read(&self, to: Address, data: Vec<u8>) -> Bytes {
        let call = json!([{"to": to, "data": Bytes::from(data)}, "latest"]);
        serde_json::from_value(self.devnet.call("eth_call", call).await.unwrap()).unwrap()
    }

    /// A transaction of the first development account; its receipt, which says success.
    async fn transact(&self, mut transaction: Value) -> Value {
        transaction["from"] = json!(dev_accounts()[0].address());
        let hash = self.devnet.call("eth_sendTransaction", json!([transaction])).await.unwrap();
        let receipt = self.devnet.call("eth_getTransactionReceipt", json!([hash])).await.unwrap();
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        receipt
    }
}

/// Who the daemon speaks for.
pub(crate) fn identity() -> IdentityKeys {
    IdentityKeys::derive(&Libcrux, &Entropy::from_bytes([1; 32]))
}

async fn answer(State(sent): State<Sent>, Json(request): Json<Value>) -> Json<Value> {
    let params = request["params"].clone();
    let result = match request["method"].as_str().unwrap() {
        "trigger.certify" => {
            let asked: Certify = serde_json::from_value(params).unwrap();
            let key = TriggerKey {
                chain: ChainId(asked.chain_id),
                trigger: Address::new(asked.trigger.0),
                account: Address::new(asked.account.0),
                signer: SignerId(asked.signer_id.0.into()),
            };
            println!("seed 6");
            let certificate = identity().certify_trigger(&Libcrux, key, &mut ChaCha20Rng::seed_from_u64(6));
            json!({"certificate": alloy::hex::encode(certificate.encode())})
        }
        "trigger.send" => {
            let action: SendAction = serde_json::from_value(params).unwrap();
            let client_id = action.client_id;
            sent.lock().unwrap().push(action);
            json!({"id": "cd".repeat(16), "clientId": client_id})
        }
        other => panic!("nobody asks for {other}"),
    };
    Json(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))
}

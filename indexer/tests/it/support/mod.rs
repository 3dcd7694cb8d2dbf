//! A development chain in process with the real contracts, and an indexer beside it.

use std::path::Path;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::sol_types::SolCall;
use pars_bindings::deployment::{DeployConfig, Deployment, plan};
use pars_bindings::{EligibilityRegistry, ParsToken, TownHall, VotingEscrow};
use pars_devnet::{Config, Devnet, dev_accounts};
use pars_indexer::{Health, Options, Service};
use serde_json::{Value, json};

/// Longest wait for an event; never part of what is tested.
const PATIENCE: Duration = Duration::from_secs(60);
const GENESIS_TIME: u64 = 1_700_000_000;
pub(crate) const WEEK: u64 = 7 * 86_400;

pub(crate) struct Chain {
    pub(crate) devnet: Devnet,
    pub(crate) deployment: Deployment,
    pub(crate) accounts: Vec<Address>,
}

pub(crate) fn devnet(finality_lag: u64) -> Devnet {
    let mut config = Config::in_memory(7072);
    config.finality_lag = finality_lag;
    config.genesis_time = Some(GENESIS_TIME);
    Devnet::start(&config).unwrap()
}

impl Chain {
    pub(crate) async fn deploy(finality_lag: u64) -> Self {
        let devnet = devnet(finality_lag);
        let accounts: Vec<_> = dev_accounts().iter().map(|account| account.address()).collect();
        let plan = plan(&DeployConfig::dev(7072, accounts[0], 0)).unwrap();
        let mut chain = Self { devnet, deployment: plan.deployment, accounts };
        for (number, step) in plan.steps.iter().enumerate() {
            let receipt = chain.send(0, None, step.init_code.clone()).await;
            if number == 0 {
                chain.deployment.block = quantity(&receipt["blockNumber"]);
            }
        }
        chain
    }

    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        self.devnet.call(method, params.clone()).await.unwrap_or_else(|error| panic!("{method} {params}: {error:?}"))
    }

    /// Sends without waiting for a block; the transaction's hash.
    pub(crate) async fn submit(&self, from: usize, to: Option<Address>, data: Bytes) -> Value {
        let transaction = json!({"from": self.accounts[from], "to": to, "data": data, "gas": "0xe4e1c0"});
        self.rpc("eth_sendTransaction", json!([transaction])).await
    }

    /// Sends, and has the receipt of a success.
    pub(crate) async fn send(&self, from: usize, to: Option<Address>, data: Bytes) -> Value {
        let hash = self.submit(from, to, data).await;
        let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        receipt
    }

    pub(crate) async fn call(&self, from: usize, to: Address, call: impl SolCall) -> Value {
        self.send(from, Some(to), call.abi_encode().into()).await
    }

    pub(crate) async fn head(&self) -> u64 {
        quantity(&self.rpc("eth_blockNumber", json!([])).await)
    }

    pub(crate) async fn now(&self) -> u64 {
        quantity(&self.rpc("eth_getBlockByNumber", json!(["latest", false])).await["timestamp"])
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([blocks])).await;
    }

    /// Gives an account tokens and lets it lock them and register in one transaction.
    pub(crate) async fn lock(&self, account: usize, amount: u64, commitment: u64) {
        self.fund(account, amount).await;
        let (to, data) = self.lock_call(amount, commitment);
        self.send(account, Some(to), data).await;
    }

    /// Gives an account tokens and lets the escrow take them.
    pub(crate) async fn fund(&self, account: usize, amount: u64) {
        let (pars, escrow, amount) = (self.deployment.pars, self.deployment.voting_escrow, U256::from(amount));
        if account > 0 {
            self.call(0, pars, ParsToken::transferCall { to: self.accounts[account], value: amount }).await;
        }
        self.call(account, pars, ParsToken::approveCall { spender: escrow, value: amount }).await;
    }

    pub(crate) fn lock_call(&self, amount: u64, commitment: u64) -> (Address, Bytes) {
        let call = VotingEscrow::createLock_1Call {
            amount: U256::from(amount),
            duration: U256::from(52 * WEEK),
            commitment: U256::from(commitment),
        };
        (self.deployment.voting_escrow, call.abi_encode().into())
    }

    /// Creates an Open Forum with the sender's own slot; its id.
    pub(crate) async fn open_forum(&self, creator: usize) -> B256 {
        let config = TownHall::RoomConfig {
            kind: 2,
            capacity: 100,
            minBalance: 1,
            safe: Address::ZERO,
            committee: Address::ZERO,
            metadataHash: B256::repeat_byte(0x4d),
        };
        self.create_room(creator, config).await
    }

    pub(crate) async fn create_room(&self, creator: usize, config: TownHall::RoomConfig) -> B256 {
        let call = TownHall::createRoomCall {
            config,
            slotOf: self.accounts[creator],
            deadline: Default::default(),
            slotSignature: Bytes::new(),
        };
        let receipt = self.call(creator, self.deployment.town_hall, call).await;
        serde_json::from_value(receipt["logs"][0]["topics"][1].clone()).unwrap()
    }

    pub(crate) async fn open_call(&self, room: B256) -> (Address, Bytes) {
        let ends = alloy::primitives::Uint::from(self.now().await + 3_600);
        (self.deployment.town_hall, TownHall::openSittingCall { roomId: room, endsAt: ends }.abi_encode().into())
    }

    /// Asks a contract at the newest block.
    pub(crate) async fn read<C: SolCall>(&self, to: Address, call: C) -> C::Return {
        let call = json!({"to": to, "data": Bytes::from(call.abi_encode())});
        let output: Bytes = serde_json::from_value(self.rpc("eth_call", json!([call, "latest"])).await).unwrap();
        C::abi_decode_returns(&output).unwrap()
    }

    pub(crate) async fn registry_root(&self) -> B256 {
        self.read(self.deployment.eligibility_registry, EligibilityRegistry::rootCall {}).await.into()
    }

    pub(crate) fn provider(&self) -> DynProvider {
        provider(&self.devnet)
    }

    pub(crate) async fn index(&self, database: &Path) -> Index {
        Index::start(self.deployment.clone(), database, self.provider()).await
    }
}

pub(crate) fn provider(devnet: &Devnet) -> DynProvider {
    ProviderBuilder::new().connect_client(devnet.client()).erased()
}

pub(crate) fn quantity(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

pub(crate) fn options(deployment: Deployment, database: &Path) -> Options {
    Options {
        deployment,
        database: database.to_owned(),
        listen: Some(([127, 0, 0, 1], 0).into()),
        poll: Duration::from_millis(5),
    }
}

pub(crate) struct Index {
    pub(crate) service: Service,
    http: reqwest::Client,
}

impl Index {
    pub(crate) async fn start(deployment: Deployment, database: &Path, provider: DynProvider) -> Self {
        let service = Service::start(options(deployment, database), provider).await.unwrap();
        Self { service, http: reqwest::Client::new() }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let reply = self.http.get(format!("http://{}{path}", self.service.address().unwrap())).send().await.unwrap();
        (reply.status().as_u16(), serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap())
    }

    /// The data of a good reply.
    pub(crate) async fn data(&self, path: &str) -> Value {
        let (status, mut reply) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {reply}");
        reply["data"].take()
    }

    /// Waits until the health is as wanted.
    pub(crate) async fn wait(&self, wanted: impl Fn(&Health) -> bool) -> Health {
        let mut health = self.service.health();
        let found = tokio::time::timeout(PATIENCE, health.wait_for(|health| wanted(health))).await;
        let last = self.service.health().borrow().clone();
        found.unwrap_or_else(|_| panic!("the indexer stays {last:?}")).unwrap().clone()
    }

    /// Waits until the chain's newest block is served.
    pub(crate) async fn reach(&self, chain: &Chain) {
        let head = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await["hash"].clone();
        let reached = async {
            while self.get("/v1/rooms").await.1["head"]["hash"] != head {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let last = || self.service.health().borrow().clone();
        tokio::time::timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("the indexer stays {:?}", last()));
    }
}

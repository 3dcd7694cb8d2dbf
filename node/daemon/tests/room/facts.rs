//! What the own index says of access (TOWNHALL section 3, THREATS J4): a final block gives it, and the newest takes it.

use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::{Provider, ProviderBuilder};
use alloy::sol_types::SolCall;
use pars_bindings::ParsToken::{approveCall, transferCall};
use pars_bindings::TownHall::{RoomConfig, createRoomCall, openSittingCall, setMemberCall};
use pars_bindings::VotingEscrow::createLock_0Call;
use pars_bindings::deployment::Deployment;
use pars_bindings::typed::seconds40;
use pars_daemon::room::facts::{MAXTIME, Oracle, Running};
use pars_daemon::room::home::Home;
use pars_devnet::{Config, Devnet, dev_accounts};
use pars_indexer::{Options, Service};
use pars_proto::room::{Scope, Sitting};
use pars_wire::{ChainId, Kind, RoomId, SittingId};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::deploy;

/// Blocks that are not final.
const LAG: u64 = 50;
/// A pause of who waits for the index.
const PAUSE: Duration = Duration::from_millis(5);

/// A chain whose blocks come when they are asked for, and its index.
struct Chain {
    devnet: Devnet,
    contracts: Deployment,
    service: Service,
    oracle: Oracle,
    _dir: TempDir,
}

fn account(number: usize) -> Address {
    dev_accounts()[number].address()
}

impl Chain {
    async fn start() -> Self {
        let config = Config { finality_lag: LAG, empty_blocks: false, ..Config::in_memory(7_072) };
        let devnet = Devnet::start(&config).unwrap();
        let contracts = deploy(&devnet, account(0)).await;
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("index.sqlite");
        let provider = ProviderBuilder::new().connect_client(devnet.client()).erased();
        let options = Options { deployment: contracts.clone(), database, listen: None, poll: PAUSE };
        let service = Service::start(options, provider.clone()).await.unwrap();
        let oracle = Oracle::new(service.rooms(), provider, contracts.clone(), &Home::new(None, &contracts));
        Self { devnet, contracts, service, oracle, _dir: dir }
    }

    async fn send(&self, from: usize, to: Address, call: &impl SolCall) -> Value {
        let transaction = json!([{"from": account(from), "to": to, "data": Bytes::from(call.abi_encode())}]);
        let hash = self.devnet.call("eth_sendTransaction", transaction).await.unwrap();
        let receipt = self.devnet.call("eth_getTransactionReceipt", json!([hash])).await.unwrap();
        assert_eq!(receipt["status"], "0x1");
        receipt
    }

    async fn head(&self) -> u64 {
        let head = self.devnet.call("eth_blockNumber", json!([])).await.unwrap();
        u64::from_str_radix(head.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
    }

    /// Everything so far becomes final.
    async fn settle(&self) {
        let head = self.head().await;
        self.devnet.call("anvil_mine", json!([LAG + 1])).await.unwrap();
        while self.service.progress().await.unwrap().finalized < head {
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn lock(&self, holder: usize) {
        let (amount, duration) = (U256::from(10_000_000_000_u64), U256::from(MAXTIME));
        let (pars, escrow) = (self.contracts.pars, self.contracts.voting_escrow);
        if holder > 0 {
            self.send(0, pars, &transferCall { to: account(holder), value: amount }).await;
        }
        self.send(holder, pars, &approveCall { spender: escrow, value: amount }).await;
        self.send(holder, escrow, &createLock_0Call { amount, duration }).await;
    }

    async fn room(&self, creator: usize, kind: Kind) -> B256 {
        let config = RoomConfig {
            kind: kind.into(),
            capacity: kind.cap(),
            minBalance: u128::from(kind != Kind::Committee),
            safe: Address::ZERO,
            committee: Address::ZERO,
            metadataHash: B256::ZERO,
        };
        let (slot, none) = (account(creator), Bytes::new());
        let create = createRoomCall { config, slotOf: slot, deadline: Default::default(), slotSignature: none };
        let receipt = self.send(creator, self.contracts.town_hall, &create).await;
        serde_json::from_value(receipt["logs"][0]["topics"][1].clone()).unwrap()
    }

    /// Whether an account has access, once the index has seen the newest block.
    async fn access(&self, room: B256, account: Address) -> bool {
        let head = self.head().await;
        while self.service.progress().await.unwrap().head < head {
            tokio::time::sleep(PAUSE).await;
        }
        let room = RoomId(room);
        let view = self.oracle.room(room).await.unwrap();
        let (chain, town_hall) = (ChainId(7_072), self.contracts.town_hall);
        let scope = Scope { chain, town_hall, room, sitting: SittingId(1) };
        let ends_at = view.sitting.as_ref().map_or(0, |row| row.ends_at);
        let sitting = Sitting { scope, kind: view.room.kind, opened_at: 0, ends_at };
        let running = Running { view, sitting, metadata: B256::ZERO };
        self.oracle.has_access(&running, account).await.unwrap()
    }
}

#[tokio::test]
async fn a_final_block_gives_access_and_the_newest_takes_it() {
    let chain = Chain::start().await;
    chain.lock(0).await;
    let room = chain.room(0, Kind::Committee).await;
    chain.settle().await;
    let list = async |on| {
        let set = setMemberCall { roomId: room, account: account(2), on };
        chain.send(0, chain.contracts.town_hall, &set).await;
    };
    list(true).await;
    assert!(!chain.access(room, account(2)).await, "its block may go again");
    chain.settle().await;
    assert!(chain.access(room, account(2)).await);
    list(false).await;
    assert!(!chain.access(room, account(2)).await, "who lost it does not wait");
    list(true).await;
    assert!(chain.access(room, account(2)).await, "it was never final that it lost it");
    assert!(!chain.access(room, account(3)).await);
}

#[tokio::test]
async fn a_lock_counts_when_it_is_final() {
    let chain = Chain::start().await;
    chain.lock(0).await;
    let room = chain.room(0, Kind::OpenForum).await;
    let newest = chain.devnet.call("eth_getBlockByNumber", json!(["latest", false])).await.unwrap();
    let now = u64::from_str_radix(newest["timestamp"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    let open = openSittingCall { roomId: room, endsAt: seconds40(now + 3_600).unwrap() };
    chain.send(0, chain.contracts.town_hall, &open).await;
    chain.settle().await;
    assert!(chain.access(room, account(0)).await && !chain.access(room, account(3)).await);
    chain.lock(3).await;
    assert!(!chain.access(room, account(3)).await);
    chain.settle().await;
    assert!(chain.access(room, account(3)).await);
}

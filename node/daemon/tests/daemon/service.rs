//! The service role: stake, registration, epochs; on a chain whose clock is a day behind until it is told otherwise.

use std::time::Duration;

use alloy::primitives::U256;
use pars_bindings::ParsToken::transferCall;
use pars_bindings::ServiceNodeRegistry::{beaconCall, nodeCountCall, rollEpochCall};
use pars_daemon::args::Settings;
use pars_daemon::clock;
use pars_daemon::config::Config;
use pars_daemon::daemon::Daemon;
use pars_devnet::dev_accounts;
use pars_wire::codec::Day;
use serde_json::{Value, json};

use crate::support::{World, call};

const DAY: u64 = 86_400;
/// Far more than a block takes to be seen, and less than a transaction is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

fn service(world: &World, account: usize) -> Settings {
    Settings { service: true, dev_account: Some(account), bootstrap: Vec::new(), ..world.settings() }
}

async fn nodes(world: &World) -> U256 {
    world.read(world.contracts.service_node_registry, &nodeCountCall {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_registers_once_and_rolls_a_later_epoch_but_never_the_first() {
    let now = clock::wall().unix_seconds();
    let world = World::begun_at(Some(now - DAY)).await;
    let registry = world.contracts.service_node_registry;
    let first = world.daemon("s", service(&world, 0)).await;
    let node = first.ready().node.clone().expect("a service node has an id");
    assert_eq!(nodes(&world).await, U256::from(1));
    let status = call(&first.ready().socket, "status.get", json!({})).await["result"].clone();
    assert_eq!(status["service"], json!(node));
    first.stop().await.unwrap();

    let yesterday = Day::at(clock::wall()).0 - 1;
    assert!(world.read(registry, &beaconCall { epoch: yesterday }).await.is_zero(), "the first is not its to roll");
    world.send(registry, &rollEpochCall {}).await;
    assert!(!world.read(registry, &beaconCall { epoch: yesterday }).await.is_zero());
    world.devnet.call("evm_increaseTime", json!([DAY])).await.unwrap();

    let again = world.daemon("s", service(&world, 0)).await;
    assert_eq!(again.ready().node.as_deref(), Some(node.as_str()), "its keys were kept");
    assert_eq!(nodes(&world).await, U256::from(1));
    let today = Day::at(clock::wall()).0;
    while world.read(registry, &beaconCall { epoch: today }).await.is_zero() {
        tokio::task::yield_now().await;
    }
    // Its own descriptor, beside the registration that the first epoch saw.
    let peers = loop {
        let peers = call(&again.ready().socket, "peers.list", json!({})).await["result"]["peers"].clone();
        if peers[0]["described"] == true {
            break peers;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((&peers[0]["node"], &peers[0]["stake"]), (&json!(node), &json!("1000000000000")));
    assert_eq!(peers[0]["addresses"].as_array().map(Vec::len), Some(1), "{peers}");
    again.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_followed_while_the_roll_of_an_epoch_gets_into_none() {
    let world = World::begun_at(Some(clock::wall().unix_seconds() - DAY)).await;
    world.daemon("s", service(&world, 0)).await.stop().await.unwrap();
    world.send(world.contracts.service_node_registry, &rollEpochCall {}).await;
    world.devnet.call("evm_increaseTime", json!([DAY])).await.unwrap();
    world.devnet.call("anvil_mine", json!([5])).await.unwrap();
    world.devnet.call("evm_setAutomine", json!([false])).await.unwrap();
    let before = world.devnet.call("evm_snapshot", json!([])).await.unwrap();
    let daemon = world.daemon("s", service(&world, 0)).await;
    let sent = |block| world.devnet.call("eth_getTransactionCount", json!([dev_accounts()[0].address(), block]));
    while sent("pending").await.unwrap() == sent("latest").await.unwrap() {
        tokio::task::yield_now().await;
    }
    // The chain's node forgets it.
    world.devnet.call("evm_revert", json!([before])).await.unwrap();
    world.devnet.call("anvil_mine", json!([5])).await.unwrap();
    let head = world.devnet.call("eth_blockNumber", json!([])).await.unwrap();
    let head = u64::from_str_radix(head.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    let socket = &daemon.ready().socket;
    let follows = async {
        while call(socket, "status.get", json!({})).await["result"]["chain"]["head"].as_u64() < Some(head) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, follows).await.expect("the daemon follows the chain");
    daemon.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stake_that_the_account_does_not_hold_is_refused_with_both_figures() {
    let world = World::start().await;
    let account = dev_accounts()[1].address();
    world.send(world.contracts.pars, &transferCall { to: account, value: U256::from(5) }).await;
    let config = Config::check(world.datadir("s"), service(&world, 1)).unwrap();
    let error = Daemon::start(config).await.unwrap_err().to_string();
    assert!(error.contains("holds 5 raw units") && error.contains("takes 1000000000000"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_node_gets_an_identity_while_it_runs_and_keeps_both() {
    let world = World::start().await;
    let daemon = world.daemon("s", service(&world, 0)).await;
    let (socket, node) = (daemon.ready().socket.clone(), daemon.ready().node.clone());
    let created = call(&socket, "identity.create", json!({})).await["result"].clone();
    assert!(created["id"].is_string(), "{created}");
    daemon.stop().await.unwrap();
    let daemon = world.daemon("s", service(&world, 0)).await;
    assert_eq!(daemon.ready().node, node);
    let shown: Value = call(&socket, "identity.get", json!({})).await["result"].clone();
    assert_eq!(shown["id"], created["id"]);
    daemon.stop().await.unwrap();
}

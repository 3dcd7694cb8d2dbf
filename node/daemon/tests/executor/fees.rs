//! Transactions that the chain does not take as they are.

use std::time::Duration;

use alloy::consensus::Transaction;
use alloy::primitives::U256;
use alloy::providers::Provider;
use pars_proto::action::{ActionReceipt, Outcome, RefusalCode};
use pars_wire::content::ContentType;
use serde_json::json;

use crate::world::{World, kill};

/// Creation code of a contract that burns all gas it is given: JUMPDEST, PUSH0, JUMP.
const BURNER: &str = "0x625b5f565f526003601df3";
/// Blocks that are full before the executor's transaction has its turn.
const FULL: usize = 6;

/// Take every block for others: each block has room for one of these, and they came first.
async fn crowd(world: &World) {
    let account = pars_devnet::dev_accounts()[2].address();
    let created = world.call("eth_sendTransaction", json!([{"from": account, "data": BURNER}])).await;
    let receipt = world.call("eth_getTransactionReceipt", json!([created])).await;
    let burner = receipt["contractAddress"].clone();
    world.call("evm_setAutomine", json!([false])).await;
    let fee = "0x174876e800";
    for _ in 0..FULL {
        let burn = json!({"from": account, "to": burner, "gas": "0xe4e1c0", "maxFeePerGas": fee, "maxPriorityFeePerGas": "0x1"});
        world.call("eth_sendTransaction", json!([burn])).await;
    }
}

/// What the executor pays at most if it signs now.
async fn todays_fee(world: &World) -> u128 {
    world.provider().estimate_eip1559_fees().await.unwrap().max_fee_per_gas
}

/// The transaction that a receipt names, and that it was dearer than this.
async fn is_dearer(world: &World, receipt: &ActionReceipt, first: u128) {
    let hash = receipt.inclusion().unwrap().transaction;
    let mined = world.provider().get_transaction_by_hash(hash).await.unwrap().unwrap();
    assert!(mined.max_fee_per_gas() >= first + first / 8, "{} after {first}", mined.max_fee_per_gas());
}

#[tokio::test]
async fn an_action_that_no_block_takes_is_signed_again_under_its_nonce_at_a_higher_fee() {
    let world = World::new().await;
    crowd(&world).await;
    let first = todays_fee(&world).await;
    let id = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    let _executor = world.executor(None);
    world.pending().await;
    world.mine(4).await;
    world.looks(2).await;
    assert!(world.receipts(id).is_empty());
    world.mine(FULL as u64).await;
    let receipt = world.receipt(id, 1).await;
    assert_eq!(receipt.outcome(), Outcome::Executed);
    is_dearer(&world, &receipt, first).await;
    assert_eq!((world.counted().await, world.submitted().await), (U256::from(5), 1));
}

#[tokio::test]
async fn a_dearer_transaction_is_known_after_a_kill() {
    let world = World::new().await;
    crowd(&world).await;
    let first = todays_fee(&world).await;
    let id = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    let executor = world.executor(None);
    world.pending().await;
    world.mine(4).await;
    world.looks(2).await;
    kill(executor).await;
    world.mine(FULL as u64).await;
    let _executor = world.executor(None);
    let receipt = world.receipt(id, 1).await;
    assert_eq!(receipt.outcome(), Outcome::Executed);
    is_dearer(&world, &receipt, first).await;
    assert_eq!((world.counted().await, world.submitted().await), (U256::from(5), 1));
}

#[tokio::test]
async fn a_transaction_that_the_node_refuses_stops_nobody_and_runs_when_it_is_taken() {
    let world = World::new().await;
    let stuck = world.lost_transaction().await;
    // The node would not have it again.
    let account = pars_devnet::dev_accounts()[1].address();
    world.call("anvil_setBalance", json!([account, "0x1"])).await;

    let _executor = world.executor(None);
    let other = world.deliver(ContentType::Action, b"2 please".to_vec());
    assert_eq!(world.receipt(other, 1).await.outcome(), Outcome::Refused(RefusalCode::Malformed));
    assert!(world.receipts(stuck).is_empty());
    world.call("anvil_setBalance", json!([account, "0x8ac7230489e80000"])).await;
    world.pass(Duration::from_secs(1));
    world.pending().await;
    world.mine(1).await;
    assert_eq!(world.receipt(stuck, 1).await.outcome(), Outcome::Executed);
    assert_eq!((world.counted().await, world.submitted().await), (U256::from(5), 1));
}

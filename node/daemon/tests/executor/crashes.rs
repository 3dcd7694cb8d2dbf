//! An executor that is killed. Aborting its task between two awaits is what a kill leaves behind: its file holds whole
//! transactions, its memory is gone.

use alloy::primitives::U256;
use pars_proto::action::Outcome;
use pars_wire::content::ContentType;
use serde_json::json;

use crate::world::{World, kill};

#[tokio::test]
async fn a_kill_between_submission_and_receipt_does_not_execute_twice() {
    let world = World::new().await;
    world.call("evm_setAutomine", json!([false])).await;
    let id = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    let executor = world.executor(None);
    world.pending().await;
    kill(executor).await;
    assert!(world.receipts(id).is_empty());

    let executor = world.executor(None);
    world.mine(3).await;
    let receipt = world.receipt(id, 1).await;
    assert_eq!(receipt.outcome(), Outcome::Executed);
    world.mine(1).await;
    assert_eq!((world.counted().await, world.submitted().await), (U256::from(5), 1));
    kill(executor).await;
}

#[tokio::test]
async fn a_transaction_that_was_signed_and_never_arrived_is_sent_again_as_it_was() {
    let world = World::new().await;
    let id = world.lost_transaction().await;

    let _executor = world.executor(None);
    world.pending().await;
    world.mine(3).await;
    assert_eq!(world.receipt(id, 1).await.outcome(), Outcome::Executed);
    assert_eq!((world.counted().await, world.submitted().await), (U256::from(5), 1));
}

#[tokio::test]
async fn an_action_whose_transaction_lost_its_place_to_another_of_the_account_is_judged_anew() {
    let world = World::new().await;
    let id = world.lost_transaction().await;
    // Somebody else uses the account, and with it the nonce.
    let account = pars_devnet::dev_accounts()[1].address();
    world.call("eth_sendTransaction", json!([{"from": account, "to": account}])).await;
    world.mine(1).await;

    let _executor = world.executor(None);
    world.pending().await;
    world.mine(3).await;
    assert_eq!(world.receipt(id, 1).await.outcome(), Outcome::Executed);
    assert_eq!((world.counted().await, world.submitted().await), (U256::from(5), 2));
}

#[tokio::test]
async fn an_executor_that_starts_again_tells_nothing_twice_and_knows_its_certificates() {
    let world = World::new().await;
    let id = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    let executor = world.executor(None);
    world.receipt(id, 1).await;
    world.mine(2).await;
    world.receipt(id, 2).await;
    kill(executor).await;

    let _executor = world.executor(None);
    let second = world.deliver(ContentType::Action, world.signed(&world.add(1, 7).await));
    assert_eq!(world.receipt(second, 1).await.outcome(), Outcome::Executed);
    assert_eq!((world.receipts(id).len(), world.counted().await), (2, U256::from(12)));
}

//! Actions that are carried out, and what the author is told.

use alloy::primitives::U256;
use pars_proto::action::Outcome;
use pars_wire::content::ContentType;
use serde_json::json;

use crate::world::{CHAIN_ID, World};

#[tokio::test]
async fn an_action_is_executed_once_and_its_author_is_told_when_included_and_when_final() {
    let world = World::new().await;
    let id = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    let _executor = world.executor(None);
    let included = world.receipt(id, 1).await;
    assert_eq!((included.outcome(), included.is_final()), (Outcome::Executed, false));
    assert_eq!(world.counted().await, U256::from(5));
    world.mine(2).await;
    let settled = world.receipt(id, 2).await;
    assert!(settled.is_final());
    assert_eq!(settled.inclusion().unwrap().block, included.inclusion().unwrap().block);
    assert_eq!(world.submitted().await, 1);
}

#[tokio::test]
async fn two_actions_of_one_lane_that_wait_together_run_in_order() {
    let world = World::new().await;
    let mut messages = Vec::new();
    for (sequence, n) in [(0, 5), (1, 7)] {
        messages.push(world.deliver(ContentType::Action, world.signed(&world.add(sequence, n).await)));
    }
    let _executor = world.executor(None);
    for id in messages {
        assert_eq!(world.receipt(id, 1).await.outcome(), Outcome::Executed);
    }
    assert_eq!((world.counted().await, world.submitted().await), (U256::from(12), 2));
}

#[tokio::test]
async fn actions_that_overtook_their_certificate_wait_for_it_and_run_in_order() {
    let world = World::without_certificate().await;
    let first = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    let _executor = world.executor(None);
    world.dealt_with().await;
    assert!(world.receipts(first).is_empty());
    world.deliver(ContentType::Action, world.certificate(CHAIN_ID));
    let second = world.deliver(ContentType::Action, world.signed(&world.add(1, 7).await));
    for id in [first, second] {
        assert_eq!(world.receipt(id, 1).await.outcome(), Outcome::Executed);
    }
    assert_eq!(world.counted().await, U256::from(12));
}

#[tokio::test]
async fn an_action_that_overtook_the_one_before_it_waits_for_it() {
    let world = World::new().await;
    let second = world.deliver(ContentType::Action, world.signed(&world.add(1, 7).await));
    let _executor = world.executor(None);
    world.dealt_with().await;
    let first = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    for id in [first, second] {
        assert_eq!(world.receipt(id, 1).await.outcome(), Outcome::Executed);
    }
    assert_eq!(world.counted().await, U256::from(12));
}

#[tokio::test]
async fn an_action_that_a_reorganisation_took_away_is_sent_again() {
    let world = World::new().await;
    let id = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    let _executor = world.executor(None);
    world.receipt(id, 1).await;
    world.call("anvil_reorg", json!([1, []])).await;
    world.pending_or_counted(U256::from(5)).await;
    world.mine(3).await;
    let settled = world.receipt(id, 2).await;
    assert_eq!((settled.outcome(), settled.is_final()), (Outcome::Executed, true));
    assert_eq!((world.counted().await, world.submitted().await), (U256::from(5), 1));
}

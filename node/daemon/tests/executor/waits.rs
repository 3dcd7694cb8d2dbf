//! Actions that came before what they need: how long they wait.

use std::time::Duration;

use alloy::primitives::U256;
use pars_proto::action::{Outcome, RefusalCode};
use pars_wire::content::ContentType;

use crate::world::{CHAIN_ID, World};

#[tokio::test]
async fn an_action_waits_ten_seconds_however_many_messages_arrive_in_them() {
    let world = World::without_certificate().await;
    let early = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    let _executor = world.executor(None);
    for _ in 0..60 {
        world.deliver(ContentType::Text, b"hello".to_vec());
        world.dealt_with().await;
    }
    world.pass(Duration::from_millis(9_999));
    world.looks(2).await;
    assert!(world.receipts(early).is_empty());
    world.deliver(ContentType::Action, world.certificate(CHAIN_ID));
    assert_eq!(world.receipt(early, 1).await.outcome(), Outcome::Executed);
}

#[tokio::test]
async fn after_ten_seconds_it_is_refused() {
    let world = World::without_certificate().await;
    let early = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    let _executor = world.executor(None);
    world.dealt_with().await;
    world.pass(Duration::from_secs(10));
    assert_eq!(world.receipt(early, 1).await.outcome(), Outcome::Refused(RefusalCode::UnknownKey));
    assert_eq!(world.counted().await, U256::ZERO);
}

#[tokio::test]
async fn what_came_while_the_executor_was_away_is_read_before_a_waiting_action_is_refused() {
    let world = World::without_certificate().await;
    let early = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    let executor = world.executor(None);
    world.dealt_with().await;
    executor.abort();
    let _ = executor.await;
    world.pass(Duration::from_secs(3_600));
    world.deliver(ContentType::Action, world.certificate(CHAIN_ID));
    let _executor = world.executor(None);
    assert_eq!(world.receipt(early, 1).await.outcome(), Outcome::Executed);
}

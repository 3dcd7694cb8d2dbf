//! Answers: to whom, how often, and who does not wait for whom.

use std::time::Duration;

use pars_identity::IdentityId;
use pars_proto::action::Outcome;
use pars_wire::content::ContentType;

use crate::world::World;

const STRANGER: IdentityId = IdentityId([9; 32]);
const MALFORMED: &[u8] = b"2 please send 5 PARS";
const WEEK: Duration = Duration::from_secs(7 * 86_400);

#[tokio::test]
async fn only_who_writes_text_is_greeted() {
    let world = World::new().await;
    let _executor = world.executor(None);
    let action = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    world.receipt(action, 1).await;
    assert!(world.greeted().is_empty());
    world.deliver(ContentType::Text, b"hello".to_vec());
    world.dealt_with().await;
    assert_eq!(world.greeted(), [world.author.id()]);
}

#[tokio::test]
async fn who_is_not_served_is_not_greeted() {
    let world = World::new().await;
    let list = format!("authors = [\"{}\"]\n", world.author.id());
    let _executor = world.executor(Some(world.file("allow.toml", &list)));
    world.deliver_from(STRANGER, ContentType::Text, b"hello".to_vec());
    world.deliver(ContentType::Text, b"hello".to_vec());
    world.dealt_with().await;
    assert_eq!(world.greeted(), [world.author.id()]);
}

#[tokio::test]
async fn a_greeting_that_was_not_durable_at_a_kill_is_said_after_it() {
    let world = World::new().await;
    world.set_deaf(world.author.id(), true);
    let executor = world.executor(None);
    world.deliver(ContentType::Text, b"hello".to_vec());
    world.dealt_with().await;
    executor.abort();
    let _ = executor.await;
    assert!(world.greeted().is_empty());
    world.set_deaf(world.author.id(), false);
    let _executor = world.executor(None);
    world.looks(2).await;
    assert_eq!(world.greeted(), [world.author.id()]);
}

#[tokio::test]
async fn nobody_waits_for_an_author_who_cannot_be_told_and_tries_become_rare() {
    let world = World::new().await;
    world.set_deaf(STRANGER, true);
    let _executor = world.executor(None);
    world.deliver_from(STRANGER, ContentType::Action, MALFORMED.to_vec());
    let honest = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    assert_eq!(world.receipt(honest, 1).await.outcome(), Outcome::Executed);
    world.looks(10).await;
    assert_eq!(world.tries(), 1, "no time has passed");
    let mut pause = 1;
    for tries in 2..8 {
        world.pass(Duration::from_secs(pause));
        world.looks(4).await;
        assert_eq!(world.tries(), tries);
        pause *= 2;
    }
}

#[tokio::test]
async fn a_receipt_is_told_late_and_given_up_after_a_week() {
    let world = World::new().await;
    let other = IdentityId([8; 32]);
    world.set_deaf(STRANGER, true);
    world.set_deaf(other, true);
    let _executor = world.executor(None);
    let late = world.deliver_from(other, ContentType::Action, MALFORMED.to_vec());
    let never = world.deliver_from(STRANGER, ContentType::Action, MALFORMED.to_vec());
    world.dealt_with().await;
    world.set_deaf(other, false);
    world.pass(WEEK - Duration::from_secs(1));
    assert!(world.receipt(late, 1).await.is_final());
    world.pass(Duration::from_secs(3_600));
    world.looks(3).await;
    let tries = world.tries();
    world.set_deaf(STRANGER, false);
    world.pass(Duration::from_secs(3_600));
    world.looks(3).await;
    assert_eq!(world.tries(), tries);
    assert!(world.receipts(never).is_empty());
}

#[tokio::test]
async fn an_outcome_that_never_comes_holds_up_nobody() {
    let world = World::new().await;
    world.set_silent(STRANGER);
    for _ in 0..100 {
        world.deliver_from(STRANGER, ContentType::Action, MALFORMED.to_vec());
    }
    let honest = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    let _executor = world.executor(None);
    assert_eq!(world.receipt(honest, 1).await.outcome(), Outcome::Executed);
}

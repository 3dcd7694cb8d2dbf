//! Actions that are not carried out: by which code the author is told, and that nothing was submitted.

use std::time::Duration;

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use pars_identity::IdentityId;
use pars_proto::action::{ActionReceipt, Outcome, RefusalCode};
use pars_wire::content::ContentType;
use serde_json::json;

use crate::world::{Counter, PER_PERIOD, World};

fn refusal(receipt: &ActionReceipt) -> Option<RefusalCode> {
    match receipt.outcome() {
        Outcome::Refused(code) => Some(code),
        _ => None,
    }
}

#[tokio::test]
async fn what_would_revert_or_fail_is_refused_by_the_simulation_and_nothing_is_submitted() {
    let world = World::new().await;
    let _executor = world.executor(None);
    let failing = world.action(0, Counter::failCall {}.abi_encode()).await;
    let failing = world.receipt(world.deliver(ContentType::Action, world.signed(&failing)), 1).await;
    assert_eq!(refusal(&failing), Some(RefusalCode::SimulationFails));
    assert!(failing.is_final() && failing.inclusion().is_none());
    assert_eq!((world.submitted().await, world.counted().await), (0, U256::ZERO));
    for sequence in 0..PER_PERIOD {
        let id = world.deliver(ContentType::Action, world.signed(&world.add(sequence, 1).await));
        assert_eq!(world.receipt(id, 1).await.outcome(), Outcome::Executed);
    }
    let over = world.signed(&world.add(PER_PERIOD, 1).await);
    let over = world.receipt(world.deliver(ContentType::Action, over), 1).await;
    assert_eq!(refusal(&over), Some(RefusalCode::SimulationReverts));
    assert!(over.reason().contains("RateExceeded"), "{}", over.reason());
    assert_eq!((world.submitted().await, world.counted().await), (PER_PERIOD, U256::from(PER_PERIOD)));
}

#[tokio::test]
async fn what_the_policy_does_not_allow_is_refused_by_numbers_of_its_own_and_nothing_is_submitted() {
    let world = World::new().await;
    let _executor = world.executor(None);
    let mut elsewhere = world.add(0, 5).await;
    elsewhere.target = Address::repeat_byte(9);
    let mut other = world.add(0, 5).await;
    other.data = Counter::valueCall {}.abi_encode().into();
    let mut dear = world.add(0, 5).await;
    dear.value = U256::from(2);
    let cases = [
        (elsewhere, RefusalCode::CallNotAllowed, "0x1003e2d2 of 0x0909090909090909090909090909090909090909"),
        (other, RefusalCode::CallNotAllowed, "0x3fa4f245 of"),
        (dear, RefusalCode::ValueAboveCap, "sends 2 wei, the account's policy allows 0 at most"),
    ];
    for (action, code, words) in cases {
        let receipt = world.receipt(world.deliver(ContentType::Action, world.signed(&action)), 1).await;
        assert_eq!(refusal(&receipt), Some(code), "{}", receipt.reason());
        assert!(receipt.reason().contains(words), "{}", receipt.reason());
        assert!(receipt.is_final() && receipt.inclusion().is_none());
    }
    assert_eq!((world.submitted().await, world.counted().await), (0, U256::ZERO));
}

#[tokio::test]
async fn an_action_that_ran_is_a_replay_in_another_message_and_the_one_after_the_next_waits() {
    let world = World::new().await;
    let _executor = world.executor(None);
    let action = world.signed(&world.add(0, 5).await);
    let id = world.deliver(ContentType::Action, action.clone());
    assert_eq!(world.receipt(id, 1).await.outcome(), Outcome::Executed);
    let again = world.deliver(ContentType::Action, action);
    assert_eq!(refusal(&world.receipt(again, 1).await), Some(RefusalCode::Replay));
    let early = world.deliver(ContentType::Action, world.signed(&world.add(2, 5).await));
    world.dealt_with().await;
    world.pass(Duration::from_secs(10));
    assert_eq!(refusal(&world.receipt(early, 1).await), Some(RefusalCode::NotNext));
    assert_eq!((world.submitted().await, world.counted().await), (1, U256::from(5)));
}

#[tokio::test]
async fn damaged_foreign_and_late_actions_are_refused_each_by_its_code() {
    let world = World::new().await;
    let _executor = world.executor(None);
    let good = world.signed(&world.add(0, 5).await);
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut late = world.add(0, 5).await;
    late.validUntil = late.validAfter;
    let stranger = IdentityId([9; 32]);
    let author = world.author.id();
    let cases = [
        (author, flipped, RefusalCode::BadSignature),
        (author, world.signed(&late), RefusalCode::Expired),
        (author, b"2 please send 5 PARS".to_vec(), RefusalCode::Malformed),
        (author, world.certificate(7_070), RefusalCode::OtherChain),
        (stranger, good, RefusalCode::UnknownKey),
    ];
    for (from, content, expected) in cases {
        let id = world.deliver_from(from, ContentType::Action, content);
        world.dealt_with().await;
        world.pass(Duration::from_secs(10));
        assert_eq!(refusal(&world.receipt(id, 1).await), Some(expected));
    }
    assert_eq!((world.submitted().await, world.counted().await), (0, U256::ZERO));
}

#[tokio::test]
async fn an_action_as_chat_is_never_carried_out_nor_answered() {
    let world = World::new().await;
    let _executor = world.executor(None);
    let good = world.signed(&world.add(0, 5).await);
    let id = world.deliver(ContentType::Text, good);
    world.dealt_with().await;
    assert!(world.receipts(id).is_empty());
    assert_eq!(world.submitted().await, 0);
}

#[tokio::test]
async fn an_action_signed_for_another_chain_of_ours_is_refused_as_that_and_not_as_damaged() {
    let world = World::new().await;
    let _executor = world.executor(None);
    for chain in [7_070, 31_337] {
        let action = world.signed_for(chain, &world.add(0, 5).await);
        let receipt = world.receipt(world.deliver(ContentType::Action, action), 1).await;
        assert_eq!(refusal(&receipt), Some(RefusalCode::OtherChain));
        assert_eq!(receipt.reason(), format!("it was signed for chain {chain}, this executor serves 7072"));
    }
    let unheard_of = world.signed_for(4_711, &world.add(0, 5).await);
    let receipt = world.receipt(world.deliver(ContentType::Action, unheard_of), 1).await;
    assert_eq!(refusal(&receipt), Some(RefusalCode::BadSignature));
    assert_eq!((world.submitted().await, world.counted().await), (0, U256::ZERO));
}

#[tokio::test]
async fn an_action_signed_for_another_contract_is_refused_as_that_once_its_author_has_said_where_it_is_for() {
    let world = World::new().await;
    let _executor = world.executor(None);
    let other = Address::repeat_byte(0xaa);
    let action = world.signed_at(7_072, other, &world.add(0, 5).await);
    let unheard_of = world.receipt(world.deliver(ContentType::Action, action.clone()), 1).await;
    assert_eq!(refusal(&unheard_of), Some(RefusalCode::BadSignature));
    for content in [world.certificate_at(7_072, other), action] {
        let receipt = world.receipt(world.deliver(ContentType::Action, content), 1).await;
        assert_eq!(refusal(&receipt), Some(RefusalCode::OtherContract));
        assert!(receipt.reason().to_lowercase().contains(&"aa".repeat(20)), "{}", receipt.reason());
    }
    assert_eq!((world.submitted().await, world.counted().await), (0, U256::ZERO));
}

#[tokio::test]
async fn a_chain_that_cannot_verify_ml_dsa_is_noticed_before_anything_is_submitted() {
    let world = World::new().await;
    world.call("anvil_setCode", json!([world.deployment.mldsa, "0x"])).await;
    let _executor = world.executor(None);
    let id = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    assert_eq!(refusal(&world.receipt(id, 1).await), Some(RefusalCode::NoPrecompile));
    assert_eq!(world.submitted().await, 0);
}

#[tokio::test]
async fn a_chain_that_verifies_ml_dsa_no_more_is_noticed_while_the_executor_runs() {
    let world = World::new().await;
    let _executor = world.executor(None);
    let before = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    assert_eq!(world.receipt(before, 1).await.outcome(), Outcome::Executed);
    world.call("anvil_setCode", json!([world.deployment.mldsa, "0x"])).await;
    let after = world.deliver(ContentType::Action, world.signed(&world.add(1, 5).await));
    assert_eq!(refusal(&world.receipt(after, 1).await), Some(RefusalCode::NoPrecompile));
    assert_eq!((world.submitted().await, world.counted().await), (1, U256::from(5)));
}

#[tokio::test]
async fn a_call_off_the_operators_list_is_not_relayed_and_one_on_it_is() {
    let world = World::new().await;
    let list = format!("[[calls]]\ntarget = \"{}\"\nselector = \"0x1003e2d2\"\n", world.counter);
    let _executor = world.executor(Some(world.file("allow.toml", &list)));
    let failing = world.action(0, Counter::failCall {}.abi_encode()).await;
    let off = world.deliver(ContentType::Action, world.signed(&failing));
    assert_eq!(refusal(&world.receipt(off, 1).await), Some(RefusalCode::CallNotServed));
    let on = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    assert_eq!(world.receipt(on, 1).await.outcome(), Outcome::Executed);
}

#[tokio::test]
async fn an_executor_without_money_says_so() {
    let world = World::new().await;
    let account = pars_devnet::dev_accounts()[1].address();
    world.call("anvil_setBalance", json!([account, "0x1"])).await;
    let _executor = world.executor(None);
    let id = world.deliver(ContentType::Action, world.signed(&world.add(0, 5).await));
    assert_eq!(refusal(&world.receipt(id, 1).await), Some(RefusalCode::Unfunded));
}

//! A minimal account and its trigger key, from the key to the counter.

use std::os::unix::fs::PermissionsExt;

use alloy::{
    primitives::{Address, U256},
    sol_types::SolCall,
};
use pars_bindings::SessionTrigger;
use pars_crypto::suite::Libcrux;
use pars_identity::trigger::TriggerCertificate;

use crate::world::{SESSION, World, identity};

const OWNER: [&str; 2] = ["--dev-account", "0"];

/// A minimal account of the first development account, with a key enrolled for the counter's `add`.
async fn enrolled(world: &World) -> String {
    world.done(&["trigger", "key"]).await;
    let account = world.done(&[&["trigger", "account", "deploy"][..], &OWNER].concat()).await;
    let account = account["account"].as_str().unwrap().to_owned();
    enrol(world, &account).await;
    account
}

async fn enrol(world: &World, account: &str) {
    let allow = format!("{}:add(uint256)", world.counter);
    let words = ["trigger", "enrol", "--account", account, "--allow", &allow, "--days", "30"];
    let document = world.done(&[&words[..], &OWNER].concat()).await;
    assert_eq!(document["kind"], "minimal");
}

async fn send(world: &World, account: &str, n: &str) -> serde_json::Value {
    let target = world.counter.to_string();
    let words = ["trigger", "send", "--session", SESSION, "--account", account, "--target", &target];
    world.done(&[&words[..], &["--call", "add(uint256)", n]].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_enrolled_and_acts_and_each_action_has_the_lanes_next_nonce() {
    let world = World::new().await;
    let account = enrolled(&world).await;
    for (sequence, n) in [(0, "5"), (1, "7")] {
        let sent = send(&world, &account, n).await;
        assert_eq!((&sent["sequence"], &sent["lane"]), (&serde_json::json!(sequence), &serde_json::json!("0")));
        world.execute_last().await;
    }
    assert_eq!(world.counted().await, U256::from(12));
    let certificate = alloy::hex::decode(&world.sent()[0].certificate).unwrap();
    let certificate = TriggerCertificate::verify(&Libcrux, &certificate, identity().core()).unwrap();
    assert_eq!(certificate.key().account, account.parse::<Address>().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_enrolled_again_gets_the_new_policy_and_a_revoked_one_acts_no_more() {
    let world = World::new().await;
    let account = enrolled(&world).await;
    enrol(&world, &account).await;
    let revoked = world.done(&[&["trigger", "revoke", "--account", &account][..], &OWNER].concat()).await;
    let signer = revoked["signerId"].as_str().unwrap().parse().unwrap();
    let call = SessionTrigger::signerOfCall { signerId: signer };
    let answer = world.read(world.deployment().session_trigger, call.abi_encode()).await;
    assert!(SessionTrigger::signerOfCall::abi_decode_returns(&answer).unwrap().revoked);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_cannot_act_and_keys_that_are_missing_are_refused_by_name() {
    let world = World::new().await;
    let (counter, nobody) = (world.counter.to_string(), Address::repeat_byte(9).to_string());
    let allow = format!("{counter}:transfer");
    let enrol = ["trigger", "enrol", "--allow", &allow, "--account"];
    for account in [&counter, &nobody] {
        assert_eq!(world.refused(&[&enrol[..], &[account], &OWNER].concat()).await, "no_module_account");
    }
    let account = world.done(&[&["trigger", "account", "deploy"][..], &OWNER].concat()).await;
    let account = account["account"].as_str().unwrap();
    assert_eq!(world.refused(&[&enrol[..], &[account], &OWNER].concat()).await, "no_trigger_key");
    assert_eq!(world.refused(&[&enrol[..], &[account], &["--dev-account", "1"]].concat()).await, "no_module_account");
    let send = ["trigger", "send", "--session", SESSION, "--account", account, "--target", &counter];
    assert_eq!(world.refused(&send).await, "no_trigger_key");
    world.done(&["trigger", "key"]).await;
    let home = std::fs::metadata(world.path().join("home/triggers")).unwrap();
    assert_eq!(home.permissions().mode() & 0o7777, 0o700);
}

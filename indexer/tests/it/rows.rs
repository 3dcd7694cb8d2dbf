//! Rows as the API shows them, field by field against what was sent to the real contracts.

use crate::mldsa::Key;
use crate::safe_owners::LOGGER;
use crate::support::{Chain, Index, quantity};
use alloy::primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy::sol_types::{SolCall, SolValue};
use pars_bindings::deployment::minimal_account;
use pars_bindings::typed::{
    action_bytes, action_hash, action_nonce, consent_digest, enrol_bytes, erc7913_bytes, recording_domain,
    recording_id, seconds40, seconds48, trigger_domain,
};
use pars_bindings::{MinimalAccount, ParsToken, RecordingConsent, ServiceNodeRegistry, SessionTrigger, TownHall};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const CHAIN_ID: u64 = 7072;
/// A contract that refuses every call, with the call's own bytes as the reason.
const REFUSER: [u8; 22] = hex!("600a600c600039600a6000f3 36600060003736 6000fd");
/// The function that the trigger key may call; neither contract looks at it.
pub(crate) const SELECTOR: [u8; 4] = hex!("12345678");

/// A row as it has to be shown: its fields, and the newest log of `contract` in the receipt.
pub(crate) fn row(receipt: &Value, contract: Address, mut fields: Value) -> Value {
    let of_contract = |log: &&Value| serde_json::from_value::<Address>(log["address"].clone()).unwrap() == contract;
    let log = receipt["logs"].as_array().unwrap().iter().rfind(of_contract).unwrap();
    fields["block"] = json!(quantity(&receipt["blockNumber"]));
    fields["blockHash"] = receipt["blockHash"].clone();
    fields["logIndex"] = json!(quantity(&log["logIndex"]));
    fields["finalized"] = json!(false);
    fields
}

pub(crate) async fn started(folder: &TempDir) -> (Chain, Index) {
    let chain = Chain::deploy(100).await;
    let index = chain.index(&folder.path().join("index.sqlite")).await;
    (chain, index)
}

fn created(receipt: &Value) -> Address {
    serde_json::from_value(receipt["contractAddress"].clone()).unwrap()
}

#[tokio::test]
async fn members_and_seat_delegates_come_and_go_as_they_were_set() {
    let folder = TempDir::new().unwrap();
    let (chain, index) = started(&folder).await;
    let (hall, accounts) = (chain.deployment.town_hall, &chain.accounts);
    chain.lock(1, 1_000_000, 71).await;
    let config = TownHall::RoomConfig {
        kind: 1,
        capacity: 25,
        minBalance: 0,
        safe: Address::ZERO,
        committee: Address::ZERO,
        metadataHash: B256::ZERO,
    };
    let room = chain.create_room(1, config).await;
    let member = |account: usize, on| TownHall::setMemberCall { roomId: room, account: accounts[account], on };
    let until = chain.now().await + 86_400;
    let delegation = |delegate, until| TownHall::setSeatDelegateCall { delegate, until: seconds40(until).unwrap() };
    chain.call(1, hall, member(2, true)).await;
    chain.call(1, hall, member(3, true)).await;
    let mut delegates = Vec::new();
    for (wallet, until) in [(4, until), (5, until + 1)] {
        let delegate = Address::repeat_byte(wallet as u8);
        let receipt = chain.call(wallet, hall, delegation(delegate, until)).await;
        let fields = json!({"account": accounts[wallet], "delegate": delegate, "until": until});
        delegates.push((accounts[wallet], row(&receipt, hall, fields)));
    }
    delegates.sort_by_key(|(account, _)| *account);
    let shown = |delegates: &[(Address, Value)]| -> Value { delegates.iter().map(|(_, row)| row.clone()).collect() };
    let mut members = [accounts[2], accounts[3]];
    members.sort_unstable();
    index.reach(&chain).await;
    let room_path = format!("/v1/rooms/{room:#x}");
    assert_eq!(index.data(&room_path).await["members"], json!(members));
    assert_eq!(index.data("/v1/delegates").await, shown(&delegates));

    chain.call(1, hall, member(2, false)).await;
    chain.call(5, hall, delegation(Address::ZERO, 0)).await;
    delegates.retain(|(account, _)| *account == accounts[4]);
    index.reach(&chain).await;
    assert_eq!(index.data(&room_path).await["members"], json!([accounts[3]]));
    assert_eq!(index.data("/v1/delegates").await, shown(&delegates));
}

#[tokio::test]
async fn a_service_node_and_a_beacon_are_shown_as_registered_and_rolled() {
    let folder = TempDir::new().unwrap();
    let (chain, index) = started(&folder).await;
    let (registry, owner) = (chain.deployment.service_node_registry, chain.accounts[1]);
    let stake = chain.read(registry, ServiceNodeRegistry::MIN_STAKECall {}).await + 7;
    let pars = chain.deployment.pars;
    chain.call(0, pars, ParsToken::transferCall { to: owner, value: U256::from(stake) }).await;
    chain.call(1, pars, ParsToken::approveCall { spender: registry, value: U256::from(stake) }).await;
    let [operator, identity, transport] = [1, 2, 3].map(B256::repeat_byte);
    let call = ServiceNodeRegistry::registerCall { operator, identityHash: identity, transportKey: transport, stake };
    let registered = chain.call(1, registry, call).await;
    let rolled = chain.call(2, registry, ServiceNodeRegistry::rollEpochCall {}).await;
    let epoch = u32::try_from(chain.now().await / 86_400).unwrap();
    let beacon = chain.read(registry, ServiceNodeRegistry::beaconCall { epoch }).await;
    assert_ne!(beacon, B256::ZERO);
    index.reach(&chain).await;
    let node = json!({
        "nodeId": keccak256((owner, identity).abi_encode()), "owner": owner, "operator": operator,
        "identityHash": identity, "transportKey": transport, "directoryHash": B256::ZERO,
        "stake": stake.to_string(), "unbondingUntil": null, "decommissioned": false, "withdrawn": false,
        "missedEpochs": [],
    });
    assert_eq!(index.data("/v1/nodes").await, json!([row(&registered, registry, node)]));
    let beacon = row(&rolled, registry, json!({"epoch": epoch, "beacon": beacon}));
    assert_eq!(index.data("/v1/beacons").await, json!([beacon]));
}

#[tokio::test]
async fn a_consent_is_shown_with_the_recording_it_authorised() {
    let folder = TempDir::new().unwrap();
    let (chain, index) = started(&folder).await;
    let (contract, key) = (chain.deployment.recording_consent, Key::from_seed(8));
    let signer = Bytes::from([chain.deployment.mldsa_erc7913.as_slice(), &key.public()].concat());
    let until = chain.now().await + 3_600;
    let recording = RecordingConsent::Recording {
        recordingId: B256::repeat_byte(1),
        roster: keccak256(keccak256(&signer).abi_encode()),
        participants: 1,
        policy: B256::repeat_byte(2),
        recorder: keccak256(b"the recorder"),
        validUntil: seconds40(until).unwrap(),
    };
    let id = recording_id(&recording);
    let digest = consent_digest(&recording_domain(CHAIN_ID, contract), id);
    let submit = RecordingConsent::submitCall {
        r: recording.clone(),
        signers: vec![signer],
        signatures: vec![key.sign(&erc7913_bytes(digest))],
        proof: vec![],
        flags: vec![],
    };
    let receipt = chain.call(1, contract, submit).await;
    index.reach(&chain).await;
    let consent = json!({
        "id": id, "total": 1, "recordingId": recording.recordingId, "roster": recording.roster, "participants": 1,
        "policy": recording.policy, "recorder": recording.recorder, "validUntil": until, "withdrawn": false,
        "cid": null, "wraps": null,
    });
    assert_eq!(index.data("/v1/consents").await, json!([row(&receipt, contract, consent)]));
}

/// An account of the second development account with the trigger as its module and a key enrolled for calls of two
/// contracts, and the receipt of the enrolment.
pub(crate) async fn enrolled(chain: &Chain, key: &Key, policy: SessionTrigger::Policy) -> (Address, Value) {
    let trigger = chain.deployment.session_trigger;
    let account = created(&chain.send(1, None, minimal_account(chain.accounts[1]).unwrap()).await);
    chain.call(1, account, MinimalAccount::setModuleCall { module: trigger, on: true }).await;
    let possession = key.sign(&enrol_bytes(&trigger_domain(CHAIN_ID, trigger), account, keccak256(key.public())));
    let enrol = SessionTrigger::enrolCall { publicKey: key.public(), policy, possession };
    let data = enrol.abi_encode().into();
    let execute = MinimalAccount::executeCall { to: trigger, value: U256::ZERO, data };
    (account, chain.call(1, account, execute).await)
}

#[tokio::test]
async fn a_trigger_key_and_its_actions_are_shown_with_policy_and_outcome() {
    let folder = TempDir::new().unwrap();
    let (chain, index) = started(&folder).await;
    let (trigger, key) = (chain.deployment.session_trigger, Key::from_seed(7));
    let (signer_id, now) = (keccak256(key.public()), chain.now().await);
    let accepts = created(&chain.send(0, None, Bytes::from(LOGGER)).await);
    let refuses = created(&chain.send(0, None, Bytes::from(REFUSER)).await);
    let rules = [accepts, refuses].map(|target| SessionTrigger::Rule { target, selector: SELECTOR.into() });
    let policy = SessionTrigger::Policy {
        rules: rules.to_vec(),
        valueCap: 11,
        perPeriod: 10,
        period: 3_600,
        validUntil: seconds40(now + 86_400).unwrap(),
    };
    let (account, receipt) = enrolled(&chain, &key, policy).await;
    let signer = json!({
        "signerId": signer_id, "account": account,
        "keyAt": chain.read(trigger, SessionTrigger::signerOfCall { signerId: signer_id }).await.keyAt,
        "policy": {
            "rules": [{"target": accepts, "selector": "0x12345678"}, {"target": refuses, "selector": "0x12345678"}],
            "valueCap": "11", "perPeriod": 10, "period": 3_600, "validUntil": now + 86_400,
        },
        "rotatesTo": null, "rotatesAt": null, "rotatedFrom": null, "revoked": false,
    });
    let signer = row(&receipt, trigger, signer);

    let mut actions = Vec::new();
    for (sequence, target) in [accepts, refuses].into_iter().enumerate() {
        let data = Bytes::from([&SELECTOR[..], &[5; 32]].concat());
        let action = SessionTrigger::Action {
            signerId: signer_id,
            account,
            target,
            value: U256::ZERO,
            data: data.clone(),
            nonce: action_nonce(U256::from(3), sequence as u64).unwrap(),
            validAfter: seconds48(0).unwrap(),
            validUntil: seconds48(now + 3_600).unwrap(),
            gasLimit: 200_000,
        };
        let call = SessionTrigger::executeFromSessionCall {
            sessionMessage: action.abi_encode().into(),
            mldsaSignature: key.sign(&action_bytes(&trigger_domain(CHAIN_ID, trigger), &action)),
            mldsaPublicKey: Bytes::new(),
        };
        let receipt = chain.call(2, trigger, call).await;
        let executed = target == accepts;
        let fields = json!({
            "signerId": signer_id, "nonce": ((3u128 << 64) + sequence as u128).to_string(),
            "actionHash": action_hash(&action), "executed": executed,
            "reason": (!executed).then(|| data.to_string()),
        });
        actions.push(row(&receipt, trigger, fields));
    }
    index.reach(&chain).await;
    assert_eq!(index.data("/v1/signers").await, json!([signer]));
    assert_eq!(index.data("/v1/actions").await, json!(actions));
}

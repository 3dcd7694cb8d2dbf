//! Rows after what came later: each change that the contracts announce, against what was sent and what the contracts answer.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::signers::SignerSync;
use alloy::sol_types::{SolCall, SolValue};
use pars_bindings::typed::{
    anchor_digest, consent_digest, enrol_bytes, erc7913_bytes, missed_digest, nodes_domain, recording_domain,
    recording_id, seconds40, trigger_domain, withdraw_digest,
};
use pars_bindings::{
    MinimalAccount, ParsToken, RecordingConsent, ServiceNodeRegistry, SessionTrigger, TownHall, VotingEscrow,
};
use pars_devnet::dev_accounts;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mldsa::Key;
use crate::rows::{CHAIN_ID, SELECTOR, enrolled, row, started};
use crate::support::{Chain, Index, WEEK, quantity};

const DAY: u64 = 86_400;

async fn pass(chain: &Chain, seconds: u64) {
    chain.rpc("evm_increaseTime", json!([seconds])).await;
    chain.mine(1).await;
}

/// 65 bytes by a development account.
fn signed(account: usize, digest: B256) -> Bytes {
    dev_accounts()[account].signer().sign_hash_sync(&digest).unwrap().as_bytes().into()
}

async fn time_of(chain: &Chain, receipt: &Value) -> u64 {
    let block = chain.rpc("eth_getBlockByNumber", json!([receipt["blockNumber"], false])).await;
    quantity(&block["timestamp"])
}

#[tokio::test]
async fn a_lock_grows_lasts_longer_and_is_gone_when_it_was_withdrawn() {
    let folder = TempDir::new().unwrap();
    let (chain, index) = started(&folder).await;
    let (escrow, account) = (chain.deployment.voting_escrow, chain.accounts[1]);
    chain.lock(1, 1_000_000, 71).await;
    let end = async || chain.read(escrow, VotingEscrow::lockInfoCall { account }).await.end.to::<u64>();
    let first = end().await;
    chain.fund(1, 234).await;
    let grown = chain.call(1, escrow, VotingEscrow::increaseAmountCall { amount: U256::from(234) }).await;
    index.reach(&chain).await;
    let lock = |end: u64| json!({"account": account, "amount": "1000234", "end": end});
    assert_eq!(index.data("/v1/locks").await, json!([row(&grown, escrow, lock(first))]));

    let longer = chain.call(1, escrow, VotingEscrow::extendLockCall { additional: U256::from(8 * WEEK) }).await;
    let second = end().await;
    assert!(second > first);
    index.reach(&chain).await;
    assert_eq!(index.data("/v1/locks").await, json!([row(&longer, escrow, lock(second))]));

    pass(&chain, 61 * WEEK).await;
    chain.call(1, escrow, VotingEscrow::withdrawCall {}).await;
    index.reach(&chain).await;
    assert_eq!(index.data("/v1/locks").await, json!([]));
}

#[tokio::test]
async fn a_room_is_shown_as_it_was_configured_last_without_its_former_moderator_and_closed() {
    let folder = TempDir::new().unwrap();
    let (chain, index) = started(&folder).await;
    let (hall, moderator) = (chain.deployment.town_hall, chain.accounts[4]);
    chain.lock(1, 1_000_000, 71).await;
    let config = |capacity, least, hash| TownHall::RoomConfig {
        kind: 0,
        capacity,
        minBalance: least,
        safe: Address::ZERO,
        committee: Address::ZERO,
        metadataHash: B256::repeat_byte(hash),
    };
    let room = chain.create_room(1, config(1_000, 9, 0x50)).await;
    let set = |on| TownHall::setModeratorCall { roomId: room, account: moderator, on };
    let path = format!("/v1/rooms/{room:#x}");
    chain.call(1, hall, set(true)).await;
    let (opener, opening) = chain.open_call(room).await;
    chain.send(1, Some(opener), opening).await;
    index.reach(&chain).await;
    assert_eq!(index.data(&path).await["moderators"], json!([moderator]));
    assert_eq!(index.data(&format!("{path}/sittings/1")).await["closedAt"], Value::Null);

    chain.call(1, hall, set(false)).await;
    let ended = chain.call(1, hall, TownHall::closeSittingCall { roomId: room }).await;
    chain.call(1, hall, TownHall::configureRoomCall { roomId: room, config: config(77, 5, 0x51) }).await;
    index.reach(&chain).await;
    let shown = index.data(&path).await;
    assert_eq!(shown["moderators"], json!([]));
    assert_eq!((&shown["capacity"], &shown["minBalance"], &shown["closed"]), (&json!(77), &json!("5"), &json!(false)));
    assert_eq!(shown["metadataHash"], json!(B256::repeat_byte(0x51)));
    assert_eq!(index.data(&format!("{path}/sittings/1")).await["closedAt"], time_of(&chain, &ended).await);

    let metadata = TownHall::setMetadataCall { roomId: room, metadataHash: B256::repeat_byte(0x52) };
    chain.call(1, hall, metadata).await;
    let closed = chain.call(1, hall, TownHall::closeRoomCall { roomId: room }).await;
    index.reach(&chain).await;
    let shown = index.data(&path).await;
    assert_eq!((&shown["metadataHash"], &shown["closed"]), (&json!(B256::repeat_byte(0x52)), &json!(true)));
    assert_eq!((&shown["capacity"], &shown["blockHash"]), (&json!(77), &closed["blockHash"]));
}

/// Nodes of account 1, told apart by their identity; their ids.
async fn nodes(chain: &Chain, count: u8, stake: u128) -> Vec<B256> {
    let (registry, pars, owner) = (chain.deployment.service_node_registry, chain.deployment.pars, chain.accounts[1]);
    let value = U256::from(stake) * U256::from(count + 1);
    chain.call(0, pars, ParsToken::transferCall { to: owner, value }).await;
    chain.call(1, pars, ParsToken::approveCall { spender: registry, value }).await;
    let mut ids = Vec::new();
    for number in 1..=count {
        let [operator, identity, transport] = [number, number + 100, number + 200].map(B256::repeat_byte);
        let call =
            ServiceNodeRegistry::registerCall { operator, identityHash: identity, transportKey: transport, stake };
        chain.call(1, registry, call).await;
        ids.push(keccak256((owner, identity).abi_encode()));
    }
    ids
}

/// The fields of a node as the API shows them.
async fn node(index: &Index, id: B256) -> Value {
    let all = index.data("/v1/nodes").await;
    all.as_array().unwrap().iter().find(|node| node["nodeId"] == json!(id)).unwrap().clone()
}

#[tokio::test]
async fn a_service_node_is_shown_as_it_was_updated_left_and_was_paid_out() {
    let folder = TempDir::new().unwrap();
    let (chain, index) = started(&folder).await;
    let registry = chain.deployment.service_node_registry;
    let stake = chain.read(registry, ServiceNodeRegistry::MIN_STAKECall {}).await;
    let id = nodes(&chain, 1, stake).await[0];
    let [identity, transport, directory] = [7, 8, 9].map(B256::repeat_byte);
    let update = ServiceNodeRegistry::updateCall {
        nodeId: id,
        identityHash: identity,
        transportKey: transport,
        directoryHash: directory,
    };
    chain.call(1, registry, update).await;
    chain.call(1, registry, ServiceNodeRegistry::addStakeCall { nodeId: id, amount: 5 }).await;
    let left = chain.call(1, registry, ServiceNodeRegistry::unbondCall { nodeId: id }).await;
    index.reach(&chain).await;
    let unbonding = chain.read(registry, ServiceNodeRegistry::UNBONDING_TIMECall {}).await.to::<u64>();
    let mut fields = json!({
        "nodeId": id, "owner": chain.accounts[1], "operator": B256::repeat_byte(1), "identityHash": identity,
        "transportKey": transport, "directoryHash": directory, "stake": (stake + 5).to_string(),
        "unbondingUntil": time_of(&chain, &left).await + unbonding, "decommissioned": false, "withdrawn": false,
        "missedEpochs": [],
    });
    assert_eq!(node(&index, id).await, row(&left, registry, fields.clone()));

    pass(&chain, unbonding).await;
    let paid = chain.call(1, registry, ServiceNodeRegistry::withdrawCall { nodeId: id }).await;
    index.reach(&chain).await;
    (fields["stake"], fields["unbondingUntil"], fields["withdrawn"]) = (json!("0"), Value::Null, json!(true));
    assert_eq!(node(&index, id).await, row(&paid, registry, fields));
}

#[tokio::test]
async fn challenges_that_a_node_missed_are_shown_by_epoch_and_the_third_takes_it_out() {
    let folder = TempDir::new().unwrap();
    let (chain, index) = started(&folder).await;
    let registry = chain.deployment.service_node_registry;
    let stake = chain.read(registry, ServiceNodeRegistry::MIN_STAKECall {}).await;
    let id = nodes(&chain, 8, stake).await[3];
    let domain = nodes_domain(CHAIN_ID, registry);
    let mut missed = Vec::new();
    for _ in 0..3 {
        pass(&chain, DAY).await;
        chain.call(2, registry, ServiceNodeRegistry::rollEpochCall {}).await;
        let epoch = u32::try_from(chain.now().await / DAY).unwrap();
        let mut panel = chain.read(registry, ServiceNodeRegistry::panelOfCall { nodeId: id, epoch }).await;
        panel.sort_unstable();
        let signatures = vec![signed(1, missed_digest(&domain, id, epoch)); panel.len()];
        let report = ServiceNodeRegistry::reportMissedCall { nodeId: id, epoch, panel, signatures };
        let out = missed.len() == 2;
        chain.call(3, registry, report).await;
        missed.push(epoch);
        index.reach(&chain).await;
        let shown = node(&index, id).await;
        assert_eq!((&shown["missedEpochs"], &shown["decommissioned"]), (&json!(missed), &json!(out)));
        assert_eq!(shown["unbondingUntil"].is_u64(), out, "who is taken out unbonds");
    }
}

/// Two consent keys by rising hash of their signer bytes: one of ML-DSA, one of secp256k1.
fn consent_keys(chain: &Chain, key: &Key) -> [(Bytes, bool); 2] {
    let post_quantum = Bytes::from([chain.deployment.mldsa_erc7913.as_slice(), &key.public()].concat());
    let mut keys = [(post_quantum, true), (Bytes::from(chain.accounts[6].to_vec()), false)];
    keys.sort_by_key(|(signer, _)| keccak256(signer));
    keys
}

#[tokio::test]
async fn a_consent_is_counted_authorised_anchored_and_withdrawn() {
    let folder = TempDir::new().unwrap();
    let (chain, index) = started(&folder).await;
    let (contract, key) = (chain.deployment.recording_consent, Key::from_seed(9));
    let keys = consent_keys(&chain, &key);
    let mut leaves = keys.each_ref().map(|(signer, _)| keccak256(keccak256(signer).abi_encode()));
    let proofs = [leaves[1], leaves[0]];
    leaves.sort_unstable();
    let recording = RecordingConsent::Recording {
        recordingId: B256::repeat_byte(3),
        roster: keccak256(leaves.concat()),
        participants: 2,
        policy: B256::repeat_byte(4),
        recorder: keccak256(&keys[0].0),
        validUntil: seconds40(chain.now().await + 3_600).unwrap(),
    };
    let (id, domain) = (recording_id(&recording), recording_domain(CHAIN_ID, contract));
    let sign =
        |post_quantum: bool, digest| if post_quantum { key.sign(&erc7913_bytes(digest)) } else { signed(6, digest) };
    let submit = |number: usize| RecordingConsent::submitCall {
        r: recording.clone(),
        signers: vec![keys[number].0.clone()],
        signatures: vec![sign(keys[number].1, consent_digest(&domain, id))],
        proof: vec![proofs[number]],
        flags: vec![false],
    };
    let first = chain.call(1, contract, submit(0)).await;
    index.reach(&chain).await;
    let mut fields = json!({
        "id": id, "total": 1, "recordingId": null, "roster": null, "participants": null, "policy": null,
        "recorder": null, "validUntil": null, "withdrawn": false, "cid": null, "wraps": null,
    });
    assert_eq!(index.data("/v1/consents").await, json!([row(&first, contract, fields.clone())]));

    chain.call(1, contract, submit(1)).await;
    let (cid, wraps) = (Bytes::from_static(b"\x01\x70\x12\x20 a root"), B256::repeat_byte(5));
    let signature = sign(keys[0].1, anchor_digest(&domain, id, cid.clone(), wraps));
    let anchor = RecordingConsent::anchorCall {
        r: recording.clone(),
        signer: keys[0].0.clone(),
        cid: cid.clone(),
        wraps,
        signature,
    };
    let anchored = chain.call(2, contract, anchor).await;
    index.reach(&chain).await;
    fields = json!({
        "id": id, "total": 2, "recordingId": recording.recordingId, "roster": recording.roster, "participants": 2,
        "policy": recording.policy, "recorder": recording.recorder, "validUntil": recording.validUntil.to::<u64>(),
        "withdrawn": false, "cid": cid.to_string(), "wraps": wraps,
    });
    assert_eq!(index.data("/v1/consents").await, json!([row(&anchored, contract, fields.clone())]));

    let signature = sign(keys[1].1, withdraw_digest(&domain, id));
    let withdraw =
        RecordingConsent::withdrawCall { r: recording, signer: keys[1].0.clone(), proof: vec![proofs[1]], signature };
    let withdrawn = chain.call(2, contract, withdraw).await;
    index.reach(&chain).await;
    fields["withdrawn"] = json!(true);
    assert_eq!(index.data("/v1/consents").await, json!([row(&withdrawn, contract, fields)]));
}

#[tokio::test]
async fn a_trigger_key_is_shown_with_its_newest_policy_its_successor_and_its_end() {
    let folder = TempDir::new().unwrap();
    let (chain, index) = started(&folder).await;
    let (trigger, old, new) = (chain.deployment.session_trigger, Key::from_seed(7), Key::from_seed(8));
    let until = chain.now().await + DAY;
    let policy = |cap, last: u64| SessionTrigger::Policy {
        rules: vec![SessionTrigger::Rule { target: Address::repeat_byte(0x77), selector: SELECTOR.into() }],
        valueCap: cap,
        perPeriod: 10,
        period: 3_600,
        validUntil: seconds40(last).unwrap(),
    };
    let (account, _) = enrolled(&chain, &old, policy(11, until)).await;
    let execute = async |data: Vec<u8>| {
        let call = MinimalAccount::executeCall { to: trigger, value: U256::ZERO, data: data.into() };
        chain.call(1, account, call).await
    };
    let [old_id, new_id] = [&old, &new].map(|key| keccak256(key.public()));
    let possession = new.sign(&enrol_bytes(&trigger_domain(CHAIN_ID, trigger), account, new_id));
    let rotate = SessionTrigger::rotateCall { signerId: old_id, newPublicKey: new.public(), possession };
    let rotated = execute(rotate.abi_encode()).await;
    let set = SessionTrigger::setPolicyCall { signerId: old_id, policy: policy(22, until + 1) };
    execute(set.abi_encode()).await;
    execute(SessionTrigger::revokeCall { signerId: old_id }.abi_encode()).await;
    index.reach(&chain).await;

    let signers = index.data("/v1/signers").await;
    let of = |id: B256| signers.as_array().unwrap().iter().find(|row| row["signerId"] == json!(id)).unwrap();
    let delay = chain.read(trigger, SessionTrigger::ROTATION_DELAYCall {}).await.to::<u64>();
    assert_eq!(of(old_id)["rotatesTo"], json!(new_id));
    assert_eq!(of(old_id)["rotatesAt"], time_of(&chain, &rotated).await + delay);
    assert_eq!((&of(old_id)["revoked"], &of(new_id)["revoked"]), (&json!(true), &json!(false)));
    assert_eq!((&of(new_id)["rotatedFrom"], &of(new_id)["account"]), (&json!(old_id), &json!(account)));
    let key_at = chain.read(trigger, SessionTrigger::signerOfCall { signerId: new_id }).await.keyAt;
    assert_eq!(of(new_id)["keyAt"], json!(key_at));
    for id in [old_id, new_id] {
        assert_eq!(of(id)["policy"]["valueCap"], "22", "both share the newest policy");
        assert_eq!(of(id)["policy"]["validUntil"], until + 1);
    }
}

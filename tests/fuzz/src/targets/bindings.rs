//! What the chain says: reverts, logs, and the file of a deployment.

use std::fmt::Debug;

use alloy_primitives::aliases::{U40, U48};
use alloy_primitives::{Address, B256, IntoLogData, Log, LogData, U256};
use alloy_sol_types::{Revert, SolError, SolEvent, SolEventInterface, SolValue};
use pars_bindings::EligibilityRegistry::EligibilityRegistryEvents;
use pars_bindings::MinimalAccount::MinimalAccountEvents;
use pars_bindings::ParsToken::ParsTokenEvents;
use pars_bindings::RecordingConsent::RecordingConsentEvents;
use pars_bindings::ServiceNodeRegistry::ServiceNodeRegistryEvents;
use pars_bindings::SessionTrigger::SessionTriggerEvents;
use pars_bindings::TownHall::TownHallEvents;
use pars_bindings::VotingEscrow::VotingEscrowEvents;
use pars_bindings::action::{facts, next_sequence_call};
use pars_bindings::consent::ConsentCall;
use pars_bindings::deployment::Deployment;
use pars_bindings::{RecordingConsent, SessionTrigger, TownHall, VotingEscrow, decode_revert, safe_owners};
use pars_wire::ChainId;
use serde_json::json;

use crate::Outcome;
use crate::check::same;
use crate::corpus::Seeds;

/// What a call returned when it failed. The name is short, whatever the contract wrote.
pub(crate) fn revert(bytes: &[u8]) -> Outcome {
    Outcome::of(decode_revert(bytes).is_some())
}

/// `topics1 | topics × 32 | data`.
fn log(bytes: &[u8]) -> Log {
    let (count, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let (words, _) = rest.as_chunks::<32>();
    let topics: Vec<B256> = words.iter().take(usize::from(count % 5)).map(B256::from).collect();
    let data = rest.get(topics.len() * 32..).unwrap_or_default().to_vec();
    Log::new_unchecked(Address::ZERO, topics, data.into())
}

fn bytes_of(log: &LogData) -> Vec<u8> {
    let topics: Vec<u8> = log.topics().iter().flat_map(|topic| topic.0).collect();
    [&[log.topics().len() as u8][..], &topics, &log.data].concat()
}

/// A log against every contract of ours, as the indexer takes it. The ABI has several encodings of one event; what was
/// read must read back as itself.
pub(crate) fn event(bytes: &[u8]) -> Outcome {
    let log = log(bytes);
    let found = [
        again::<TownHallEvents>(&log),
        again::<EligibilityRegistryEvents>(&log),
        again::<VotingEscrowEvents>(&log),
        again::<ParsTokenEvents>(&log),
        again::<RecordingConsentEvents>(&log),
        again::<ServiceNodeRegistryEvents>(&log),
        again::<SessionTriggerEvents>(&log),
        again::<MinimalAccountEvents>(&log),
    ];
    Outcome::of(found.contains(&true))
}

fn again<E: SolEventInterface + IntoLogData + PartialEq + Debug>(log: &Log) -> bool {
    let event = E::decode_raw_log(log.topics(), &log.data.data);
    if let Ok(event) = &event {
        let written = event.to_log_data();
        let read = E::decode_raw_log(written.topics(), &written.data).expect("what was written");
        assert_eq!(read, *event);
    }
    event.is_ok()
}

/// Owner events of Safes.
pub(crate) fn owner_event(bytes: &[u8]) -> Outcome {
    let log = log(bytes);
    let event = safe_owners::decode(&log);
    assert!(event.is_none() || safe_owners::is_owner_log(&log));
    Outcome::of(event.is_some())
}

/// `deployments/<chain id>.json`.
pub(crate) fn deployment(bytes: &[u8]) -> Outcome {
    super::circuits::json::<Deployment>(bytes)
}

/// The ABI inside an action: one encoding only, as on chain; what is read of it stands in it.
pub(crate) fn action(bytes: &[u8]) -> Outcome {
    let facts = facts(ChainId(7_072), Address::repeat_byte(1), bytes);
    if let Some(facts) = &facts {
        let call = SessionTrigger::Action::abi_decode(bytes).expect("an action of which facts were read");
        same(&call.abi_encode(), bytes);
        assert_eq!((facts.account, facts.target, facts.value), (call.account, call.target, call.value));
        let lane = next_sequence_call(facts).lane;
        assert_eq!((U256::from(lane) << 64) | U256::from(facts.sequence()), call.nonce);
    }
    Outcome::of(facts.is_some())
}

/// A call of `RecordingConsent` in its compact form: one encoding only.
pub(crate) fn consent(bytes: &[u8]) -> Outcome {
    let call = ConsentCall::decode(bytes);
    if let Ok(call) = &call {
        same(&call.encode().expect("a call that was read fits a message"), bytes);
    }
    Outcome::of(call.is_ok())
}

pub(super) fn seeds(seeds: &mut Seeds) {
    action_seeds(seeds);
    consent_seeds(seeds);
    revert_seeds(seeds);
    event_seeds(seeds);
    owner_seeds(seeds);
    let (address, hash) = (Address::repeat_byte(1), B256::repeat_byte(2));
    let file = json!({
        "chainId": 7072, "block": 1, "pars": address, "votingEscrow": address, "eligibilityRegistry": address,
        "groth16Verifier": address, "townHall": address, "recordingConsent": address, "sessionTrigger": address,
        "serviceNodeRegistry": address, "mldsa": address, "mldsaErc7913": address, "poseidonT2": address,
        "poseidonT3": address, "poseidonT5": address, "verifierKeyHash": hash, "devKey": true,
    });
    seeds.add("bindings-deployment", "file", file.to_string());
    seeds.add("bindings-deployment", "address-without-prefix", file.to_string().replacen("0x", "", 1));
}

/// A refusal with values.
fn slot_used() -> TownHall::SlotUsed {
    TownHall::SlotUsed { holder: Address::repeat_byte(0xab), freeAt: U256::from(1_800_003_600_u64) }
}

fn action_seeds(seeds: &mut Seeds) {
    let action = |data: &[u8]| SessionTrigger::Action {
        signerId: B256::repeat_byte(2),
        account: Address::repeat_byte(3),
        target: Address::repeat_byte(4),
        value: U256::from(5),
        data: data.to_vec().into(),
        nonce: U256::from(7) | (U256::from(6) << 64),
        validAfter: U48::from(8),
        validUntil: U48::from(9),
        gasLimit: 10,
    };
    seeds.add("bindings-action", "without-data", action(&[]).abi_encode());
    let last = |bytes: &mut Vec<u8>| bytes.len() - 1;
    seeds.add_with(
        "bindings-action",
        "call",
        &action(&[1, 2, 3, 4, 5]).abi_encode(),
        &[
            ("padding-not-zero", &|bytes| {
                let at = last(bytes);
                bytes[at] = 1;
            }),
            ("bytes-behind", &|bytes| bytes.extend([0; 32])),
            ("data-beyond-the-end", &|bytes| bytes[32 * 10 + 24..32 * 11].fill(0xff)),
            ("data-that-start-in-themselves", &|bytes| bytes[32 * 5 + 30..32 * 6].fill(0)),
            ("time-of-256-bits", &|bytes| bytes[32 * 7] = 1),
            ("account-of-256-bits", &|bytes| bytes[32 * 2] = 1),
        ],
    );
}

fn revert_seeds(seeds: &mut Seeds) {
    seeds.add("bindings-revert", "slot-used", slot_used().abi_encode());
    seeds.add("bindings-revert", "no-values", VotingEscrow::ZeroAmount {}.abi_encode());
    seeds.add_with(
        "bindings-revert",
        "text",
        &Revert::from("no such thing").abi_encode(),
        &[
            ("text-beyond-the-end", &|bytes| bytes[36 + 24..36 + 32].fill(0xff)),
            ("text-at-the-end-of-memory", &|bytes| bytes[4..36].fill(0xff)),
        ],
    );
    seeds.add("bindings-revert", "panic", [&[0x4e, 0x48, 0x7b, 0x71][..], &[0; 31], &[0x11]].concat());
}

fn event_seeds(seeds: &mut Seeds) {
    let opened = TownHall::SittingOpened {
        roomId: B256::repeat_byte(1),
        sittingId: 1,
        root: U256::from(5),
        endsAt: alloy_primitives::aliases::U40::from(1_800_500_400_u64),
        threshold: U256::from(126_144_000),
        metadataHash: B256::ZERO,
    };
    seeds.add_with(
        "bindings-event",
        "sitting-opened",
        &bytes_of(&opened.encode_log_data()),
        &[("time-of-256-bits", &|bytes| bytes[1 + 96 + 32] = 1), ("a-topic-less", &|bytes| bytes[0] = 2)],
    );
    let anchored = RecordingConsent::Anchored { id: B256::repeat_byte(2), cid: vec![7; 36].into(), wraps: B256::ZERO };
    seeds.add_with(
        "bindings-event",
        "anchored",
        &bytes_of(&anchored.encode_log_data()),
        &[
            ("bytes-beyond-the-end", &|bytes| bytes[1 + 64 + 64 + 24..1 + 64 + 96].fill(0xff)),
            ("bytes-that-start-in-themselves", &|bytes| bytes[1 + 64 + 31] = 0),
        ],
    );
    let failed = SessionTrigger::ActionFailed {
        signerId: B256::repeat_byte(3),
        nonce: U256::from(4),
        actionHash: B256::repeat_byte(5),
        reason: slot_used().abi_encode().into(),
    };
    seeds.add("bindings-event", "action-failed", bytes_of(&failed.encode_log_data()));
}

fn owner_seeds(seeds: &mut Seeds) {
    let owner = Address::repeat_byte(7).into_word();
    let logs = [
        ("added-indexed", vec![safe_owners::ADDED_OWNER, owner], Vec::new()),
        ("removed-in-data", vec![safe_owners::REMOVED_OWNER], owner.to_vec()),
        ("added-too-long", vec![safe_owners::ADDED_OWNER], [owner.to_vec(), vec![0; 32]].concat()),
        ("setup", vec![safe_owners::SAFE_SETUP, owner], setup(2)),
        ("setup-of-more-owners-than-memory", vec![safe_owners::SAFE_SETUP, owner], setup(u64::MAX)),
    ];
    for (name, topics, data) in logs {
        seeds.add("bindings-owner-event", name, bytes_of(&LogData::new_unchecked(topics, data.into())));
    }
}

/// `(address[] owners, uint256 threshold, address initializer, address handler)` with this many owners, two of them there.
fn setup(owners: u64) -> Vec<u8> {
    let word = |value: u64| U256::from(value).to_be_bytes::<32>();
    [word(128), word(1), word(0), word(0), word(owners), word(11), word(12)].concat()
}

fn consent_seeds(seeds: &mut Seeds) {
    let r = RecordingConsent::Recording {
        recordingId: B256::repeat_byte(1),
        roster: B256::repeat_byte(2),
        participants: 3,
        policy: B256::repeat_byte(4),
        recorder: B256::repeat_byte(5),
        validUntil: U40::from(6),
    };
    let submit = RecordingConsent::submitCall {
        r,
        signers: vec![vec![9; 20].into(); 2],
        signatures: vec![vec![8; 65].into(); 2],
        proof: vec![B256::repeat_byte(7)],
        flags: vec![true, false],
    };
    // Kind 1, recording 135, number of nodes 1, a node 32, number of flags 2.
    let (nodes, flags) = (136, 136 + 1 + 32 + 2);
    seeds.add_with(
        "bindings-consent",
        "submit",
        &ConsentCall::Submit(submit).encode().expect("a short call"),
        &[
            ("unknown-kind", &|bytes| bytes[0] = 4),
            ("more-nodes-than-there-are", &move |bytes| bytes[nodes] = 255),
            ("bits-behind-the-flags", &move |bytes| bytes[flags] |= 1),
        ],
    );
}

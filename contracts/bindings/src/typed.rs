//! What people and nodes sign for our contracts (EIP-712): domains, digests and, for trigger keys, byte strings.
//!
//! Texts of the types: CHAIN section 1, ELIGIBILITY sections 4 and 5. Nothing here holds a key.

use alloy_primitives::{
    Address, B256, Bytes, U256,
    aliases::{U40, U48},
};
use alloy_sol_types::{Eip712Domain, SolStruct, eip712_domain};

use crate::contracts::{RecordingConsent, SessionTrigger};

/// The structs as they are signed; ids are plain words here.
mod structs {
    use alloy_sol_types::sol;

    sol! {
        struct CreateRoom { address creator; bytes32 metadataHash; uint40 deadline; }
        struct Recording { bytes32 recordingId; bytes32 roster; uint16 participants; bytes32 policy; bytes32 recorder; uint40 validUntil; }
        struct Withdraw { bytes32 recording; }
        struct Anchor { bytes32 recording; bytes cid; bytes32 wraps; }
        struct Action { bytes32 signerId; address account; address target; uint256 value; bytes data; uint256 nonce; uint48 validAfter; uint48 validUntil; uint32 gasLimit; }
        struct Enrol { address account; bytes32 signerId; }
        struct Missed { bytes32 nodeId; uint32 epoch; }
    }
}

/// Bytes that a trigger key signs for an action: prefix 22, zero 1, 0x1901, domain 32, struct 32.
pub const ACTION_BYTES: usize = 89;
/// Bytes that a trigger key signs to be enrolled: prefix 20, zero 1, 0x1901, domain 32, struct 32.
pub const ENROL_BYTES: usize = 87;

const ACTION_PREFIX: &[u8; 22] = b"pars-session-trigger/1";
const ENROL_PREFIX: &[u8; 20] = b"pars-trigger-enrol/1";
const ERC7913_PREFIX: &[u8; 14] = b"pars-erc7913/1";

/// Domain of the Town Hall: lent slots, and the seat statements of rooms.
#[must_use]
pub fn town_hall_domain(chain_id: u64, town_hall: Address) -> Eip712Domain {
    eip712_domain! { name: "ParsTownHall", version: "1", chain_id: chain_id, verifying_contract: town_hall, }
}

/// Domain of recordings.
#[must_use]
pub fn recording_domain(chain_id: u64, recording_consent: Address) -> Eip712Domain {
    eip712_domain! {
        name: "ParsRecordingConsent", version: "1", chain_id: chain_id, verifying_contract: recording_consent,
    }
}

/// Domain of trigger keys.
#[must_use]
pub fn trigger_domain(chain_id: u64, session_trigger: Address) -> Eip712Domain {
    eip712_domain! { name: "ParsSessionTrigger", version: "1", chain_id: chain_id, verifying_contract: session_trigger, }
}

/// Domain of service nodes.
#[must_use]
pub fn nodes_domain(chain_id: u64, service_node_registry: Address) -> Eip712Domain {
    eip712_domain! {
        name: "ParsServiceNodeRegistry", version: "1", chain_id: chain_id, verifying_contract: service_node_registry,
    }
}

/// Digest that the holder of a lock signs to lend its hourly slot to `creator`, until the second `deadline`.
#[must_use]
pub fn slot_digest(domain: &Eip712Domain, creator: Address, metadata_hash: B256, deadline: U40) -> B256 {
    structs::CreateRoom { creator, metadataHash: metadata_hash, deadline }.eip712_signing_hash(domain)
}

/// The id of a recording: its struct hash, the same on every chain.
#[must_use]
pub fn recording_id(recording: &RecordingConsent::Recording) -> B256 {
    structs::Recording {
        recordingId: recording.recordingId,
        roster: recording.roster,
        participants: recording.participants,
        policy: recording.policy,
        recorder: recording.recorder,
        validUntil: recording.validUntil,
    }
    .eip712_hash_struct()
}

/// Digest that every key of a roster signs.
#[must_use]
pub fn consent_digest(domain: &Eip712Domain, id: B256) -> B256 {
    signing_hash(domain, id)
}

/// Digest that a key of a roster signs to withdraw for ever.
#[must_use]
pub fn withdraw_digest(domain: &Eip712Domain, id: B256) -> B256 {
    structs::Withdraw { recording: id }.eip712_signing_hash(domain)
}

/// Digest that the recorder signs to name what was recorded; `cid` has 1 to 128 bytes.
#[must_use]
pub fn anchor_digest(domain: &Eip712Domain, id: B256, cid: Bytes, wraps: B256) -> B256 {
    structs::Anchor { recording: id, cid, wraps }.eip712_signing_hash(domain)
}

/// What an ML-DSA key signs in place of a digest (ERC-7913 verifier), 47 bytes.
#[must_use]
pub fn erc7913_bytes(digest: B256) -> Vec<u8> {
    [ERC7913_PREFIX.as_slice(), &[0], digest.as_slice()].concat()
}

/// hashStruct of an action: the `actionHash` of the events.
#[must_use]
pub fn action_hash(action: &SessionTrigger::Action) -> B256 {
    structs::Action {
        signerId: action.signerId,
        account: action.account,
        target: action.target,
        value: action.value,
        data: action.data.clone(),
        nonce: action.nonce,
        validAfter: action.validAfter,
        validUntil: action.validUntil,
        gasLimit: action.gasLimit,
    }
    .eip712_hash_struct()
}

/// What a trigger key signs for an action, [`ACTION_BYTES`] long; pure ML-DSA-87 under the adapter's context.
#[must_use]
pub fn action_bytes(domain: &Eip712Domain, action: &SessionTrigger::Action) -> Vec<u8> {
    prefixed(ACTION_PREFIX, domain, action_hash(action))
}

/// What a trigger key signs to be enrolled by an account, [`ENROL_BYTES`] long.
#[must_use]
pub fn enrol_bytes(domain: &Eip712Domain, account: Address, signer_id: B256) -> Vec<u8> {
    prefixed(ENROL_PREFIX, domain, enrol_hash(account, signer_id))
}

/// hashStruct of an enrolment.
#[must_use]
pub fn enrol_hash(account: Address, signer_id: B256) -> B256 {
    structs::Enrol { account, signerId: signer_id }.eip712_hash_struct()
}

/// The nonce of a lane's action: `lane * 2^64 + sequence`. `None` if the lane has more than 192 bits.
#[must_use]
pub fn action_nonce(lane: U256, sequence: u64) -> Option<U256> {
    lane.checked_mul(U256::from(1_u128 << 64))?.checked_add(U256::from(sequence))
}

/// Digest that a panel node's owner signs to attest a missed challenge.
#[must_use]
pub fn missed_digest(domain: &Eip712Domain, node_id: B256, epoch: u32) -> B256 {
    structs::Missed { nodeId: node_id, epoch }.eip712_signing_hash(domain)
}

/// Seconds since 1970 as the contracts' 40 bits; `None` from the year 36,812 on.
#[must_use]
pub fn seconds40(seconds: u64) -> Option<U40> {
    U40::try_from(seconds).ok()
}

/// Seconds since 1970 as an action's 48 bits.
#[must_use]
pub fn seconds48(seconds: u64) -> Option<U48> {
    U48::try_from(seconds).ok()
}

fn signing_hash(domain: &Eip712Domain, struct_hash: B256) -> B256 {
    let bytes = [&[0x19, 0x01], domain.hash_struct().as_slice(), struct_hash.as_slice()].concat();
    alloy_primitives::keccak256(bytes)
}

fn prefixed(prefix: &[u8], domain: &Eip712Domain, struct_hash: B256) -> Vec<u8> {
    [prefix, &[0, 0x19, 0x01], domain.hash_struct().as_slice(), struct_hash.as_slice()].concat()
}

#[cfg(test)]
mod tests;

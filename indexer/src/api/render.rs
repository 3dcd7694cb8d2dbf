//! Rows as JSON. The zero address and the zero hash stand for "none", as on chain.

use alloy::primitives::{B256, Bytes, U256};
use pars_indexer_core::{Action, Beacon, Consent, Leaf, Lock, Node, Position, Room, SeatDelegate, Signer, Sitting};
use serde_json::{Value, json};

/// A row that the API shows.
pub(super) trait Render {
    /// Its own fields.
    fn fields(&self) -> Value;
    /// The log it comes from.
    fn position(&self) -> Position;
}

/// The row's fields, then its log and whether that is final.
pub(super) fn render(row: &impl Render, finalized: u64) -> Value {
    let (mut value, at) = (row.fields(), row.position());
    value["block"] = json!(at.block);
    value["blockHash"] = json!(at.block_hash);
    value["logIndex"] = json!(at.log_index);
    value["finalized"] = json!(at.block <= finalized);
    value
}

/// A field element or root: 0x + 64 digits.
pub(super) fn word(value: U256) -> B256 {
    B256::from(value)
}

fn decimal(value: impl ToString) -> String {
    value.to_string()
}

macro_rules! render {
    ($($row:ident($this:ident) => $value:expr;)+) => {$(
        impl Render for $row {
            fn fields(&self) -> Value {
                let $this = self;
                $value
            }

            fn position(&self) -> Position {
                self.at
            }
        }
    )+};
}

render! {
    Room(room) => json!({
        "roomId": room.room_id, "creator": room.creator, "slotOf": room.slot_of, "kind": room.kind,
        "capacity": room.capacity, "minBalance": decimal(room.min_balance), "safe": room.safe,
        "committee": room.committee, "metadataHash": room.metadata_hash, "closed": room.closed,
    });
    Sitting(sitting) => json!({
        "sittingId": sitting.sitting_id, "root": word(sitting.root), "openedAt": sitting.opened_at,
        "endsAt": sitting.ends_at, "threshold": decimal(sitting.threshold), "metadataHash": sitting.metadata_hash,
        "closedAt": sitting.closed_at, "leafCount": sitting.leaf_count,
    });
    Leaf(leaf) => json!({
        "index": leaf.index, "account": leaf.account, "commitment": word(leaf.commitment),
        "weight": decimal(leaf.weight), "end": leaf.end,
    });
    Lock(lock) => json!({"account": lock.account, "amount": decimal(lock.amount), "end": lock.end});
    SeatDelegate(row) => json!({"account": row.account, "delegate": row.delegate, "until": row.until});
    Node(node) => json!({
        "nodeId": node.node_id, "owner": node.owner, "operator": node.operator, "identityHash": node.identity_hash,
        "transportKey": node.transport_key, "directoryHash": node.directory_hash, "stake": decimal(node.stake),
        "unbondingUntil": node.unbonding_until, "decommissioned": node.decommissioned, "withdrawn": node.withdrawn,
    });
    Beacon(row) => json!({"epoch": row.epoch, "beacon": row.beacon});
    Consent(row) => json!({
        "id": row.id, "total": row.total, "recordingId": row.recording_id, "roster": row.roster,
        "participants": row.participants, "policy": row.policy, "recorder": row.recorder,
        "validUntil": row.valid_until, "withdrawn": row.withdrawn, "cid": row.cid.as_ref().map(Bytes::to_string),
        "wraps": row.wraps,
    });
    Signer(signer) => json!({
        "signerId": signer.signer_id, "account": signer.account, "keyAt": signer.key_at,
        "policy": {
            "rules": signer.rules, "valueCap": decimal(signer.value_cap), "perPeriod": signer.per_period,
            "period": signer.period, "validUntil": signer.valid_until,
        },
        "rotatesTo": signer.rotates_to, "rotatesAt": signer.rotates_at, "rotatedFrom": signer.rotated_from,
        "revoked": signer.revoked,
    });
    Action(action) => json!({
        "signerId": action.signer_id, "nonce": decimal(action.nonce), "actionHash": action.action_hash,
        "executed": action.executed, "reason": action.reason.as_ref().map(Bytes::to_string),
    });
}

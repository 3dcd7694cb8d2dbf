//! The JSON file that a prover hands to whoever checks: public data only, self-contained.

use alloy_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};

use crate::{
    eligibility::{Request, Sitting, Witness},
    envelope::Envelope,
    proof::Proof,
};

/// Version of the file this software writes and reads.
pub const PROOF_FILE_VERSION: u32 = 1;

/// A proof with everything it claims. Fields are claims: [`crate::check::check`] compares them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProofFile {
    /// [`PROOF_FILE_VERSION`].
    pub version: u32,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the TownHall contract.
    pub town_hall: Address,
    /// The room.
    pub room_id: B256,
    /// The sitting.
    pub sitting_id: u64,
    /// 1 join, 2 poll.
    pub purpose: u8,
    /// Zero for a join, the poll's id for a poll.
    pub purpose_id: B256,
    /// Time of issue, seconds since the Unix epoch.
    pub issued_at: u64,
    /// What the proof signs.
    pub payload: B256,
    /// Public input 1, big-endian.
    pub nullifier: B256,
    /// root, nullifier, external, threshold, at, signal.
    pub inputs: Vec<B256>,
    /// A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y.
    pub points: Vec<B256>,
    /// The 352 bytes of [`Envelope::encode`].
    pub proof: Bytes,
}

impl ProofFile {
    /// The file of a proof made for a request in a sitting.
    pub fn new(sitting: &Sitting, request: &Request<'_>, witness: &Witness, proof: &Proof) -> Self {
        let points = proof.points();
        let Request { payload, issued_at, purpose, .. } = *request;
        let envelope = Envelope { points, sitting_id: sitting.sitting_id, issued_at, payload };
        Self {
            version: PROOF_FILE_VERSION,
            chain_id: sitting.chain_id,
            town_hall: sitting.town_hall,
            room_id: sitting.room_id,
            sitting_id: sitting.sitting_id,
            purpose: purpose.code(),
            purpose_id: purpose.id(),
            issued_at,
            payload,
            nullifier: witness.statement().nullifier.bytes(),
            inputs: witness.statement().inputs().map(B256::from).to_vec(),
            points: points.map(B256::from).to_vec(),
            proof: envelope.encode().to_vec().into(),
        }
    }
}

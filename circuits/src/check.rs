//! Checking a proof against a sitting, naming the first difference.
//!
//! [`admit`] takes what travels (352 bytes and a nullifier) and is the twin of `canJoinAnonymous`; [`check`] takes a
//! proof file and says which of its claims is not that of the sitting.

use alloy_primitives::{B256, U256};

use crate::{
    eligibility::Sitting,
    encoding::{Nullifier, Purpose},
    envelope::{Envelope, EnvelopeError},
    key::VerifyingKey,
    proof::Points,
    proof_file::{PROOF_FILE_VERSION, ProofFile},
    statement::INPUTS,
    verify::VerifyError,
};

/// The first thing that is wrong with a proof. [`Refusal::code`] is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A version of the proof file this software does not read.
    #[error("the proof file has version {0}, this software reads version 1")]
    WrongVersion(u32),
    /// Another chain.
    #[error("the proof is for chain {0}, not for that of the sitting")]
    WrongChain(u64),
    /// Another TownHall contract.
    #[error("the proof is for another TownHall contract")]
    WrongTownHall,
    /// Another room.
    #[error("the proof is for room {0}, not for this one")]
    WrongRoom(B256),
    /// Another sitting of the room.
    #[error("the proof is for sitting {0}, not for the running one")]
    WrongSitting(u64),
    /// Another purpose.
    #[error("the proof is for another purpose: {0} (1 join, 2 poll)")]
    WrongPurpose(u8),
    /// Another payload: the proof was stolen, or the seat keys changed.
    #[error("the proof signs payload {0}, not the one presented with it")]
    WrongPayload(B256),
    /// Not six public inputs.
    #[error("a proof has exactly six public inputs, these are {0}")]
    InputCount(usize),
    /// A public input that is not below the scalar order.
    #[error("public input {0} is not below the scalar order")]
    InputOutOfRange(usize),
    /// Another root.
    #[error("the proof is under a root that this sitting did not pin")]
    WrongRoot,
    /// Another external nullifier than that of the claimed scope.
    #[error("the proof's external nullifier is not that of its room, sitting and purpose")]
    WrongExternal,
    /// Another threshold.
    #[error("the proof is for another threshold than that of the sitting")]
    WrongThreshold,
    /// Another time.
    #[error("the proof shows power at another time than the end of the sitting")]
    WrongAt,
    /// Another signal than that of payload and time of issue.
    #[error("the proof does not sign the payload and time of issue presented with it")]
    WrongSignal,
    /// The nullifier is not the second public input.
    #[error("the nullifier presented is not the one that was proven")]
    NullifierMismatch,
    /// The bytes or points are no proof, or differ from each other.
    #[error("the proof is malformed: send the file and bytes as the prover wrote them")]
    MalformedProof,
    /// The proof does not hold.
    #[error("the proof does not hold")]
    ProofInvalid,
}

impl Refusal {
    /// A stable code for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongVersion(_) => "wrong_version",
            Self::WrongChain(_) => "wrong_chain",
            Self::WrongTownHall => "wrong_town_hall",
            Self::WrongRoom(_) => "wrong_room",
            Self::WrongSitting(_) => "wrong_sitting",
            Self::WrongPurpose(_) => "wrong_purpose",
            Self::WrongPayload(_) => "wrong_payload",
            Self::InputCount(_) => "input_count",
            Self::InputOutOfRange(_) => "input_out_of_range",
            Self::WrongRoot => "wrong_root",
            Self::WrongExternal => "wrong_external",
            Self::WrongThreshold => "wrong_threshold",
            Self::WrongAt => "wrong_at",
            Self::WrongSignal => "wrong_signal",
            Self::NullifierMismatch => "nullifier_mismatch",
            Self::MalformedProof => "malformed_proof",
            Self::ProofInvalid => "proof_invalid",
        }
    }
}

impl From<EnvelopeError> for Refusal {
    fn from(_: EnvelopeError) -> Self {
        Self::MalformedProof
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::InputCount(count) => Self::InputCount(count),
            VerifyError::InputOutOfRange { index, .. } => Self::InputOutOfRange(index),
            VerifyError::MalformedProof(_) => Self::MalformedProof,
            VerifyError::ProofInvalid => Self::ProofInvalid,
        }
    }
}

/// What the checker knows from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expectation {
    /// What the proof must be for.
    pub purpose: Purpose,
    /// What it must sign; `None` if any payload will do.
    pub payload: Option<B256>,
}

/// Checks the bytes of a join against a sitting as the contract does. `expected_payload` is the hash of the keys
/// presented with the proof.
pub fn admit(
    key: &VerifyingKey,
    sitting: &Sitting,
    proof: &[u8],
    nullifier: B256,
    expected_payload: Option<B256>,
) -> Result<Envelope, Refusal> {
    let envelope = Envelope::decode(proof)?;
    if envelope.sitting_id != sitting.sitting_id {
        return Err(Refusal::WrongSitting(envelope.sitting_id));
    }
    if expected_payload.is_some_and(|expected| expected != envelope.payload) {
        return Err(Refusal::WrongPayload(envelope.payload));
    }
    let nullifier = Nullifier::from_word(nullifier.into()).map_err(|_| Refusal::InputOutOfRange(1))?;
    let statement = sitting.statement(Purpose::Join, nullifier, envelope.payload, envelope.issued_at);
    key.verify(&statement.inputs(), &envelope.points)?;
    Ok(envelope)
}

/// Checks a proof file against a sitting and what is expected; the first difference is the refusal.
pub fn check(
    key: &VerifyingKey,
    sitting: &Sitting,
    expectation: &Expectation,
    file: &ProofFile,
) -> Result<Nullifier, Refusal> {
    compare_scope(sitting, expectation, file)?;
    let inputs = compare_inputs(sitting, expectation, file)?;
    let points = compare_envelope(file)?;
    key.verify(&inputs, &points)?;
    let [_, nullifier, ..] = inputs;
    Nullifier::from_word(nullifier).map_err(|_| Refusal::InputOutOfRange(1))
}

fn compare_scope(sitting: &Sitting, expectation: &Expectation, file: &ProofFile) -> Result<(), Refusal> {
    let Expectation { purpose, payload } = *expectation;
    let differences = [
        (file.version != PROOF_FILE_VERSION, Refusal::WrongVersion(file.version)),
        (file.chain_id != sitting.chain_id, Refusal::WrongChain(file.chain_id)),
        (file.town_hall != sitting.town_hall, Refusal::WrongTownHall),
        (file.room_id != sitting.room_id, Refusal::WrongRoom(file.room_id)),
        (file.sitting_id != sitting.sitting_id, Refusal::WrongSitting(file.sitting_id)),
        ((file.purpose, file.purpose_id) != (purpose.code(), purpose.id()), Refusal::WrongPurpose(file.purpose)),
        (payload.is_some_and(|expected| expected != file.payload), Refusal::WrongPayload(file.payload)),
    ];
    first(differences)
}

fn compare_inputs(sitting: &Sitting, expectation: &Expectation, file: &ProofFile) -> Result<[U256; INPUTS], Refusal> {
    let inputs: [U256; INPUTS] = file
        .inputs
        .iter()
        .map(|input| U256::from_be_bytes(input.0))
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| Refusal::InputCount(file.inputs.len()))?;
    if let Some(index) = inputs.iter().position(|input| *input >= crate::field::SCALAR_ORDER) {
        return Err(Refusal::InputOutOfRange(index));
    }
    let [root, nullifier, external, threshold, at, signal] = inputs;
    let proven = Nullifier::from_word(nullifier).map_err(|_| Refusal::InputOutOfRange(1))?;
    let expected = sitting.statement(expectation.purpose, proven, file.payload, file.issued_at);
    let [expected_root, _, expected_external, expected_threshold, expected_at, expected_signal] = expected.inputs();
    first([
        (root != expected_root, Refusal::WrongRoot),
        (external != expected_external, Refusal::WrongExternal),
        (threshold != expected_threshold, Refusal::WrongThreshold),
        (at != expected_at, Refusal::WrongAt),
        (signal != expected_signal, Refusal::WrongSignal),
        (file.nullifier != proven.bytes(), Refusal::NullifierMismatch),
    ])?;
    Ok(inputs)
}

/// The envelope must say what the file says.
fn compare_envelope(file: &ProofFile) -> Result<Points, Refusal> {
    let words: Vec<U256> = file.points.iter().map(|point| U256::from_be_bytes(point.0)).collect();
    let points: Points = words.try_into().map_err(|_| Refusal::MalformedProof)?;
    let ProofFile { sitting_id, issued_at, payload, .. } = *file;
    let same = Envelope::decode(&file.proof)? == Envelope { points, sitting_id, issued_at, payload };
    if same { Ok(points) } else { Err(Refusal::MalformedProof) }
}

fn first<const N: usize>(differences: [(bool, Refusal); N]) -> Result<(), Refusal> {
    differences.into_iter().find(|(differs, _)| *differs).map_or(Ok(()), |(_, refusal)| Err(refusal))
}

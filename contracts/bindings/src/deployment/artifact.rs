//! The committed artifacts: creation code, and what the verifier says of its key.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, hex};
use alloy_sol_types::SolConstructor;
use serde::Deserialize;

use super::DeployError;
use crate::contracts::MinimalAccount;

/// What the committed verifier was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct VerifierKey {
    /// SHA3-256 of the verifying key file.
    #[serde(rename = "KEY_HASH")]
    pub hash: B256,
    /// Whether it is the insecure development key (ELIGIBILITY section 3).
    #[serde(rename = "DEV_KEY")]
    pub dev: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    contract_name: String,
    bytecode: String,
    #[serde(default)]
    link_references: BTreeMap<String, BTreeMap<String, Vec<Place>>>,
    constants: Option<VerifierKey>,
}

/// A hole in the code that a library's address fills; in bytes.
#[derive(Deserialize)]
struct Place {
    start: usize,
    length: usize,
}

/// The key that the committed `Groth16Verifier` was made from.
///
/// # Errors
/// [`DeployError::BrokenArtifact`] if the artifact is not one of ours.
pub fn verifier_key() -> Result<VerifierKey, DeployError> {
    let artifact = parse("Groth16Verifier", GROTH16_VERIFIER)?;
    artifact.constants.ok_or(DeployError::BrokenArtifact { contract: "Groth16Verifier", problem: "it names no key" })
}

/// Creation code of a [`crate::MinimalAccount`] with its owner.
///
/// # Errors
/// [`DeployError::BrokenArtifact`] if the artifact is not one of ours.
pub fn minimal_account(owner: Address) -> Result<Bytes, DeployError> {
    let mut code = code("MinimalAccount", MINIMAL_ACCOUNT, &BTreeMap::new())?.to_vec();
    code.extend_from_slice(&MinimalAccount::constructorCall { owner }.abi_encode());
    Ok(code.into())
}

/// Creation code of a contract with its libraries linked in.
pub(super) fn code(
    contract: &'static str,
    json: &str,
    libraries: &BTreeMap<&'static str, Address>,
) -> Result<Bytes, DeployError> {
    let broken = |problem| DeployError::BrokenArtifact { contract, problem };
    let mut artifact = parse(contract, json)?;
    let places = artifact.link_references.into_values().flatten();
    for (library, places) in places {
        let address = libraries.get(library.as_str()).ok_or(broken("it asks for an unknown library"))?;
        for place in places {
            let from = 2 + 2 * place.start;
            let hole = from..from + 2 * place.length;
            if place.length != Address::len_bytes() || artifact.bytecode.get(hole.clone()).is_none() {
                return Err(broken("a library's place is no address inside the code"));
            }
            artifact.bytecode.replace_range(hole, &hex::encode(address));
        }
    }
    hex::decode(&artifact.bytecode).map(Bytes::from).map_err(|_| broken("its code is no hexadecimal or not linked"))
}

fn parse(contract: &'static str, json: &str) -> Result<Artifact, DeployError> {
    let broken = |problem| DeployError::BrokenArtifact { contract, problem };
    let artifact: Artifact = serde_json::from_str(json).map_err(|_| broken("it is not the JSON of an artifact"))?;
    if artifact.contract_name == contract { Ok(artifact) } else { Err(broken("it is of another contract")) }
}

macro_rules! artifacts {
    ($($name:ident = $file:literal),+ $(,)?) => {
        $(pub(super) const $name: &str = include_str!(concat!("../../../artifacts/", $file, ".json"));)+
    };
}

artifacts! {
    ELIGIBILITY_REGISTRY = "EligibilityRegistry",
    GROTH16_VERIFIER = "Groth16Verifier",
    MINIMAL_ACCOUNT = "MinimalAccount",
    MLDSA_EIP8355 = "MldsaEip8355",
    MLDSA_ERC7913 = "MldsaErc7913",
    PARS_TOKEN = "ParsToken",
    POSEIDON_T2 = "PoseidonT2",
    POSEIDON_T3 = "PoseidonT3",
    POSEIDON_T5 = "PoseidonT5",
    RECORDING_CONSENT = "RecordingConsent",
    SERVICE_NODE_REGISTRY = "ServiceNodeRegistry",
    SESSION_TRIGGER = "SessionTrigger",
    TOWN_HALL = "TownHall",
    VOTING_ESCROW = "VotingEscrow",
}

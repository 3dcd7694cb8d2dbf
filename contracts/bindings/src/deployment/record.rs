//! The file `deployments/<chain id>.json`.

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

/// Addresses of one deployment; the content of `deployments/<chain id>.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployment {
    /// Chain id: 7070 main, 7071 test, 7072 dev, 31337 foundry's test chain.
    pub chain_id: u64,
    /// Number of the first block that may hold events of these contracts.
    pub block: u64,
    /// PARS token.
    pub pars: Address,
    /// Vote escrow of PARS.
    pub voting_escrow: Address,
    /// Tree of eligibility leaves.
    pub eligibility_registry: Address,
    /// Verifier of the eligibility statement.
    pub groth16_verifier: Address,
    /// Rooms and sittings.
    pub town_hall: Address,
    /// Consents to recordings.
    pub recording_consent: Address,
    /// Actions from session messages.
    pub session_trigger: Address,
    /// Service nodes and beacons.
    pub service_node_registry: Address,
    /// ML-DSA-87 adapter.
    pub mldsa: Address,
    /// ERC-7913 verifier over the adapter.
    pub mldsa_erc7913: Address,
    /// Poseidon with one input.
    pub poseidon_t2: Address,
    /// Poseidon with two inputs.
    pub poseidon_t3: Address,
    /// Poseidon with four inputs.
    pub poseidon_t5: Address,
    /// Hash of the verification key that the verifier was made from.
    pub verifier_key_hash: B256,
    /// Whether that key is the insecure development key.
    pub dev_key: bool,
}

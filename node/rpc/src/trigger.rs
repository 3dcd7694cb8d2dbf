//! `trigger.certify`, `trigger.send`: actions for the chain in session messages (ELIGIBILITY section 5).
//!
//! The trigger key never comes here: its holder signs, the daemon certifies whose key it is and carries the message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ClientId, HexBytes, SessionId};

/// Of `trigger.certify`: whose trigger key, on which contract, for which account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Certify {
    /// Chain.
    pub chain_id: u64,
    /// The SessionTrigger contract, 40 digits.
    pub trigger: HexBytes<20>,
    /// The account that enrolled the key.
    pub account: HexBytes<20>,
    /// keccak-256 of the key.
    pub signer_id: HexBytes<32>,
}

/// The identity's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// 4,771 bytes in hexadecimal.
    pub certificate: String,
}

/// Of `trigger.send`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendAction {
    /// To which executor.
    pub session: SessionId,
    /// Of `trigger.certify`, hexadecimal; sent before the action unless this session has it already.
    pub certificate: String,
    /// `abi.encode(Action)`, hexadecimal.
    pub session_message: String,
    /// ML-DSA-87, 4,627 bytes in hexadecimal.
    pub signature: String,
    /// Names this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
}

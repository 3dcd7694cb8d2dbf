//! `identity.create`, `identity.get`, `identity.revocation`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// Of `identity.create`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateIdentity {}

/// Of `identity.get`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetIdentity {}

/// Of `identity.revocation`: over the Unix socket only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetRevocation {}

/// What `identity.revocation` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// The revocation secret, 64 digits: keep it on paper. Publishing it ends this identity for ever.
    pub revocation: Secret,
}

/// Who this daemon speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// `05` and 64 digits.
    pub id: String,
    /// `pars://session/05…?b=…`: what to pass on; it lets the other side check the whole identity.
    pub link: String,
    /// Whether the records have been read back from the directory: only then can strangers write.
    pub published: bool,
}

/// A new identity. If this answer is lost, `identity.revocation` has the secret as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// The identity.
    #[serde(flatten)]
    pub identity: Identity,
    /// The revocation secret, 64 digits: keep it on paper. Publishing it ends this identity for ever.
    pub revocation: Secret,
}

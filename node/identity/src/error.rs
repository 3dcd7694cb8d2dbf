//! Why a record is refused.

use pars_crypto::sign::SignatureError;
use pars_crypto::suite::SuiteError;
use pars_wire::codec::DecodeError;

/// Why bytes are no valid record of the identity or device they were expected to come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not the canonical layout.
    #[error("the record is malformed: {0}")]
    Decode(#[from] DecodeError),
    /// Another suite than the one of this place.
    #[error("the record is refused: {0}")]
    Suite(#[from] SuiteError),
    /// The signature of the one who must have signed it.
    #[error("the record is not signed by its owner: {0}")]
    Signature(#[from] SignatureError),
    /// It names another identity.
    #[error("the record belongs to another identity")]
    OtherIdentity,
    /// It names another device.
    #[error("the record belongs to another device")]
    OtherDevice,
    /// The identity record does not list this certificate.
    #[error("the identity record does not list this device")]
    NotListed,
    /// The batch was made for other Diffie-Hellman keys than those of the identity record; fetch both again.
    #[error("the prekeys were made for other keys than those of the identity record; fetch both again")]
    OtherKeys,
    /// The leaf is not the one the batch signed for this day.
    #[error("the prekey is not part of the signed batch")]
    NotInBatch,
    /// Its time is over or has not come, or ends before it begins.
    #[error("the record is not valid at this hour")]
    Expired,
    /// The published r is not the one the identity core commits to.
    #[error("this is not the revocation secret of the identity")]
    OtherRevocation,
}

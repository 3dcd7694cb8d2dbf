//! From the anchor to the file key: the wraps are those whose hash was anchored, and one of them is for this recording key.

use pars_crypto::Suite;
use pars_crypto::hkem::Xw768Secret;
use pars_crypto::secret::RecordingKey;
use pars_proto::room::recording::{RecordingTag, WrapError, Wraps};
use pars_wire::codec::{DecodeError, Wire};

use crate::play::Recording;

/// Why a recording key opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    /// Other wraps than the anchor names.
    #[error("the wraps of the recording are not those that were anchored; get the recording from another place")]
    NotAnchored,
    /// No wraps.
    #[error("the wraps of the recording cannot be read: {0}")]
    Form(#[from] DecodeError),
    /// None is for this key.
    #[error(transparent)]
    Wrap(#[from] WrapError),
}

/// The file key of a recording, for a participant's recording key. `anchored` is the hash of the wraps as the chain has it.
///
/// # Errors
/// [`UnwrapError`].
pub fn unwrap(
    suite: &dyn Suite,
    recording: &Recording,
    anchored: [u8; 32],
    secret: &Xw768Secret,
) -> Result<RecordingKey, UnwrapError> {
    let wraps = Wraps::decode(recording.wraps())?;
    if wraps.hash().0 != anchored {
        return Err(UnwrapError::NotAnchored);
    }
    let key = wraps.open(suite, RecordingTag(recording.manifest().recording.into()), secret)?;
    Ok(RecordingKey::from_bytes(*key.expose()))
}

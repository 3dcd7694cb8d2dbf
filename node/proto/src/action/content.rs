//! Content type 8, one L object each:
//!
//! ```text
//! certificate   1 | certificate4771
//! action        2 | lp(sessionMessage) | signature4627
//! consent call  3 | lp(call)
//! ```
//!
//! `sessionMessage` is `abi.encode(Action)`, `call` one of `RecordingConsent` in the bindings' compact form (ELIGIBILITY 4.5);
//! whether either is canonical is for whoever reads it.

use pars_crypto::suite::DSA87_SIGNATURE;
use pars_identity::trigger::TriggerCertificate;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

/// Bytes of content that one L object carries (SESSION section 4).
const CONTENT: usize = 7_838;
/// Bytes of a session message at most: what fits one L object beside its signature.
pub const MAX_MESSAGE: usize = CONTENT - 1 - 2 - DSA87_SIGNATURE;
/// Bytes of a session message at least: an action without data.
pub const MIN_MESSAGE: usize = 11 * 32;

/// Bytes of a call of `RecordingConsent` at most.
pub const MAX_CONSENT_CALL: usize = CONTENT - 1 - 2;

const CERTIFICATE: u8 = 1;
const ACTION: u8 = 2;
const CONSENT: u8 = 3;

/// The session message does not fit a message of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an encoded action has {MIN_MESSAGE} to {MAX_MESSAGE} bytes, this one has {0}; shorten its call data")]
pub struct BadLength(
    /// Its bytes.
    pub usize,
);

/// An encoded action and the trigger key's signature; neither is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAction {
    message: Vec<u8>,
    signature: Box<[u8; DSA87_SIGNATURE]>,
}

impl SignedAction {
    /// Put both together.
    ///
    /// # Errors
    /// [`BadLength`] of the message.
    pub fn new(message: Vec<u8>, signature: Box<[u8; DSA87_SIGNATURE]>) -> Result<Self, BadLength> {
        let length = message.len();
        if (MIN_MESSAGE..=MAX_MESSAGE).contains(&length) {
            Ok(Self { message, signature })
        } else {
            Err(BadLength(length))
        }
    }

    /// `abi.encode(Action)`.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// ML-DSA-87 by the trigger key.
    pub const fn signature(&self) -> &[u8; DSA87_SIGNATURE] {
        &self.signature
    }
}

/// Content of type 8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionContent {
    /// Whose trigger key it is: once, before the first action.
    Certificate(Box<[u8; TriggerCertificate::SIZE]>),
    /// An action.
    Action(SignedAction),
    /// A call of `RecordingConsent`, at most [`MAX_CONSENT_CALL`] bytes. It carries its own signatures: whoever submits it says
    /// nothing by that.
    Consent(Vec<u8>),
}

impl Wire for ActionContent {
    fn write(&self, out: &mut Writer) {
        match self {
            Self::Certificate(bytes) => out.u8(CERTIFICATE).bytes(&bytes[..]),
            Self::Action(action) => {
                // At most MAX_MESSAGE, so that it fits its length.
                out.u8(ACTION).u16(action.message.len() as u16).bytes(&action.message).bytes(&action.signature[..])
            }
            // Longer ones fit no message: their sender is told so.
            Self::Consent(call) => out.u8(CONSENT).u16(call.len() as u16).bytes(call),
        };
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match from.u8("kind of an action")? {
            CERTIFICATE => Ok(Self::Certificate(Box::new(from.array("certificate of a trigger key")?))),
            ACTION => {
                let message = from.lp("encoded action")?.to_vec();
                let signature = Box::new(from.array("signature of an action")?);
                let action = SignedAction::new(message, signature);
                action.map(Self::Action).map_err(|_| DecodeError::Malformed { what: "length of an encoded action" })
            }
            CONSENT => match from.lp("call of RecordingConsent")? {
                call if (1..=MAX_CONSENT_CALL).contains(&call.len()) => Ok(Self::Consent(call.to_vec())),
                _ => Err(DecodeError::Malformed { what: "length of a call of RecordingConsent" }),
            },
            other => Err(DecodeError::Value { what: "kind of an action", value: other.into() }),
        }
    }
}

//! AUTH 112 = `vk32|day4|minute4|nonce8|sig64` (SESSION section 6). The signature covers label, operation, flag byte, node,
//! these fields and SHA3-256 of what follows AUTH; a reading is valid at one node and for minutes.

use pars_crypto::hash::sha3;
use pars_crypto::label::SignatureLabel;
use pars_crypto::sign::Ed25519Public;
use pars_wire::NodeId;
use pars_wire::codec::{Day, DecodeError, Minute, Reader, Wire, Writer};
use pars_wire::machine::UnixMinute;

use super::mailbox::DayKey;
use super::placement::DAYS_BACK;

/// Bytes of an AUTH.
pub const AUTH: usize = 112;
/// How far the minute of a command may lie from a node's clock.
pub const SKEW_MINUTES: u32 = 5;
/// How far into the next day a mailbox may be used before it begins.
const EARLY_MINUTES: u32 = 60;

/// The right to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth {
    /// The mailbox's day key.
    pub key: [u8; 32],
    /// Its day.
    pub day: Day,
    /// When the command was made.
    pub minute: Minute,
    /// Makes it one of its kind.
    pub nonce: [u8; 8],
    signature: [u8; 64],
}

/// What a signature covers besides the fields of AUTH itself.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The operation.
    pub op: u8,
    /// The flag byte: mailbox flag and class.
    pub flag: u8,
    /// The one node it is meant for; none for PUT and DEL, which are meant for the swarm.
    pub node: Option<NodeId>,
    /// The fields behind AUTH, without reply blocks and padding.
    pub rest: &'a [u8],
}

/// Why a command has no right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Made too long ago or in the future: correct the clock from the reply's minute.
    #[error("the command's minute is more than five minutes off this node's clock")]
    Minute,
    /// A mailbox of a day that is over, or not yet begun.
    #[error("the mailbox's day is not in use")]
    Day,
    /// Wrong key, other node, other fields, or a changed byte.
    #[error("the command's signature does not verify here")]
    Signature,
}

/// Whether a mailbox day may be used now: from 15 days ago to one hour before it begins.
pub fn in_use(day: Day, now: UnixMinute) -> bool {
    let latest = Day::at(UnixMinute(now.0.saturating_add(EARLY_MINUTES)));
    day <= latest && day >= Day::at(now).minus(DAYS_BACK)
}

impl Auth {
    fn message(&self, scope: &Scope<'_>) -> Vec<u8> {
        let node = scope.node.map_or([0; 32], |node| node.0.0);
        let mut out = Writer::with_capacity(128);
        out.u8(scope.op).u8(scope.flag).bytes(&node).bytes(&self.key).day(self.day).minute(self.minute);
        out.bytes(&self.nonce).bytes(&sha3(&[scope.rest]));
        out.into_bytes()
    }

    /// A place for a signature that [`super::command::Command::signed`] fills; it verifies nowhere.
    pub const fn unsigned() -> Self {
        Self { key: [0; 32], day: Day(0), minute: Minute(0), nonce: [0; 8], signature: [0; 64] }
    }

    /// Sign a command with a mailbox's day key.
    pub fn sign(key: &DayKey, scope: &Scope<'_>, minute: UnixMinute, nonce: [u8; 8]) -> Self {
        let mut auth = Self { key: key.public(), day: key.day, minute: Minute(minute.0), nonce, signature: [0; 64] };
        auth.signature = key.secret.sign(SignatureLabel::COMMAND, &auth.message(scope));
        auth
    }

    /// Check it, the cheap things first. Whether the nonce was used before is for the node to remember.
    ///
    /// # Errors
    /// [`AuthError`].
    pub fn verify(&self, scope: &Scope<'_>, now: UnixMinute) -> Result<(), AuthError> {
        if self.minute.0.abs_diff(now.0) > SKEW_MINUTES {
            return Err(AuthError::Minute);
        }
        if !in_use(self.day, now) {
            return Err(AuthError::Day);
        }
        let key = Ed25519Public::from_bytes(&self.key).map_err(|_| AuthError::Signature)?;
        key.verify(SignatureLabel::COMMAND, &self.message(scope), &self.signature).map_err(|_| AuthError::Signature)
    }
}

impl Wire for Auth {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.key).day(self.day).minute(self.minute).bytes(&self.nonce).bytes(&self.signature);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            key: from.array("mailbox key")?,
            day: from.day("mailbox day")?,
            minute: from.minute("command minute")?,
            nonce: from.array("command nonce")?,
            signature: from.array("command signature")?,
        })
    }
}

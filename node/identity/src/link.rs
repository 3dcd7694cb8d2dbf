//! How an identity is passed on: `pars://session/05…?b=<32 hex>`, 116 ASCII characters, where b is the first 16 bytes of
//! SHA3-256(IC). A link without b is accepted and said to be so: then the Ed25519 half is trusted on first use (SD1).

use std::fmt;
use std::str::FromStr;

use pars_wire::codec::DecodeError;

use crate::core::IdentityCore;
use crate::id::{IdError, IdentityId};

const PREFIX: &str = "pars://session/";

/// An identity as somebody passed it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The identity.
    pub id: IdentityId,
    /// The first 16 bytes of SHA3-256(IC), if the link has them.
    pub check: Option<[u8; 16]>,
}

/// Why a text is no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Another scheme or place.
    #[error("a link to an identity starts with pars://session/")]
    Prefix,
    /// The identity in it.
    #[error("the identity in the link is wrong: {0}")]
    Id(#[from] IdError),
    /// Something else behind the identity.
    #[error("behind the identity only ?b= and 32 lower-case hexadecimal digits may stand")]
    Check,
}

/// How much a link says about the identity core that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assurance {
    /// Both keys are the ones the link was made for.
    Checked,
    /// The ML-DSA key is; the Ed25519 key is taken on trust this once. The user interface says so.
    FirstUse,
}

/// The identity core that was found is not the one the link was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MismatchError {
    /// Another identity altogether.
    #[error("the record found belongs to another identity")]
    OtherIdentity,
    /// The same ML-DSA key in another core: somebody put another Ed25519 key or revocation hash beside it.
    #[error("the record found does not fit the link's check; ask for the link again over another way")]
    OtherCore,
}

impl Link {
    /// The full link of an identity.
    pub const fn to(core: &IdentityCore) -> Self {
        Self { id: core.id(), check: Some(core.check()) }
    }

    /// Compare with the core that was found.
    ///
    /// # Errors
    /// [`MismatchError`].
    pub fn compare(&self, found: &IdentityCore) -> Result<Assurance, MismatchError> {
        if self.id != found.id() {
            return Err(MismatchError::OtherIdentity);
        }
        match self.check {
            None => Ok(Assurance::FirstUse),
            Some(check) if check == found.check() => Ok(Assurance::Checked),
            Some(_) => Err(MismatchError::OtherCore),
        }
    }

    /// One NDEF message with one URI record (type `U`, prefix code 0x00: no abbreviation) of this link, for NFC tags.
    ///
    /// # Errors
    /// Never for a link of this type, whose text is far below 255 bytes; the error is that of the length field.
    pub fn to_ndef(&self) -> Result<Vec<u8>, DecodeError> {
        let text = self.to_string();
        let length = u8::try_from(text.len() + 1)
            .map_err(|_| DecodeError::Value { what: "NDEF payload length", value: text.len() as u64 })?;
        // 0xD1: first and last record, short, well-known type; then type length, payload length, type, prefix code.
        Ok([&[0xd1, 0x01, length, b'U', 0x00], text.as_bytes()].concat())
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.id)?;
        match self.check {
            Some(check) => write!(f, "?b={:032x}", u128::from_be_bytes(check)),
            None => Ok(()),
        }
    }
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let rest = text.strip_prefix(PREFIX).ok_or(LinkError::Prefix)?;
        let (id, check) = match rest.split_once('?') {
            Some((id, query)) => (id, Some(parse_check(query)?)),
            None => (rest, None),
        };
        Ok(Self { id: id.parse()?, check })
    }
}

fn parse_check(query: &str) -> Result<[u8; 16], LinkError> {
    let digits = query.strip_prefix("b=").ok_or(LinkError::Check)?;
    let lower = digits.len() == 32 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    if !lower {
        return Err(LinkError::Check);
    }
    u128::from_str_radix(digits, 16).map(u128::to_be_bytes).map_err(|_| LinkError::Check)
}

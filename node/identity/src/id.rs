//! The identity id: SHA3-256 of the ML-DSA-87 key, shown as `05` and 64 hexadecimal digits (SD1, DECISIONS O-20).
//!
//! All lower and all upper case are accepted and mean the same. Mixed case must be the checksum case: letter i is upper
//! exactly if nibble i of SHA3-256(the 64 digits in lower case) is 8 or more. Nothing else is accepted: no other prefix, no
//! white space, no look-alike characters.

use std::fmt;
use std::str::FromStr;

use pars_crypto::hash::sha3;
use pars_crypto::suite::DSA87_PUBLIC;

/// An identity ("Session ID" of the user interface). 32 bytes, 66 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityId(
    /// The digest.
    pub [u8; 32],
);

/// Why a text is no identity id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not 66 characters.
    #[error("an identity has 66 characters, this text has {0}")]
    Length(usize),
    /// Another prefix; accounts of other networks start with other digits or share these by accident.
    #[error("an identity starts with 05")]
    Prefix,
    /// Not a hexadecimal digit.
    #[error("an identity has only the digits 0 to 9 and a to f; character {0} is something else")]
    Digit(usize),
    /// Mixed case that is not the checksum: at least one character was mistyped.
    #[error("the capital letters do not fit the digits: at least one character is mistyped")]
    Checksum,
}

impl IdentityId {
    /// The id of an ML-DSA-87 public key.
    pub fn of(key: &[u8; DSA87_PUBLIC]) -> Self {
        Self(sha3(&[key]))
    }

    /// The 66 characters in checksum case.
    pub fn to_checksum_case(self) -> String {
        format!("05{}", checksum_case(&lower(&self.0)))
    }
}

fn lower(bytes: &[u8; 32]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .collect()
}

fn checksum_case(digits: &str) -> String {
    let sum = sha3(&[digits.as_bytes()]);
    let nibbles = sum.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .chars()
        .zip(nibbles)
        .map(|(digit, nibble)| if nibble >= 8 { digit.to_ascii_uppercase() } else { digit })
        .collect()
}

impl fmt::Display for IdentityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "05{}", lower(&self.0))
    }
}

impl fmt::Debug for IdentityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityId({self})")
    }
}

impl FromStr for IdentityId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let length = text.chars().count();
        if length != 66 {
            return Err(IdError::Length(length));
        }
        let digits = text.strip_prefix("05").ok_or(IdError::Prefix)?;
        if let Some(position) = digits.chars().position(|digit| !digit.is_ascii_hexdigit()) {
            return Err(IdError::Digit(position + 3));
        }
        let small = digits.to_ascii_lowercase();
        if digits != small && digits != digits.to_ascii_uppercase() && digits != checksum_case(&small) {
            return Err(IdError::Checksum);
        }
        let mut bytes = [0; 32];
        let nibbles = small.chars().filter_map(|digit| digit.to_digit(16));
        for (index, nibble) in nibbles.enumerate() {
            if let Some(byte) = bytes.get_mut(index / 2) {
                *byte = *byte << 4 | nibble as u8;
            }
        }
        Ok(Self(bytes))
    }
}

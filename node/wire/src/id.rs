//! Identifiers. 32-byte ids read and print as `0x` + 64 hexadecimal digits; a parse error says what was wrong.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::{B256, U256, hex};
use serde::{Deserialize, Serialize};

/// Why a text is not a 32-byte identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The `0x` is missing.
    #[error("an id starts with 0x, followed by 64 hexadecimal digits")]
    Prefix,
    /// The wrong number of digits.
    #[error("an id has 64 hexadecimal digits after 0x, this one has {0}")]
    Length(usize),
    /// A character outside 0-9, a-f, A-F.
    #[error("an id has only hexadecimal digits after 0x")]
    Digit,
}

fn parse(text: &str) -> Result<B256, IdError> {
    let digits = text.strip_prefix("0x").ok_or(IdError::Prefix)?;
    let count = digits.chars().count();
    if count != 64 {
        return Err(IdError::Length(count));
    }
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| IdError::Digit)?;
    Ok(B256::from(bytes))
}

macro_rules! id32 {
    ($(#[doc = $doc:literal] $name:ident;)+) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(
            /// The 32 bytes as they stand on chain.
            pub B256,
        );

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                parse(&text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl From<B256> for $name {
            fn from(bytes: B256) -> Self {
                Self(bytes)
            }
        }
    )+};
}

id32! {
    /// A room: `keccak256(abi.encode(chainid, townHall, creator, nonce))` (CHAIN section 1). 32 bytes.
    RoomId;
    /// A service node: `keccak256(abi.encode(owner, identityHash))`, the same for its whole life. 32 bytes.
    NodeId;
    /// A trigger key: keccak-256 of the ML-DSA public key (ELIGIBILITY section 5). 32 bytes.
    SignerId;
    /// A recording on chain: the EIP-712 hash of its `Recording` struct (ELIGIBILITY section 4). 32 bytes.
    RecordingId;
    /// The public input that makes a seat unique in its sitting: PoseidonT3(external, secret), big-endian. 32 bytes.
    Nullifier;
}

impl Nullifier {
    /// The nullifier as the field element the verifier takes.
    pub fn to_field(self) -> U256 {
        U256::from_be_bytes(self.0.0)
    }
}

/// A sitting of a room, counted per room from 1; 0 means "none running" (CHAIN section 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SittingId(
    /// The count.
    pub u64,
);

impl fmt::Display for SittingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints() {
        let id = RoomId(B256::repeat_byte(0xab));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::from_str::<RoomId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        assert_eq!(id.to_string(), format!("0x{}", "ab".repeat(32)));
    }

    #[test]
    fn a_malformed_id_is_refused_with_the_reason() {
        let digits = "ab".repeat(32);
        assert_eq!(digits.parse::<RoomId>(), Err(IdError::Prefix));
        assert_eq!("0x12".parse::<RoomId>(), Err(IdError::Length(2)));
        assert_eq!(format!("0x{digits}00").parse::<RoomId>(), Err(IdError::Length(66)));
        assert_eq!(format!("0x{}", "g".repeat(64)).parse::<RoomId>(), Err(IdError::Digit));
        assert_eq!(format!("0x{}", "é".repeat(64)).parse::<RoomId>(), Err(IdError::Digit));
    }
}

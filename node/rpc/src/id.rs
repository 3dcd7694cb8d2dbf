//! How ids are written. An account is `05` and 64 hexadecimal digits; a session is the conversation with one account and has its
//! 64 digits as id, so it is the same over handshakes; messages have 16 bytes.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of a fixed length. In JSON hexadecimal: written in lower case, read in either.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HexBytes<const N: usize>(
    /// The bytes.
    pub [u8; N],
);

/// A session: the conversation with one account, whatever handshakes it sees. 32 bytes: the other's id without its `05`.
pub type SessionId = HexBytes<32>;
/// A message's id. 16 bytes.
pub type MessageId = HexBytes<16>;
/// Names a request to send, chosen at random by the client: the same id again is the same request. 16 bytes.
pub type ClientId = HexBytes<16>;

/// Not so many hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0} hexadecimal digits")]
pub struct BadHex(
    /// Digits expected.
    pub usize,
);

impl<const N: usize> fmt::Display for HexBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl<const N: usize> fmt::Debug for HexBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl<const N: usize> FromStr for HexBytes<N> {
    type Err = BadHex;

    fn from_str(text: &str) -> Result<Self, BadHex> {
        let mut bytes = [0; N];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| BadHex(2 * N))?;
        Ok(Self(bytes))
    }
}

impl<const N: usize> Serialize for HexBytes<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'a, const N: usize> Deserialize<'a> for HexBytes<N> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<const N: usize> JsonSchema for HexBytes<N> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Hex{N}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": format!("^[0-9a-fA-F]{{{}}}$", 2 * N) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_in_lower_case_and_read_in_either() {
        let id: MessageId = "00112233445566778899AABBCCDDEEFF".parse().unwrap();
        assert_eq!(id.to_string(), "00112233445566778899aabbccddeeff");
        assert_eq!(serde_json::from_str::<MessageId>("\"00112233445566778899aabbccddeeff\"").unwrap(), id);
    }

    #[test]
    fn what_is_no_id_is_refused_by_its_length() {
        for text in ["", "00", "0x00112233445566778899aabbccddee", "g0112233445566778899aabbccddeeff", "٠"] {
            assert_eq!(text.parse::<MessageId>(), Err(BadHex(32)), "{text}");
        }
        assert!(serde_json::from_str::<MessageId>("5").is_err());
    }
}

//! Bytes as lowercase hexadecimal digits in JSON; other digits are refused.

use hex::FromHex;
use serde::{Deserialize, Deserializer, Serializer, de};

pub(crate) fn serialize<S: Serializer>(bytes: &impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromHex + AsRef<[u8]>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    let bytes = T::from_hex(&text).map_err(|_| de::Error::custom("hexadecimal digits of the right number"))?;
    if hex::encode(&bytes) == text { Ok(bytes) } else { Err(de::Error::custom("lowercase hexadecimal digits")) }
}

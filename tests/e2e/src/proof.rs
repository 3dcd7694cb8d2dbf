//! Proof files as somebody dishonest edits them.
//!
//! An edit is made in every place that repeats the value, so that a check cannot stop at a mere contradiction.

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

/// Length of the travelling bytes.
pub const PROOF_LEN: usize = 352;

/// Order of the BN254 scalar field, big-endian.
pub const SCALAR_ORDER: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

const WORD: usize = 32;
/// Words of the travelling bytes after the eight of the points.
const SITTING_WORD: usize = 8;
const ISSUED_WORD: usize = 9;

/// A proof file in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile(pub Value);

impl ProofFile {
    /// Reads a file of `eligibility prove`.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(Self(serde_json::from_slice(&text)?))
    }

    /// Writes the edited file.
    pub fn write(&self, path: &Path) -> Result<()> {
        fs::write(path, self.0.to_string()).with_context(|| format!("{} cannot be written", path.display()))
    }

    /// The travelling bytes.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        decode(self.0.get("proof").unwrap_or(&Value::Null))
    }

    /// A text field.
    pub fn text(&self, field: &str) -> Result<&str> {
        self.0.get(field).and_then(Value::as_str).ok_or_else(|| anyhow!("the proof file has no {field}"))
    }

    /// The file with a field replaced.
    pub fn with(&self, field: &str, value: impl Into<Value>) -> Self {
        let mut edited = self.0.clone();
        edited[field] = value.into();
        Self(edited)
    }

    /// The file with other travelling bytes; points, sitting, time of issue and payload follow them.
    pub fn with_bytes(&self, bytes: &[u8]) -> Self {
        let mut edited = self.with("proof", encode(bytes));
        if bytes.len() == PROOF_LEN {
            let words: Vec<&[u8]> = bytes.chunks(WORD).collect();
            let (points, rest) = words.split_at(SITTING_WORD);
            edited.0["points"] = points.iter().map(|word| encode(word)).collect();
            for (field, word) in ["sittingId", "issuedAt"].iter().zip(rest) {
                // A word above 64 bits has no place in the file's field: the bytes alone are then the edit.
                if let Ok(number) = narrow(word) {
                    edited.0[*field] = json!(number);
                }
            }
            edited.0["payload"] = rest.last().map(|word| encode(word)).into();
        }
        edited
    }

    /// The file with one bit of the travelling bytes flipped.
    pub fn with_flipped_bit(&self, byte: usize, bit: u32) -> Result<Self> {
        let mut bytes = self.bytes()?;
        *bytes.get_mut(byte).ok_or_else(|| anyhow!("there is no byte {byte}"))? ^= 1u8.rotate_left(bit);
        Ok(self.with_bytes(&bytes))
    }

    /// The file relabelled for another sitting of a room.
    pub fn relabelled(&self, room: &str, sitting: u64) -> Result<Self> {
        let mut bytes = self.bytes()?;
        let word = bytes.chunks_mut(WORD).nth(SITTING_WORD).and_then(|word| word.last_chunk_mut::<8>());
        *word.ok_or_else(|| anyhow!("the proof is too short"))? = sitting.to_be_bytes();
        Ok(self.with_bytes(&bytes).with("roomId", room))
    }

    /// The file with a public input replaced, and the nullifier where that is the input.
    pub fn with_input(&self, index: usize, word: &str) -> Self {
        let mut edited = self.clone();
        edited.0["inputs"][index] = json!(word);
        if index == 1 { edited.with("nullifier", word) } else { edited }
    }

    /// A public input.
    pub fn input(&self, index: usize) -> Result<&str> {
        self.0.pointer(&format!("/inputs/{index}")).and_then(Value::as_str).ok_or_else(|| anyhow!("no input {index}"))
    }
}

/// The word that is the same field element but at or above the order: `word + r`.
pub fn alias(word: &str) -> Result<String> {
    let (word, order) = (decode(&json!(word))?, hex::decode(SCALAR_ORDER)?);
    let mut carry = 0u16;
    let mut sum: Vec<u8> = word
        .iter()
        .zip(&order)
        .rev()
        .map(|(a, b)| {
            let digit = u16::from(*a) + u16::from(*b) + carry;
            carry = digit >> 8;
            digit.to_be_bytes()[1]
        })
        .collect();
    sum.reverse();
    Ok(encode(&sum))
}

/// Whether a word position holds the sitting or the time of issue, whose upper bits must be zero.
pub const fn is_narrow(byte: usize) -> bool {
    matches!(byte / WORD, SITTING_WORD | ISSUED_WORD)
}

fn narrow(word: &[u8]) -> Result<u64> {
    let (high, low) = word.split_last_chunk::<8>().ok_or_else(|| anyhow!("a short word"))?;
    if high.iter().all(|byte| *byte == 0) { Ok(u64::from_be_bytes(*low)) } else { Err(anyhow!("above 64 bits")) }
}

fn encode(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn decode(text: &Value) -> Result<Vec<u8>> {
    let text = text.as_str().ok_or_else(|| anyhow!("no bytes: {text}"))?;
    Ok(hex::decode(text.trim_start_matches("0x"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> ProofFile {
        let mut bytes = vec![7u8; PROOF_LEN];
        bytes[8 * WORD..10 * WORD].fill(0);
        bytes[9 * WORD - 1] = 3;
        ProofFile(json!({"inputs": ["0x00", "0x01"]})).with_bytes(&bytes)
    }

    #[test]
    fn an_edit_of_the_bytes_is_made_in_every_field_that_repeats_it() {
        let file = file();
        assert_eq!((file.0["sittingId"].clone(), file.0["issuedAt"].clone()), (json!(3), json!(0)));
        let flipped = file.with_flipped_bit(0, 7).unwrap();
        assert!(flipped.0["points"][0].as_str().unwrap().starts_with("0x87"));
        assert_eq!(file.relabelled("0xaa", 9).unwrap().0["sittingId"], json!(9));
        assert_eq!(file.with_flipped_bit(351, 0).unwrap().text("payload").unwrap().len(), 66);
    }

    #[test]
    fn an_alias_differs_by_the_order() {
        let one = format!("0x{:064x}", 1);
        assert_eq!(alias(&one).unwrap(), "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000002");
    }
}

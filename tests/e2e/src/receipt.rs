//! What an executor answers, read from the bytes of content type 9 (docs/design, ELIGIBILITY 5).
//!
//! ```text
//! 1 | answers16 | action32 | outcome1 | refusal1 | final1 | chain8 | transaction32 | block8 | block hash32 | lp(reason)
//! ```

use anyhow::{Context, Result, ensure};

/// Bytes before the reason.
const FIXED: usize = 1 + 16 + 32 + 3 + 8 + 32 + 8 + 32 + 2;

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The account did it.
    Executed,
    /// The account's call failed.
    Failed,
    /// Not carried out, with the stable number of the reason.
    Refused(u8),
}

/// An executor's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Id of the message that it answers.
    pub answers: String,
    /// How it ended.
    pub outcome: Outcome,
    /// No other follows.
    pub is_final: bool,
    /// The chain it speaks of.
    pub chain: u64,
    /// The transaction, `0x…`; zero if there is none.
    pub transaction: String,
    /// One line for people.
    pub reason: String,
}

impl Receipt {
    /// Reads hexadecimal content.
    pub fn read(content: &str) -> Result<Self> {
        let bytes = hex::decode(content).context("the content is not hexadecimal")?;
        ensure!(bytes.len() >= FIXED && bytes.first() == Some(&1), "no receipt of version 1: {content}");
        let (fixed, reason) = bytes.split_at(FIXED);
        let outcome = match (fixed[49], fixed[50]) {
            (1, 0) => Outcome::Executed,
            (2, 0) => Outcome::Failed,
            (3, code) => Outcome::Refused(code),
            other => anyhow::bail!("the outcome is {other:?}"),
        };
        let mut chain = [0; 8];
        chain.copy_from_slice(&fixed[52..60]);
        Ok(Self {
            answers: hex::encode(&fixed[1..17]),
            outcome,
            is_final: fixed[51] == 1,
            chain: u64::from_be_bytes(chain),
            transaction: format!("0x{}", hex::encode(&fixed[60..92])),
            reason: String::from_utf8_lossy(reason).into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_read_and_anything_else_is_not() {
        let mut bytes = vec![0; FIXED];
        bytes[0] = 1;
        bytes[1..17].fill(0xaa);
        (bytes[49], bytes[50], bytes[51], bytes[59]) = (3, 16, 1, 72);
        bytes[FIXED - 1] = 4;
        bytes.extend(b"used");
        let receipt = Receipt::read(&hex::encode(&bytes)).unwrap();
        assert_eq!((receipt.outcome, receipt.is_final, receipt.chain), (Outcome::Refused(16), true, 72));
        assert_eq!((receipt.answers, receipt.reason), ("aa".repeat(16), "used".to_owned()));
        bytes[49] = 9;
        assert!(Receipt::read(&hex::encode(&bytes)).is_err());
        assert!(Receipt::read("01").is_err());
    }
}

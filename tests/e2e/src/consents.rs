//! What the chain says of recordings: final logs of `RecordingConsent`, and the transactions that made them. Asked of the chain's
//! node as anybody may ask it; no index of ours is between.

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};

use crate::{http, parsctl::text, stack::Stack};

/// Base32 of RFC 4648 in lower case, as CIDs are written.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Bytes of a word of the ABI.
const WORD: usize = 32;
/// Bytes of a signature of ML-DSA-87 (FIPS 204 table 2).
const ML_DSA: usize = 4_627;

/// The contract and the topics of its events.
#[derive(Debug, Clone)]
pub struct Consents {
    rpc: String,
    contract: String,
    added: String,
    authorised: String,
    withdrawn: String,
    anchored: String,
}

/// An event of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The span, `0x` and 64 digits.
    pub span: String,
    data: Vec<u8>,
}

/// A transaction to the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Who sent it, lower case.
    pub from: String,
    /// Call data.
    pub input: Vec<u8>,
}

impl Consents {
    /// The contract of a deployment.
    pub fn of(stack: &Stack) -> Result<Self> {
        let topic = |event: &str| stack.cast.event(event);
        Ok(Self {
            rpc: stack.rpc.clone(),
            contract: text(&stack.deployed, "/deployment/recordingConsent")?,
            added: topic("ConsentsAdded(bytes32,uint16)")?,
            authorised: topic("Authorised(bytes32,(bytes32,bytes32,uint16,bytes32,bytes32,uint40))")?,
            withdrawn: topic("Withdrawn(bytes32)")?,
            anchored: topic("Anchored(bytes32,bytes,bytes32)")?,
        })
    }

    /// Calls of `submit` that the contract took, in final blocks: each adds the consents of one chunk of a roster.
    pub fn added(&self) -> Result<Vec<Event>> {
        self.events(&self.added)
    }

    /// Consents of a whole roster, in final blocks, oldest first.
    pub fn authorised(&self) -> Result<Vec<Event>> {
        self.events(&self.authorised)
    }

    /// Withdrawals in final blocks.
    pub fn withdrawn(&self) -> Result<Vec<Event>> {
        self.events(&self.withdrawn)
    }

    /// Anchors in final blocks.
    pub fn anchored(&self) -> Result<Vec<Event>> {
        self.events(&self.anchored)
    }

    fn events(&self, topic: &str) -> Result<Vec<Event>> {
        let logs = self.logs(&json!([topic]))?;
        let event = |log: &Value| Ok(Event { span: text(log, "/topics/1")?, data: bytes(&text(log, "/data")?)? });
        logs.iter().map(event).collect()
    }

    fn logs(&self, topics: &Value) -> Result<Vec<Value>> {
        let filter = json!({"fromBlock": "0x0", "toBlock": "finalized", "address": self.contract, "topics": topics});
        let logs = self.ask("eth_getLogs", &json!([filter]))?;
        logs.as_array().cloned().ok_or_else(|| anyhow!("no logs: {logs}"))
    }

    /// Every transaction that the contract has a log of, once each, in their order; and what the logs say, one after the other.
    pub fn transactions(&self) -> Result<(Vec<Transaction>, Vec<u8>)> {
        let (mut all, mut told, mut last) = (Vec::new(), Vec::new(), String::new());
        for log in self.logs(&json!([]))? {
            let topics = log.get("topics").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            for topic in topics {
                told.extend(bytes(topic)?);
            }
            told.extend(bytes(&text(&log, "/data")?)?);
            let hash = text(&log, "/transactionHash")?;
            if hash != last {
                let found = self.ask("eth_getTransactionByHash", &json!([hash]))?;
                let (from, input) = (text(&found, "/from")?.to_lowercase(), bytes(&text(&found, "/input")?)?);
                all.push(Transaction { from, input });
                last = hash;
            }
        }
        Ok((all, told))
    }

    fn ask(&self, method: &str, params: &Value) -> Result<Value> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (status, body) = http::post(&self.rpc, "/", &[], &request)?;
        let mut reply: Value =
            serde_json::from_str(&body).with_context(|| format!("{method}: HTTP {status}: {body}"))?;
        match reply.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => bail!("{method}: {reply}"),
        }
    }
}

impl Event {
    /// Of a consent: keys of its roster.
    pub fn participants(&self) -> Result<u64> {
        self.number(2)
    }

    /// Of a consent: the recording that the span is of.
    pub fn recording(&self) -> Result<String> {
        Ok(format!("0x{}", hex::encode(self.word(0)?)))
    }

    /// Of an anchor: the CID as it is written in text, and the hash of the wraps.
    pub fn names(&self) -> Result<(String, String)> {
        let wraps = self.word(1)?;
        let at = usize::try_from(self.number(0)?)?;
        let length = usize::try_from(self.number(at / WORD)?)?;
        let cid = self.data.get(at + WORD..).and_then(|rest| rest.get(..length)).context("the anchor's CID is cut")?;
        ensure!(wraps.iter().any(|byte| *byte != 0), "the anchor's wraps are none");
        Ok((cid_text(cid), format!("0x{}", hex::encode(wraps))))
    }

    fn word(&self, place: usize) -> Result<&[u8]> {
        let found = self.data.get(place * WORD..).and_then(|rest| rest.get(..WORD));
        found.with_context(|| format!("an event of {} has no word {place}", self.span))
    }

    fn number(&self, place: usize) -> Result<u64> {
        let word = self.word(place)?;
        let (high, low) = word.split_at(WORD - 8);
        ensure!(high.iter().all(|byte| *byte == 0), "word {place} of an event is too large");
        Ok(u64::from_be_bytes(low.try_into()?))
    }
}

impl Transaction {
    /// Whether a signature of ML-DSA-87 stands in it: a field of that length.
    pub fn carries_ml_dsa(&self) -> bool {
        let words = self.input.get(4..).unwrap_or_default().chunks(WORD);
        let length: Vec<u8> = [vec![0; WORD - 2], (ML_DSA as u16).to_be_bytes().to_vec()].concat();
        words.into_iter().any(|word| word == length)
    }
}

fn bytes(digits: &str) -> Result<Vec<u8>> {
    hex::decode(digits.trim_start_matches("0x")).with_context(|| format!("{digits} is not hexadecimal"))
}

/// A CID as it is written: `b` and base32 without padding (RFC 4648 section 6).
pub(crate) fn cid_text(cid: &[u8]) -> String {
    let mut text = String::from("b");
    for five in cid.chunks(5) {
        let (mut bits, used) = ([0; 8], five.len());
        bits[3..3 + used].copy_from_slice(five);
        let number = u64::from_be_bytes(bits);
        let digits = (used * 8).div_ceil(5);
        text.extend((0..digits).map(|place| char::from(BASE32[(number >> (35 - 5 * place) & 31) as usize])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cid_is_written_as_ipfs_writes_it() {
        // RFC 4648 section 10, lower case and without padding.
        for (plain, text) in
            [("f", "bmy"), ("fo", "bmzxq"), ("foo", "bmzxw6"), ("foob", "bmzxw6yq"), ("foobar", "bmzxw6ytboi")]
        {
            assert_eq!(cid_text(plain.as_bytes()), text);
        }
    }

    #[test]
    fn an_anchor_names_its_cid_and_wraps() {
        let word = |last: u8| [vec![0; 31], vec![last]].concat();
        let data = [word(64), vec![7; 32], word(3), b"foo".to_vec(), vec![0; 29]].concat();
        let event = Event { span: "0x01".into(), data };
        assert_eq!(event.names().unwrap(), ("bmzxw6".to_owned(), format!("0x{}", "07".repeat(32))));
        assert!(Event { span: "0x01".into(), data: vec![0; 96] }.names().is_err());
    }
}

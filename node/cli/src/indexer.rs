//! The indexer's REST replies, as far as this program reads them.
//!
//! Rooms, sittings, whole leaf sets and whole lists of locks: never a request about one account.

use std::{collections::BTreeSet, str::FromStr, time::Duration};

use alloy::primitives::{Address, B256, U256};
use pars_wire::Kind;
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};
use serde_json::Value;

use crate::{error::Error, http};

/// Longest wait for one reply.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a question is repeated whose answer may still be on its way into the index: three seconds.
pub const INDEXED: u32 = 20;

/// How often a question is repeated whose answer may still have to become final: twelve seconds.
pub const FINAL: u32 = 80;

/// The pause before a question is repeated.
const PAUSE: Duration = Duration::from_millis(150);

/// Asks again until an answer satisfies, so many times at most: what a transaction has just changed takes a moment
/// to be indexed, and longer to become final. The last answer is given whatever it is.
pub async fn settled<T, F>(
    repeats: u32,
    mut ask: impl FnMut() -> F,
    satisfies: impl Fn(&Result<T, Error>) -> bool,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut answer = ask().await;
    for _ in 0..repeats {
        if satisfies(&answer) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        answer = ask().await;
    }
    answer
}

/// A client of one indexer.
#[derive(Debug, Clone)]
pub struct Indexer {
    base: reqwest::Url,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Reply<T> {
    data: T,
    head: Option<IndexedHead>,
    /// Cursor of the next page.
    #[serde(default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct IndexedHead {
    number: u64,
}

/// What is read of a row of `/v1/leaves` or `/v1/locks`.
#[derive(Deserialize)]
struct AccountRow {
    account: Address,
    /// Of a lock: zero after a withdrawal.
    #[serde(default)]
    amount: Option<String>,
}

#[derive(Deserialize)]
struct Failure {
    error: FailureBody,
}

#[derive(Deserialize)]
struct FailureBody {
    code: String,
    message: String,
}

/// What `/status` says.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Chain that is indexed.
    pub chain_id: u64,
}

/// A room.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// Its id.
    pub room_id: B256,
    /// Who created it.
    pub creator: Address,
    /// Whose hourly slot it took.
    pub slot_of: Address,
    /// Its kind.
    pub kind: Kind,
    /// Seats.
    pub capacity: u16,
    /// Voting power a seat needs, raw units.
    #[serde(deserialize_with = "number")]
    pub min_balance: u128,
    /// Whether it is closed for ever.
    pub closed: bool,
    /// The sitting that was opened last, if it was not closed.
    pub sitting: Option<SittingRow>,
}

/// A sitting as it was opened.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SittingRow {
    /// Counted per room from 1.
    pub sitting_id: u64,
    /// Pinned root.
    pub root: B256,
    /// Its end, seconds since the Unix epoch.
    pub ends_at: u64,
    /// Pinned threshold.
    #[serde(deserialize_with = "number")]
    pub threshold: U256,
    /// When it was closed early.
    #[serde(default)]
    pub closed_at: Option<u64>,
    /// Whether its block is final.
    #[serde(default)]
    pub finalized: bool,
}

/// The leaf set of a sitting.
#[derive(Debug, Clone, Deserialize)]
pub struct LeafSetReply {
    /// Root the indexer says it has.
    pub root: B256,
    /// Number of leaves.
    pub count: usize,
    /// The leaves in order of their index.
    pub leaves: Vec<LeafRow>,
}

/// One leaf.
#[derive(Debug, Clone, Deserialize)]
pub struct LeafRow {
    /// Index in the tree.
    pub index: usize,
    /// Who registered it.
    pub account: Address,
    /// Identity commitment.
    pub commitment: B256,
    /// Locked amount, raw units.
    #[serde(deserialize_with = "number")]
    pub weight: u128,
    /// End of the lock.
    pub end: u64,
}

impl Indexer {
    /// A client of the indexer at a URL; nothing is sent yet.
    pub fn new(url: &str) -> Result<Self, Error> {
        let refuse = |_| Error::BadUrl { option: "--indexer" };
        let base: reqwest::Url = format!("{}/", url.trim_end_matches('/')).parse().map_err(refuse)?;
        let http = http::client(&base, PATIENCE).map_err(|e| Error::Indexer(Box::new(e)))?;
        Ok(Self { base, http })
    }

    /// The chain that is indexed.
    pub async fn status(&self) -> Result<Status, Error> {
        self.get("status").await
    }

    /// Number of the newest indexed block; zero before the first.
    pub async fn head(&self) -> Result<u64, Error> {
        let reply: Reply<Status> = self.fetch("status").await?;
        Ok(reply.head.map_or(0, |head| head.number))
    }

    /// One room.
    pub async fn room(&self, room: B256) -> Result<Room, Error> {
        self.get(&format!("v1/rooms/{room:#x}")).await
    }

    /// The whole leaf set as it stood when a sitting was opened.
    pub async fn leaves(&self, room: B256, sitting: u64) -> Result<LeafSetReply, Error> {
        self.get(&format!("v1/rooms/{room:#x}/sittings/{sitting}/leaves")).await
    }

    /// One room as the indexer gives it.
    pub async fn room_document(&self, room: B256) -> Result<Value, Error> {
        self.get(&format!("v1/rooms/{room:#x}")).await
    }

    /// All rooms as the indexer gives them, in order of creation.
    pub async fn rooms(&self) -> Result<Vec<Value>, Error> {
        let mut reply: Reply<Vec<Value>> = self.fetch("v1/rooms").await?;
        let mut rooms = reply.data;
        while let Some(cursor) = reply.next {
            reply = self.fetch(&format!("v1/rooms?cursor={cursor}")).await?;
            rooms.append(&mut reply.data);
        }
        Ok(rooms)
    }

    /// Every account that has a leaf now: the whole list, so that the question names nobody.
    pub async fn registered_accounts(&self) -> Result<BTreeSet<Address>, Error> {
        self.accounts("v1/leaves").await
    }

    /// Every account that has a lock now: the whole list.
    pub async fn locked_accounts(&self) -> Result<BTreeSet<Address>, Error> {
        self.accounts("v1/locks").await
    }

    async fn accounts(&self, path: &str) -> Result<BTreeSet<Address>, Error> {
        let rows: Vec<AccountRow> = self.get(path).await?;
        let kept = rows.into_iter().filter(|row| row.amount.as_deref() != Some("0"));
        Ok(kept.map(|row| row.account).collect())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.fetch(path).await.map(|reply| reply.data)
    }

    async fn fetch<T: DeserializeOwned>(&self, path: &str) -> Result<Reply<T>, Error> {
        let unreachable = |e| Error::Indexer(Box::new(e));
        let url = self.base.join(path).map_err(|_| Error::BadUrl { option: "--indexer" })?;
        let response = self.http.get(url).send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            let wrong = |e| Error::IndexerWrong(format!("{path}: {e}"));
            return serde_json::from_slice(&body).map_err(wrong);
        }
        let unnamed = |_| FailureBody { code: "indexer_refused".into(), message: format!("{path}: HTTP {status}") };
        let FailureBody { code, message } = serde_json::from_slice::<Failure>(&body).map_or_else(unnamed, |f| f.error);
        Err(Error::IndexerRefused { code, message })
    }
}

/// A number as a decimal string, a hexadecimal string or a JSON number.
fn number<'de, D: Deserializer<'de>, T: FromStr>(input: D) -> Result<T, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Text(String),
        Small(u64),
    }
    let text = match Form::deserialize(input)? {
        Form::Text(text) => text,
        Form::Small(value) => value.to_string(),
    };
    text.parse().map_err(|_| D::Error::custom("a number is out of range or no number"))
}

//! A client of Kubo's RPC (`/api/v0`, docs.ipfs.tech/reference/kubo/rpc) as a store. js-ipfs speaks it too, with numbers where
//! Kubo has strings.
//!
//! The node may be anybody's: what it gives is checked, and what it says it has stored must have the name that was computed
//! here. It sees the encrypted blocks and their number.

use std::collections::{BTreeMap, BTreeSet};

use pars_blocks::{Block, Cid, FileBuilder, MAX_BLOCK, Profile, Root, car};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use serde::{Deserialize, Deserializer};

use crate::http;
use crate::store::{Answer, BlobError, BlobSource, BlobStore};

/// Bytes of a file that goes or comes in one request at most.
pub const MAX_FILE: usize = 64 << 20;
/// Bytes of a short answer at most.
const SHORT: usize = 64 << 10;
/// Bytes of a list of pins at most: about 100,000.
const LIST: usize = 16 << 20;
/// What every call of which a CID comes back says: names in base32.
const BASE32: (&str, &str) = ("cid-base", "base32");
/// A node that has not got a block would search the network for it.
const HERE: (&str, &str) = ("offline", "true");
/// js-ipfs knows no `offline`, and would wait for ever.
const SOON: (&str, &str) = ("timeout", "10s");

/// An IPFS node.
#[derive(Clone, Debug)]
pub struct Kubo {
    base: Url,
    http: Client,
}

/// A number, or a string that holds one.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    match Either::deserialize(from)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

/// Of `block/put` and `block/stat`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stat {
    key: Cid,
    #[serde(deserialize_with = "number")]
    size: u64,
}

/// Of `add`: one line for each file.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Added {
    hash: Cid,
    #[serde(deserialize_with = "number")]
    size: u64,
}

/// Of `pin/add` and `pin/rm`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pinned {
    pins: Vec<Cid>,
}

/// Of `pin/ls`. Others' pins may have CIDs of other kinds.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pins {
    #[serde(default)]
    keys: BTreeMap<String, serde_json::Value>,
}

/// A line of `dag/import`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Imported {
    root: Option<ImportedRoot>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ImportedRoot {
    cid: serde_json::Value,
    #[serde(default)]
    pin_error_msg: String,
}

impl Kubo {
    /// The node whose RPC is at this URL, such as `http://127.0.0.1:5001`.
    ///
    /// # Errors
    /// [`BlobError::Url`], [`BlobError::System`].
    pub fn new(url: &str) -> Result<Self, BlobError> {
        let base = http::base(url)?;
        Ok(Self { http: http::client(&base)?, base })
    }

    /// Where it is.
    pub const fn url(&self) -> &Url {
        &self.base
    }

    /// Add a file as the node itself cuts it, and see that the root is the one that is computed here.
    ///
    /// # Errors
    /// [`BlobError`]: [`BlobError::Answer`] if the node cut it in another way.
    pub async fn add(&self, bytes: &[u8], profile: Profile) -> Result<Root, BlobError> {
        let root = root_of(bytes, profile)?;
        let (chunker, links) = (format!("size-{}", profile.leaf()), profile.links().to_string());
        let cut = [("cid-version", "1"), ("raw-leaves", "true"), ("chunker", &chunker), ("max-file-links", &links)];
        let query = [&cut[..], &[("pin", "false"), BASE32]].concat();
        let answer = self.call("IPFS add", "add", (&query, Some(bytes)), SHORT).await?;
        let lines = lines::<Added>("IPFS add", &answer)?;
        match lines.as_slice() {
            [Added { hash, size }] if *hash == root.cid && *size == root.stored => Ok(root),
            _ => Err(BlobError::Answer("IPFS add")),
        }
    }

    /// A file's bytes as the node puts them together, checked by cutting them again by the profile they were cut by.
    ///
    /// # Errors
    /// [`BlobError`]: [`BlobError::Answer`] for other bytes, or another profile.
    pub async fn cat(&self, root: Cid, profile: Profile) -> Result<Vec<u8>, BlobError> {
        let text = root.to_string();
        let bytes = self.call("IPFS cat", "cat", (&[("arg", &text)], None), MAX_FILE).await?;
        if root_of(&bytes, profile)?.cid == root { Ok(bytes) } else { Err(BlobError::Answer("IPFS cat")) }
    }

    /// Give the node many blocks at once, and pin the root.
    ///
    /// # Errors
    /// [`BlobError`].
    pub async fn import(&self, root: Cid, blocks: &[Block]) -> Result<(), BlobError> {
        let what = "IPFS dag/import";
        let size: u64 = blocks.iter().map(car::framed_size).sum();
        if size > MAX_FILE as u64 {
            return Err(BlobError::TooLong { what: "a CAR", most: MAX_FILE });
        }
        let mut file = car::header(&[root]).map_err(|_| BlobError::Answer("a CAR"))?;
        for block in blocks {
            file.extend(car::frame(block));
            file.extend(block.data());
        }
        let query = [("pin-roots", "true"), BASE32];
        let answer = self.call(what, "dag/import", (&query, Some(&file)), SHORT).await?;
        let roots: Vec<_> = lines::<Imported>(what, &answer)?.into_iter().filter_map(|line| line.root).collect();
        match roots.as_slice() {
            [only] if only.pin_error_msg.is_empty() && only.is(root) => Ok(()),
            _ => Err(BlobError::Answer(what)),
        }
    }

    async fn call(
        &self,
        what: &'static str,
        path: &str,
        (query, file): (&[(&str, &str)], Option<&[u8]>),
        most: usize,
    ) -> Result<Vec<u8>, BlobError> {
        let mut url = self.base.join("api/v0/").and_then(|url| url.join(path));
        let url = url.as_mut().map_err(|_| BlobError::Url(self.base.to_string()))?;
        url.query_pairs_mut().extend_pairs(query);
        let mut request = self.http.post(url.clone());
        if let Some(file) = file {
            let (kind, body) = form(file)?;
            request = request.header(CONTENT_TYPE, kind).body(body);
        }
        http::body(what, http::send(what, request).await?, most).await
    }

    async fn pinning(&self, what: &'static str, path: &str, root: Cid) -> Result<(), BlobError> {
        let text = root.to_string();
        let query = [("arg", text.as_str()), ("recursive", "true"), BASE32];
        let Pinned { pins } = json(what, &self.call(what, path, (&query, None), SHORT).await?)?;
        if pins == [root] { Ok(()) } else { Err(BlobError::Answer(what)) }
    }
}

impl BlobSource for Kubo {
    fn get(&self, cid: Cid) -> Answer<'_, Block> {
        Box::pin(async move {
            let (what, text) = ("IPFS block/get", cid.to_string());
            let query = [("arg", text.as_str()), HERE, SOON];
            let got = self.call(what, "block/get", (&query, None), MAX_BLOCK).await;
            Ok(Block::verified(cid, got.map_err(|error| missing(cid, error))?)?)
        })
    }
}

impl BlobStore for Kubo {
    fn put(&self, block: Block) -> Answer<'_, ()> {
        Box::pin(async move {
            let what = "IPFS block/put";
            // `format` alone is understood by both: Kubo refuses it beside `cid-codec`, js-ipfs does not know the latter.
            let format = block.cid().codec().name();
            let hash = [("format", format), ("mhtype", "sha2-256"), ("mhlen", "32"), ("version", "1")];
            let query = [&hash[..], &[("pin", "false"), ("allow-big-block", "true"), BASE32]].concat();
            let answer = self.call(what, "block/put", (&query, Some(block.data())), SHORT).await?;
            let Stat { key, size } = json(what, &answer)?;
            let is_same = key == block.cid() && size == block.data().len() as u64;
            if is_same { Ok(()) } else { Err(BlobError::Answer(what)) }
        })
    }

    fn stat(&self, cid: Cid) -> Answer<'_, Option<u64>> {
        Box::pin(async move {
            let (what, text) = ("IPFS block/stat", cid.to_string());
            let query = [("arg", text.as_str()), HERE, SOON, BASE32];
            match self.call(what, "block/stat", (&query, None), SHORT).await.map_err(|error| missing(cid, error)) {
                Ok(answer) => match json::<Stat>(what, &answer)? {
                    Stat { key, size } if key == cid => Ok(Some(size)),
                    _ => Err(BlobError::Answer(what)),
                },
                Err(BlobError::Missing(_)) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn pin(&self, root: Cid) -> Answer<'_, ()> {
        Box::pin(self.pinning("IPFS pin/add", "pin/add", root))
    }

    fn unpin(&self, root: Cid) -> Answer<'_, ()> {
        Box::pin(async move {
            match self.pinning("IPFS pin/rm", "pin/rm", root).await {
                Err(BlobError::Refused { text, .. }) if text.contains("not pinned") => Ok(()),
                done => done,
            }
        })
    }

    fn pins(&self) -> Answer<'_, BTreeSet<Cid>> {
        Box::pin(async move {
            let what = "IPFS pin/ls";
            let query = [("type", "recursive"), BASE32];
            let Pins { keys } = json(what, &self.call(what, "pin/ls", (&query, None), LIST).await?)?;
            Ok(keys.keys().filter_map(|key| key.parse().ok()).collect())
        })
    }
}

impl ImportedRoot {
    /// Kubo writes `{"/": "b…"}`, and some versions the text alone.
    fn is(&self, root: Cid) -> bool {
        let text = self.cid.get("/").unwrap_or(&self.cid);
        text.as_str().is_some_and(|text| text.parse() == Ok(root))
    }
}

fn root_of(bytes: &[u8], profile: Profile) -> Result<Root, BlobError> {
    if bytes.len() > MAX_FILE {
        return Err(BlobError::TooLong { what: "a file", most: MAX_FILE });
    }
    let (mut builder, mut blocks) = (FileBuilder::new(profile), Vec::new());
    for piece in bytes.chunks(profile.leaf()) {
        builder.push(piece, &mut blocks)?;
        blocks.clear();
    }
    Ok(builder.finish(&mut blocks)?)
}

/// A form with one file, and its content type.
fn form(file: &[u8]) -> Result<(String, Vec<u8>), BlobError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| BlobError::System("randomness"))?;
    // 128 random bits do not stand in the file.
    let boundary: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let body = [head.as_bytes(), file, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
    Ok((format!("multipart/form-data; boundary={boundary}"), body))
}

fn json<'a, T: Deserialize<'a>>(what: &'static str, bytes: &'a [u8]) -> Result<T, BlobError> {
    serde_json::from_slice(bytes).map_err(|_| BlobError::Answer(what))
}

/// One JSON value a line.
fn lines<'a, T: Deserialize<'a>>(what: &'static str, bytes: &'a [u8]) -> Result<Vec<T>, BlobError> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines.map(|line| json(what, line)).collect()
}

/// A refusal that says the block is not there.
fn missing(cid: Cid, error: BlobError) -> BlobError {
    match error {
        BlobError::Refused { status: 404, .. } => BlobError::Missing(cid),
        BlobError::Refused { text, .. } if text.contains("not found") || text.contains("could not find") => {
            BlobError::Missing(cid)
        }
        other => other,
    }
}

//! An IPFS node as far as a daemon that keeps copies there asks it (docs.ipfs.tech/reference/kubo/rpc): blocks and pins in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use anyhow::Result;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{consents::cid_text, withheld::Request};

/// Codecs of CIDs.
const RAW: u8 = 0x55;
const DAG_PB: u8 = 0x70;
/// Version of a CID; SHA-256 and its length, as a multihash has them.
const VERSION: u8 = 1;
const SHA2_256: [u8; 2] = [0x12, 32];

/// A running node on a port of the system; it ends with the driver.
#[derive(Debug, Clone)]
pub struct Kubo {
    url: String,
    kept: Arc<Mutex<Kept>>,
}

/// By CIDs as they are written.
#[derive(Debug, Default)]
struct Kept {
    blocks: BTreeMap<String, Vec<u8>>,
    pins: BTreeSet<String>,
}

impl Kubo {
    /// Starts an empty one.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let kept = Arc::<Mutex<Kept>>::default();
        let served = Arc::clone(&kept);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let served = Arc::clone(&served);
                thread::spawn(move || serve(client, &served));
            }
        });
        Ok(Self { url, kept })
    }

    /// Its RPC.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it was told to keep this root.
    pub fn pins(&self, cid: &str) -> bool {
        locked(&self.kept).pins.contains(cid)
    }

    /// Every block, one after the other.
    pub fn blocks(&self) -> Vec<u8> {
        locked(&self.kept).blocks.values().flatten().copied().collect()
    }
}

fn locked(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the requests of one connection.
fn serve(mut client: TcpStream, kept: &Mutex<Kept>) -> Option<()> {
    let mut requests = BufReader::new(client.try_clone().ok()?);
    while let Some(request) = Request::read(&mut requests) {
        let (status, body) = match locked(kept).answer(&request) {
            Some(body) => ("200 OK", body),
            None => ("404 Not Found", b"not found".to_vec()),
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
        client.write_all(&[head.as_bytes(), &body].concat()).ok()?;
    }
    Some(())
}

impl Kept {
    fn answer(&mut self, request: &Request) -> Option<Vec<u8>> {
        let (call, query) = request.path.split_once('?')?;
        let asked = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let written = |value: Value| value.to_string().into_bytes();
        match call.strip_prefix("/api/v0/")? {
            "block/put" => {
                let block = file(&request.bytes)?;
                let cid = cid(if asked("format")? == "raw" { RAW } else { DAG_PB }, block);
                let answer = json!({"Key": cid, "Size": block.len()});
                self.blocks.insert(cid, block.to_vec());
                Some(written(answer))
            }
            "block/get" => self.blocks.get(asked("arg")?).cloned(),
            "pin/add" => {
                self.pins.insert(asked("arg")?.to_owned());
                Some(written(json!({"Pins": [asked("arg")?]})))
            }
            "pin/rm" => {
                self.pins.remove(asked("arg")?);
                Some(written(json!({"Pins": [asked("arg")?]})))
            }
            _ => None,
        }
    }
}

/// The one file of a request's multipart body (RFC 7578).
fn file(request: &[u8]) -> Option<&[u8]> {
    let after = |bytes: &[u8]| Some(bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4);
    let body = request.get(after(request)?..)?;
    let end = body.windows(4).rposition(|four| four == b"\r\n--")?;
    body.get(after(body)?..end)
}

fn cid(codec: u8, block: &[u8]) -> String {
    cid_text(&[&[VERSION, codec][..], &SHA2_256[..], &Sha256::digest(block)[..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_named_and_given_back_and_a_root_is_pinned() {
        let request = |path: &str, body: &str| {
            let text = format!("POST /api/v0/{path} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            Request::read(&mut text.as_bytes()).unwrap()
        };
        let mut kept = Kept::default();
        let form = "--b\r\nContent-Type: application/octet-stream\r\n\r\nhello world\r\n--b--\r\n";
        let put = kept.answer(&request("block/put?format=raw&pin=false", form)).unwrap();
        // As `ipfs block put` names these bytes.
        let cid = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
        assert_eq!(serde_json::from_slice::<Value>(&put).unwrap(), json!({"Key": cid, "Size": 11}));
        assert_eq!(kept.answer(&request(&format!("block/get?arg={cid}"), "")).unwrap(), b"hello world");
        assert!(kept.answer(&request("block/get?arg=bother", "")).is_none());
        kept.answer(&request(&format!("pin/add?arg={cid}"), "")).unwrap();
        assert!(kept.pins.contains(cid));
        kept.answer(&request(&format!("pin/rm?arg={cid}"), "")).unwrap();
        assert!(kept.pins.is_empty());
    }
}

//! A chain's node as it answers after a fork that took the ML-DSA precompile away: a proxy before a real node.
//!
//! Everything is passed on, except that a call of the adapter gets what the adapter returns over an address where nothing
//! is: false.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::http;

/// Longest request that is passed on.
const MAX_REQUEST: usize = 1 << 22;

/// A running proxy on a port of the system; it ends with the driver.
#[derive(Debug, Clone)]
pub struct Fork {
    url: String,
    chain: String,
    adapter: String,
    forked: Arc<AtomicBool>,
}

impl Fork {
    /// Starts before a chain's node; nothing is changed until [`Fork::lose_the_precompile`].
    pub fn start(chain: &str, adapter: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let fork = Self { url, chain: chain.into(), adapter: adapter.to_lowercase(), forked: Arc::default() };
        let own = fork.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let own = own.clone();
                // A client that breaks off harms nobody else.
                thread::spawn(move || own.serve(client).err());
            }
        });
        Ok(fork)
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on the precompile is missing.
    pub fn lose_the_precompile(&self) {
        self.forked.store(true, Ordering::SeqCst);
    }

    /// One request a connection.
    fn serve(&self, mut client: TcpStream) -> Result<()> {
        let request = body(&mut BufReader::new(client.try_clone()?))?;
        let (status, reply) = match self.instead(&request) {
            Some(reply) => (200, reply.to_string()),
            None => http::post(&self.chain, "/", &[], &request)?,
        };
        let head = format!("Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close", reply.len());
        write!(client, "HTTP/1.1 {status} -\r\n{head}\r\n\r\n{reply}")?;
        Ok(())
    }

    /// What a call of the adapter is answered without the precompile.
    fn instead(&self, request: &Value) -> Option<Value> {
        let to = request.pointer("/params/0/to").and_then(Value::as_str)?;
        let asks = request.get("method").and_then(Value::as_str) == Some("eth_call");
        let missing = asks && to.eq_ignore_ascii_case(&self.adapter) && self.forked.load(Ordering::SeqCst);
        missing.then(|| json!({"jsonrpc": "2.0", "id": request.get("id"), "result": format!("0x{}", "00".repeat(32))}))
    }
}

fn body(reader: &mut impl BufRead) -> Result<Value> {
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 0 && !line.trim().is_empty() {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
        line.clear();
    }
    anyhow::ensure!(length <= MAX_REQUEST, "a request of {length} bytes");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    serde_json::from_slice(&body).context("no JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_of_the_adapter_are_answered_otherwise_and_only_after_the_fork() {
        let fork = Fork::start("http://127.0.0.1:9", "0xAb00").unwrap();
        let call = |method: &str, to: &str| json!({"id": 7, "method": method, "params": [{"to": to}, "latest"]});
        assert_eq!(fork.instead(&call("eth_call", "0xab00")), None);
        fork.lose_the_precompile();
        let reply = http::post(fork.url(), "/", &[], &call("eth_call", "0xaB00")).unwrap();
        let reply: Value = serde_json::from_str(&reply.1).unwrap();
        assert_eq!((reply["id"].as_u64(), reply["result"].as_str().map(str::len)), (Some(7), Some(66)));
        for other in [call("eth_call", "0xab01"), call("eth_estimateGas", "0xab00"), json!({"method": "eth_chainId"})] {
            assert_eq!(fork.instead(&other), None);
        }
    }
}

//! One GET over HTTP/1.1 without a library: enough for the indexer's small JSON replies.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::wait::PATIENCE;

/// Gets a JSON document from `http://HOST:PORT` and a path that begins with a slash.
pub fn get(base: &str, path: &str) -> Result<Value> {
    let host = base.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).with_context(|| format!("{base} does not listen"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n")?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let Some((head, body)) = reply.split_once("\r\n\r\n") else { bail!("{path}: no HTTP reply") };
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if status != "200" {
        bail!("{path}: HTTP {status}: {body}");
    }
    serde_json::from_str(body).with_context(|| format!("{path}: no JSON: {body}"))
}

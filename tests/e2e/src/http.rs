//! One request over HTTP without a library: enough for the indexer's and the daemon's JSON replies.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::wait::PATIENCE;

/// Gets a JSON document from `http://HOST:PORT` and a path that begins with a slash.
pub fn get(base: &str, path: &str) -> Result<Value> {
    let (status, body) = ask(base, &format!("GET {path}"), &[], "")?;
    if status != 200 {
        bail!("{path}: HTTP {status}: {body}");
    }
    serde_json::from_str(&body).with_context(|| format!("{path}: no JSON: {body}"))
}

/// Status and body of a reply, whatever it is.
pub fn status(base: &str, path: &str) -> Result<(u16, String)> {
    ask(base, &format!("GET {path}"), &[], "")
}

/// Posts a JSON document and gives status and body of the reply.
pub fn post(base: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Result<(u16, String)> {
    let headers = [headers, &[("Content-Type", "application/json")]].concat();
    ask(base, &format!("POST {path}"), &headers, &body.to_string())
}

/// HTTP/1.0, so that the end of the reply is the end of the connection.
fn ask(base: &str, request: &str, headers: &[(&str, &str)], body: &str) -> Result<(u16, String)> {
    let host = base.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).with_context(|| format!("{base} does not listen"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let given = |name: &str| headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    let mut head = format!("{request} HTTP/1.0\r\nAccept: application/json\r\nContent-Length: {}\r\n", body.len());
    if !given("Host") {
        head += &format!("Host: {host}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let Some((head, body)) = reply.split_once("\r\n\r\n") else { bail!("{request}: no HTTP reply") };
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok());
    Ok((status.with_context(|| format!("{request}: no status: {head}"))?, body.to_owned()))
}

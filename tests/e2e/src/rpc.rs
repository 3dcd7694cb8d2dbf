//! A daemon's JSON-RPC over loopback, as any program of its user may call it: address and token from `rpc.json`.

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

use crate::{http, parsctl::text};

/// The JSON-RPC of one daemon as it runs now; after a restart address and token are others.
#[derive(Debug, Clone)]
pub struct Rpc {
    url: String,
    token: String,
}

/// An error that the daemon gave by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcRefusal {
    /// Stable number.
    pub code: i64,
    /// Sentence.
    pub message: String,
}

impl Rpc {
    /// Reads where the daemon of a data directory answers.
    pub fn of(datadir: &Path) -> Result<Self> {
        let file = datadir.join("rpc.json");
        let content = fs::read(&file).with_context(|| format!("{} is missing", file.display()))?;
        let content: Value = serde_json::from_slice(&content)?;
        Ok(Self { url: text(&content, "/http")?, token: text(&content, "/token")? })
    }

    /// Calls a method; the daemon's refusal is an error too.
    pub fn call(&self, method: &str, params: &Value) -> Result<Value> {
        match self.ask(method, params, &[])? {
            Ok(result) => Ok(result),
            Err(refusal) => bail!("{method}: {} {}", refusal.code, refusal.message),
        }
    }

    /// The value of the header that carries the token.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Calls a method with further headers. The outer error: no answer came.
    pub fn ask(&self, method: &str, params: &Value, headers: &[(&str, &str)]) -> Result<Result<Value, RpcRefusal>> {
        let bearer = self.bearer();
        let (status, body) = self.post(method, params, &[headers, &[("Authorization", &bearer)]].concat())?;
        let reply: Value = serde_json::from_str(&body).with_context(|| format!("{method}: HTTP {status}: {body}"))?;
        if let Some(error) = reply.get("error") {
            let code = error.get("code").and_then(Value::as_i64).ok_or_else(|| anyhow!("no code in {error}"))?;
            return Ok(Err(RpcRefusal { code, message: text(error, "/message")? }));
        }
        reply.get("result").cloned().map(Ok).ok_or_else(|| anyhow!("{method}: no result in {reply}"))
    }

    /// Status and body of a request with these headers alone, so without the token.
    pub fn post(&self, method: &str, params: &Value, headers: &[(&str, &str)]) -> Result<(u16, String)> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        http::post(&self.url, "/", headers, &request)
    }
}

//! Foundry's `cast`, unmodified: a wallet and client that is not ours.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use crate::tool;

/// The mnemonic of the development accounts; printed by every Ethereum development tool.
const MNEMONIC: &str = "test test test test test test test test test test test junk";

/// `cast` against one chain.
#[derive(Debug, Clone)]
pub struct Cast {
    program: PathBuf,
    rpc: String,
}

impl Cast {
    /// The `cast` below a `node_modules` directory, for an RPC endpoint.
    pub fn new(node_modules: PathBuf, rpc: &str) -> Self {
        Self { program: node_modules.join(".bin/cast"), rpc: rpc.to_owned() }
    }

    fn run(&self, words: &[&str]) -> Result<String> {
        tool::text(&self.program, words)
    }

    /// The address of a development account, lower case.
    pub fn account(&self, index: usize) -> Result<String> {
        let index = index.to_string();
        self.run(&["wallet", "address", "--mnemonic", MNEMONIC, "--mnemonic-index", &index]).map(|a| a.to_lowercase())
    }

    /// A development account's signature over a 32-byte hash, as it is.
    pub fn sign_hash(&self, index: usize, hash: &str) -> Result<String> {
        let index = index.to_string();
        self.run(&["wallet", "sign", "--mnemonic", MNEMONIC, "--mnemonic-index", &index, "--no-hash", hash])
    }

    /// A development account's signature over typed data (EIP-712).
    pub fn sign_typed(&self, index: usize, data: &Value) -> Result<String> {
        let (index, data) = (index.to_string(), data.to_string());
        let signer = ["wallet", "sign", "--mnemonic", MNEMONIC, "--mnemonic-index", &index];
        self.run(&[&signer[..], &["--data", &data]].concat())
    }

    /// ABI-encodes a call.
    pub fn calldata(&self, signature: &str, arguments: &[&str]) -> Result<String> {
        self.run(&[&["calldata", signature], arguments].concat())
    }

    /// The selector of a function or an error.
    pub fn selector(&self, signature: &str) -> Result<String> {
        self.run(&["sig", signature])
    }

    /// The first topic of an event.
    pub fn event(&self, signature: &str) -> Result<String> {
        self.run(&["sig-event", signature])
    }

    /// Calls a view function and gives its decoded result.
    pub fn call(&self, to: &str, signature: &str, arguments: &[&str]) -> Result<String> {
        self.run(&[&["call", "--rpc-url", &self.rpc, to, signature], arguments].concat())
    }

    /// Sends a call from a development account and gives the receipt; a failed transaction is an error.
    pub fn send(&self, index: usize, to: &str, signature: &str, arguments: &[&str]) -> Result<Value> {
        self.transact(index, &[&[to, signature], arguments].concat())
    }

    /// Creates a contract from a development account and gives its address.
    pub fn create(&self, index: usize, bytecode: &str) -> Result<String> {
        let receipt = self.transact(index, &["--create", bytecode])?;
        let address = receipt.get("contractAddress").and_then(Value::as_str);
        address.map(str::to_lowercase).ok_or_else(|| anyhow!("no contract was created: {receipt}"))
    }

    fn transact(&self, index: usize, what: &[&str]) -> Result<Value> {
        let index = index.to_string();
        let options = ["send", "--json", "--rpc-url", &self.rpc, "--mnemonic", MNEMONIC, "--mnemonic-index", &index];
        let receipt: Value = serde_json::from_str(&self.run(&[&options, what].concat())?)?;
        if receipt.get("status").and_then(Value::as_str) != Some("0x1") {
            bail!("the transaction failed: {receipt}");
        }
        Ok(receipt)
    }

    /// One JSON-RPC request.
    pub fn rpc(&self, method: &str, parameters: &[&str]) -> Result<Value> {
        let reply = self.run(&[&["rpc", "--rpc-url", &self.rpc, method], parameters].concat())?;
        serde_json::from_str(&reply).with_context(|| format!("{method}: {reply}"))
    }

    /// Number of the newest block.
    pub fn block_number(&self) -> Result<u64> {
        Ok(self.run(&["block-number", "--rpc-url", &self.rpc])?.parse()?)
    }

    /// Time of the newest block.
    pub fn now(&self) -> Result<u64> {
        Ok(self.run(&["block", "latest", "--field", "timestamp", "--rpc-url", &self.rpc])?.parse()?)
    }

    /// Moves the chain's clock forward to a time and mines a block there.
    pub fn move_clock(&self, to: u64) -> Result<()> {
        self.rpc("evm_setNextBlockTimestamp", &[&to.to_string()])?;
        self.rpc("evm_mine", &[])?;
        let now = self.now()?;
        if now < to { bail!("the clock stands at {now}, not at {to}") } else { Ok(()) }
    }
}

//! What an author of actions needs beside a session: something to move, an answer of the executor, and receipts.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::{
    daemon::Daemon,
    kills::{history, is},
    network::{Account, EXECUTOR, Network},
    parsctl::{Parsctl, text},
    receipt::Receipt,
    rpc::Rpc,
    wait,
};

/// A contract with a value that anybody may raise by up to 100 (`node/chain/tests/fixtures/Counter.sol`).
const COUNTER: &str = include_str!("../../../node/chain/tests/fixtures/counter.hex");

/// The counter's function.
pub const ADD: &str = "add(uint256)";

/// The daemon of the executor.
pub fn executor_of(network: &Network) -> Result<&Daemon> {
    network.nodes.all.iter().find(|node| node.name == EXECUTOR).ok_or_else(|| anyhow!("there is no executor"))
}

/// A contract to be moved.
pub fn counter(network: &Network) -> Result<String> {
    network.stack.cast.create(1, COUNTER.trim())
}

/// What was added up there.
pub fn value(network: &Network, counter: &str) -> Result<u64> {
    let value = network.stack.cast.call(counter, "value()(uint256)", &[])?;
    let digits = value.split_whitespace().next().unwrap_or_default();
    digits.parse().with_context(|| format!("the value is {value}"))
}

/// Writes to the executor and waits for its answer, which proves both keys: actions go only then. Gives the session.
pub fn greet(author: &Parsctl, session: &str) -> Result<Value> {
    author.run(&["session", "send", "--session", session, "--message", "Hello."])?;
    let proven = || Ok(found(author, session)?.filter(|ours| is(ours, "pqAuth", "confirmed")));
    wait::until("the executor's proof", proven)
}

/// A session with an executor in which both keys are proven; what is there already is kept.
pub fn acquainted(author: &Parsctl, executor: &Account) -> Result<Value> {
    match found(author, executor.session())? {
        Some(session) if is(&session, "pqAuth", "confirmed") => return Ok(session),
        Some(_) => {}
        None => drop(author.run(&["session", "create", "--recipient", &executor.link])?),
    }
    greet(author, executor.session())
}

fn found(author: &Parsctl, session: &str) -> Result<Option<Value>> {
    let sessions = author.run(&["session", "list"])?;
    let mut all = sessions.get("sessions").and_then(Value::as_array).into_iter().flatten();
    Ok(all.find(|other| is(other, "id", session)).cloned())
}

/// Every receipt in a session.
pub fn receipts(rpc: &Rpc, session: &str) -> Result<Vec<Receipt>> {
    let messages = history(rpc, session)?;
    let receipts = messages.iter().filter(|message| is(message, "kind", "action receipt"));
    receipts.map(|message| Receipt::read(&text(message, "/content")?)).collect()
}

/// Copies the record that says which key acts for an account, from one chain to another: what an edited client would use.
/// Gives the key's id.
pub fn pretend_enrolled(author: &Parsctl, account: &str, (from, to): (u64, u64)) -> Result<String> {
    let mut document = record(author, account, from)?;
    document["chainId"] = to.into();
    std::fs::write(record_of(author, account, to), document.to_string())?;
    text(&document, "/signerId")
}

/// The same for another contract (40 hexadecimal digits) on the same chain, with its certificate, while `run` is told the key's
/// id; then the record is what it was.
pub fn pretend_enrolled_at<T>(
    author: &Parsctl,
    account: &str,
    (chain, contract, certificate): (u64, &str, &[u8]),
    run: impl FnOnce(&str) -> Result<T>,
) -> Result<T> {
    let honest = record(author, account, chain)?;
    let mut document = honest.clone();
    document["trigger"] = format!("0x{contract}").into();
    document["certificate"] = format!("0x{}", hex::encode(certificate)).into();
    let path = record_of(author, account, chain);
    std::fs::write(&path, document.to_string())?;
    let outcome = run(&text(&document, "/signerId")?);
    std::fs::write(&path, honest.to_string())?;
    outcome
}

fn record_of(author: &Parsctl, account: &str, chain: u64) -> PathBuf {
    author.home.join("triggers").join(format!("{chain}-{}.json", account.to_lowercase()))
}

fn record(author: &Parsctl, account: &str, chain: u64) -> Result<Value> {
    let path = record_of(author, account, chain);
    let bytes = std::fs::read(&path).with_context(|| format!("{} is missing", path.display()))?;
    Ok(serde_json::from_slice(&bytes)?)
}

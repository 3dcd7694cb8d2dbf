//! What an author of actions needs beside a session: something to move, an answer of the executor, and receipts.

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
    let record = |chain: u64| author.home.join("triggers").join(format!("{chain}-{}.json", account.to_lowercase()));
    let bytes = std::fs::read(record(from)).with_context(|| format!("{} is missing", record(from).display()))?;
    let mut document: Value = serde_json::from_slice(&bytes)?;
    let signer = text(&document, "/signerId")?;
    document["chainId"] = to.into();
    std::fs::write(record(to), document.to_string())?;
    Ok(signer)
}

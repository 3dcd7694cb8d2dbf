//! A chain's node that lies: in its answers, one yes or no is the opposite of what the contract said. `eligibility check` asks the
//! contract and the verifier here, and must not believe either where they differ.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::World;
use crate::{http, parsctl::Parsctl, proof::ProofFile, report::Report};

/// An honest proof and a damaged one, checked over a node that turns the contract's verdict round.
pub(super) fn run(report: &mut Report, world: &World, proof: &ProofFile) {
    let damaged = || proof.with_flipped_bit(40, 3);
    let cases = [
        (
            "a node that denies what the contract accepts: the verdicts disagree, and neither is believed",
            Ok(proof.clone()),
            false,
        ),
        (
            "a node that affirms what the contract refuses: the verdicts disagree, and neither is believed",
            damaged(),
            true,
        ),
    ];
    for (name, proof, says) in cases {
        let _ = report.step(name, |facts| {
            let path = world.stack.path("over-a-liar.json");
            proof?.write(&path)?;
            let file = path.display().to_string();
            let words = ["eligibility", "check", "--room", &world.forum, "--proof", &file];
            let honest = world.stack.person(9);
            ensure!(honest.attempt(&words)?.is_ok() != says, "without the lie it is the other way round");
            let lied_to = Parsctl { rpc: start(&world.stack.rpc)?, ..honest };
            let refusal = lied_to.refused_as("verdicts_disagree", &words)?;
            let accepted_here = refusal.details.get("local") == Some(&json!("accepted"));
            ensure!(refusal.details.get("chain") == Some(&json!(says)), "the node's word: {}", refusal.details);
            ensure!(accepted_here != says, "the word of the verifier here: {}", refusal.details);
            facts.add("verdicts", refusal.details);
            Ok(())
        });
    }
}

/// Listens on a port of the system before the node at `rpc`, and ends with the driver; its address.
fn start(rpc: &str) -> Result<String> {
    let (listener, rpc) = (TcpListener::bind("127.0.0.1:0")?, rpc.to_owned());
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let rpc = rpc.clone();
            thread::spawn(move || serve(&client, &rpc));
        }
    });
    Ok(url)
}

/// One request, and the connection is closed.
fn serve(client: &TcpStream, rpc: &str) -> Result<()> {
    let asked = request(client)?;
    let (_, told) = http::post(rpc, "/", &[], &asked)?;
    let told = told_otherwise(&asked, serde_json::from_str(&told)?).to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let mut client = client;
    client.write_all(format!("{head}Content-Length: {}\r\n\r\n{told}", told.len()).as_bytes())?;
    Ok(())
}

fn request(client: &TcpStream) -> Result<Value> {
    let (mut reader, mut length, mut line) = (BufReader::new(client), 0, String::new());
    while reader.read_line(&mut line)? > 0 && line != "\r\n" {
        let field = line.to_ascii_lowercase();
        if let Some(value) = field.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    serde_json::from_slice(&body).context("a request of JSON-RPC")
}

/// Of a call that answers yes or no, the opposite; everything else as it is.
fn told_otherwise(asked: &Value, mut told: Value) -> Value {
    let word = |digit| format!("0x{digit:064}");
    if asked.get("method") == Some(&json!("eth_call")) {
        let result = told.get("result").and_then(Value::as_str).unwrap_or_default();
        let lie = if result == word(1) { Some(word(0)) } else { (result == word(0)).then(|| word(1)) };
        if let Some(lie) = lie {
            told["result"] = json!(lie);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_or_a_no_of_a_call_is_turned_round() {
        let answer = |result: &str| json!({"jsonrpc": "2.0", "id": 1, "result": result});
        let (yes, no) = (answer(&format!("0x{:064}", 1)), answer(&format!("0x{:064}", 0)));
        let call = json!({"method": "eth_call"});
        assert_eq!((told_otherwise(&call, yes.clone()), told_otherwise(&call, no.clone())), (no, yes.clone()));
        let two = answer(&format!("0x{:0128}", 1));
        assert_eq!(told_otherwise(&call, two.clone()), two);
        assert_eq!(told_otherwise(&json!({"method": "eth_getStorageAt"}), yes.clone()), yes);
    }
}

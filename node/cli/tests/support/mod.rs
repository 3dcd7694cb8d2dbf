//! Running the binary, and a chain that only knows its id.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Output},
    thread,
};

use serde_json::{Value, json};

/// `parsctl` with an environment that names nothing but the home.
pub(crate) fn command(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parsctl"));
    command.env_clear().env("PARS_HOME", home).current_dir(home.parent().unwrap()).args(words);
    command
}

/// Runs it.
pub(crate) fn parsctl(home: &Path, words: &[&str]) -> Output {
    command(home, words).output().unwrap()
}

/// Standard output as exactly one JSON document.
pub(crate) fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The code of an error document.
pub(crate) fn code(output: &Output) -> String {
    document(output)["error"]["code"].as_str().unwrap().to_owned()
}

/// A server that answers `eth_chainId` and refuses every other method; gives its URL.
pub(crate) fn chain_of_id(chain_id: u64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream, chain_id));
        }
    });
    url
}

fn answer(stream: TcpStream, chain_id: u64) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line).ok()? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            line.clear();
        }
        if length == 0 {
            return None;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let request: Value = serde_json::from_slice(&body).ok()?;
        let mut reply = json!({"jsonrpc": "2.0", "id": request["id"]});
        match request["method"].as_str()? {
            "eth_chainId" => reply["result"] = json!(format!("{chain_id:#x}")),
            _ => reply["error"] = json!({"code": -32601, "message": "no such method"}),
        }
        let text = reply.to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", text.len());
        (&stream).write_all((head + &text).as_bytes()).ok()?;
    }
}

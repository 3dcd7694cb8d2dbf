//! A proxy before the indexer that writes down what it was asked: what an indexer's operator could learn.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use anyhow::Result;

/// A running proxy on a port of the system; it ends with the driver.
#[derive(Debug, Clone)]
pub struct Proxy {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts before a server at `http://HOST:PORT`.
    pub fn start(target: &str) -> Result<Self> {
        let target = target.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (target, log) = (target.clone(), Arc::clone(&log));
                thread::spawn(move || relay(client, &target, &log));
            }
        });
        Ok(Self { url, asked })
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every line that clients sent so far: request lines and headers.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().map(|log| log.clone()).unwrap_or_default()
    }
}

/// Copies a client's lines to the server, writing each down, and the server's bytes back.
fn relay(client: TcpStream, target: &str, log: &Mutex<Vec<String>>) -> Option<()> {
    let server = TcpStream::connect(target).ok()?;
    let (mut from_server, mut to_client) = (server.try_clone().ok()?, client.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let (mut reader, mut to_server, mut line) = (BufReader::new(client), server, Vec::new());
    while reader.read_until(b'\n', &mut line).ok()? > 0 {
        log.lock().ok()?.push(String::from_utf8_lossy(&line).trim_end().to_owned());
        to_server.write_all(&line).ok()?;
        line.clear();
    }
    to_server.shutdown(Shutdown::Write).ok()
}

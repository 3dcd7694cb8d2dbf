//! A proxy before the media server that keeps one kind of a host's requests from it: what a server does that obeys no such order.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::Result;

/// What the host hears instead of the server's answer.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// A running proxy on a port of the system; it ends with the driver. WebSockets go through it.
#[derive(Debug, Clone)]
pub struct Withheld {
    url: String,
    count: Arc<AtomicUsize>,
}

impl Withheld {
    /// Starts before a server at `http://HOST:PORT`; requests to paths that end with `method` do not reach it.
    pub fn start(target: &str, method: &'static str) -> Result<Self> {
        let target = target.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (target, counted) = (target.clone(), Arc::clone(&counted));
                thread::spawn(move || relay(client, &target, (method, &counted)));
            }
        });
        Ok(Self { url, count })
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many requests it has kept so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

/// Carries one connection: request by request, and after a change of protocol all bytes.
fn relay(client: TcpStream, target: &str, (method, count): (&str, &AtomicUsize)) -> Option<()> {
    let mut server = TcpStream::connect(target).ok()?;
    let (mut from_server, mut to_client) = (server.try_clone().ok()?, client.try_clone().ok()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let (mut requests, mut client) = (BufReader::new(client.try_clone().ok()?), client);
    while let Some(request) = Request::read(&mut requests) {
        if request.path.ends_with(method) {
            count.fetch_add(1, Ordering::SeqCst);
            client.write_all(ANSWER).ok()?;
            continue;
        }
        server.write_all(&request.bytes).ok()?;
        if request.upgrades {
            std::io::copy(&mut requests, &mut server).ok()?;
        }
    }
    server.shutdown(Shutdown::Write).ok()
}

/// A request, head and body.
pub(crate) struct Request {
    pub(crate) path: String,
    upgrades: bool,
    pub(crate) bytes: Vec<u8>,
}

impl Request {
    /// The next one (RFC 9112), with a body if it says how long that is.
    pub(crate) fn read(from: &mut impl BufRead) -> Option<Self> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if from.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let path = head.split_whitespace().nth(1)?.to_owned();
        let lower = head.to_lowercase();
        let header =
            |name: &str| lower.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        let length = header("content-length").map_or(Some(0), |length| length.parse().ok())?;
        let upgrades = header("upgrade").is_some();
        let mut bytes = head.into_bytes();
        let read = from.take(length).read_to_end(&mut bytes).ok()?;
        (read as u64 == length).then_some(Self { path, upgrades, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_kind_of_request_does_not_arrive_and_the_rest_and_sockets_do() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Withheld::start(&format!("http://{}", listener.local_addr().unwrap()), "/Remove").unwrap();
        let mut client = TcpStream::connect(proxy.url().trim_start_matches("http://")).unwrap();
        client.write_all(b"POST /a/Remove HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        let mut answer = vec![0; ANSWER.len()];
        client.read_exact(&mut answer).unwrap();
        assert_eq!((&answer[..], proxy.count()), (ANSWER, 1));
        let rest: &[u8] = b"POST /a/Open HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET /rtc HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\x82\x00/Remove";
        client.write_all(rest).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let mut arrived = vec![0; rest.len()];
        server.read_exact(&mut arrived).unwrap();
        assert_eq!(arrived, rest);
        server.write_all(b"back").unwrap();
        let mut back = [0; 4];
        client.read_exact(&mut back).unwrap();
        assert_eq!((&back, proxy.count()), (b"back", 1));
    }
}

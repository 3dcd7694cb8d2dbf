//! Who is not let in over loopback (THREATS N1, N2): pages of others, names pointed here, whoever has no token or an old one.

use pars_daemon::daemon::Daemon;
use pars_rpc::Code;
use pars_rpc::method::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{World, call};

/// Names under which a page, or a name server, may reach this machine. `PORT` stands for the daemon's.
const HOSTS: &[&[u8]] = &[
    b"attacker.example",
    b"attacker.example:PORT",
    b"127.0.0.1.attacker.example:PORT",
    b"localhost.attacker.example",
    b"attacker.example@127.0.0.1:PORT",
    b"127.0.0.1@attacker.example",
    b"attacker.example:127.0.0.1",
    b"attacker:127.0.0.1:PORT",
    b"127.0.0.1:PORT:PORT",
    b"127.0.0.1:PORT,attacker.example",
    b"127.0.0.1 attacker.example",
    b"127.0.0.1/",
    b"127.0.0.1:1",
    b"localhost",
    b"[::1]:65535",
    b"http://127.0.0.1:PORT",
    b"0.0.0.0:PORT",
    b"0:PORT",
    b"127.1:PORT",
    b"127.0.0.2:PORT",
    b"2130706433:PORT",
    b"0x7f000001:PORT",
    b"0177.0.0.1:PORT",
    b"[::]:PORT",
    b"::1",
    b"[::ffff:127.0.0.1]:PORT",
    b"[::1].attacker.example:PORT",
    b"localhost.:PORT",
    b"localhost.localdomain:PORT",
    b"host.docker.internal:PORT",
    b"169.254.169.254",
    b"192.168.0.1:PORT",
    b"127.0.0.1\xc2\xa0:PORT",
    b"\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1:PORT",
    b"127.0.0.1:PORT\r\nHost: attacker.example",
    b"",
];

/// Origins of pages that nobody allowed, beside the right Host.
const ORIGINS: &[&[u8]] = &[
    b"null",
    b"",
    b"*",
    b"undefined",
    b"http://attacker.example",
    b"https://attacker.example:PORT",
    b"http://127.0.0.1",
    b"http://127.0.0.1:1",
    b"https://127.0.0.1:PORT",
    b"HTTP://127.0.0.1:PORT",
    b"ws://127.0.0.1:PORT",
    b"http://localhost:PORT",
    b"http://[::1]:PORT",
    b"http://0.0.0.0:PORT",
    b"http://127.1:PORT",
    b"http://2130706433:PORT",
    b"http://127.0.0.1:PORT/",
    b"http://127.0.0.1:PORT.attacker.example",
    b"http://127.0.0.1:PORT@attacker.example",
    b"http://127.0.0.1:PORT:80",
    b"http://attacker.example#http://127.0.0.1:PORT",
    b"http://127.0.0.1:PORT, http://attacker.example",
    b"http://127.0.0.1:PORT\r\nOrigin: http://attacker.example",
    b"127.0.0.1:PORT",
    b"http://",
    b"file://",
    b"data:text/html,x",
    b"blob:http://127.0.0.1:PORT/5a",
    b"about:blank",
    b"chrome-extension://abcdefghijklmnop",
    b"capacitor://localhost",
    b"http://127.0.0.1:PORT\xc2\xa0",
];

/// A daemon, its loopback address and its token.
struct Door {
    daemon: Daemon,
    address: String,
    token: String,
}

impl Door {
    async fn open(world: &World) -> Self {
        let daemon = world.member("a").await;
        let file = std::fs::read(world.datadir("a").join("rpc.json")).unwrap();
        let file: Value = serde_json::from_slice(&file).unwrap();
        let address = daemon.ready().http.trim_start_matches("http://").to_owned();
        Self { daemon, address, token: file["token"].as_str().unwrap().to_owned() }
    }

    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.token)
    }

    /// A line of the list for this daemon.
    fn named(&self, line: &[u8]) -> Vec<u8> {
        let port = self.address.rsplit(':').next().unwrap();
        let mut named = Vec::new();
        let mut rest = line;
        while let Some(at) = rest.windows(4).position(|window| window == b"PORT") {
            named.extend_from_slice(&rest[..at]);
            named.extend_from_slice(port.as_bytes());
            rest = &rest[at + 4..];
        }
        [named, rest.to_vec()].concat()
    }

    /// Status and the whole answer to these bytes.
    async fn ask(&self, request: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        // What was refused may be reset behind its answer.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), answer)
    }

    /// A call with these header lines, `Host` among them.
    async fn post(&self, target: &str, method: &str, lines: &[&[u8]]) -> (u16, String) {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}).to_string();
        let head = format!("POST {target} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        self.ask(&[head.as_bytes(), &lines.join(&b"\r\n"[..]), b"\r\n\r\n", body.as_bytes()].concat()).await
    }

    /// The beginning of a WebSocket with these header lines: the head of the answer.
    async fn upgrade(&self, lines: &[&[u8]]) -> (u16, String) {
        let head = b"GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = [&head[..], &lines.join(&b"\r\n"[..]), b"\r\n\r\n"].concat();
        stream.write_all(&request).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), answer)
    }
}

const JSON: &[u8] = b"Content-Type: application/json";

#[tokio::test]
async fn no_page_of_others_and_no_name_pointed_here_has_any_effect_over_http_or_websocket() {
    let world = World::start().await;
    let door = Door::open(&world).await;
    let (bearer, own) = (door.bearer(), [&b"Host: "[..], door.address.as_bytes()].concat());
    let protocols = format!("Sec-WebSocket-Protocol: pars.v1, pars.bearer.{}", door.token);
    assert!(HOSTS.len() >= 25 && ORIGINS.len() >= 25);
    let hosts = HOSTS.iter().map(|host| vec![[b"Host: ".to_vec(), door.named(host)].concat()]);
    let origins = ORIGINS.iter().map(|origin| vec![own.clone(), [b"Origin: ".to_vec(), door.named(origin)].concat()]);
    for lines in hosts.chain(origins) {
        let mut lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let shown = String::from_utf8_lossy(&lines.concat()).into_owned();
        lines.extend([bearer.as_bytes(), protocols.as_bytes(), JSON]);
        let (status, answer) = door.post("/", "identity.create", &lines).await;
        assert_eq!(status, 403, "{shown}: {answer}");
        assert!(!answer.to_lowercase().contains("access-control"), "{shown}: {answer}");
        let (status, answer) = door.upgrade(&lines).await;
        assert_eq!(status, 403, "{shown}: {answer}");
    }
    // No Host at all, and what a page may send without being asked: another method, another content type.
    assert_eq!(door.post("/", "identity.create", &[bearer.as_bytes(), JSON]).await.0, 403);
    for simple in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"] {
        let line = format!("Content-Type: {simple}");
        let lines = [own.as_slice(), bearer.as_bytes(), line.as_bytes()];
        assert_eq!(door.post("/", "identity.create", &lines).await.0, 415, "{simple}");
    }
    assert_eq!(door.post("/", "identity.create", &[&own, bearer.as_bytes()]).await.0, 415, "no content type");
    let twice = [own.as_slice(), bearer.as_bytes(), JSON, b"Content-Type: text/plain"];
    assert_eq!(door.post("/", "identity.create", &twice).await.0, 415, "two content types");
    for method in ["GET", "PUT", "OPTIONS", "HEAD"] {
        let head = format!("{method} / HTTP/1.1\r\nConnection: close\r\n{bearer}\r\n");
        let (status, answer) = door.ask(&[head.as_bytes(), &own, b"\r\n\r\n"].concat()).await;
        assert!(!answer.contains("jsonrpc") && !answer.to_lowercase().contains("access-control"), "{method} {status}");
    }
    let socket = &door.daemon.ready().socket;
    let identity = call(socket, "identity.get", json!({})).await;
    assert_eq!(identity["error"]["code"], Code::NoIdentity as i32, "none of it had an effect: {identity}");
    // The same request from the right place is taken.
    let lines = [own.as_slice(), bearer.as_bytes(), b"Content-Type: application/json; charset=utf-8"];
    let (status, answer) = door.post("/", "identity.create", &lines).await;
    assert!(status == 200 && answer.contains("\"link\""), "{status} {answer}");
    assert_eq!(door.upgrade(&[&own, protocols.as_bytes()]).await.0, 101);
    door.daemon.stop().await.unwrap();
}

#[tokio::test]
async fn without_the_token_of_this_run_no_method_says_anything() {
    let world = World::start().await;
    let earlier = Door::open(&world).await;
    let old = earlier.bearer();
    earlier.daemon.stop().await.unwrap();
    let door = Door::open(&world).await;
    let right = door.bearer();
    assert_ne!(old, right, "each start draws a token");
    let own = [&b"Host: "[..], door.address.as_bytes()].concat();
    let (short, long) = (&right[..right.len() - 1], format!("{right}0"));
    let basic = format!("Authorization: Basic {}", door.token);
    let wrong = format!("Authorization: Bearer {}", "0".repeat(64));
    let query = format!("/?token={0}&access_token={0}", door.token);
    let names = Method::ALL.iter().flat_map(|method| [Some(method.name()), method.seed_name()]).flatten();
    for name in names.chain(["no.such"]) {
        let with = async |target: &str, line: &str| {
            let (status, answer) = door.post(target, name, &[&own, line.as_bytes(), JSON]).await;
            assert_eq!(status, 401, "{name} with {line:?}: {answer}");
            assert!(!answer.contains("jsonrpc") && !answer.contains(&door.token), "{name}: {answer}");
        };
        for line in ["Authorization: Bearer ", "X-Nothing: 1", &old, &wrong, &basic, short, &long] {
            with("/", line).await;
        }
        with(&query, "X-Nothing: 1").await;
    }
    for line in ["Sec-WebSocket-Protocol: pars.v1", &old, &wrong] {
        assert_eq!(door.upgrade(&[&own, line.as_bytes()]).await.0, 401, "{line}");
    }
    assert_eq!(door.post("/", "status.get", &[&own, right.as_bytes(), JSON]).await.0, 200);
    door.daemon.stop().await.unwrap();
}

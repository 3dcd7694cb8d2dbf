//! Connections that say nothing, and too many of them, over the loopback port.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{World, call};

/// Connections with the loopback port (THREATS section 3).
const MOST: usize = 64;

async fn end(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

#[tokio::test]
async fn a_connection_that_does_not_end_its_request_is_closed_and_an_idle_one_too() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let address = daemon.ready().http.trim_start_matches("http://").to_owned();
    let silent = TcpStream::connect(&address).await.unwrap();
    let mut half = TcpStream::connect(&address).await.unwrap();
    half.write_all(format!("POST / HTTP/1.1\r\nHost: {address}\r\n").as_bytes()).await.unwrap();
    let mut served = TcpStream::connect(&address).await.unwrap();
    let whole = format!("POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n");
    served.write_all(whole.as_bytes()).await.unwrap();
    // Each of these waits for the daemon to close the connection.
    let (silent, half, served) = tokio::join!(end(silent), end(half), end(served));
    assert!(silent.is_empty() && !half.starts_with(b"HTTP/1.1 2"));
    assert!(served.starts_with(b"HTTP/1.1 401"), "answered, then closed for being idle");
    daemon.stop().await.unwrap();
}

#[tokio::test]
async fn the_sixty_fifth_connection_waits_until_another_one_ends_and_the_unix_socket_is_not_touched() {
    let world = World::start().await;
    let daemon = world.member("a").await;
    let address = daemon.ready().http.trim_start_matches("http://").to_owned();
    let file: Value = serde_json::from_slice(&std::fs::read(world.datadir("a").join("rpc.json")).unwrap()).unwrap();
    let token = file["token"].as_str().unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    );
    let mut crowd = Vec::new();
    for _ in 0..MOST {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        // The daemon waits for the body: the connection stands.
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 100");
        crowd.push(stream);
    }
    let mut late = TcpStream::connect(&address).await.unwrap();
    // Without a token: answered 401 by whoever reads it.
    let request = format!("POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    late.write_all(request.as_bytes()).await.unwrap();
    // The socket of the daemon's own user has room of its own.
    let status = call(&daemon.ready().socket, "status.get", json!({})).await;
    assert_eq!(status["result"]["network"], "dev");
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(late.try_read(&mut [0; 1]).is_err(), "nobody has answered it");
    drop(crowd.pop());
    assert!(end(late).await.starts_with(b"HTTP/1.1 401"), "there is room again");
    daemon.stop().await.unwrap();
}

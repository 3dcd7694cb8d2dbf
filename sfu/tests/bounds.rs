//! What a client that says nothing, or reads nothing, makes the server hold (THREATS section 3).

mod support;

use std::{net::SocketAddr, time::Duration};

use livekit_protocol as lk;
use lk::signal_request::Message as Asked;
use pars_sfu::Running;
use prost::Message as _;
use serde_json::json;
use socket2::{Domain, Socket, Type};
use support::{ROOM, admin, server, token, twirp};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Only against a test that would never end.
const GUARD: Duration = Duration::from_secs(60);

fn address(running: &Running) -> SocketAddr {
    running.ready.url.trim_start_matches("http://").parse().unwrap()
}

async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(address(running)).await.unwrap()
}

/// All that comes until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A reset is an end as well.
    let _ = timeout(GUARD, stream.read_to_end(&mut all)).await.expect("the server closes");
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn half_a_request_line_is_closed() {
    let running = server().await;
    let mut stream = connect(&running).await;
    stream.write_all(b"GET /rt").await.unwrap();
    let answered = rest(&mut stream).await;
    assert!(!answered.contains("200"), "{answered}");
}

#[tokio::test]
async fn who_has_no_token_is_told_so_before_its_body_is_waited_for() {
    let running = server().await;
    let mut stream = connect(&running).await;
    let request = "POST /twirp/livekit.RoomService/CreateRoom HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    timeout(GUARD, stream.read_exact(&mut head)).await.expect("an answer").unwrap();
    assert_eq!(&head, b"HTTP/1.1 401");
}

/// A client's frame of a WebSocket (RFC 6455 section 5.2), masked with nothing.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let head =
        if length < 126 { vec![0x80 | payload.len() as u8] } else { [&[0xfe][..], &length.to_be_bytes()].concat() };
    [&[first][..], &head, &[0; 4], payload].concat()
}

#[tokio::test]
async fn who_drops_the_server_ends_the_sockets_of_its_clients() {
    let running = server().await;
    let mut seat = narrow(&running, &token("seat", &[])).await;
    drop(running);
    rest(&mut seat).await;
}

/// A seat on a WebSocket that little fits into.
async fn narrow(running: &Running, token: &str) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(1 << 10).unwrap();
    socket.set_tcp_mss(536).unwrap();
    socket.connect(&address(running).into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut stream = TcpStream::from_std(socket.into()).unwrap();
    let request = format!(
        "GET /rtc?access_token={token} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 101");
    stream
}

#[tokio::test]
async fn a_client_that_never_reads_is_ended() {
    let running = server().await;
    let mut deaf = narrow(&running, &token("deaf", &["camera"])).await;
    // Each is answered with a kilobyte: together more than the system keeps for such a socket.
    let long = || "x".repeat(256);
    let request = lk::AddTrackRequest {
        cid: long(),
        name: long(),
        stream: long(),
        r#type: lk::TrackType::Video as i32,
        source: lk::TrackSource::Camera as i32,
        ..Default::default()
    };
    let asked = lk::SignalRequest { message: Some(Asked::AddTrack(request)) }.encode_to_vec();
    for _ in 0..180 {
        deaf.write_all(&frame(0x82, &asked)).await.unwrap();
    }
    // By the time it has left, all of that was answered.
    let leave = lk::SignalRequest { message: Some(Asked::Leave(lk::LeaveRequest::default())) }.encode_to_vec();
    let present = async || {
        let (_, list) = twirp(&running, &admin(), "ListParticipants", json!({ "room": ROOM })).await;
        list["participants"].as_array().is_some_and(|list| !list.is_empty())
    };
    assert!(present().await);
    deaf.write_all(&frame(0x82, &leave)).await.unwrap();
    let gone = async { while present().await {} };
    timeout(GUARD, gone).await.expect("it leaves");
    // A socket that is closed refuses what comes; to an open one, unasked pongs may be sent for ever.
    let ended = async {
        while deaf.write_all(&frame(0x8a, b"")).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(GUARD, ended).await.expect("the server ends it");
}

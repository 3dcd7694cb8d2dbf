//! Single connections over loopback: what takes too long, and what a node does when it is full.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use pars_crypto::secret::Ed25519Seed;
use pars_crypto::sign::Ed25519Secret;
use pars_e2e::capture::quic::Side;
use pars_e2e::capture::tap::UdpTap;
use quinn::{Connection, ConnectionError};

use super::pump::{Ended, Pump};
use super::transport::server;
use super::*;
use crate::net::capture::Opener;
use crate::net::directory::Route;

const SHORT: Duration = Duration::from_millis(30);

fn seed() -> Ed25519Seed {
    Ed25519Seed::from_bytes([3; 32])
}

fn listening() -> (Endpoint, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = socket.local_addr().unwrap();
    (server(socket, &seed()).unwrap(), at)
}

fn route(at: SocketAddr) -> Route {
    Route { key: *Ed25519Secret::from_seed(seed()).public().as_bytes(), addresses: vec![at] }
}

fn pump(connection: Connection, idle: Option<Duration>) -> (Pump, mpsc::Receiver<NetOut>) {
    let (out, from) = mpsc::channel(8);
    let link = Link::Client([1; 16]);
    let pump =
        Pump { connection, token: [1; 16], link, opener: Opener::They, out, capture: None, idle, patience: SHORT };
    (pump, from)
}

/// Both ends of a connection, ours first.
async fn pair(dialer: &Dialer) -> (Connection, Connection, Endpoint) {
    let (endpoint, at) = listening();
    let accept = async { endpoint.accept().await.unwrap().accept().unwrap().await.unwrap() };
    let route = route(at);
    let (ours, theirs) = tokio::join!(dialer.dial(&route), accept);
    (ours.unwrap(), theirs, endpoint)
}

fn accepting(admission: Admission) -> (SocketAddr, mpsc::Receiver<Report>, JoinSet<()>) {
    let (endpoint, at) = listening();
    let ((out, _), (reports, from)) = (mpsc::channel(8), mpsc::channel(8));
    let mut tasks = JoinSet::new();
    tasks.spawn(accept(endpoint, admission, Shared { out, reports, capture: None }));
    (at, from, tasks)
}

#[tokio::test]
async fn a_link_that_nothing_is_sent_over_is_closed() {
    let dialer = Dialer::new().unwrap();
    let (ours, theirs, _endpoint) = pair(&dialer).await;
    let (send, recv) = ours.open_bi().await.unwrap();
    let (pump, _from) = pump(ours, Some(SHORT));
    let (_queue, mut queued) = mpsc::channel(1);
    assert_eq!(pump.run(send, recv, &mut queued).await, Ended::Idle);
    let ConnectionError::ApplicationClosed(close) = theirs.closed().await else { panic!("closed by us") };
    assert_eq!(close.error_code, 0_u8.into());
}

#[tokio::test]
async fn a_packet_that_does_not_end_closes_the_link() {
    let dialer = Dialer::new().unwrap();
    let (ours, theirs, _endpoint) = pair(&dialer).await;
    let (mut send, _recv) = ours.open_bi().await.unwrap();
    send.write_all(&[1; 100]).await.unwrap();
    let (to_us, from_us) = theirs.accept_bi().await.unwrap();
    let (pump, _from) = pump(theirs, None);
    let (_queue, mut queued) = mpsc::channel(1);
    assert_eq!(pump.run(to_us, from_us, &mut queued).await, Ended::Slow);
    let ConnectionError::ApplicationClosed(close) = ours.closed().await else { panic!("closed by the other end") };
    assert_eq!(close.error_code, 2_u8.into());
}

#[tokio::test]
async fn an_address_with_too_many_connections_is_refused_until_one_ends() {
    let (at, _reports, _tasks) = accepting(Admission::new(10, 2));
    let (dialer, route) = (Dialer::new().unwrap(), route(at));
    let (first, _second) = (dialer.dial(&route).await.unwrap(), dialer.dial(&route).await.unwrap());
    assert!(dialer.dial(&route).await.is_err());
    first.close(0_u8.into(), &[]);
    while dialer.dial(&route).await.is_err() {}
}

#[tokio::test]
async fn a_crowded_node_asks_addresses_to_prove_themselves() {
    let admission = Admission::new(limits::CONNECTIONS, limits::CONNECTIONS);
    let crowd: Vec<_> = (0..limits::TRUSTING)
        .filter_map(|i| admission.admit(IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(i).unwrap()))))
        .collect();
    assert_eq!(crowd.len(), limits::TRUSTING);
    let (at, _reports, _tasks) = accepting(admission);
    let tap = UdpTap::start().unwrap();
    tap.aim(at);
    let dialer = Dialer::new().unwrap();
    let connection = dialer.dial(&route(tap.address())).await.unwrap();
    assert!(connection.close_reason().is_none());
    // A long header of type 3 (RFC 9000 section 17.2.5); the ClientHello's second datagram may be answered by one as well.
    let retry = |(side, bytes): &(Side, Vec<u8>)| *side == Side::Server && bytes[0] & 0xb0 == 0xb0;
    assert!(tap.datagrams().iter().any(retry));
}

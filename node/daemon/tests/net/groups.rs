//! Which key exchange is used, read out of what an observer of the wire sees.

use std::net::SocketAddr;

use libp2p::multiaddr::Protocol;
use pars_daemon::net::NetConfig;
use pars_e2e::capture::tap::{TcpTap, UdpTap};
use pars_e2e::capture::tls::{AES_256_GCM_SHA384, Hello, X25519_MLKEM768};
use pars_engine::Link;

use crate::world::{Operator, Running, config, packet};

/// The raw public key of RFC 7250.
const RAW_KEY: u8 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn links_offer_and_choose_the_hybrid_group_only() {
    let mut operator = Operator::new(60);
    let registry = [operator.registration];
    let tap = UdpTap::start().unwrap();
    let service = NetConfig { service: Some(operator.service()), advertise: vec![tap.address()], ..config() };
    let mut service = Running::start(service, &registry).await;
    tap.aim(service.socket());
    assert_eq!(service.net.addresses, [tap.address()]);
    let signed = operator.descriptor(&service.net.addresses);
    service.publish(&signed).await;
    let mut members = Vec::new();
    for i in 0..2 {
        let mut member = Running::member(&service.at(), &registry).await;
        member.descriptor(&signed).await;
        member.connect(operator.node()).await;
        member.send(Link::Node(operator.node()), packet(i)).await;
        assert_eq!(service.packet().await.1, packet(i));
        members.push(member);
    }
    let observer = tap.observer();
    let handshakes = observer.handshakes();
    assert_eq!(handshakes.len(), 2);
    for handshake in handshakes {
        let client = handshake.client.as_ref().expect("a ClientHello was read");
        assert_eq!(
            (client.groups.as_slice(), client.suites.as_slice()),
            (&[X25519_MLKEM768][..], &[AES_256_GCM_SHA384][..])
        );
        // X25519 32 and ML-KEM-768 1,184.
        assert_eq!(client.shares, [(X25519_MLKEM768, 1_216)]);
        assert_eq!(client.certificate_types, [RAW_KEY]);
        let server = handshake.server.expect("a ServerHello was read");
        assert_eq!((server.group, server.suite, server.retry), (X25519_MLKEM768, AES_256_GCM_SHA384, false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_chooses_the_hybrid_group() {
    let mut operator = Operator::new(61);
    let registry = [operator.registration];
    let service = Running::service(&mut operator, &[], &registry).await;
    let tap = TcpTap::start(service.socket()).unwrap();
    let SocketAddr::V4(at) = tap.address() else { panic!("loopback of version 4") };
    let peer = service.net.listen.iter().find(|part| matches!(part, Protocol::P2p(_))).unwrap();
    let through = format!("/ip4/{}/tcp/{}", at.ip(), at.port()).parse::<libp2p::Multiaddr>().unwrap().with(peer);
    let mut member = Running::member(&[through], &registry).await;
    member.descriptor_of(operator.node()).await;
    let hellos = tap.hellos();
    let servers = hellos.iter().filter_map(|hello| match hello {
        Hello::Server(server) => Some((server.group, server.retry)),
        Hello::Client(_) => None,
    });
    assert_eq!(servers.collect::<Vec<_>>(), [(X25519_MLKEM768, false)]);
    let offers = hellos.iter().filter_map(|hello| match hello {
        Hello::Client(client) => client.groups.first().copied(),
        Hello::Server(_) => None,
    });
    assert_eq!(offers.collect::<Vec<_>>(), [X25519_MLKEM768], "the hybrid group is offered first");
}

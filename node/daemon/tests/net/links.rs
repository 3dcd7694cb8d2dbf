//! Packets over links: who is accepted, what closes a link, what a full queue does.

use pars_daemon::net::{NetConfig, NetIn, NetOut, ServiceLink};
use pars_engine::Link;
use pars_wire::limits::PACKET;
use quinn::ConnectionError;
use rustls::crypto::aws_lc_rs::{cipher_suite, kx_group};

use crate::raw::{Offer, connect};
use crate::world::{Operator, Running, config, number, packet, wrong_seed};

const GOOD: &[u8] = b"pars-onion/1";

fn offer() -> Offer {
    Offer { groups: vec![kx_group::X25519MLKEM768], suites: vec![cipher_suite::TLS13_AES_256_GCM_SHA384], alpn: GOOD }
}

/// A service node, and a member that knows it.
async fn pair(operator: &mut Operator) -> (Running, Running) {
    let registry = [operator.registration];
    let service = Running::service(operator, &[], &registry).await;
    let mut member = Running::member(&service.at(), &registry).await;
    member.descriptor_of(operator.node()).await;
    (service, member)
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_go_both_ways_and_both_ends_have_the_same_token() {
    let mut operator = Operator::new(20);
    let (mut service, mut member) = pair(&mut operator).await;
    let node = operator.node();
    let token = member.connect(node).await;
    for i in 0..40 {
        member.send(Link::Node(node), packet(i)).await;
    }
    for i in 0..40 {
        assert_eq!(service.packet().await, (Link::Client(token), packet(i)));
        service.send(Link::Client(token), packet(100 + i)).await;
        assert_eq!(member.packet().await, (Link::Node(node), packet(100 + i)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_has_its_own_token() {
    let mut operator = Operator::new(21);
    let (mut service, mut member) = pair(&mut operator).await;
    let node = operator.node();
    let first = member.connect(node).await;
    member.send(Link::Node(node), packet(1)).await;
    assert_eq!(service.packet().await.0, Link::Client(first));
    member.tell(NetIn::Disconnect(node)).await;
    let second = member.connect(node).await;
    assert_ne!(first, second);
    // The first connection's token reaches nobody any more; what goes to the second arrives.
    service.send(Link::Client(first), packet(2)).await;
    member.send(Link::Node(node), packet(3)).await;
    assert_eq!(service.packet().await.0, Link::Client(second));
    service.send(Link::Client(second), packet(4)).await;
    assert_eq!(number(&member.packet().await.1), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_another_key_than_the_registered_one_is_refused() {
    let (mut operator, mut bootstrap) = (Operator::new(22), Operator::new(23));
    let registry = [operator.registration, bootstrap.registration];
    let honest = Running::service(&mut bootstrap, &[], &registry).await;
    // Somebody who took over the address of the node, but not its key.
    let service = Some(ServiceLink { node: operator.node(), seed: wrong_seed() });
    let taken = Running::start(NetConfig { service, bootstrap: honest.at(), ..config() }, &registry).await;
    let signed = operator.descriptor(&taken.net.addresses);
    taken.publish(&signed).await;
    let mut member = Running::member(&honest.at(), &registry).await;
    member.descriptor(&signed).await;
    member.tell(NetIn::Connect(operator.node())).await;
    assert_eq!(member.disconnected().await, operator.node());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_hybrid_key_exchange_the_strong_suite_and_the_own_protocol_are_accepted() {
    let mut operator = Operator::new(24);
    let registry = [operator.registration];
    let service = Running::service(&mut operator, &[], &registry).await;
    let at = service.socket();
    assert!(connect(at, offer()).await.is_ok(), "the same client is accepted with the right offer");
    let classical = Offer { groups: vec![kx_group::X25519, kx_group::SECP256R1], ..offer() };
    let weaker = Offer { suites: vec![cipher_suite::TLS13_AES_128_GCM_SHA256], ..offer() };
    let other = Offer { alpn: b"h3", ..offer() };
    for wrong in [classical, weaker, other] {
        let error = connect(at, wrong).await.map(|_| ()).unwrap_err();
        assert!(matches!(error, ConnectionError::ConnectionClosed(_)), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_ends_within_a_packet_closes_the_link() {
    let mut operator = Operator::new(25);
    let registry = [operator.registration];
    let mut service = Running::service(&mut operator, &[], &registry).await;
    for extra in [1, 100, PACKET - 1] {
        let (_endpoint, connection) = connect(service.socket(), offer()).await.unwrap();
        let (mut send, _recv) = connection.open_bi().await.unwrap();
        send.write_all(&packet(7)).await.unwrap();
        send.write_all(&vec![1; extra]).await.unwrap();
        send.finish().unwrap();
        assert_eq!(number(&service.packet().await.1), 7, "the whole packet counts");
        let ConnectionError::ApplicationClosed(close) = connection.closed().await else { panic!("closed by the node") };
        assert_eq!(close.error_code, 1_u8.into());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_opens_one_stream_and_no_other() {
    let mut operator = Operator::new(26);
    let registry = [operator.registration];
    let mut service = Running::service(&mut operator, &[], &registry).await;
    let (_endpoint, connection) = connect(service.socket(), offer()).await.unwrap();
    let (mut send, _recv) = connection.open_bi().await.unwrap();
    send.write_all(&packet(1)).await.unwrap();
    service.packet().await;
    assert!(connection.max_datagram_size().is_none(), "no datagrams");
    let second = tokio::select! {
        biased;
        _ = connection.open_bi() => true,
        _ = connection.open_uni() => true,
        () = tokio::task::yield_now() => false,
    };
    assert!(!second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_drops_and_never_blocks() {
    const MANY: u32 = 1_500;
    let mut operator = Operator::new(27);
    let (mut service, mut member) = pair(&mut operator).await;
    let node = operator.node();
    let (_endpoint, connection) = connect(service.socket(), offer()).await.unwrap();
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    send.write_all(&packet(0)).await.unwrap();
    let (slow, _) = service.packet().await;
    let token = member.connect(node).await;
    member.send(Link::Node(node), packet(0)).await;
    service.packet().await;
    // Nobody reads the first link; the second one is served all the same.
    for i in 0..MANY {
        service.send(slow, packet(i)).await;
    }
    service.send(Link::Client(token), packet(9_999)).await;
    assert_eq!(number(&member.packet().await.1), 9_999);
    let (mut got, mut bytes) = (Vec::new(), vec![0; PACKET]);
    loop {
        service.send(slow, packet(MANY)).await;
        recv.read_exact(&mut bytes).await.unwrap();
        match number(&bytes) {
            MANY => break,
            number => got.push(number),
        }
    }
    assert!(got.len() >= 64 && got.len() < MANY as usize, "{} of {MANY} arrived", got.len());
    assert!(got.is_sorted(), "what arrives is in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_node_opens_links_by_itself_and_a_member_does_not() {
    let (mut a, mut b) = (Operator::new(28), Operator::new(29));
    let registry = [a.registration, b.registration];
    let mut first = Running::service(&mut a, &[], &registry).await;
    let mut second = Running::service(&mut b, &first.at(), &registry).await;
    second.descriptor_of(a.node()).await;
    second.send(Link::Node(a.node()), packet(1)).await;
    let (from, bytes) = first.packet().await;
    assert_eq!(number(&bytes), 1);
    assert!(matches!(from, Link::Client(_)), "the sender is an anonymous client");
    let mut member = Running::member(&first.at(), &registry).await;
    member.descriptor_of(a.node()).await;
    member.send(Link::Node(a.node()), packet(2)).await;
    member.connect(a.node()).await;
    member.send(Link::Node(a.node()), packet(3)).await;
    assert_eq!(number(&first.packet().await.1), 3, "without a link nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_breaks_or_never_stood_is_told_and_not_opened_again() {
    let mut operator = Operator::new(30);
    let (service, mut member) = pair(&mut operator).await;
    let node = operator.node();
    let unknown = Operator::new(31).node();
    member.tell(NetIn::Connect(unknown)).await;
    assert_eq!(member.disconnected().await, unknown);
    member.connect(node).await;
    service.end().await;
    assert_eq!(member.disconnected().await, node);
    member.send(Link::Node(node), packet(1)).await;
    member.tell(NetIn::Connect(unknown)).await;
    let next = member.wait(|report| match report {
        NetOut::Disconnected(node) => Some(node),
        NetOut::Connected { .. } => panic!("nobody asked"),
        _ => None,
    });
    assert_eq!(next.await, unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_packets_of_the_one_size_are_sent() {
    let mut operator = Operator::new(32);
    let (mut service, mut member) = pair(&mut operator).await;
    let node = operator.node();
    member.connect(node).await;
    for length in [0, 1, PACKET - 1, PACKET + 1] {
        member.send(Link::Node(node), vec![1; length]).await;
    }
    member.send(Link::Node(node), packet(5)).await;
    assert_eq!(number(&service.packet().await.1), 5);
}

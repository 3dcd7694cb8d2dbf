//! Descriptors through bootstrap nodes.

use std::collections::BTreeSet;

use pars_daemon::net::{self, NetConfig, NetError, NetIn, NetOut};
use pars_daemon::room::objects::Objects;
use pars_engine::registry::Network;
use pars_wire::codec::Day;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{Operator, Running, config, today};

#[tokio::test(flavor = "multi_thread")]
async fn descriptors_reach_a_third_party_through_a_bootstrap_node() {
    let (mut boot, mut other) = (Operator::new(40), Operator::new(41));
    let registry = [boot.registration, other.registration];
    let mut bootstrap = Running::service(&mut boot, &[], &registry).await;
    let service = NetConfig { service: Some(other.service()), bootstrap: bootstrap.at(), ..config() };
    let service = Running::start(service, &registry).await;
    let first = other.descriptor(&service.net.addresses);
    let ahead = other.descriptor_of(Day(today().0 + 1), &service.net.addresses);
    service.publish(&first).await;
    service.publish(&ahead).await;
    bootstrap.descriptor(&first).await;
    bootstrap.descriptor(&ahead).await;
    let mut member = Running::member(&bootstrap.at(), &registry).await;
    let mut missing = vec![first.0, ahead.0];
    while !missing.is_empty() {
        let found = member.descriptor_of(other.node()).await;
        missing.retain(|bytes| *bytes != found);
    }
    member.connect(other.node()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_descriptor_reaches_nobody() {
    let (mut boot, mut other) = (Operator::new(42), Operator::new(43));
    let registry = [boot.registration, other.registration];
    let bootstrap = Running::service(&mut boot, &[], &registry).await;
    let forger = NetConfig { service: Some(boot.service()), bootstrap: bootstrap.at(), ..config() };
    let forger = Running::start(NetConfig { service: Some(Operator::new(44).service()), ..forger }, &registry).await;
    let good = other.descriptor(&forger.net.addresses);
    let mut forged = good.clone();
    forged.0[5_000] ^= 1;
    forger.publish(&forged).await;
    let mut member = Running::member(&bootstrap.at(), &registry).await;
    member.descriptor_of(boot.node()).await;
    // Anybody may hand on what the node signed.
    forger.publish(&good).await;
    assert_eq!(member.descriptor_of(other.node()).await, good.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_descriptors_of_many_nodes_come_page_by_page() {
    let mut boot = Operator::new(52);
    let mut others: Vec<Operator> = (100..170).map(Operator::new).collect();
    let registry: Vec<_> = others.iter().chain([&boot]).map(|operator| operator.registration).collect();
    let mut bootstrap = Running::service(&mut boot, &[], &registry).await;
    let courier = NetConfig { service: Some(others[0].service()), bootstrap: bootstrap.at(), ..config() };
    let courier = Running::start(courier, &registry).await;
    let mut missing = BTreeSet::new();
    for other in &mut others {
        let signed = other.descriptor(&courier.net.addresses);
        courier.publish(&signed).await;
        bootstrap.descriptor(&signed).await;
        missing.insert(signed.0);
    }
    let mut member = Running::member(&bootstrap.at(), &registry).await;
    while !missing.is_empty() {
        let report = |report| if let NetOut::Descriptor { bytes, .. } = report { Some(bytes) } else { None };
        let found = member.wait(report).await;
        missing.remove(&found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_node_replaces_its_descriptor_everywhere() {
    let (mut boot, mut other) = (Operator::new(45), Operator::new(46));
    let registry = [boot.registration, other.registration];
    let bootstrap = Running::service(&mut boot, &[], &registry).await;
    let service = NetConfig { service: Some(other.service()), bootstrap: bootstrap.at(), ..config() };
    let service = Running::start(service, &registry).await;
    let old = other.descriptor(&service.net.addresses);
    service.publish(&old).await;
    let mut member = Running::member(&bootstrap.at(), &registry).await;
    member.descriptor(&old).await;
    let new = other.descriptor(&service.net.addresses);
    service.publish(&new).await;
    member.descriptor(&new).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_accepted_before_the_registry_and_all_is_fetched_after_it() {
    let mut boot = Operator::new(47);
    let registry = [boot.registration];
    let bootstrap = Running::service(&mut boot, &[], &registry).await;
    let mut member = Running::member(&bootstrap.at(), &[]).await;
    member.tell(NetIn::Registry(registry.to_vec())).await;
    let first = member.descriptor_of(boot.node()).await;
    // A changed registry: the driver may have refused before what it knows now, so that it is told again.
    let grown = [boot.registration, Operator::new(48).registration];
    member.tell(NetIn::Registry(grown.to_vec())).await;
    assert_eq!(member.descriptor_of(boot.node()).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_node_that_comes_later_is_found() {
    let mut boot = Operator::new(53);
    let registry = [boot.registration];
    let before = Running::service(&mut boot, &[], &registry).await;
    let (at, socket) = (before.at(), before.socket());
    before.end().await;
    let mut member = Running::member(&at, &registry).await;
    let listen = format!("/ip4/{}/tcp/{}", socket.ip(), socket.port()).parse().unwrap();
    let later = NetConfig { service: Some(boot.service()), listen, ..config() };
    let later = Running::start(later, &registry).await;
    assert_eq!(later.at(), at, "the same key and port: the same address");
    let signed = boot.descriptor(&later.net.addresses);
    later.publish(&signed).await;
    member.descriptor(&signed).await;
    member.connect(boot.node()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_holds_sixteen_connections_with_discovery_and_gets_another_when_one_goes() {
    const HELLO: &[u8] = b"\x13/multistream/1.0.0\n";
    let operator = Operator::new(54);
    let public = NetConfig { network: Network::Public, service: Some(operator.service()), ..config() };
    let node = Running::start(public, &[operator.registration]).await;
    let at = node.socket();
    // Whoever is let in is greeted; whoever is not reads the end.
    let connect = || async {
        let mut stream = TcpStream::connect(at).await.unwrap();
        // A connection that is refused may be gone before this is written.
        let _ = stream.write_all(HELLO).await;
        let mut hello = [0; HELLO.len()];
        stream.read_exact(&mut hello).await.ok().map(|_| stream)
    };
    let mut held = Vec::new();
    for number in 1..=16 {
        held.push(connect().await.unwrap_or_else(|| panic!("connection {number} is let in")));
    }
    assert!(connect().await.is_none(), "the seventeenth is not");
    held.pop();
    while connect().await.is_none() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_with_its_reason() {
    let operator = Operator::new(50);
    let start = |config: NetConfig| async { net::start(config, Objects::default()).await.map(|_| ()).unwrap_err() };
    let listen = NetConfig { listen: "/ip4/127.0.0.1/udp/0".parse().unwrap(), ..config() };
    assert!(matches!(start(listen).await, NetError::Listen(_)));
    let bootstrap = NetConfig { bootstrap: vec!["/ip4/127.0.0.1/tcp/1".parse().unwrap()], ..config() };
    assert!(matches!(start(bootstrap).await, NetError::Bootstrap(_)));
    let everywhere = "/ip4/0.0.0.0/tcp/0".parse().unwrap();
    let nowhere = NetConfig { listen: everywhere, service: Some(operator.service()), ..config() };
    assert!(matches!(start(nowhere).await, NetError::NoAddress));
    let capture = Some("/nonexistent/capture".into());
    let public = NetConfig { network: Network::Public, capture: capture.clone(), ..config() };
    assert!(matches!(start(public).await, NetError::CaptureForbidden));
    assert!(matches!(start(NetConfig { capture, ..config() }).await, NetError::Capture { .. }));
    let busy = Running::member(&[], &[]).await;
    let taken =
        NetConfig { listen: format!("/ip4/127.0.0.1/tcp/{}", busy.socket().port()).parse().unwrap(), ..config() };
    assert!(matches!(start(taken).await, NetError::Bind { what: "discovery", .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_discovery_of_a_node_share_their_number() {
    let mut operator = Operator::new(51);
    let registry = [operator.registration];
    let mut service = Running::service(&mut operator, &[], &registry).await;
    assert_eq!(service.net.addresses, [service.socket()]);
    let told = service.wait(|report| matches!(report, NetOut::Descriptor { .. }).then_some(()));
    told.await;
}

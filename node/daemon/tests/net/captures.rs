//! What `--capture` writes, read by the end-to-end driver.

use pars_daemon::net::NetConfig;
use pars_e2e::capture::{Capture, shared_string};
use pars_engine::Link;

use crate::world::{Operator, Running, config, packet};

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_holds_every_packet_of_every_link_at_both_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (there, here) = (folder.path().join("service"), folder.path().join("member"));
    let mut operator = Operator::new(70);
    let registry = [operator.registration];
    let service = NetConfig { service: Some(operator.service()), capture: Some(there.clone()), ..config() };
    let mut service = Running::start(service, &registry).await;
    let signed = operator.descriptor(&service.net.addresses);
    service.publish(&signed).await;
    let mut member = Running::captured(&service.at(), &registry, here.clone()).await;
    member.descriptor(&signed).await;
    let node = operator.node();
    let mut tokens = Vec::new();
    for i in 0..2 {
        let token = member.connect(node).await;
        member.send(Link::Node(node), packet(2 * i)).await;
        service.packet().await;
        service.send(Link::Client(token), packet(2 * i + 1)).await;
        member.packet().await;
        tokens.push(token);
    }
    member.end().await;
    service.end().await;
    let (there, here) = (Capture::read(&there).unwrap(), Capture::read(&here).unwrap());
    for (capture, opened) in [(&here, true), (&there, false)] {
        capture.check_sizes().unwrap();
        assert_eq!(capture.cut, 0);
        let seen: Vec<_> = capture.packets.iter().map(|p| (p.link, p.sent, p.bytes.clone())).collect();
        let expected = (0..4).map(|i| (tokens[i as usize / 2], (i % 2 == 0) == opened, packet(i)));
        assert_eq!(seen, expected.collect::<Vec<_>>());
        assert!(capture.packets.iter().all(|p| p.opened == opened));
        capture.check_absent(&[("the first token", &tokens[0]), ("the node's id", node.0.as_slice())]).unwrap();
        assert!(capture.check_absent(&[("part of a packet", &packet(3)[9_001..9_017])]).is_err());
    }
    assert_eq!(shared_string(here.packets.iter().chain(&there.packets)), None);
    let mut moved = there.packets[0].clone();
    moved.link = [9; 16];
    assert!(shared_string(here.packets.iter().chain([&moved])).is_some());
}

//! Packets that come twice, too many, or bent back (THREATS O2, O7, O8).

use pars_crypto::suite::Libcrux;
use pars_proto::onion::build::{Hop, forward};
use pars_proto::onion::epoch::expiry_at;
use pars_proto::onion::packet::DropReason;
use pars_proto::onion::relay::Start;

use crate::net::{Net, Place, body, node};

fn send_one(net: &mut Net, hops: &[Hop; 4]) -> Vec<u8> {
    let packet = forward(&Libcrux, hops, &body(5), expiry_at(net.now.wall), &mut net.rng).unwrap().encode();
    net.send(Place::Client, hops[0].node, packet.clone());
    net.run(10);
    packet
}

#[test]
fn a_second_copy_is_dropped_at_every_hop() {
    let mut net = Net::new(4, 21);
    let hops = net.hops([0, 1, 2, 3]);
    send_one(&mut net, &hops);
    let packets: Vec<_> = net.links.drain(..).map(|link| link.packet).collect();
    for (position, packet) in packets.into_iter().enumerate() {
        net.send(Place::Client, node(position as u8), packet);
        net.run(10);
        assert_eq!(net.dropped.pop(), Some((node(position as u8), DropReason::Replay)));
    }
    assert_eq!((net.served.len(), net.links.len()), (1, 4), "nothing but the replayed copies themselves moved");
}

#[test]
fn a_copy_stays_dropped_until_it_has_expired_by_itself() {
    let mut net = Net::new(4, 22);
    let hops = net.hops([0, 1, 2, 3]);
    let packet = send_one(&mut net, &hops);
    net.dropped.clear();
    for _ in 0..14 {
        net.run(10 * 60_000);
        net.send(Place::Client, node(0), packet.clone());
    }
    let reasons: Vec<_> = net.dropped.iter().map(|(_, reason)| *reason).collect();
    assert!(reasons.iter().all(|reason| [DropReason::Replay, DropReason::Expired].contains(reason)), "{reasons:?}");
    assert_eq!(reasons.last(), Some(&DropReason::Expired));
    assert!(net.relays.values().all(|relay| relay.replay().is_empty()), "the cache forgets");
}

#[test]
fn a_relay_that_lost_its_log_accepts_nothing_of_before() {
    let mut net = Net::new(4, 23);
    let hops = net.hops([0, 1, 2, 3]);
    let packet = send_one(&mut net, &hops);
    net.start(node(0), Start::Fresh);
    net.send(Place::Client, node(0), packet);
    assert_eq!(net.dropped.pop(), Some((node(0), DropReason::Header)));
    let hops = net.hops([0, 1, 2, 3]);
    send_one(&mut net, &hops);
    assert_eq!(net.served.len(), 2, "its new descriptor, published at once, works");
}

#[test]
fn a_node_refuses_itself_as_next() {
    let mut net = Net::new(4, 24);
    let hops = net.hops([0, 0, 2, 3]);
    send_one(&mut net, &hops);
    assert_eq!(net.dropped, [(node(0), DropReason::Routing)]);
}

#[test]
fn packets_above_the_admitted_rate_are_dropped_before_any_work() {
    let mut net = Net::new(4, 25);
    for _ in 0..3_001 {
        net.send(Place::Client, node(0), vec![0; 3]);
    }
    assert_eq!(net.dropped[2_999].1, DropReason::Format);
    assert_eq!(net.dropped[3_000].1, DropReason::Overload);
}

#[test]
fn a_relay_holds_a_packet_as_long_as_its_sender_asked() {
    let mut net = Net::new(4, 26);
    let mut hops = net.hops([0, 1, 2, 3]);
    hops[1].delay_ms = 250;
    let packet = forward(&Libcrux, &hops, &body(5), expiry_at(net.now.wall), &mut net.rng).unwrap();
    net.send(Place::Client, node(0), packet.encode());
    net.run(249);
    assert!(net.served.is_empty());
    net.run(1);
    assert_eq!(net.served.len(), 1);
}

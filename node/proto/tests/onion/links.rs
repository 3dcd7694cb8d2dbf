//! What an observer of all links sees (THREATS O3, SE-R6).

use std::collections::BTreeMap;

use pars_proto::onion::build::forward;
use pars_proto::onion::epoch::expiry_at;
use pars_proto::onion::surb::{ReplyTo, Surb};
use pars_wire::codec::Wire;
use pars_wire::limits::{ONION_ROOM, PACKET, SURB};

use crate::net::{Net, Place, body, node};

/// A request with two blocks and both answers, over real relays; returns how many answers opened.
fn exchange(net: &mut Net) -> usize {
    let expiry = expiry_at(net.now.wall);
    let (token, mut command, mut secrets) = (net.random(), vec![7; ONION_ROOM - 2 * SURB], BTreeMap::new());
    for path in [[4, 5, 6, 0], [5, 1, 4, 0]] {
        let (hops, surb) = (net.hops(path), net.random::<16>());
        let (block, secret) =
            Surb::make(&pars_crypto::suite::Libcrux, &hops, ReplyTo { token, surb }, expiry, &mut net.rng).unwrap();
        command.extend(block.encode());
        secrets.insert(surb, secret);
    }
    let hops = net.hops([0, 1, 2, 3]);
    let packet =
        forward(&pars_crypto::suite::Libcrux, &hops, &command.try_into().unwrap(), expiry, &mut net.rng).unwrap();
    net.answer = Some((2, body(9)));
    net.send(Place::Client, node(0), packet.encode());
    net.run(1_000);
    let delivered = std::mem::take(&mut net.delivered);
    assert!(delivered.iter().all(|(to, _)| *to == token));
    let opened = delivered.iter().map(|(_, packet)| {
        let surb: [u8; 16] = packet[2..18].try_into().unwrap();
        let payload = Box::new(packet[2 + 4_736..].try_into().unwrap());
        secrets.remove(&surb).unwrap().open(payload).unwrap()
    });
    opened.filter(|answer| *answer == body(9)).count()
}

#[test]
fn every_link_carries_packets_of_16384_bytes_and_nothing_else() {
    let mut net = Net::new(7, 1);
    assert_eq!(exchange(&mut net), 2);
    assert_eq!(net.links.len(), 4 + 2 * 5, "four links out, five back for each answer");
    assert!(net.links.iter().all(|link| link.packet.len() == PACKET));
    assert_eq!(net.dropped, []);
}

#[test]
fn no_16_byte_string_stands_on_two_links_of_a_request_and_its_answers() {
    for seed in 0..4 {
        let mut net = Net::new(7, 100 + seed);
        assert_eq!(exchange(&mut net), 2);
        let mut seen: BTreeMap<&[u8], usize> = BTreeMap::new();
        for (number, link) in net.links.iter().enumerate() {
            for window in link.packet.windows(16) {
                let first = *seen.entry(window).or_insert(number);
                assert_eq!(first, number, "links {:?} and {:?} share {window:?}", net.links[first].to, link.to);
            }
        }
    }
}

#[test]
fn a_node_learns_its_neighbours_and_its_position_only() {
    let mut net = Net::new(7, 2);
    assert_eq!(exchange(&mut net), 2);
    let ids: Vec<[u8; 32]> = (0..7).map(|i| node(i).0.0).collect();
    for link in &net.links {
        assert!(ids.iter().all(|id| !link.packet.windows(32).any(|w| w == id)), "no node id travels in clear");
    }
    let positions: Vec<u8> = net.links.iter().map(|link| link.packet[1]).collect();
    assert_eq!(positions[..4], [0, 1, 2, 3]);
    let from_client = net.links.iter().filter(|link| link.from == Place::Client).count();
    assert_eq!(from_client, 1);
}

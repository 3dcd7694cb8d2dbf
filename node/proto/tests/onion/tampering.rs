//! Changed packets (THREATS O1, SE-R7).

use pars_crypto::suite::Libcrux;
use pars_proto::onion::build::forward;
use pars_proto::onion::epoch::expiry_at;
use pars_proto::onion::packet::DropReason;
use pars_wire::limits::{ONION_HEADER, PACKET};

use crate::net::{Net, Place, body, node};

const LAYER: usize = 1_184;
const HEADER: usize = 2;
const PAYLOAD: usize = HEADER + ONION_HEADER;

/// The packet as it enters each of the four hops.
fn recorded(net: &mut Net) -> Vec<Vec<u8>> {
    let hops = net.hops([0, 1, 2, 3]);
    let packet = forward(&Libcrux, &hops, &body(5), expiry_at(net.now.wall), &mut net.rng).unwrap();
    net.send(Place::Client, node(0), packet.encode());
    net.run(10);
    assert_eq!(net.served.pop(), Some((node(3), body(5))));
    std::mem::take(&mut net.links).into_iter().map(|link| link.packet).collect()
}

/// Fresh relays with the same keys but no memory: the packet as a dishonest hop changed it.
fn with_change(seed: u64, position: usize, at: usize, bit: u8) -> (Net, usize) {
    let mut net = Net::new(4, seed);
    let mut packet = recorded_unsent(&mut net, position);
    packet[at] ^= 1 << bit;
    net.send(Place::Client, node(position as u8), packet);
    net.run(10);
    (net, position)
}

/// The packet as it enters hop `position`, made so that this hop has not seen it.
fn recorded_unsent(net: &mut Net, position: usize) -> Vec<u8> {
    let hops = net.hops([0, 1, 2, 3]);
    let mut packet = forward(&Libcrux, &hops, &body(5), expiry_at(net.now.wall), &mut net.rng).unwrap().encode();
    let honest = net.relays.remove(&node(position as u8)).unwrap();
    if position > 0 {
        net.send(Place::Client, node(0), packet);
        net.run(10);
        packet = net.links.pop().unwrap().packet;
    }
    net.relays.insert(node(position as u8), honest);
    net.links.clear();
    packet
}

#[test]
fn a_flip_in_any_region_of_the_counting_header_dies_at_the_next_honest_hop() {
    for position in 0..4 {
        let count = LAYER * (4 - position);
        // ML-KEM ciphertext, X25519 point with its ignored top bit, routing fields, inner layers, tag; both ends of each.
        let mut regions = vec![0, 543, 1_087, 1_088, 1_119, 1_120, 1_151, 1_152, 1_156, 1_160, 1_161, 1_167];
        regions.extend([1_168, count / 2, count - 17, count - 16, count - 1]);
        for region in regions.into_iter().filter(|region| *region < count) {
            let (net, _) = with_change(7, position, HEADER + region, if region == 1_119 { 7 } else { 0 });
            let reasons: Vec<_> = net.dropped.iter().map(|(at, reason)| (*at, *reason)).collect();
            assert_eq!(reasons, [(node(position as u8), DropReason::Header)], "position {position}, byte {region}");
            assert!(net.served.is_empty() && net.links.len() == 1);
        }
        for (at, bit) in [(0, 0), (0, 7), (1, 3), (1, 7)] {
            let (net, _) = with_change(8, position, at, bit);
            assert_eq!(net.dropped, [(node(position as u8), DropReason::Format)], "version and position bytes");
        }
        let (net, _) = with_change(9, position, 1, 0);
        assert_eq!(net.dropped, [(node(position as u8), DropReason::Header)], "another position is authenticated");
    }
}

#[test]
fn a_flip_in_the_tail_passes_unnoticed_and_changes_nothing_at_the_service() {
    for position in 1..4 {
        for offset in [0, 1, LAYER * position / 2, LAYER * position - 1] {
            let at = HEADER + LAYER * (4 - position) + offset;
            let (net, _) = with_change(11, position, at, 2);
            assert_eq!(net.dropped, []);
            assert_eq!(net.served, [(node(3), body(5))], "position {position}, tail byte {offset}");
        }
    }
}

#[test]
fn a_flip_in_the_payload_passes_every_relay_and_dies_as_noise_at_the_service() {
    for position in 0..4 {
        for at in [PAYLOAD, PAYLOAD + 31, PAYLOAD + 32, PAYLOAD + 5_000, PACKET - 1] {
            let (net, _) = with_change(12, position, at, 5);
            assert_eq!(net.dropped, [(node(3), DropReason::Noise)], "position {position}, byte {at}");
            assert_eq!(net.links.len(), 4 - position, "the relays between pass it on");
        }
    }
}

#[test]
fn shorter_longer_and_filler_packets_are_no_packets() {
    let mut net = Net::new(4, 13);
    let packet = recorded(&mut net).remove(0);
    let longer = [&packet[..], &[0]].concat();
    let mut filler = packet.clone();
    filler[0] = 0;
    for bytes in [&packet[..PACKET - 1], &longer, &filler, &[]] {
        net.send(Place::Client, node(0), bytes.to_vec());
        assert_eq!(net.dropped.pop(), Some((node(0), DropReason::Format)));
    }
}

#[test]
fn no_random_mutation_reaches_a_service_as_valid_with_another_body() {
    let mut net = Net::new(4, 14);
    for _ in 0..150 {
        let hops = net.hops([0, 1, 2, 3]);
        let mut packet = forward(&Libcrux, &hops, &body(5), expiry_at(net.now.wall), &mut net.rng).unwrap().encode();
        let at = usize::from(u16::from_be_bytes(net.random())) % PACKET;
        packet[at] ^= net.random::<1>()[0].max(1);
        net.send(Place::Client, node(0), packet);
        net.run(10);
    }
    assert!(net.served.is_empty());
    assert_eq!(net.dropped.len(), 150);
}

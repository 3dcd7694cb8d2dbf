//! Key epochs (SESSION section 5 "Expiry").

use pars_crypto::suite::Libcrux;
use pars_proto::onion::build::forward;
use pars_proto::onion::epoch::{Epoch, expiry_at};
use pars_proto::onion::packet::DropReason;
use pars_wire::machine::UnixMinute;

use crate::net::{NOON, Net, Place, body, node};

/// The last minute of an epoch.
fn last_minute() -> UnixMinute {
    UnixMinute(Epoch::at(NOON).end() - 1)
}

#[test]
fn the_previous_key_opens_packets_for_an_hour_and_is_then_erased() {
    let mut net = Net::at(4, 51, last_minute());
    let expiry = expiry_at(net.now.wall);
    let packets: Vec<_> = (0..3)
        .map(|_| {
            let hops = net.hops([0, 1, 2, 3]);
            forward(&Libcrux, &hops, &body(5), expiry, &mut net.rng).unwrap().encode()
        })
        .collect();
    let mut packets = packets.into_iter();
    net.run(2 * 60_000);
    net.send(Place::Client, node(0), packets.next().unwrap());
    net.run(57 * 60_000);
    net.send(Place::Client, node(0), packets.next().unwrap());
    net.run(10);
    assert_eq!((net.served.len(), net.dropped.len()), (2, 0));
    net.run(3 * 60_000);
    net.send(Place::Client, node(0), packets.next().unwrap());
    assert_eq!(net.dropped, [(node(0), DropReason::Header)]);
}

#[test]
fn the_next_key_opens_packets_a_few_minutes_early() {
    let mut net = Net::at(4, 52, last_minute());
    let relays = net.directory(pars_proto::onion::path::Diversity::Waived);
    let next = Epoch(Epoch::at(net.now.wall).0 + 1);
    let delays = [pars_proto::onion::delay::Delay::FAST; 4];
    let hops = relays.hops([0, 1, 2, 3].map(node), next, delays, &mut net.rng).unwrap();
    let packet = forward(&Libcrux, &hops, &body(5), expiry_at(net.now.wall), &mut net.rng).unwrap();
    net.send(Place::Client, node(0), packet.encode());
    net.run(10);
    assert_eq!(net.served.len(), 1);
}

#[test]
fn keys_are_published_a_day_ahead_and_paths_work_on_every_epoch_of_three_days() {
    let mut net = Net::new(4, 53);
    assert_eq!(net.descriptors.len(), 8, "today's and tomorrow's of four nodes");
    for sent in 1..=12 {
        net.run(6 * 60 * 60_000);
        let hops = net.hops([0, 1, 2, 3]);
        let packet = forward(&Libcrux, &hops, &body(5), expiry_at(net.now.wall), &mut net.rng).unwrap();
        net.send(Place::Client, node(0), packet.encode());
        net.run(10);
        assert_eq!((net.served.len(), net.dropped.len()), (sent, 0));
    }
    assert_eq!(net.descriptors.len(), 4 * (2 + 3));
}

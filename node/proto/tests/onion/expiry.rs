//! Times that no honest sender puts into a packet.

use pars_crypto::suite::Libcrux;
use pars_proto::onion::build::forward;
use pars_proto::onion::epoch::expiry_at;
use pars_proto::onion::packet::DropReason;
use pars_wire::codec::Minute;
use pars_wire::machine::UnixMinute;

use crate::net::{NOON, Net, Place, body, node};

#[test]
fn a_packet_is_dropped_when_its_time_is_over_too_far_or_not_round() {
    let mut net = Net::new(4, 41);
    let now = NOON.0;
    let cases = [
        (now / 10 * 10, DropReason::Expired),
        (now / 10 * 10 + 130, DropReason::TooLong),
        (expiry_at(NOON).0 + 1, DropReason::Routing),
        (expiry_at(NOON).0 - 1, DropReason::Routing),
    ];
    for (expiry, reason) in cases {
        let hops = net.hops([0, 1, 2, 3]);
        let packet = forward(&Libcrux, &hops, &body(5), Minute(expiry), &mut net.rng).unwrap();
        net.send(Place::Client, node(0), packet.encode());
        net.run(10);
        assert_eq!(net.dropped.pop(), Some((node(0), reason)), "{expiry} at {now}");
    }
    assert!(net.served.is_empty());
}

#[test]
fn a_clock_five_minutes_fast_or_slow_still_gets_through() {
    for shift in [-5_i64, 5] {
        let mut net = Net::new(4, 42);
        let theirs = UnixMinute((i64::from(NOON.0) + shift) as u32);
        let hops = net.hops([0, 1, 2, 3]);
        let packet = forward(&Libcrux, &hops, &body(5), expiry_at(theirs), &mut net.rng).unwrap();
        net.send(Place::Client, node(0), packet.encode());
        net.run(10);
        assert_eq!(net.served.len(), 1, "shift {shift}");
    }
}

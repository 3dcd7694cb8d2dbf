//! One relay: a packet from a link, a packet for the next link.

use anyhow::{Result, anyhow};
use pars_crypto::CryptoRng;
use pars_crypto::hkem::Xw768Public;
use pars_proto::onion::build::{Hop, forward};
use pars_proto::onion::epoch::{Epoch, expiry_at};
use pars_proto::onion::packet::HOPS;
use pars_wire::limits::ONION_ROOM;

use super::host::{Host, Operator, SUITE, WALL, other_key, sent, source};
use crate::clock::{each, repeat_on};

/// CPU in ms of one packet, made for this relay and no other, at the first of four hops.
pub(super) fn measure(runs: usize, packets: usize) -> Result<f64> {
    let operators = Operator::some(HOPS);
    let mut host = Host::start(&operators)?;
    let path = path(&host, &operators)?;
    let mut rng = source(11);
    let costs = repeat_on(
        runs,
        |_| (0..packets).map(|_| packet(&path, &mut rng)).collect::<Result<Vec<_>>>(),
        |packets| packets.into_iter().try_for_each(|packet| sent(&host.receive(packet)).map(drop)),
    )?;
    Ok(each(&costs, packets))
}

fn path(host: &Host, operators: &[Operator]) -> Result<[Hop; HOPS]> {
    let other = other_key();
    let keys = std::iter::once(host.key()?).chain(std::iter::repeat(&other));
    let hop = |(operator, key): (&Operator, &Xw768Public)| Hop {
        node: operator.registration.node,
        epoch: Epoch::at(WALL),
        key: key.clone(),
        delay_ms: 0,
    };
    let path: Vec<Hop> = operators.iter().zip(keys).map(hop).collect();
    path.try_into().map_err(|_| anyhow!("a path has {HOPS} hops"))
}

fn packet(path: &[Hop; HOPS], rng: &mut impl CryptoRng) -> Result<Vec<u8>> {
    Ok(forward(SUITE, path, &[5; ONION_ROOM], expiry_at(WALL), rng)?.encode())
}

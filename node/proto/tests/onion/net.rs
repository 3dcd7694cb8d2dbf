//! Relays as values in a map, one clock, one source of randomness, and a record of every link.

use std::collections::BTreeMap;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::hash::{random, sha3};
use pars_crypto::sign::HybridSecret;
use pars_crypto::suite::{DSA87_PUBLIC, Libcrux};
use pars_proto::onion::build::Hop;
use pars_proto::onion::delay::Delay;
use pars_proto::onion::descriptor::{Body as DescriptorBody, Descriptor, Registration, Verified};
use pars_proto::onion::epoch::Epoch;
use pars_proto::onion::packet::{Body, DropReason};
use pars_proto::onion::path::{Diversity, Relays};
use pars_proto::onion::relay::{Relay, RelayIn, RelayOut, Start};
use pars_wire::NodeId;
use pars_wire::limits::ONION_ROOM;
use pars_wire::machine::{Cx, Machine, Now, Tick, UnixMinute};

/// A minute in the middle of an epoch.
pub(crate) const NOON: UnixMinute = UnixMinute(20_000 * 1_440 + 12 * 60 + 131);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Client,
    Node(NodeId),
}

pub(crate) struct Link {
    pub(crate) from: Place,
    pub(crate) to: Place,
    pub(crate) packet: Vec<u8>,
}

pub(crate) struct Identity {
    pub(crate) keys: HybridSecret,
    pub(crate) registration: Registration,
}

pub(crate) struct Net {
    pub(crate) now: Now,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) relays: BTreeMap<NodeId, Relay>,
    pub(crate) identities: BTreeMap<NodeId, Identity>,
    pub(crate) descriptors: Vec<Verified>,
    /// Everything that crossed a link, in order.
    pub(crate) links: Vec<Link>,
    pub(crate) dropped: Vec<(NodeId, DropReason)>,
    pub(crate) served: Vec<(NodeId, Body)>,
    /// What reached the client.
    pub(crate) delivered: Vec<([u8; 16], Vec<u8>)>,
    /// A body that services answer every request with, if any; they find the blocks at the end of the command.
    pub(crate) answer: Option<(usize, Body)>,
}

pub(crate) fn seeded(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn node(i: u8) -> NodeId {
    NodeId(sha3(&[b"node", &[i]]).into())
}

pub(crate) fn body(fill: u8) -> Body {
    Box::new([fill; ONION_ROOM])
}

impl Net {
    pub(crate) fn new(count: u8, seed: u64) -> Self {
        Self::at(count, seed, NOON)
    }

    pub(crate) fn at(count: u8, seed: u64, wall: UnixMinute) -> Self {
        let mut net = Self {
            now: Now { tick: Tick(0), wall },
            rng: seeded(seed),
            relays: BTreeMap::new(),
            identities: BTreeMap::new(),
            descriptors: Vec::new(),
            links: Vec::new(),
            dropped: Vec::new(),
            served: Vec::new(),
            delivered: Vec::new(),
            answer: None,
        };
        (0..count).for_each(|i| net.join(i));
        net
    }

    fn join(&mut self, i: u8) {
        let keys = HybridSecret::generate(&Libcrux, &mut self.rng);
        let registration = Registration {
            node: node(i),
            operator: [i; 32],
            identity_hash: sha3(&[keys.public().dsa()]),
            transport_key: *keys.public().ed25519().as_bytes(),
            stake: 1_000,
        };
        self.identities.insert(node(i), Identity { keys, registration });
        self.start(node(i), Start::Fresh);
    }

    /// Start or restart a relay.
    pub(crate) fn start(&mut self, node: NodeId, start: Start) {
        self.relays.insert(node, Relay::new(&Libcrux, node, start, self.now));
        self.input(node, RelayIn::Wake);
    }

    pub(crate) fn dsa(&self, node: NodeId) -> [u8; DSA87_PUBLIC] {
        *self.identities[&node].keys.public().dsa()
    }

    pub(crate) fn descriptor(&mut self, body: DescriptorBody) -> Descriptor {
        let identity = &self.identities[&body.node];
        Descriptor::sign(&Libcrux, body, &identity.keys, &mut self.rng).unwrap()
    }

    /// The directory of a client that knows everybody.
    pub(crate) fn directory(&self, diversity: Diversity) -> Relays {
        let mut relays = Relays::new(diversity);
        self.descriptors.iter().for_each(|verified| relays.learn(verified.clone()));
        relays
    }

    /// A path through these nodes, with delays of 0.
    pub(crate) fn hops(&mut self, path: [u8; 4]) -> [Hop; 4] {
        let relays = self.directory(Diversity::Waived);
        relays.hops(path.map(node), Epoch::at(self.now.wall), [Delay::FAST; 4], &mut self.rng).unwrap()
    }

    /// Send a packet over a link.
    pub(crate) fn send(&mut self, from: Place, to: NodeId, packet: Vec<u8>) {
        self.links.push(Link { from, to: Place::Node(to), packet: packet.clone() });
        self.input(to, RelayIn::Packet(packet));
    }

    fn input(&mut self, at: NodeId, input: RelayIn) {
        let Some(relay) = self.relays.get_mut(&at) else { return };
        let mut out = Vec::new();
        relay.handle(&mut Cx { now: self.now, rng: &mut self.rng, out: &mut out }, input);
        for output in out {
            self.output(at, output);
        }
    }

    fn output(&mut self, at: NodeId, output: RelayOut) {
        match output {
            RelayOut::Send { to, packet } => self.send(Place::Node(at), to, packet),
            RelayOut::Deliver { token, packet } => {
                self.links.push(Link { from: Place::Node(at), to: Place::Client, packet: packet.clone() });
                self.delivered.push((token, packet));
            }
            RelayOut::Service(body) => {
                if let Some((surbs, answer)) = self.answer.clone() {
                    for surb in body[ONION_ROOM - 4_800 * surbs..].chunks(4_800) {
                        self.input(at, RelayIn::Reply { surb: surb.to_vec(), body: answer.clone() });
                    }
                }
                self.served.push((at, body));
            }
            RelayOut::Publish { day, keys } => {
                let signed = self.descriptor(DescriptorBody { node: at, day, keys, addresses: Vec::new() });
                let (dsa, registration) = (self.dsa(at), self.identities[&at].registration);
                self.descriptors.push(signed.verify(&Libcrux, &registration, &dsa, self.now.wall).unwrap());
            }
            RelayOut::Dropped(reason) => self.dropped.push((at, reason)),
        }
    }

    /// Let time pass: every deadline in its order.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.now.tick.after(ms);
        let base = (self.now.tick.0, self.now.wall.0);
        loop {
            let due = self.relays.iter().filter_map(|(node, relay)| relay.deadline().map(|tick| (tick, *node))).min();
            match due.filter(|(tick, _)| *tick <= end) {
                Some((tick, node)) => {
                    self.now.tick = self.now.tick.max(tick);
                    self.now.wall = UnixMinute(base.1 + ((self.now.tick.0 - base.0) / 60_000) as u32);
                    self.input(node, RelayIn::Wake);
                }
                None => break,
            }
        }
        self.now = Now { tick: end, wall: UnixMinute(base.1 + ((end.0 - base.0) / 60_000) as u32) };
    }

    pub(crate) fn random<const N: usize>(&mut self) -> [u8; N] {
        random(&mut self.rng)
    }
}

//! One member and a registry of seven nodes that exist only by name.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::hash::sha3;
use pars_crypto::secret::{Ed25519Seed, StoreKey};
use pars_crypto::sign::Ed25519Secret;
use pars_crypto::suite::Libcrux;
use pars_engine::identity::Identity;
use pars_engine::member::{Member, MemberConfig};
use pars_engine::registry::{Network, Registry};
use pars_engine::{Input, Node, Output};
use pars_proto::onion::delay::Delay;
use pars_proto::onion::descriptor::Registration;
use pars_wire::NodeId;
use pars_wire::codec::Day;
use pars_wire::machine::{Cx, Machine, Now, Tick, UnixMinute};

pub(crate) const NOW: Now = Now { tick: Tick(5), wall: UnixMinute(20_003 * 1_440 + 720) };

pub(crate) fn config() -> MemberConfig {
    let key = StoreKey::from_bytes([9; 32]);
    MemberConfig { suite: &Libcrux, key, network: Network::Public, delay: Delay::FAST, poll: None }
}

pub(crate) struct World {
    pub(crate) node: Node,
    pub(crate) rng: ChaCha20Rng,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        println!("seed {seed}");
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let identity = Identity::create(&Libcrux, 18, NOW.wall, &mut rng);
        let member = Member::create(config(), identity, NOW).unwrap();
        Self { node: Node::new(&Libcrux, Some(member), None), rng }
    }

    pub(crate) fn of(node: Node, seed: u64) -> Self {
        Self { node, rng: ChaCha20Rng::seed_from_u64(seed) }
    }

    pub(crate) fn input(&mut self, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        self.node.handle(&mut Cx { now: NOW, rng: &mut self.rng, out: &mut out }, input);
        out
    }

    pub(crate) fn learn(&mut self) {
        for day in [19_999, 20_003] {
            self.input(Input::Chain(registry(Day(day))));
        }
    }
}

fn registry(day: Day) -> Registry {
    let registration = |i: u8| Registration {
        node: NodeId(sha3(&[b"node", &[i]]).into()),
        operator: [i; 32],
        identity_hash: [i; 32],
        transport_key: *Ed25519Secret::from_seed(Ed25519Seed::from_bytes([i; 32])).public().as_bytes(),
        stake: 1,
    };
    Registry { day, beacon: [7; 32], nodes: (1..=7).map(registration).collect() }
}

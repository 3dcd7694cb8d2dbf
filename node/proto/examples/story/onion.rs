//! The vector of the onion: keys, packets at each hop, and what each hop finds, all from one seed. Long values stand as
//! their SHA3-256 unless another implementation needs them as input.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::hash::{random, sha3};
use pars_crypto::hkem::Xw768Secret;
use pars_crypto::secret::{DsaSeed, Ed25519Seed, HybridKemSeed};
use pars_crypto::sign::HybridSecret;
use pars_crypto::suite::Libcrux;
use pars_proto::onion::build::{Hop, forward};
use pars_proto::onion::descriptor::{Body as DescriptorBody, Descriptor};
use pars_proto::onion::epoch::{Epoch, EpochKeys, expiry_at};
use pars_proto::onion::packet::Body;
use pars_proto::onion::relay::{Relay, RelayIn, RelayOut, Start};
use pars_proto::onion::replay::ReplayCache;
use pars_proto::onion::surb::{ReplyTo, Surb};
use pars_wire::NodeId;
use pars_wire::codec::{Day, Wire};
use pars_wire::limits::ONION_ROOM;
use pars_wire::machine::{Cx, Machine, Now, Tick, UnixMinute};
use serde_json::{Value, json};

const SEED: u64 = 0x5041_5253_4f4e_494f;
const NOW: UnixMinute = UnixMinute(29_000_000);

fn hex32(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn digest(bytes: &[u8]) -> String {
    hex32(&sha3(&[bytes]))
}

/// Four nodes with known key seeds.
fn hops(rng: &mut ChaCha20Rng) -> ([Hop; 4], Vec<HybridKemSeed>) {
    let seeds: Vec<HybridKemSeed> = (0..4).map(|_| HybridKemSeed::generate(rng)).collect();
    let epoch = Epoch::at(NOW);
    let hop = |i: usize| {
        let key = Xw768Secret::from_seed(&Libcrux, seeds[i].clone()).public();
        Hop { node: NodeId([i as u8 + 1; 32].into()), epoch, key, delay_ms: 10 * (i as u32 + 1) }
    };
    ([hop(0), hop(1), hop(2), hop(3)], seeds)
}

/// Send a packet through the four nodes; what each gives out, and the last output.
fn walk(
    mut packet: Vec<u8>,
    hops: &[Hop; 4],
    seeds: &[HybridKemSeed],
    rng: &mut ChaCha20Rng,
) -> (Vec<Value>, RelayOut) {
    let mut steps = Vec::new();
    for (hop, seed) in hops.iter().zip(seeds) {
        let mut keys = EpochKeys::default();
        keys.insert(hop.epoch, Xw768Secret::from_seed(&Libcrux, seed.clone()));
        let start = Now { tick: Tick(0), wall: NOW };
        let mut relay = Relay::new(&Libcrux, hop.node, Start::Resumed(keys, ReplayCache::default()), start);
        let mut out = Vec::new();
        relay.handle(&mut Cx { now: start, rng, out: &mut out }, RelayIn::Packet(packet));
        out.clear();
        let later = Now { tick: Tick(hop.delay_ms.into()), wall: NOW };
        relay.handle(&mut Cx { now: later, rng, out: &mut out }, RelayIn::Wake);
        match out.remove(0) {
            RelayOut::Send { to, packet: next } => {
                steps.push(json!({"forward": to.to_string(), "packet": digest(&next)}));
                packet = next;
            }
            other => return (steps, other),
        }
    }
    panic!("the last hop forwards nothing");
}

fn body(rng: &mut ChaCha20Rng) -> Body {
    Box::new(random::<ONION_ROOM>(rng))
}

/// The whole vector.
pub(crate) fn vector() -> Value {
    let mut rng = ChaCha20Rng::seed_from_u64(SEED);
    let (hops, seeds) = hops(&mut rng);
    let nodes: Vec<Value> = hops
        .iter()
        .zip(&seeds)
        .map(|(hop, seed)| {
            json!({"node": hop.node.to_string(), "epoch": hop.epoch.0, "keySeed": hex32(seed.expose()),
                   "publicKey": digest(&hop.key.to_bytes()), "delayMs": hop.delay_ms})
        })
        .collect();
    let expiry = expiry_at(NOW);
    let command = body(&mut rng);
    let packet = forward(&Libcrux, &hops, &command, expiry, &mut rng).unwrap().encode();
    let (forward_steps, last) = walk(packet.clone(), &hops, &seeds, &mut rng);
    let RelayOut::Service(served) = last else { panic!("the last hop serves") };
    assert_eq!(served, command);

    let answer = body(&mut rng);
    let to = ReplyTo { token: random(&mut rng), surb: random(&mut rng) };
    let (surb, secret) = Surb::make(&Libcrux, &hops, to, expiry, &mut rng).unwrap();
    let block = surb.encode();
    let reply = surb.reply(&answer).encode();
    let (reply_steps, last) = walk(reply.clone(), &hops, &seeds, &mut rng);
    let RelayOut::Deliver { token, packet: delivered } = last else { panic!("the last hop delivers") };
    assert_eq!(token, to.token);
    assert_eq!(secret.open(Box::new(delivered[4_738..].try_into().unwrap())).unwrap(), answer);

    json!({
        "now": NOW.0, "expiry": expiry.0, "nodes": nodes,
        "forward": {"packet": hex32(&packet), "steps": forward_steps, "body": digest(&*command)},
        "reply": {"surb": hex32(&block), "body": hex32(&*answer), "packet": digest(&reply), "steps": reply_steps,
                  "token": hex32(&to.token), "index": hex32(&to.surb), "delivered": digest(&delivered)},
        "descriptor": descriptor(&hops, &mut rng),
    })
}

fn descriptor(hops: &[Hop; 4], rng: &mut ChaCha20Rng) -> Value {
    let (dsa, ed25519) = (DsaSeed::generate(rng), Ed25519Seed::generate(rng));
    let keys = HybridSecret::from_seeds(&Libcrux, dsa.clone(), ed25519.clone());
    let body = DescriptorBody {
        node: hops[0].node,
        day: Day::at(NOW),
        keys: hops.clone().map(|hop| hop.key),
        addresses: vec!["192.0.2.7:9000".parse().unwrap(), "[2001:db8::7]:9001".parse().unwrap()],
    };
    let signed = Descriptor::sign(&Libcrux, body, &keys, rng).unwrap().encode();
    json!({"mldsaSeed": hex32(dsa.expose()), "ed25519Seed": hex32(ed25519.expose()), "descriptor": hex32(&signed)})
}

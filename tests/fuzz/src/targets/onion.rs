//! Packets, what a relay finds in one, reply blocks, replies and descriptors.

use std::sync::LazyLock;

use pars_crypto::hash::sha3;
use pars_crypto::hkem::Xw768Secret;
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::KdfLabel;
use pars_crypto::secret::HybridKemSeed;
use pars_crypto::suite::{DSA87_PUBLIC, Libcrux};
use pars_proto::onion::build::{Hop, forward};
use pars_proto::onion::descriptor::{Body, Descriptor, Registration};
use pars_proto::onion::epoch::{Epoch, EpochKeys, expiry_at};
use pars_proto::onion::packet::{LAYER, Packet};
use pars_proto::onion::relay::{Relay, RelayIn, RelayOut, Start};
use pars_proto::onion::replay::ReplayCache;
use pars_proto::onion::surb::{ReplyTo, Surb, SurbSecret};
use pars_wire::NodeId;
use pars_wire::codec::Wire;
use pars_wire::limits::{ONION_HEADER, ONION_PAYLOAD, ONION_ROOM, PACKET};
use pars_wire::machine::{Cx, Machine, Now, Tick};

use crate::Outcome;
use crate::check::{fixed, same, wire};
use crate::corpus::Seeds;
use crate::people::{ALICE, NOON, NOW, SUITE, TODAY, source};

/// Bytes of a layer's encapsulation.
const CIPHERTEXT: usize = 1_120;
/// The relay of these targets stands first on the path.
const FIRST: usize = 0;

static SECRETS: LazyLock<[Xw768Secret; 4]> =
    LazyLock::new(|| [50, 51, 52, 53].map(|seed| Xw768Secret::from_seed(SUITE, HybridKemSeed::from_bytes([seed; 32]))));

fn node(index: usize) -> NodeId {
    NodeId([index as u8 + 1; 32].into())
}

fn hops() -> [Hop; 4] {
    [0, 1, 2, 3].map(|i| Hop { node: node(i), epoch: Epoch::at(NOON), key: SECRETS[i].public(), delay_ms: 5 })
}

/// Everything the first relay gives out for one input within a minute.
fn relay(input: RelayIn) -> Vec<RelayOut> {
    let mut keys = EpochKeys::default();
    keys.insert(Epoch::at(NOON), SECRETS[FIRST].clone());
    let mut relay = Relay::new(&Libcrux, node(FIRST), Start::Resumed(keys, ReplayCache::default()), NOW);
    let (mut out, mut rng) = (Vec::new(), source(54));
    relay.handle(&mut Cx { now: NOW, rng: &mut rng, out: &mut out }, input);
    let later = Now { tick: Tick(60_000), wall: NOON };
    relay.handle(&mut Cx { now: later, rng: &mut rng, out: &mut out }, RelayIn::Wake);
    out.retain(|output| !matches!(output, RelayOut::Publish { .. }));
    out
}

/// A packet as it comes off a link: at most one thing happens, and what goes on is a packet again.
pub(crate) fn packet(bytes: &[u8]) -> Outcome {
    let decoded = Packet::decode(bytes);
    if let Ok(packet) = &decoded {
        same(&packet.encode(), bytes);
    }
    let out = relay(RelayIn::Packet(bytes.to_vec()));
    assert_eq!(out.len(), 1, "one packet in, one thing out");
    if let RelayOut::Send { packet, .. } | RelayOut::Deliver { packet, .. } = &out[0] {
        assert!(decoded.is_ok() && packet.len() == PACKET && packet[1] == bytes[1] + 1);
    }
    Outcome::of(decoded.is_ok())
}

/// A layer that opens: `position1 | next32|delay4|expiry4|flags8|inner`, sealed as a sender seals it.
pub(crate) fn layer(bytes: &[u8]) -> Outcome {
    let Some((position, text)) = bytes.split_first() else { return Outcome::Refused };
    let position = position % 4;
    let (counting, tail) = (ONION_HEADER - LAYER * usize::from(position), LAYER * usize::from(position));
    let mut plain = text.to_vec();
    plain.resize(counting - CIPHERTEXT - 16, 0);

    let public = SECRETS[FIRST].public();
    let (ciphertext, secret) = public.encapsulate(SUITE, &mut source(55)).expect("an honest key");
    let ciphertext = ciphertext.to_bytes();
    let hash = (sha3(&[&public.to_bytes()]), sha3(&[&ciphertext]));
    let fields: [&[u8]; 4] = [&hash.0, &hash.1, &node(FIRST).0.0, &Epoch::at(NOON).0.to_be_bytes()];
    let keys = kdf::<220>(NO_SALT, &[secret.expose()], KdfLabel::ONION, &fields);
    let sealed = keys.one_use::<0>().seal(&[1, position], &plain);
    let packet = [&[1, position][..], &ciphertext, &sealed, &vec![7; tail], &[8; ONION_PAYLOAD]].concat();

    let out = relay(RelayIn::Packet(packet));
    assert_eq!(out.len(), 1, "one packet in, one thing out");
    match &out[0] {
        RelayOut::Send { to, packet } => {
            same(to.0.as_slice(), &plain[..32]);
            assert!(plain[40] == 0 && position < 3 && packet.len() == PACKET && packet[1] == position + 1);
        }
        RelayOut::Deliver { token, packet } => {
            same(&[&token[..], &packet[2..18]].concat(), &plain[..32]);
            assert!(plain[40] == 2 && position == 3);
        }
        RelayOut::Service(_) => panic!("a payload of filler is no body"),
        RelayOut::Publish { .. } | RelayOut::Dropped(_) => return Outcome::Refused,
    }
    assert!(plain[41..48] == [0; 7], "reserved flags were accepted");
    Outcome::Accepted
}

/// A reply block as a service node finds it in a command; used, it gives one packet.
pub(crate) fn surb(bytes: &[u8]) -> Outcome {
    if let Ok(surb) = Surb::decode(bytes) {
        let first = surb.first;
        let packet = surb.reply(&[1; ONION_ROOM]).encode();
        assert!(packet.len() == PACKET && packet[..2] == [1, 0]);
        same(&packet[2..2 + ONION_HEADER], &bytes[..ONION_HEADER]);
        same(first.0.as_slice(), &bytes[ONION_HEADER..ONION_HEADER + 32]);
    }
    let out = relay(RelayIn::Reply { surb: bytes.to_vec(), body: Box::new([1; ONION_ROOM]) });
    assert_eq!(out.len(), 1, "one reply in, one thing out");
    wire::<Surb>(bytes)
}

fn block() -> (Surb, SurbSecret) {
    let to = ReplyTo { token: [1; 16], surb: [2; 16] };
    Surb::make(SUITE, &hops(), to, expiry_at(NOON), &mut source(56)).expect("honest hops")
}

/// The payload of a packet that reached the client: only the genuine reply opens.
pub(crate) fn reply(bytes: &[u8]) -> Outcome {
    let opened = block().1.open(fixed::<ONION_PAYLOAD>(bytes));
    if let Ok(body) = &opened {
        same(&body[..], &[6; ONION_ROOM]);
    }
    Outcome::of(opened.is_ok())
}

/// What the client gets for a body of sixes.
fn genuine_reply() -> Vec<u8> {
    let mut packet = block().0.reply(&[6; ONION_ROOM]).encode();
    for (index, hop) in hops().iter().enumerate() {
        let mut keys = EpochKeys::default();
        keys.insert(hop.epoch, SECRETS[index].clone());
        let mut relay = Relay::new(&Libcrux, hop.node, Start::Resumed(keys, ReplayCache::default()), NOW);
        let (mut out, mut rng) = (Vec::new(), source(57));
        relay.handle(&mut Cx { now: NOW, rng: &mut rng, out: &mut out }, RelayIn::Packet(packet));
        let later = Now { tick: Tick(1_000), wall: NOON };
        relay.handle(&mut Cx { now: later, rng: &mut rng, out: &mut out }, RelayIn::Wake);
        packet = match out.into_iter().find(|output| !matches!(output, RelayOut::Publish { .. })) {
            Some(RelayOut::Send { packet, .. } | RelayOut::Deliver { packet, .. }) => packet,
            _ => panic!("an honest packet passes"),
        };
    }
    packet[2 + ONION_HEADER..].to_vec()
}

/// PSRD, unsigned, then signed by the node it names.
pub(crate) fn descriptor(bytes: &[u8]) -> Outcome {
    let keys = &ALICE.signing;
    let registration = |node| Registration {
        node,
        operator: [1; 32],
        identity_hash: sha3(&[keys.public().dsa()]),
        transport_key: *keys.public().ed25519().as_bytes(),
        stake: 1,
    };
    let dsa: &[u8; DSA87_PUBLIC] = keys.public().dsa();
    if let Ok(read) = Descriptor::decode(bytes) {
        let _ = read.clone().verify(SUITE, &registration(read.node()), dsa, NOON);
    }
    let size = 4_969.min(bytes.len());
    if let Ok(body) = Body::decode(&bytes[..size]) {
        same(&body.encode(), &bytes[..size]);
        let (node, day) = (body.node, body.day);
        let signed = Descriptor::sign(SUITE, body, keys, &mut source(58)).expect("at most three addresses");
        let verified = signed.verify(SUITE, &registration(node), dsa, NOON);
        assert_eq!(verified.is_ok(), day == TODAY || day == TODAY.plus(1));
    }
    wire::<Descriptor>(bytes)
}

pub(super) fn seeds(seeds: &mut Seeds) {
    let packet = forward(SUITE, &hops(), &[5; ONION_ROOM], expiry_at(NOON), &mut source(59)).expect("honest hops");
    seeds.add_with(
        "onion-packet",
        "forward",
        &packet.encode(),
        &[
            ("filler", &|bytes| bytes[0] = 0),
            ("position-5", &|bytes| bytes[1] = 5),
            ("position-4", &|bytes| bytes[1] = 4),
        ],
    );
    let expiry = expiry_at(NOON).0.to_be_bytes();
    let routing = [&[0][..], &node(1).0.0, &[0, 0, 0, 5], &expiry, &[0; 8]].concat();
    seeds.add_with(
        "onion-layer",
        "forward",
        &routing,
        &[
            ("forward-at-the-end", &|bytes| bytes[0] = 3),
            ("service-too-early", &|bytes| bytes[41] = 1),
            ("to-itself", &|bytes| bytes[1..33].fill(1)),
            ("delay-too-long", &|bytes| bytes[33] = 1),
            ("expiry-at-the-end-of-time", &|bytes| bytes[37..41].fill(0xff)),
            ("expired", &|bytes| bytes[37..41].fill(0)),
            ("reserved-flags", &|bytes| bytes[48] = 1),
            ("deliver", &|bytes| (bytes[0], bytes[41]) = (3, 2)),
        ],
    );
    let service = [&[3][..], &[0; 32], &[0, 0, 0, 5], &expiry, &[1], &[0; 7]].concat();
    seeds.add_with("onion-layer", "service", &service, &[("service-with-a-next", &|bytes| bytes[1] = 1)]);
    seeds.add_with(
        "onion-surb",
        "block",
        &block().0.encode(),
        &[("to-the-replier", &|bytes| bytes[ONION_HEADER..ONION_HEADER + 32].fill(1))],
    );
    seeds.add_with("onion-reply", "genuine", &genuine_reply(), &[("one-bit", &|bytes| bytes[11_000] ^= 4)]);
    let addresses = ["192.0.2.7:9000", "[2001:db8::7]:9001"].map(|text| text.parse().expect("an address")).to_vec();
    let body = Body { node: node(0), day: TODAY, keys: hops().map(|hop| hop.key), addresses };
    let signed = Descriptor::sign(SUITE, body, &ALICE.signing, &mut source(60)).expect("two addresses").encode();
    seeds.add_with(
        "onion-descriptor",
        "two-addresses",
        &signed,
        &[
            ("address-behind-a-gap", &|bytes| bytes[4_905..4_924].fill(0)),
            ("port-0", &|bytes| bytes[4_922..4_924].fill(0)),
            ("family-5", &|bytes| bytes[4_905] = 5),
            ("ipv4-with-a-tail", &|bytes| bytes[4_915] = 1),
            ("key-not-reduced", &|bytes| bytes[41..44].fill(0xff)),
            ("day-at-the-end-of-time", &|bytes| bytes[37..41].fill(0xff)),
        ],
    );
}

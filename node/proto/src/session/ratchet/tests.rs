//! What only a peer that breaks the rules can send: made here with the chain's own keys.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::suite::Libcrux;
use pars_crypto::witness::{Witness, Work};
use pars_wire::content::{ContentType, Flags};
use pars_wire::machine::{Now, Tick, UnixMinute};

use super::*;
use crate::session::bucket::Bucket;
use crate::session::layout::Object;
use crate::session::message::MessageId;

struct Pair {
    rng: ChaCha20Rng,
    initiator: Ratchet,
    responder: Ratchet,
    identity: Kem1024Secret,
}

fn tools(rng: &mut ChaCha20Rng) -> Tools<'_> {
    Tools { now: Now { tick: Tick(0), wall: UnixMinute(1_000_000) }, suite: &Libcrux, rng }
}

const DRAFT: Draft<'static> = Draft {
    id: MessageId([1; 16]),
    sequence: 1,
    content_type: ContentType::Text,
    flags: Flags::NONE,
    content: b"text",
};

/// Two ratchets as the handshake leaves them, but for the INIT chain's own bytes.
fn pair(seed: u64) -> Pair {
    println!("seed {seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let ours = Ours::generate(&mut tools(&mut rng));
    let identity = Kem1024Secret::generate(&Libcrux, &mut rng);
    let (root, chain) = (RootKey::generate(&mut rng), ChainKey::generate(&mut rng));
    let [from_responder, from_initiator] = [3, 4].map(|byte| HeaderKey::from_bytes([byte; 32]));
    let peer = Theirs { x: ours.x.public(), ek: ours.kem.public().clone() };
    let init = InitChain {
        chain: chain.clone(),
        position: 0,
        began: tools(&mut rng).hour(),
        transcript: [5; 32],
        prefix: Box::new([0; _]),
        sealed: Box::new([0; _]),
    };
    let initiator = Ratchet {
        role: Role::Initiator,
        sid: SessionId([6; 32]),
        root: root.clone(),
        next_sending: from_initiator.clone(),
        turn: Turn::Theirs(TheirTurn { ours, chain: SendingChain::Init(Box::new(init)) }),
        receiving: Receiving::initiator(from_responder.clone()),
    };
    let answer = Answer { identity: identity.public().clone(), supersedes: 0 };
    let origin = InitOrigin { transcript: [5; 32], repeated: [0; 32] };
    let responder = Ratchet {
        role: Role::Responder,
        sid: SessionId([6; 32]),
        root,
        next_sending: from_responder,
        turn: Turn::Ours(OurTurn { peer, previous: 0, answer: Some(answer) }),
        receiving: Receiving::responder(origin, chain, from_initiator),
    };
    Pair { rng, initiator, responder, identity }
}

impl Pair {
    /// Both have answered; the initiator has sent on its chain.
    fn opened(seed: u64) -> Self {
        let mut pair = pair(seed);
        let reply = pair.responder.send(&DRAFT, &mut tools(&mut pair.rng)).unwrap();
        receive(&mut pair.initiator, &reply, &pair.identity, &mut pair.rng).unwrap();
        let message = pair.initiator.send(&DRAFT, &mut tools(&mut pair.rng)).unwrap();
        receive(&mut pair.responder, &message, &pair.identity, &mut pair.rng).unwrap();
        pair
    }
}

fn receive(
    at: &mut Ratchet,
    object: &[u8],
    identity: &Kem1024Secret,
    rng: &mut ChaCha20Rng,
) -> Result<Outcome, ReceiveError> {
    let Object::Ratchet(object) = Object::read(object).unwrap() else { panic!("a ratchet object") };
    at.receive(&object, identity, &mut tools(rng))
}

fn bytes(of: &Ratchet) -> Vec<u8> {
    let mut out = pars_wire::codec::Writer::default();
    of.write(&mut out);
    out.into_bytes()
}

/// What reading the header costs, and nothing else.
const HEADER_ONLY: Work = Work { derived: 0, agreed: 0, decapsulated: 0, opened: 1, verified: 0 };
/// Memory that an object may take beside the state while it is refused (THREATS T3).
const MEMORY: u64 = 1 << 20;

/// What a call gives and which primitives it called, within the memory.
fn measured<R>(call: impl FnOnce() -> R) -> (R, Work) {
    let witness = Witness::begin();
    let mut given = None;
    let memory = allocation_counter::measure(|| given = Some(call()));
    assert!(memory.bytes_max < MEMORY, "{memory:?}");
    (given.unwrap(), witness.work())
}

/// The peer's chain, with fields of its header changed at will.
fn forge(sender: &Ratchet, rng: &mut ChaCha20Rng, change: impl FnOnce(&mut outgoing::RatchetChain)) -> Vec<u8> {
    let Turn::Theirs(TheirTurn { chain: SendingChain::Ratchet(chain), .. }) = &sender.turn else {
        panic!("the sender has a chain");
    };
    let mut chain = chain.clone();
    change(&mut chain);
    chain.object(&sender.sid, &DRAFT, Bucket::L, &mut tools(rng))
}

#[test]
fn a_counter_that_jumps_too_far_is_refused_before_anything_is_derived() {
    let Pair { mut rng, initiator, mut responder, identity } = Pair::opened(1);
    let before = bytes(&responder);
    for to in [u32::MAX, u32::MAX - 1, 1_002] {
        let object = forge(&initiator, &mut rng, |chain| chain.position = to);
        let (refused, cost) = measured(|| receive(&mut responder, &object, &identity, &mut rng));
        assert_eq!(refused, Err(ReceiveError::JumpTooFar { from: 1, to }));
        assert_eq!(cost, HEADER_ONLY);
        assert_eq!(bytes(&responder), before);
    }
    // A thousand positions may be skipped: this one is refused for its key only, which the forger did not advance.
    let object = forge(&initiator, &mut rng, |chain| chain.position = 1_001);
    let (refused, cost) = measured(|| receive(&mut responder, &object, &identity, &mut rng));
    assert_eq!(refused, Err(ReceiveError::Forged));
    assert!(cost.derived > 2 * 1_000, "two for each position: {cost:?}");
    assert_eq!(bytes(&responder), before);
}

#[test]
fn a_new_chain_with_a_bogus_counter_or_previous_length_is_refused() {
    let Pair { mut rng, mut initiator, mut responder, identity } = Pair::opened(2);
    let answer = responder.send(&DRAFT, &mut tools(&mut rng)).unwrap();
    receive(&mut initiator, &answer, &identity, &mut rng).unwrap();
    initiator.send(&DRAFT, &mut tools(&mut rng)).unwrap();
    let before = bytes(&responder);
    for (counter, previous, from, to) in [(u32::MAX, 1, 0, u32::MAX), (0, u32::MAX, 1, u32::MAX), (0, 1_002, 1, 1_002)]
    {
        let object = forge(&initiator, &mut rng, |chain| (chain.position, chain.previous) = (counter, previous));
        let (refused, cost) = measured(|| receive(&mut responder, &object, &identity, &mut rng));
        assert_eq!(refused, Err(ReceiveError::JumpTooFar { from, to }));
        // Two headers do not open: the current chain's key comes first.
        assert_eq!(cost, Work { opened: 2, ..HEADER_ONLY });
        assert_eq!(bytes(&responder), before);
    }
}

#[test]
fn keys_that_differ_from_those_of_the_chain_are_refused() {
    let Pair { mut rng, initiator, mut responder, identity } = Pair::opened(3);
    let other = Ours::generate(&mut tools(&mut rng));
    let object = forge(&initiator, &mut rng, |chain| {
        chain.position = 1;
        chain.tail.x = other.x.public();
    });
    assert_eq!(receive(&mut responder, &object, &identity, &mut rng), Err(ReceiveError::OtherKeys));
}

#[test]
fn low_order_and_zero_ratchet_keys_are_refused() {
    // The points of low order of Curve25519 in canonical form.
    const LOW: [&str; 5] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let mut pair = pair(4);
    pair.responder.send(&DRAFT, &mut tools(&mut pair.rng)).unwrap();
    let before = bytes(&pair.initiator);
    for point in LOW {
        let point: [u8; 32] = hex::decode(point).unwrap().try_into().unwrap();
        let object = forge(&pair.responder, &mut pair.rng, |chain| chain.tail.x = DhPublic(point));
        let refused = receive(&mut pair.initiator, &object, &pair.identity, &mut pair.rng);
        assert!(matches!(refused, Err(ReceiveError::LowOrder(_))), "{refused:?}");
        assert_eq!(bytes(&pair.initiator), before);
    }
}

#[test]
fn the_reply_flag_stands_on_the_first_chain_of_the_responder_and_nowhere_else() {
    let mut fresh = pair(5);
    fresh.responder.send(&DRAFT, &mut tools(&mut fresh.rng)).unwrap();
    let bare = forge(&fresh.responder, &mut fresh.rng, |chain| chain.ct_auth = None);
    let refused = receive(&mut fresh.initiator, &bare, &fresh.identity, &mut fresh.rng);
    assert_eq!(refused, Err(ReceiveError::ReplyFlag), "a first answer without ct_auth");

    let Pair { mut rng, initiator, mut responder, identity } = Pair::opened(6);
    let (ct_auth, _) = identity.public().encapsulate(&Libcrux, &mut rng);
    let object = forge(&initiator, &mut rng, |chain| chain.ct_auth = Some(ct_auth));
    assert_eq!(receive(&mut responder, &object, &identity, &mut rng), Err(ReceiveError::ReplyFlag));
}

#[test]
fn a_reply_for_another_identity_key_does_not_open() {
    // SESSION R10: whoever cannot open ct_auth cannot read the answer, even with every X25519 secret.
    let mut pair = pair(7);
    let reply = pair.responder.send(&DRAFT, &mut tools(&mut pair.rng)).unwrap();
    let other = Kem1024Secret::generate(&Libcrux, &mut pair.rng);
    let before = bytes(&pair.initiator);
    assert_eq!(receive(&mut pair.initiator, &reply, &other, &mut pair.rng), Err(ReceiveError::Forged));
    assert_eq!(bytes(&pair.initiator), before);
    assert!(receive(&mut pair.initiator, &reply, &pair.identity, &mut pair.rng).is_ok());
}

#[test]
fn a_peer_that_begins_a_chain_out_of_turn_is_refused() {
    let Pair { mut rng, mut initiator, mut responder, identity } = Pair::opened(8);
    // It is the responder's turn; the initiator's next header key is known to both, its ratchet keys are spent.
    let key = responder.receiving.next_header.clone();
    let object = forge(&initiator, &mut rng, |chain| chain.header = key);
    assert_eq!(receive(&mut responder, &object, &identity, &mut rng), Err(ReceiveError::OutOfTurn));
    assert!(initiator.send(&DRAFT, &mut tools(&mut rng)).is_ok());
}

#[test]
fn a_state_reads_back_what_it_wrote() {
    let mut fresh = pair(9);
    let Pair { rng: _, initiator, responder, .. } = Pair::opened(10);
    fresh.responder.send(&DRAFT, &mut tools(&mut fresh.rng)).unwrap();
    for ratchet in [&fresh.initiator, &fresh.responder, &initiator, &responder] {
        let written = bytes(ratchet);
        assert!(written.len() <= store::FIXED / 2, "{} bytes", written.len());
        let mut from = pars_wire::codec::Reader::new(&written);
        let read = Ratchet::read(&mut from, &Libcrux).unwrap();
        assert_eq!(from.finish(), Ok(()));
        assert_eq!(bytes(&read), written);
        for length in 0..written.len() {
            assert!(Ratchet::read(&mut pars_wire::codec::Reader::new(&written[..length]), &Libcrux).is_err());
        }
    }
}

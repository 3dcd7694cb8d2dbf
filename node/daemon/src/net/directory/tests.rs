use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::hash::sha3;
use pars_crypto::hkem::Xw768Secret;
use pars_crypto::sign::HybridSecret;
use pars_crypto::suite::Libcrux;
use pars_proto::onion::descriptor::Body;

use super::*;

const NOW: UnixMinute = UnixMinute(20_000 * 1_440 + 600);
const TODAY: Day = Day(20_000);

struct Operator {
    keys: HybridSecret,
    registration: Registration,
    rng: ChaCha20Rng,
}

impl Operator {
    fn new(seed: u64) -> Self {
        println!("seed {seed}");
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let keys = HybridSecret::generate(&Libcrux, &mut rng);
        let registration = Registration {
            node: NodeId([seed as u8; 32].into()),
            operator: [1; 32],
            identity_hash: sha3(&[keys.public().dsa()]),
            transport_key: *keys.public().ed25519().as_bytes(),
            stake: 1,
        };
        Self { keys, registration, rng }
    }

    fn item(&mut self, day: Day, port: u16) -> Item {
        let public = Xw768Secret::generate(&Libcrux, &mut self.rng).public();
        let keys = [public.clone(), public.clone(), public.clone(), public];
        let addresses = vec![SocketAddr::from(([192, 0, 2, 1], port))];
        let body = Body { node: self.registration.node, day, keys, addresses };
        let signed = Descriptor::sign(&Libcrux, body, &self.keys, &mut self.rng).unwrap();
        Item { psrd: signed.encode(), dsa: Box::new(*self.keys.public().dsa()) }
    }

    fn peer(&self) -> Source {
        Source::Peer(peer_of(&self.registration.transport_key).unwrap())
    }
}

fn directory(operators: &[&Operator]) -> Directory {
    let mut directory = Directory::new(&Libcrux);
    assert!(directory.register(operators.iter().map(|operator| operator.registration).collect()));
    directory
}

fn accepted(operator: &Operator) -> Result<Accepted, Refusal> {
    Ok(Accepted::New(TODAY, operator.registration.node))
}

#[test]
fn only_what_verifies_against_the_registry_is_held() {
    let (mut a, mut stranger) = (Operator::new(1), Operator::new(2));
    let mut directory = directory(&[&a]);
    assert_eq!(directory.accept(stranger.item(TODAY, 9), Source::Fetched, NOW), Err(Refusal::Unregistered));
    let good = a.item(TODAY, 9);
    for (at, wrong) in [(5_000, Refusal::Signature), (9_000, Refusal::Signature), (0, Refusal::Malformed)] {
        let mut forged = good.clone();
        forged.psrd[at] ^= 1;
        assert_eq!(directory.accept(forged, Source::Fetched, NOW), Err(wrong));
    }
    let mut short = good.clone();
    short.psrd.pop();
    assert_eq!(directory.accept(short, Source::Fetched, NOW), Err(Refusal::Malformed));
    let other_key = Item { dsa: stranger.item(TODAY, 9).dsa, ..good.clone() };
    assert_eq!(directory.accept(other_key, Source::Fetched, NOW), Err(Refusal::Signature));
    for day in [Day(TODAY.0 - 1), Day(TODAY.0 + 2)] {
        assert_eq!(directory.accept(a.item(day, 9), Source::Fetched, NOW), Err(Refusal::Day));
    }
    assert_eq!(directory.items().count(), 0);
    assert_eq!(directory.accept(good.clone(), Source::Fetched, NOW), accepted(&a));
    assert_eq!(directory.accept(good, Source::Fetched, NOW), Ok(Accepted::Held));
}

#[test]
fn nobody_but_the_node_brings_back_what_it_gave_up() {
    let (mut a, b) = (Operator::new(3), Operator::new(4));
    let mut directory = directory(&[&a, &b]);
    let (old, new, third) = (a.item(TODAY, 1), a.item(TODAY, 2), a.item(TODAY, 3));
    let (peer, other) = (a.peer(), b.peer());
    assert_eq!(directory.accept(old.clone(), other, NOW), accepted(&a), "anybody fills a gap");
    assert_eq!(directory.accept(third, other, NOW), Err(Refusal::Replaced), "and replaces nothing");
    assert_eq!(directory.accept(new.clone(), peer, NOW), accepted(&a));
    for source in [other, Source::Fetched] {
        assert_eq!(directory.accept(old.clone(), source, NOW), Err(Refusal::Replaced));
    }
    assert_eq!(directory.page(TODAY, &BTreeSet::new()).0[0].psrd, new.psrd);
    assert_eq!(directory.accept(old, peer, NOW), accepted(&a), "the node itself may");
}

#[test]
fn a_fetched_descriptor_gives_way_to_a_newer_fetched_one() {
    let mut a = Operator::new(5);
    let mut directory = directory(&[&a]);
    let (old, new) = (a.item(TODAY, 1), a.item(TODAY, 2));
    assert_eq!(directory.accept(old, Source::Fetched, NOW), accepted(&a));
    assert_eq!(directory.accept(new, Source::Fetched, NOW), accepted(&a));
    assert_eq!(directory.routes(NOW)[&a.registration.node].addresses[0].port(), 2);
}

#[test]
fn a_page_holds_only_what_is_not_known() {
    let (mut a, mut b) = (Operator::new(6), Operator::new(7));
    let mut directory = directory(&[&a, &b]);
    let (first, second) = (a.item(TODAY, 1), b.item(TODAY, 2));
    for item in [first.clone(), second.clone(), a.item(Day(TODAY.0 + 1), 3)] {
        assert!(directory.accept(item, Source::Fetched, NOW).is_ok());
    }
    let (items, more) = directory.page(TODAY, &BTreeSet::from([first.hash()]));
    assert_eq!((items.len(), items[0].psrd == second.psrd, more), (1, true, false));
    assert!(directory.page(TODAY, &directory.known(TODAY)).0.is_empty());
    assert_eq!(directory.page(Day(TODAY.0 + 1), &BTreeSet::new()).0.len(), 1);
}

#[test]
fn a_page_has_at_most_123_kilobytes_however_much_is_held() {
    let mut all: Vec<Operator> = (20..21 + PAGE as u64).map(Operator::new).collect();
    let mut directory = directory(&all.iter().collect::<Vec<_>>());
    for (port, operator) in (1..).zip(&mut all) {
        let item = operator.item(TODAY, port);
        assert!(directory.accept(item, Source::Fetched, NOW).is_ok());
    }
    let (items, more) = directory.page(TODAY, &BTreeSet::new());
    assert!(more && items.iter().map(|item| item.psrd.len() + item.dsa.len()).sum::<usize>() <= 123_000);
    let known = items.iter().map(|item| item.hash()).collect();
    let (rest, more) = directory.page(TODAY, &known);
    assert_eq!((rest.len(), more), (1, false));
}

#[test]
fn what_is_over_and_who_is_gone_are_forgotten() {
    let (mut a, mut b) = (Operator::new(8), Operator::new(9));
    let mut directory = directory(&[&a, &b]);
    let tomorrow = Day(TODAY.0 + 1);
    for item in [a.item(TODAY, 1), a.item(tomorrow, 2), b.item(TODAY, 3)] {
        assert!(directory.accept(item, Source::Fetched, NOW).is_ok());
    }
    assert!(!directory.incomplete(NOW));
    assert_eq!(directory.routes(NOW)[&a.registration.node].addresses[0].port(), 1, "today's comes first");
    assert!(!directory.register(vec![a.registration, b.registration]), "the same registry changes nothing");
    let next = UnixMinute(NOW.0 + 1_440);
    directory.expire(next);
    assert_eq!(directory.items().count(), 1);
    assert!(directory.incomplete(next));
    let mut moved = a.registration;
    moved.transport_key = b.registration.transport_key;
    assert!(directory.register(vec![moved]));
    assert_eq!((directory.items().count(), directory.routes(next).len()), (0, 0), "an old key's descriptor is gone");
}

//! Path choice (THREATS O4, the part without guards).

use std::collections::BTreeMap;

use pars_crypto::suite::Libcrux;
use pars_proto::onion::descriptor::{Body, Registration};
use pars_proto::onion::epoch::{Epoch, EpochKeys};
use pars_proto::onion::path::{Diversity, PathError, Relays};
use pars_wire::codec::Day;
use pars_wire::machine::Tick;

use crate::net::{NOON, Net, node};

/// Relays with these (operator, stake, address), all with the same epoch keys: choice does not look at them.
fn relays(net: &mut Net, diversity: Diversity, nodes: &[(u8, u128, &str)]) -> Relays {
    let mut keys = EpochKeys::default();
    keys.roll(&Libcrux, NOON, &mut net.rng);
    let keys: [_; 4] = keys.publics(Day::at(NOON)).unwrap().to_vec().try_into().unwrap();
    let mut relays = Relays::new(diversity);
    let dsa = net.dsa(node(0));
    let registered = net.identities[&node(0)].registration;
    for (i, (operator, stake, address)) in nodes.iter().enumerate() {
        let id = pars_wire::NodeId([i as u8 + 1; 32].into());
        let body = Body { node: id, day: Day::at(NOON), keys: keys.clone(), addresses: vec![address.parse().unwrap()] };
        let signed =
            pars_proto::onion::Descriptor::sign(&Libcrux, body, &net.identities[&node(0)].keys, &mut net.rng).unwrap();
        let registration = Registration { node: id, operator: [*operator; 32], stake: *stake, ..registered };
        relays.learn(signed.verify(&Libcrux, &registration, &dsa, NOON).unwrap());
    }
    relays
}

fn id(i: u8) -> pars_wire::NodeId {
    pars_wire::NodeId([i + 1; 32].into())
}

#[test]
fn a_path_never_holds_two_nodes_of_one_operator_or_network() {
    let mut net = Net::new(1, 71);
    let nodes = [
        (1, 10, "10.1.0.1:1"),
        (2, 10, "10.2.0.1:1"),
        (2, 10, "10.3.0.1:1"),
        (3, 10, "10.2.9.1:1"),
        (4, 10, "10.4.0.1:1"),
        (5, 10, "10.5.0.1:1"),
        (6, 10, "10.5.1.1:1"),
        (7, 10, "[2001:db8:1::1]:1"),
        (8, 10, "[2001:db8:ffff::1]:1"),
        (9, 10, "10.9.0.1:1"),
    ];
    let relays = relays(&mut net, Diversity::Enforced, &nodes);
    let clash = |a: usize, b: usize| [(1, 2), (1, 3), (5, 6), (7, 8)].contains(&(a.min(b), a.max(b)));
    let index = |node: &pars_wire::NodeId| (0..10).find(|i| id(*i) == *node).unwrap() as usize;
    for _ in 0..2_000 {
        let forward = relays.forward(id(0), id(9), Epoch::at(NOON), &mut net.rng).unwrap();
        let reply = relays.reply(id(9), id(0), Epoch::at(NOON), &mut net.rng).unwrap();
        for path in [forward.to_vec(), [&[id(9)][..], &reply].concat()] {
            for (i, a) in path.iter().enumerate() {
                assert!(path[i + 1..].iter().all(|b| a != b && !clash(index(a), index(b))));
            }
        }
    }
    let epoch = Epoch::at(NOON);
    assert_eq!(relays.forward(id(1), id(2), epoch, &mut net.rng), Err(PathError::ServiceAtFirstRelay(id(2))));
    assert_eq!(relays.forward(id(1), id(1), epoch, &mut net.rng), Err(PathError::ServiceAtFirstRelay(id(1))));
    assert_eq!(relays.forward(id(1), id(20), epoch, &mut net.rng), Err(PathError::UnknownService(id(20))));
}

#[test]
fn the_development_network_waives_diversity_but_not_distinct_nodes() {
    let mut net = Net::new(1, 72);
    let nodes = [(1, 10, "127.0.0.1:1"); 5];
    let relays = relays(&mut net, Diversity::Waived, &nodes);
    for _ in 0..200 {
        let mut path = relays.reply(id(0), id(1), Epoch::at(NOON), &mut net.rng).unwrap().to_vec();
        path.push(id(0));
        path.sort();
        path.dedup();
        assert_eq!(path.len(), 5);
    }
    assert!(relays.degraded());
    let mut four = relays.clone();
    four.forget(id(4));
    assert_eq!(four.reply(id(0), id(1), Epoch::at(NOON), &mut net.rng), Err(PathError::TooFewRelays));
}

#[test]
fn an_operator_is_drawn_by_stake_but_not_above_its_share() {
    let mut net = Net::new(1, 73);
    let nodes = [(1, 9_000, "10.1.0.1:1"), (2, 500, "10.2.0.1:1"), (3, 500, "10.3.0.1:1"), (4, 0, "10.4.0.1:1")];
    let relays = relays(&mut net, Diversity::Enforced, &nodes);
    let mut drawn: BTreeMap<_, u32> = BTreeMap::new();
    for _ in 0..10_000 {
        *drawn.entry(relays.pick(&[], Epoch::at(NOON), &mut net.rng).unwrap()).or_default() += 1;
    }
    // 9,000 counts as a quarter of 10,000: weights 2,500, 500, 500 and 1.
    let whale = drawn[&id(0)];
    assert!((6_900..7_400).contains(&whale), "{whale} of 10,000");
    assert!(drawn.get(&id(3)).copied().unwrap_or(0) < 30);
}

#[test]
fn a_node_whose_paths_stay_silent_is_drawn_less_until_one_works() {
    let mut net = Net::new(1, 74);
    let nodes = [(1, 10, "127.0.0.1:1"); 4];
    let mut relays = relays(&mut net, Diversity::Waived, &nodes);
    let share = |relays: &Relays, net: &mut Net| {
        (0..1_000).filter(|_| relays.pick(&[], Epoch::at(NOON), &mut net.rng) == Ok(id(2))).count()
    };
    assert!((180..320).contains(&share(&relays, &mut net)));
    (0..3).for_each(|_| relays.suspect(&[id(2)], Tick(0)));
    assert!(share(&relays, &mut net) < 40);
    relays.trust(&[id(2)], Tick(0));
    assert!((180..320).contains(&share(&relays, &mut net)));
}

#[test]
fn a_node_that_worked_since_is_not_blamed_for_a_silent_path_while_there_are_others() {
    let mut net = Net::new(1, 75);
    let nodes = [(1, 10, "127.0.0.1:1"); 4];
    let mut relays = relays(&mut net, Diversity::Waived, &nodes);
    let share = |relays: &Relays, net: &mut Net, i: u8| {
        (0..1_000).filter(|_| relays.pick(&[], Epoch::at(NOON), &mut net.rng) == Ok(id(i))).count()
    };
    relays.trust(&[id(0), id(1), id(3)], Tick(100_000));
    (0..3).for_each(|_| relays.suspect(&[id(0), id(1), id(2)], Tick(110_000)));
    assert!(share(&relays, &mut net, 2) < 70, "it alone is in doubt");
    assert!(share(&relays, &mut net, 0) > 250);
    // Long after, nobody is above suspicion.
    relays.trust(&[id(2)], Tick(500_000));
    (0..3).for_each(|_| relays.suspect(&[id(0), id(1)], Tick(500_000)));
    assert!(share(&relays, &mut net, 0) < 100);
}

#[test]
fn of_two_descriptors_of_one_day_the_one_verified_last_counts() {
    let mut net = Net::new(1, 76);
    let mut relays = Relays::new(Diversity::Waived);
    let epoch = Epoch::at(NOON);
    let mut last = None;
    for i in 0..4 {
        let mut keys = EpochKeys::default();
        keys.roll(&Libcrux, NOON, &mut net.rng);
        let body = Body {
            node: node(0),
            day: Day::at(NOON),
            keys: keys.publics(Day::at(NOON)).unwrap().to_vec().try_into().unwrap(),
            addresses: vec![format!("127.0.0.1:{}", i + 1).parse().unwrap()],
        };
        let identity = &net.identities[&node(0)];
        let signed = pars_proto::onion::Descriptor::sign(&Libcrux, body, &identity.keys, &mut net.rng).unwrap();
        let (registration, dsa) = (net.identities[&node(0)].registration, net.dsa(node(0)));
        let verified = signed.verify(&Libcrux, &registration, &dsa, NOON).unwrap();
        last = verified.key(epoch).cloned();
        relays.learn(verified);
    }
    let delays = [pars_proto::onion::delay::Delay::FAST; 4];
    let hops = relays.hops([node(0); 4], epoch, delays, &mut net.rng).unwrap();
    assert_eq!(Some(&hops[0].key), last.as_ref());
    assert_eq!(relays.addresses(node(0))[0].port(), 4);
}

#[test]
fn the_node_beside_a_client_is_never_its_first_relay_and_elsewhere_only_where_there_is_no_other() {
    let mut net = Net::new(1, 75);
    let nodes = [(1, 1_000, "127.0.0.1:1"), (1, 1, "127.0.0.1:1"), (1, 1, "127.0.0.1:1"), (1, 1, "127.0.0.1:1")];
    let mut relays = relays(&mut net, Diversity::Waived, &nodes);
    relays.avoid(id(0));
    let pick = |relays: &Relays, net: &mut Net, taken: &[_]| relays.pick(taken, Epoch::at(NOON), &mut net.rng);
    for taken in [&[][..], &[id(1)], &[id(1), id(2)]] {
        assert!((0..200).all(|_| pick(&relays, &mut net, taken) != Ok(id(0))), "{taken:?}");
    }
    assert_eq!(pick(&relays, &mut net, &[id(1), id(2), id(3)]), Ok(id(0)));
    (1..4).for_each(|i| relays.forget(id(i)));
    assert_eq!(pick(&relays, &mut net, &[]), Err(PathError::TooFewRelays));
}

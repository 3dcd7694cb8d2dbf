//! Nodes that stop and start again.

use pars_proto::swarm::placement::Operators;
use pars_proto::swarm::store::{Store, StoreConfig};
use pars_wire::limits::{BUCKET_L, BUCKET_S};

use crate::world::{Registrar, World, key, node, pair};

#[test]
fn a_restarted_node_holds_what_it_gave_receipts_for_and_reads_on_at_the_same_cursor() {
    let mut world = World::new(7, 91);
    let first = world.object::<BUCKET_S>();
    world.put(1, pair(), first.clone());
    world.run(100);
    world.fetch(2, pair(), 7);
    for i in 0..7 {
        world.start(i, 7);
    }
    assert!(world.stores.values().all(|store| store.bytes() == BUCKET_S));
    let second = world.object::<BUCKET_S>();
    world.put(3, pair(), second.clone());
    world.run(100);
    assert!(world.stored(3).unwrap() >= 5);
    world.restart_client();
    world.events.clear();
    world.fetch(4, pair(), 7);
    world.run(100);
    assert_eq!(world.delivered(), [second], "what lies behind the cursors alone is new");
}

#[test]
fn a_node_that_lost_everything_gives_cursors_above_those_it_gave_before() {
    let mut world = World::new(1, 92);
    let first = world.object::<BUCKET_S>();
    world.put(1, pair(), first);
    world.run(100);
    world.fetch(2, pair(), 1);
    world.run(60_000);
    world.disks.get_mut(&node(0)).unwrap().clear();
    world.start(0, 1);
    let second = world.object::<BUCKET_S>();
    world.put(3, pair(), second.clone());
    world.run(100);
    world.events.clear();
    world.fetch(4, pair(), 1);
    assert_eq!(world.delivered(), [second]);
}

#[test]
fn damaged_rows_are_refused_by_name() {
    let mut world = World::new(1, 93);
    let object = world.object::<BUCKET_S>();
    world.put(1, pair(), object);
    world.run(100);
    let (row_key, row) = world.disks[&node(0)].first_key_value().map(|(k, v)| (k.clone(), v.clone())).unwrap();
    let config = StoreConfig { node: node(0), key: key(0), operators: Operators::Capped, capacity: 1 << 20 };
    let open = |rows| Store::open(config.clone(), Box::new(Registrar), rows);
    assert!(open(vec![(row_key.clone(), row.clone())]).is_ok());
    assert!(open(vec![(row_key[1..].to_vec(), row.clone())]).is_err());
    assert!(open(vec![(row_key.clone(), row[..5].to_vec())]).is_err());
    assert!(open(vec![([&row_key[..], &[0]].concat(), row)]).is_err());
}

#[test]
fn who_puts_an_object_again_hours_later_hears_that_it_is_stored() {
    let mut world = World::new(7, 94);
    let objects = [world.object::<BUCKET_S>(), world.object::<BUCKET_L>()];
    for (id, object) in (1..).zip(&objects) {
        world.put(id, pair(), object.clone());
        world.run(20_000);
        assert!(world.stored(id).is_some());
    }
    // The client stopped before it wrote down that they are stored.
    world.run(3 * 3_600_000);
    world.restart_client();
    for (id, object) in (3..).zip(&objects) {
        world.put(id, pair(), object.clone());
        world.run(60_000);
        assert!(world.stored(id).is_some_and(|copies| copies >= 5), "{:?}", world.events);
    }
    // And it is kept as long as was asked for the second time, by every node, also one that starts again: 24 hours.
    (0..7).for_each(|i| world.start(i, 7));
    world.run(22 * 3_600_000);
    assert!(world.stores.values().all(|store| store.bytes() == BUCKET_S + BUCKET_L));
    world.run(4 * 3_600_000);
    assert!(world.stores.values().all(|store| store.bytes() == 0));
}

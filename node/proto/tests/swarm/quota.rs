//! Quotas: nothing stored is dropped for something new (THREATS S1, S6, SE-R33).

use pars_proto::swarm::ObjectId;
use pars_proto::swarm::client::ClientOut;
use pars_proto::swarm::command::Command;
use pars_proto::swarm::mailbox::Flag;
use pars_proto::swarm::reply::{Reply, Status};
use pars_proto::swarm::store::StoreIn;
use pars_wire::limits::{BUCKET_L, BUCKET_S};

use crate::rights::put;
use crate::world::{TODAY, World, body_of, mailbox, node, pair, trials};

#[test]
fn a_full_mailbox_refuses_the_newest_and_keeps_every_other() {
    let mut world = World::new(1, 61);
    for (flag, most) in [(Flag::Pair, 256), (Flag::File, 6)] {
        let key = mailbox(3, flag, TODAY);
        for number in 0..=most {
            let mut object = vec![0; if flag == Flag::File { BUCKET_L } else { BUCKET_S }];
            object[..4].copy_from_slice(&(number as u32).to_be_bytes());
            let command = put(&key, object, 24, &mut world);
            let body = body_of(&command.encode(0), &[]);
            world.store_input(node(0), StoreIn::Command(body));
        }
    }
    assert_eq!(world.stores[&node(0)].bytes(), 256 * BUCKET_S + 6 * BUCKET_L);
    let object = world.object::<BUCKET_S>();
    let command = put(&mailbox(3, Flag::Pair, TODAY), object, 24, &mut world);
    assert_eq!(Reply::decode(&world.raw(node(0), &command, 1)[0]).unwrap().status, Status::Full);
    let object = world.object::<BUCKET_S>();
    let command = put(&pair(), object, 24, &mut world);
    assert_eq!(Reply::decode(&world.raw(node(0), &command, 1)[0]).unwrap().status, Status::Ok, "others are unaffected");
}

#[test]
fn a_pair_has_room_for_256_of_the_largest_a_day() {
    const { assert!(256 * BUCKET_L <= 3 << 20) };
}

#[test]
fn a_full_node_refuses_and_the_sender_hears_of_it() {
    for seed in 0..trials(20, 200) {
        let fit = 1 + (seed % 3) as usize;
        let mut world = World::with_capacity(7, 6_200 + seed, fit * BUCKET_S);
        for id in 0..=fit as u64 {
            let object = world.object::<BUCKET_S>();
            world.put(id, pair(), object);
            world.run(20_000);
            assert_eq!(world.stored(id).is_some(), id < fit as u64, "seed {seed}, object {id} of {fit} that fit");
        }
        assert!(world.events.iter().any(|event| matches!(event, ClientOut::InsufficientStorage { copies: 0, .. })));
        assert!(world.stores.values().all(|store| store.bytes() == fit * BUCKET_S), "seed {seed}");
    }
}

#[test]
fn what_fewer_than_three_have_room_for_stays_queued_until_more_have_and_three_are_enough() {
    for seed in 0..trials(20, 200) {
        let mut world = World::new(7, 6_500 + seed);
        let able = (seed % 5) as usize;
        let full: Vec<u8> = (0..7 - able as u64).map(|i| ((seed / 5 + i * 3) % 7) as u8).collect();
        let room = std::mem::take(&mut world.capacity);
        full.iter().for_each(|i| world.start(*i, 7));
        let object = world.object::<BUCKET_S>();
        world.put(1, pair(), object.clone());
        world.run(1_000);
        let told =
            |event: &ClientOut| matches!(event, ClientOut::InsufficientStorage { copies, .. } if *copies == able);
        assert_eq!(world.stored(1), (able >= 3).then_some(able), "seed {seed}");
        assert_eq!(world.events.iter().any(told), able < 3, "seed {seed}: {:?}", world.events);
        world.capacity = room;
        full.iter().for_each(|i| world.start(*i, 7));
        world.run(300_000);
        let enough = if able < 3 { 5 } else { able };
        assert!(world.stored(1).is_some_and(|copies| copies >= enough), "seed {seed}: {:?}", world.events);
        world.fetch(2, pair(), 7);
        world.run(1_000);
        assert_eq!(world.delivered(), [object], "seed {seed}");
    }
}

#[test]
fn who_asks_for_receipts_too_often_at_once_hears_of_those_there_are_and_nobody_else_is_asked_again() {
    let mut world = World::new(7, 65);
    let object = world.object::<BUCKET_S>();
    // No other replica answers.
    world.dead = (1..7).map(node).collect();
    let command = put(&pair(), object.clone(), 24, &mut world);
    world.raw(node(0), &command, 1);
    let command = Command::Stat { object: ObjectId::of(&pair().tag(), &object) };
    let (body, frames) = (body_of(&command.encode(1), &[1 << 63]), world.frames.len());
    for _ in 0..40 {
        world.store_input(node(0), StoreIn::Command(body.clone()));
    }
    assert_eq!((world.frames.len() - frames, world.raw.len()), (6, 40 - 32));
    world.run(3_100);
    assert_eq!(world.raw.len(), 40, "the others hear when the time is over");
}

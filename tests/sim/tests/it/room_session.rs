//! A room's session from many seeds, and 200 joins at once.

use pars_engine::room::{MAX_PRESENTERS, MemberEvent, MemberIn, OrderRefusal};
use pars_proto::room::{JoinRefusal, Order, Role};
use pars_sim::Faults;
use pars_sim::log::Log;
use pars_sim::room_session::evil::Evil;
use pars_sim::room_session::world::{Begin, World};
use pars_sim::room_session::{PersonId, run};
use pars_sim::seeds;
use pars_wire::Kind;

/// Seeds tried by `test`; `PARS_SIM_SEEDS` raises the count.
const SEEDS: u64 = 20;

fn count() -> u64 {
    std::env::var("PARS_SIM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS).max(SEEDS)
}

#[test]
fn no_key_reaches_who_left_or_was_not_there_and_every_lie_of_a_host_shows() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for (seed, report) in seeds::run(0..count(), threads, |seed| run(seed, Faults::ALL)) {
        println!("seed {seed}: {report:?}");
    }
}

#[test]
fn the_seeds_of_a_test_try_every_lie() {
    let tried: std::collections::BTreeSet<_> = (0..SEEDS * 2).map(Evil::of).collect();
    assert_eq!(tried.len(), Evil::ALL.len());
}

#[test]
fn a_calm_room_agrees() {
    let report = run(1, Faults::NONE);
    assert!(report.seated > 10 && report.presenters == 1, "{report:?}");
}

#[test]
fn the_same_seed_gives_the_same_session() {
    let (first, second) = (run(5, Faults::ALL), run(5, Faults::ALL));
    assert_eq!(first, second);
    assert_ne!(first.audit, run(9, Faults::ALL).audit);
}

/// People who join in one moment, some by name.
fn crowd(capacity: u16, people: usize, names: usize) -> World {
    let (evil, faults, kind) = (Evil::Honest, Faults::NONE, Kind::OpenForum);
    let mut world = World::new(Begin { seed: 3, evil, faults, kind, capacity, people, names }, Log::default());
    for somebody in 0..people {
        world.arrive(somebody, false);
    }
    world
}

#[test]
fn two_hundred_joins_at_once_take_25_seats_and_the_rest_hear_that_it_is_full() {
    let mut world = crowd(25, 200, 1);
    world.pass(3_000);
    let told = |refusal| {
        let refused = |event: &MemberEvent| matches!(event, MemberEvent::Refused(said) if *said == refusal);
        world.people.values().filter(|person| person.events.iter().any(refused)).count()
    };
    assert_eq!((world.seated(0).len(), told(JoinRefusal::Full)), (25, 175));
}

#[test]
fn twelve_who_were_offered_to_present_accept_at_once_and_five_do() {
    let mut world = crowd(60, 40, 12);
    world.pass(8_000);
    let seats: Vec<_> = world.people.values().take(12).filter_map(|person| person.member.seat()).collect();
    assert_eq!(seats.len(), 12);
    for seat in seats {
        world.person(PersonId(0), MemberIn::Order(Order::Promote(seat)));
    }
    world.pass(1_000);
    for who in (0..12).map(PersonId) {
        world.person(who, MemberIn::Accept(true));
    }
    world.pass(2_000);
    let presents =
        |view: pars_engine::room::View| view.seats.iter().filter(|seat| seat.role == Role::Presenter).count();
    assert_eq!(world.watch.presenters, MAX_PRESENTERS);
    for person in world.people.values() {
        assert_eq!(presents(person.member.view()), MAX_PRESENTERS);
    }
    let full =
        |event: &MemberEvent| matches!(event, MemberEvent::OrderRefused { reason: OrderRefusal::PresentersFull, .. });
    assert_eq!(world.people.values().filter(|person| person.events.iter().any(full)).count(), 12 - MAX_PRESENTERS);
}

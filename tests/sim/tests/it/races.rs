//! Limits that many race for at once (THREATS J6): seats, presenters, and the shared screens of a Committee. The rules of the
//! room's watch hold at each step; here is what must have become of it.

use pars_engine::room::{MAX_PRESENTERS, MemberEvent, MemberIn, OrderRefusal, View};
use pars_proto::room::{JoinRefusal, Order, Role};
use pars_sim::log::Log;
use pars_sim::room_session::PersonId;
use pars_sim::room_session::evil::Evil;
use pars_sim::room_session::world::{Begin, World};
use pars_sim::{Faults, seeds};
use pars_wire::Kind;

use crate::{SEEDS, threads};

/// Runs of each race where `PARS_DEEP` is set.
const DEEP: u64 = 100;
/// How long after its request somebody hears that there is no room for it, at most, in ms.
const FULL_MS: u64 = 1_000;
/// How many are offered to present.
const OFFERED: usize = 12;

/// A room and who comes.
#[derive(Clone, Copy)]
struct Race {
    kind: Kind,
    capacity: u16,
    /// So many sit before the race for the stage.
    early: usize,
    people: usize,
    /// The first so many have a name.
    names: usize,
}

/// Everybody joins an Open Forum at once.
const DOOR: Race = Race { kind: Kind::OpenForum, capacity: 25, early: 0, people: 200, names: 1 };
/// Who was offered to present accepts in the moment in which 200 others join.
const STAGE: Race = Race { kind: Kind::TownHall, capacity: 30, early: 20, people: 220, names: OFFERED };
/// The same with 40 others for the right to share a screen; in a Committee everybody has a name.
const SCREENS: Race = Race { kind: Kind::Committee, capacity: 25, early: 20, people: 60, names: 60 };

fn runs(race: impl Fn(u64) + Sync) {
    let count = if std::env::var_os("PARS_DEEP").is_some() { DEEP } else { SEEDS };
    seeds::run(0..count, threads(), race);
}

impl Race {
    fn begin(self, seed: u64) -> World {
        let Self { kind, capacity, people, names, .. } = self;
        let (evil, faults) = (Evil::Honest, Faults::NONE);
        World::new(Begin { seed, evil, faults, kind, capacity, people, names }, Log::default())
    }

    /// All seats are taken, and everybody else heard in time that there is none.
    fn is_full(self, world: &World) {
        let (seed, seats) = (world.seed, usize::from(self.capacity));
        let refused: Vec<_> = world.people.values().filter_map(|person| person.refused).collect();
        assert_eq!((world.seated(0).len(), refused.len()), (seats, self.people - seats), "seed {seed}");
        for (why, ms) in refused {
            assert!(why == JoinRefusal::Full && ms <= FULL_MS, "seed {seed}: {why:?} after {ms} ms");
        }
    }

    /// The leader offers twelve seats to present, and they accept while others join.
    fn for_the_stage(self, seed: u64) {
        let mut world = self.begin(seed);
        for somebody in 0..self.early {
            world.arrive(somebody, false);
        }
        world.pass(8_000);
        let seats: Vec<_> = world.people.values().take(OFFERED).filter_map(|person| person.member.seat()).collect();
        assert_eq!(seats.len(), OFFERED, "seed {seed}");
        for seat in seats {
            world.person(PersonId(0), MemberIn::Order(Order::Promote(seat)));
        }
        world.pass(1_000);
        for somebody in self.early..self.people {
            world.arrive(somebody, false);
        }
        for who in (0..OFFERED as u16).map(PersonId) {
            world.person(who, MemberIn::Accept(true));
        }
        world.pass(FULL_MS);
        let late = |event: &MemberEvent| {
            matches!(event, MemberEvent::OrderRefused { reason: OrderRefusal::PresentersFull, .. })
        };
        let refused = world.people.values().filter(|person| person.events.iter().any(late)).count();
        assert_eq!(refused, OFFERED - MAX_PRESENTERS, "seed {seed}: told that it is full");
        world.pass(6_000);
        assert_eq!((world.watch.presenters, world.watch.permitted()), (MAX_PRESENTERS, MAX_PRESENTERS), "seed {seed}");
        let presents = |view: View| view.seats.iter().filter(|seat| seat.role == Role::Presenter).count();
        for who in world.seated(0) {
            assert_eq!(presents(world.people[&who].member.view()), MAX_PRESENTERS, "seed {seed}: as {who} sees it");
        }
        self.is_full(&world);
    }
}

#[test]
fn two_hundred_joins_at_once_take_25_seats_and_the_rest_hear_within_a_second_that_it_is_full() {
    runs(|seed| {
        let mut world = DOOR.begin(seed);
        for somebody in 0..DOOR.people {
            world.arrive(somebody, false);
        }
        world.pass(3_000);
        DOOR.is_full(&world);
    });
}

#[test]
fn twelve_who_were_offered_to_present_accept_while_200_join_and_five_do() {
    runs(|seed| STAGE.for_the_stage(seed));
}

#[test]
fn of_twelve_who_would_share_a_screen_in_a_committee_while_40_join_five_do() {
    runs(|seed| SCREENS.for_the_stage(seed));
}

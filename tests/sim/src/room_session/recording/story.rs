//! What happens in a run: eight people, one of whom records.

use pars_engine::room::{MemberIn, RecordingIn};
use pars_proto::room::Claim;
use pars_proto::room::recording::Terms;
use pars_wire::Kind;
use pars_wire::machine::Tick;

use super::super::PersonId;
use super::super::cast::BEGIN;
use super::super::evil::Evil;
use super::super::world::{Begin, World};
use super::liar;
use crate::faults::Faults;
use crate::log::Log;

/// Who comes at the beginning, and who may come later.
const PEOPLE: usize = 6;
const NEWCOMERS: usize = 4;
/// The leader, and who records: the second to come.
pub(super) const LEADER: PersonId = PersonId(0);
pub(super) const RECORDS: PersonId = PersonId(1);
/// When nothing more is planned, and how long it then settles, in ms.
const CHURN_MS: u64 = 80_000;
const REST_MS: u64 = 60_000;
/// How long after it a withdrawal is on chain at the latest: a minute, the contract, and an index that was silent.
const HEARD_MS: u64 = 70_000;
/// Rounds of a recorder who lies, how long one is, and when everybody has answered in it.
const ROUNDS: u64 = 6;
const ROUND_MS: u64 = 11_000;
const ANSWERED_MS: u64 = 6_000;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// The second to come begins to record.
    Record,
    /// A recorder who lies asks everybody, in this round.
    Propose(u64),
    /// It shows a roster.
    Show(u64),
    /// The recorder's seat of somebody comes, or comes back.
    Seat(PersonId),
    /// Somebody takes its consent back, in the room.
    Withdraw,
    /// Somebody does, on chain only.
    WithdrawOnChain,
    /// The chain takes a consent back.
    Revert,
    /// The index of one, or of all, is silent.
    Silence(bool),
    /// The one who records is killed.
    KillRecorder,
    /// It stops.
    Stop,
}

/// A world in which everything of the run is planned, and nothing has happened.
pub(super) fn begin(seed: u64, faults: Faults, log: Log) -> World {
    let people = PEOPLE + NEWCOMERS;
    let begin =
        Begin { seed, evil: Evil::Honest, faults, kind: Kind::TownHall, capacity: people as u16 + 8, people, names: 2 };
    let mut world = World::new(begin, log);
    world.recordings.used = true;
    if seed % 3 == 2 {
        world.recordings.lies_to = Some(LEADER);
    }
    if faults != Faults::NONE && seed % 5 == 3 {
        world.recordings.lies.begin(seed);
    }
    plan(&mut world, faults);
    world
}

/// The whole run.
///
/// # Panics
/// A broken rule.
pub fn run(seed: u64, faults: Faults, log: Log) -> World {
    let mut world = begin(seed, faults, log);
    world.pass(CHURN_MS + REST_MS);
    let heard = Tick(CHURN_MS + REST_MS - HEARD_MS);
    let is_dead = |who: PersonId| world.people.get(&who).is_none_or(|person| person.dead);
    let unheard = world.recordings.unheard(heard, is_dead);
    let rule = unheard.map_or(Ok(()), |(who, span)| Err(format!("the contract never heard that {who} left {span}")));
    world.must(rule);
    world
}

/// What everybody is asked.
pub(super) fn terms() -> Terms {
    Terms { codec: [1; 32].into(), storage: [2; 32].into(), retention_seconds: 3_600, valid_until: BEGIN + 3_600 }
}

fn plan(world: &mut World, faults: Faults) {
    use super::super::story::Act as Room;
    for somebody in 0..PEOPLE {
        world.plan(somebody as u64 * 300, Room::Arrive(somebody));
    }
    if world.recordings.lies.are_told() {
        for round in 0..ROUNDS {
            let ms = 9_000 + round * ROUND_MS;
            world.plan(ms, Room::Recording(Act::Propose(round)));
            world.plan(ms + ANSWERED_MS, Room::Recording(Act::Show(round)));
            world.plan(ms + ANSWERED_MS + 4_000, Room::Recording(Act::Seat(RECORDS)));
        }
    } else {
        world.plan(9_000, Room::Recording(Act::Record));
    }
    if faults == Faults::NONE {
        return world.plan(60_000, Room::Recording(Act::Stop));
    }
    let mut chance = |act: Room, percent: u64, from: u64| {
        if world.below(100) < percent {
            let ms = from + world.below(CHURN_MS - from);
            world.plan(ms, act);
        }
    };
    for newcomer in 0..NEWCOMERS {
        chance(Room::Arrive(PEOPLE + newcomer), 60, 20_000);
    }
    for _ in 0..3 {
        chance(Room::Leave, 50, 25_000);
        chance(Room::Break, 50, 15_000);
        chance(Room::Recording(Act::Silence(false)), 40, 15_000);
    }
    chance(Room::Cut, 40, 20_000);
    chance(Room::KillSteward, 20, 25_000);
    chance(Room::Recording(Act::Withdraw), 40, 20_000);
    chance(Room::Recording(Act::WithdrawOnChain), 30, 25_000);
    chance(Room::Recording(Act::Revert), 40, 20_000);
    chance(Room::Recording(Act::Silence(true)), 20, 25_000);
    chance(Room::Recording(Act::KillRecorder), 15, 40_000);
    chance(Room::Recording(Act::Stop), 30, 50_000);
}

pub(in super::super) fn act(world: &mut World, act: Act) {
    let now = world.now();
    match act {
        Act::Record => {
            let dummies = world.dummies() as u16;
            world.person(RECORDS, MemberIn::Recording(RecordingIn::Start { terms: terms(), dummies }));
        }
        Act::Propose(round) => liar::propose(world, round),
        Act::Show(round) => liar::show(world, round),
        Act::Seat(member) => seat(world, member),
        Act::Withdraw => {
            let agreed: Vec<_> = world.recordings.agreed.iter().map(|(who, tag)| (*who, *tag)).collect();
            let place = world.below(agreed.len() as u64) as usize;
            if let Some((who, recording)) = agreed.get(place).copied() {
                world.person(who, MemberIn::Recording(RecordingIn::Answer { recording, yes: false }));
            }
        }
        Act::WithdrawOnChain => {
            if let Some(span) = world.recordings.standing(now) {
                world.recordings.withdraw_on_chain(now, span);
            }
        }
        Act::Revert => {
            if let Some(span) = world.recordings.standing(now) {
                world.recordings.revert(now, span);
            }
        }
        Act::Silence(all) => {
            let people: Vec<_> = world.people.keys().copied().collect();
            let one = people.get(world.below(people.len() as u64) as usize).copied();
            for who in people.into_iter().filter(|who| all || Some(*who) == one) {
                world.recordings.silence(who, now, 40_000);
            }
        }
        Act::KillRecorder => {
            let records = world.recordings.standing(now).is_some() && world.people.contains_key(&RECORDS);
            world.recordings.killed += usize::from(records);
            world.kill(RECORDS);
        }
        Act::Stop => world.person(RECORDS, MemberIn::Recording(RecordingIn::Stop)),
    }
}

/// The recorder's seat of a member, unless it is there.
fn seat(world: &mut World, member: PersonId) {
    let there = world.seated(0);
    let comes = there.contains(&member)
        && !world.recordings.recorders.iter().any(|(recorder, whose)| *whose == member && there.contains(recorder));
    let st = world.people.get(&member).and_then(|person| person.member.grant()).map(|grant| grant.st);
    if let Some(seat) = st.filter(|_| comes) {
        world.arrive_as(member, Claim::Recorder { seat });
    }
}

//! What happens in a run: 25 seats come, go, come again, are removed, lose their links; a steward dies; the host lies.

use std::collections::BTreeSet;

use pars_engine::room::{Forgery, MemberEvent, MemberIn, StopReason};
use pars_proto::room::{JoinRefusal, Order, SeatNo};
use pars_wire::Kind;

use super::evil::{Evil, FRIEND, VICTIM};
use super::world::{Begin, World};
use super::{PEOPLE, PersonId};
use crate::faults::Faults;
use crate::log::Log;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Somebody comes, perhaps for the second time.
    Arrive(usize),
    /// Somebody whose proof does not hold comes.
    Forger(usize),
    /// One of those here goes.
    Leave,
    /// The leader removes somebody.
    Kick,
    /// A page is loaded anew.
    Reload,
    /// A connection breaks.
    Break,
    /// Some are cut off.
    Cut,
    /// Who makes epochs is killed.
    KillSteward,
    /// The leader offers somebody with a name to present, who accepts.
    Promote,
    /// It accepts.
    Accept(PersonId),
    /// Something about a recording.
    Recording(super::recording::story::Act),
}

/// When nothing more is planned, in ms, and how long it then takes at most until a killed seat is gone and all have settled.
const CHURN_MS: u64 = 60_000;
const REST_MS: u64 = 60_000;
const CALM_MS: u64 = 8_000;
/// Who come to a small room, and when the last has long been seated and was told if nobody shares keys with it, in ms; the same
/// where the one that it is shown is never heard and goes every 16 s.
const FEW: usize = 8;
const FEW_MS: u64 = 75_000;
const FLICKER_MS: u64 = 130_000;
/// The leader comes first and stays.
const LEADER: PersonId = PersonId(0);

/// The whole run.
///
/// # Panics
/// A broken rule.
pub fn run(seed: u64, faults: Faults, log: Log) -> World {
    let evil = Evil::of(seed);
    let begin =
        Begin { seed, evil, faults, kind: Kind::TownHall, capacity: PEOPLE as u16 + 3, people: PEOPLE + 1, names: 3 };
    let mut world = World::new(begin, log);
    plan(&mut world);
    world.pass(CHURN_MS + REST_MS);
    // A ping that was lost four times would stop somebody at the last moment, rightly.
    world.faults = Faults::NONE;
    world.pass(CALM_MS);
    judge(&mut world);
    world
}

/// A small room that nobody leaves, whose host lies: all that happens is that [`FEW`] come.
///
/// # Panics
/// A broken rule.
pub fn lie(seed: u64, evil: Evil, faults: Faults, log: Log) -> World {
    let begin = Begin { seed, evil, faults, kind: Kind::TownHall, capacity: FEW as u16, people: FEW, names: 1 };
    let mut world = World::new(begin, log);
    world.plan(0, Act::Arrive(0));
    for somebody in 1..FEW {
        let ms = 500 + world.below(4_500);
        world.plan(ms, Act::Arrive(somebody));
    }
    world.pass(if evil == Evil::SwapsAndFlickers { FLICKER_MS } else { FEW_MS });
    world.faults = Faults::NONE;
    world.pass(CALM_MS);
    judge(&mut world);
    world
}

fn plan(world: &mut World) {
    world.plan(0, Act::Arrive(0));
    for somebody in 1..PEOPLE {
        let ms = 500 + world.below(14_500);
        world.plan(ms, Act::Arrive(somebody));
    }
    world.plan(16_000, Act::Forger(PEOPLE));
    world.plan(20_000, Act::Promote);
    let many = [(Act::Leave, 8), (Act::Kick, 2), (Act::Reload, 5), (Act::Break, 6)];
    for (act, times) in many {
        for _ in 0..times {
            let ms = 21_000 + world.below(30_000);
            world.plan(ms, act);
        }
    }
    for _ in 0..4 {
        let (ms, somebody) = (22_000 + world.below(30_000), 3 + world.below(PEOPLE as u64 - 3));
        world.plan(ms, Act::Arrive(somebody as usize));
    }
    let ms = 22_000 + world.below(20_000);
    world.plan(ms, Act::Cut);
    for _ in 0..3 {
        world.plan(35_000, Act::Leave);
    }
    if world.seed.is_multiple_of(2) && world.evil != Evil::AdmitsForgedWithSteward {
        let ms = 25_000 + world.below(25_000);
        world.plan(ms, Act::KillSteward);
    }
}

/// One of those who sit in a room, but not the leader, and not who forged its proof.
fn any(world: &mut World) -> Option<PersonId> {
    let honest = |who: &PersonId| world.people.get(who).is_some_and(|person| person.somebody < PEOPLE);
    let seated: Vec<_> = (0..world.sides.len()).flat_map(|side| world.seated(side)).collect();
    let seated: Vec<_> = seated.into_iter().filter(|who| *who != LEADER && honest(who)).collect();
    let place = world.below(seated.len() as u64) as usize;
    seated.get(place).copied()
}

fn seat(world: &World, who: PersonId) -> Option<SeatNo> {
    world.people.get(&who).and_then(|person| person.member.seat())
}

pub(super) fn act(world: &mut World, act: Act) {
    match act {
        Act::Arrive(somebody) => {
            world.arrive(somebody, false);
        }
        Act::Forger(somebody) => {
            world.arrive(somebody, true);
        }
        Act::Leave => {
            if let Some(who) = any(world) {
                world.person(who, MemberIn::Leave);
            }
        }
        Act::Kick => {
            let target = any(world).filter(|who| world.people.get(who).is_some_and(|person| person.side == 0));
            if let Some(seat) = target.and_then(|who| seat(world, who)) {
                world.person(LEADER, MemberIn::Order(Order::Kick(seat)));
            }
        }
        Act::Reload => {
            if let Some(who) = any(world) {
                world.person(who, MemberIn::NewConnection);
            }
        }
        Act::Break => {
            if let Some(who) = any(world) {
                world.break_link(who);
            }
        }
        Act::Cut => {
            let some: BTreeSet<_> = (0..5).filter_map(|_| any(world)).collect();
            let ms = 3_000 + world.below(9_000);
            world.partition(some, ms);
        }
        Act::KillSteward => {
            let steward = world.people.get(&LEADER).and_then(|person| person.member.view().steward);
            let who = steward.and_then(|seat| world.sides.first()?.seats.get(&seat).copied());
            if let Some(who) = who {
                world.kill(who);
            }
        }
        Act::Promote => {
            let named = world.people.iter().find(|(_, person)| person.somebody == 1 && person.side == 0);
            if let Some((who, Some(seat))) = named.map(|(who, person)| (*who, person.member.seat())) {
                world.person(LEADER, MemberIn::Order(Order::Promote(seat)));
                world.plan(3_000, Act::Accept(who));
            }
        }
        Act::Accept(who) => world.person(who, MemberIn::Accept(true)),
        Act::Recording(act) => super::recording::story::act(world, act),
    }
}

/// What must be so in the end.
fn judge(world: &mut World) {
    let rule = match world.evil {
        Evil::Honest => agreed(world, 0).and_then(|_| unharmed(world)),
        Evil::SwapsXWing | Evil::SwapsSignature | Evil::SwapsAndFlickers => {
            swapped(world).and_then(|()| shut_out(world))
        }
        Evil::SwapsAndBefriends => swapped(world).and_then(|()| befriended(world)),
        // Another was seated before the liar's friend, and so makes the epochs: it leaves the forged seat out.
        Evil::AdmitsForgedWithSteward if seat(world, LEADER) != Some(SeatNo(1)) => unverified(world),
        Evil::AdmitsForged => unverified(world),
        Evil::AdmitsForgedWithSteward => {
            let stopped =
                |event: &MemberEvent| matches!(event, MemberEvent::Stopped { reason: StopReason::Unverified, .. });
            noticed(world, stopped)
        }
        Evil::PosesAsSteward => {
            let told = |event: &MemberEvent| matches!(event, MemberEvent::Forged(Forgery::Record));
            noticed(world, told).and_then(|()| apart(world))
        }
        Evil::CutsPairs => cut(world),
        Evil::Splits => split(world),
    };
    world.must(rule);
}

/// All who sit are in one epoch, see one check code, and send.
fn agreed(world: &World, side: usize) -> Result<Option<String>, String> {
    let seated = world.seated(side);
    let mut code = None;
    for who in &seated {
        let member = &world.people[who].member;
        let view = member.view();
        if member.sending() != Some(view.epoch) {
            return Err(format!("{who} sends in {:?} and not in epoch {}", member.sending(), view.epoch));
        }
        if view.seats.iter().any(|seat| !seat.live || !seat.verified) || view.seats.len() != seated.len() {
            return Err(format!("{who} sees {} seats of {}: {:?}", view.seats.len(), seated.len(), view.seats));
        }
        match (&code, view.check_code) {
            (Some(code), seen) if seen.as_ref() != Some(code) => return Err(format!("{who} sees another check code")),
            (None, seen) => code = seen,
            _ => {}
        }
    }
    Ok(code)
}

/// Nobody was told of a forgery, and the forger was refused.
fn unharmed(world: &World) -> Result<(), String> {
    for (who, person) in &world.people {
        let harm = |event: &&MemberEvent| {
            matches!(event, MemberEvent::Forged(_) | MemberEvent::PairFailed(_) | MemberEvent::Unverified { .. })
                || matches!(event, MemberEvent::Unshared(_))
                || is_left_alone(event)
        };
        if let Some(event) = person.events.iter().find(harm) {
            return Err(format!("{who} was told {event:?} by an honest host"));
        }
        let refused = |event: &MemberEvent| matches!(event, MemberEvent::Refused(JoinRefusal::NotAuthentic));
        if person.somebody == PEOPLE && !person.events.iter().any(refused) {
            return Err(format!("the forger {who} was not refused: {:?}", person.events));
        }
    }
    if world.watch.used.len() < 5 { Err("hardly anybody sent anything".to_owned()) } else { Ok(()) }
}

fn unverified(world: &World) -> Result<(), String> {
    noticed(world, |event| matches!(event, MemberEvent::Unverified { .. }))
}

/// Somebody honest was told.
fn noticed(world: &World, told: impl Fn(&MemberEvent) -> bool) -> Result<(), String> {
    let count = world.people.values().filter(|person| person.events.iter().any(&told)).count();
    if count >= 3 { Ok(()) } else { Err(format!("only {count} noticed")) }
}

/// The others were told whose keys do not hold.
fn swapped(world: &World) -> Result<(), String> {
    noticed(world, |event| matches!(event, MemberEvent::Unverified { seat, .. } if *seat == VICTIM))
}

/// Somebody was told that nobody shares keys with it.
fn is_left_alone(event: &MemberEvent) -> bool {
    matches!(event, MemberEvent::Stopped { reason: StopReason::NoSharedKeys, .. })
}

/// Whoever took the seat whose keys were swapped has none of the others' keys, and none of them has its own: the others have left
/// it out. It is told so if it stayed, and no lie: as it sees them they all verify, and keys of theirs do not come.
fn shut_out(world: &World) -> Result<(), String> {
    let sat = |event: &MemberEvent| matches!(event, MemberEvent::Admitted { seat, .. } if *seat == VICTIM);
    let victims: Vec<_> = world.people.iter().filter(|(_, person)| person.events.iter().any(sat)).collect();
    if victims.is_empty() {
        return Err(format!("nobody sat in {VICTIM}"));
    }
    for (who, person) in victims {
        if !world.watch.is_alone(*who) {
            return Err(format!("{who}, whose keys were swapped, has keys in common with others"));
        }
        if world.seated(0).contains(who) && !person.events.iter().any(is_left_alone) {
            return Err(format!("{who}, whose keys were swapped, was not told that nobody shares keys with it"));
        }
        let misled = |event: &&MemberEvent| matches!(event, MemberEvent::Unverified { .. } | MemberEvent::Forged(_));
        if let Some(event) = person.events.iter().find(misled) {
            return Err(format!("{who}, whose own keys were swapped, was told {event:?} of another"));
        }
    }
    Ok(())
}

/// Whose keys were swapped shares keys with the host's friend and with nobody else, and was told of another that it shares none.
fn befriended(world: &World) -> Result<(), String> {
    let who = |sits: SeatNo| world.people.iter().find(|(_, person)| person.member.seat() == Some(sits));
    let (Some((victim, person)), Some((friend, _))) = (who(VICTIM), who(FRIEND)) else {
        return Err(format!("nobody sat in {VICTIM}, or in {FRIEND}"));
    };
    if !world.watch.share(*victim, *friend) {
        return Err(format!("the friend {friend} shares no keys with {victim}: nothing was tried"));
    }
    let shares = |other: &&PersonId| ![victim, friend].contains(other) && world.watch.share(*victim, **other);
    if let Some(other) = world.people.keys().find(shares) {
        return Err(format!("{victim}, whose keys were swapped, has keys in common with {other}"));
    }
    let told = |event: &MemberEvent| matches!(event, MemberEvent::Unshared(seat) if *seat != FRIEND);
    if !person.events.iter().any(told) {
        return Err(format!("{victim}, whose keys were swapped, was not told who shares no keys with it"));
    }
    told_by_code(world, *victim)?;
    let misled = |event: &&MemberEvent| matches!(event, MemberEvent::Unshared(FRIEND) | MemberEvent::Forged(_));
    person.events.iter().find(misled).map_or(Ok(()), |event| Err(format!("{victim} was told {event:?}")))
}

/// The check code is what tells whoever is kept apart from the others: there is one, and nobody else shows it who shares no keys
/// with that seat.
fn told_by_code(world: &World, victim: PersonId) -> Result<(), String> {
    let code = |who: &PersonId| world.people.get(who).and_then(|person| person.member.view().check_code);
    let Some(shown) = code(&victim) else { return Err(format!("{victim} shows no check code")) };
    let others = world.people.keys().filter(|who| **who != victim && !world.watch.share(victim, **who));
    match others.filter(|who| world.seated(0).contains(who)).find(|who| code(who).as_ref() == Some(&shown)) {
        Some(other) => Err(format!("{victim} and {other} share no keys and show one check code, {shown}")),
        None => Ok(()),
    }
}

/// Nobody took an epoch of another.
fn apart(world: &World) -> Result<(), String> {
    match world.people.keys().find(|who| !world.watch.is_alone(**who)) {
        Some(who) => Err(format!("{who} has keys of an epoch whose record its steward did not sign")),
        None => Ok(()),
    }
}

/// The seat whose channels were cut is in no epoch, and both ends know why.
fn cut(world: &World) -> Result<(), String> {
    let failed = |event: &MemberEvent| matches!(event, MemberEvent::PairFailed(_));
    if !world.people.values().any(|person| person.events.iter().any(failed)) {
        return Err("nobody noticed that channels were cut".to_owned());
    }
    let victim = world.people.iter().find(|(_, person)| person.member.seat() == Some(VICTIM));
    match victim {
        // As a steward that nobody hears it may be in epochs of its own.
        Some((who, _)) if !world.watch.is_alone(*who) => {
            Err(format!("keys went to {who} through a channel that was cut"))
        }
        _ => Ok(()),
    }
}

/// Each half agrees with itself, and its check code shows that there is another.
fn split(world: &World) -> Result<(), String> {
    let (first, second) = (agreed(world, 0)?, agreed(world, 1)?);
    if first.is_some() && second.is_some() && first != second {
        Ok(())
    } else {
        Err(format!("the halves cannot be told apart: {first:?} and {second:?}"))
    }
}

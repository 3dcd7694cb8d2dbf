//! Orders, bans, rejoins and the chain's word in a small room without faults; every rule of the room's watch holds meanwhile.

use chacha20::rand_core::Rng;
use pars_crypto::suite::Libcrux;
use pars_engine::room::{
    EndReason, HostIn, LinkId, Member, MemberConfig, MemberEvent, MemberIn, MemberOut, MemberQuestion, OrderRefusal,
    Phase, RoomState, StopReason, Unreachable,
};
use pars_identity::IdentityId;
use pars_proto::room::recording::ConsentKey;
use pars_proto::room::{
    ChatText, Content, HostEntry, HostSecrets, JoinRefusal, Order, Reach, Role, SeatNo, Statement, StatementRefusal,
};
use pars_sim::Faults;
use pars_sim::host::randomness;
use pars_sim::log::Log;
use pars_sim::room_session::PersonId;
use pars_sim::room_session::cast::{BEGIN, sitting};
use pars_sim::room_session::evil::Evil;
use pars_sim::room_session::world::{Begin, World};
use pars_wire::Kind;
use pars_wire::codec::Wire;
use pars_wire::machine::{Cx, Machine, Now};

/// The kind of packet that carries frames.
const DATA: u8 = 5;
/// Kinds of frames: a seat, a seat that is gone, an epoch record, a signed message, an answer to a ping, and that all was told.
const SEAT: u8 = 1;
const GONE: u8 = 2;
const RECORD: u8 = 4;
const MESSAGE: u8 = 7;
const PONG: u8 = 9;
const SYNCED: u8 = 10;

const LEADER: PersonId = PersonId(0);
const NAMED: PersonId = PersonId(1);
const NAMELESS: PersonId = PersonId(2);

/// Six people, the first two by name; all sit.
fn room() -> World {
    let (evil, faults, kind) = (Evil::Honest, Faults::NONE, Kind::TownHall);
    let mut world = World::new(Begin { seed: 2, evil, faults, kind, capacity: 8, people: 6, names: 2 }, Log::default());
    for somebody in 0..6 {
        world.arrive(somebody, false);
        world.pass(1_500);
    }
    world.pass(3_000);
    assert_eq!(world.seated(0).len(), 6);
    world
}

fn seat(world: &World, who: PersonId) -> SeatNo {
    world.people[&who].member.seat().unwrap()
}

fn order(world: &mut World, by: PersonId, order: Order) {
    world.person(by, MemberIn::Order(order));
    world.pass(1_000);
}

fn told(world: &World, who: PersonId, event: impl Fn(&MemberEvent) -> bool) -> bool {
    world.people[&who].events.iter().any(event)
}

#[test]
fn a_kicked_member_is_out_and_may_return_while_a_banned_one_may_not() {
    let mut world = room();
    let (kicked, banned) = (seat(&world, NAMELESS), seat(&world, PersonId(3)));
    order(&mut world, LEADER, Order::Kick(kicked));
    order(&mut world, LEADER, Order::Ban(banned));
    assert!(told(&world, NAMELESS, |event| matches!(event, MemberEvent::Ended(EndReason::Kicked))));
    assert!(told(&world, PersonId(3), |event| matches!(event, MemberEvent::Ended(EndReason::Banned))));
    let (returns, refused) = (world.arrive(2, false), world.arrive(3, false));
    world.pass(4_000);
    assert_eq!(world.people[&returns].member.phase(), Phase::Admitted);
    assert!(told(&world, refused, |event| matches!(event, MemberEvent::Refused(JoinRefusal::Banned))));
}

/// THREATS M3: the order is the leader's, and every member obeys it without the host.
#[test]
fn nobody_sends_to_who_was_kicked_or_banned_though_the_host_tells_nobody_that_it_is_gone() {
    let mut world = room();
    world.tamper = Some(Box::new(|mut bytes| {
        // A frame that says nothing new keeps the number of the one withheld.
        if let [5, _, _, _, _, _, _, _, _, kind @ GONE, ..] = bytes.as_mut_slice() {
            *kind = SYNCED;
            bytes.truncate(10);
        }
        bytes
    }));
    let out = [(NAMELESS, Order::Kick as fn(SeatNo) -> Order), (PersonId(3), Order::Ban)];
    let seats = out.map(|(who, by)| {
        let seat = seat(&world, who);
        order(&mut world, LEADER, by(seat));
        seat
    });
    // Whoever would send to them after 5 s is stopped by the watch.
    world.pass(10_000);
    assert!(told(&world, NAMELESS, |event| matches!(event, MemberEvent::Ended(EndReason::Kicked))));
    assert!(told(&world, PersonId(3), |event| matches!(event, MemberEvent::Ended(EndReason::Banned))));
    for who in [LEADER, NAMED, PersonId(4), PersonId(5)] {
        let (_, with) = world.watch.sends_in(who).expect("it sends on");
        assert!(!seats.iter().any(|seat| with.contains(seat)), "{who} sends to {with:?}");
    }
}

/// TOWNHALL 3: whoever beats and makes no epoch that is owed is passed over. Nobody gets those of the leader here.
#[test]
fn a_room_rotates_though_its_steward_only_beats() {
    let mut world = room();
    let steward = seat(&world, LEADER);
    world.tamper = Some(Box::new(move |mut bytes| {
        // Behind the packet's head: kind1 ‖ RS68 ‖ n4 ‖ steward2.
        let is_record = (bytes.first(), bytes.get(9)) == (Some(&DATA), Some(&RECORD));
        if is_record && bytes.get(82..84) == Some(&steward.0.to_be_bytes()[..]) {
            bytes.truncate(9);
            // An answer to no ping.
            bytes.extend_from_slice(&[PONG, 0, 0, 0, 0]);
        }
        bytes
    }));
    let (before, kicked) = (world.people[&NAMED].member.view().epoch, seat(&world, NAMELESS));
    order(&mut world, LEADER, Order::Kick(kicked));
    world.pass(6_500);
    let others = [NAMED, PersonId(3), PersonId(4), PersonId(5)];
    for who in others {
        let (_, with) = world.watch.sends_in(who).expect("it sends on");
        assert!(!with.contains(&kicked), "{who} sends to {with:?}");
    }
    let late = world.arrive(2, false);
    world.pass(15_000);
    let came = seat(&world, late);
    for who in others.into_iter().chain([late]) {
        let (_, with) = world.watch.sends_in(who).expect("it sends on");
        assert!(with.contains(&came), "{who} sends to {with:?}");
    }
    let made = world.people[&NAMED].member.view().epoch - before;
    assert!((2..=8).contains(&made), "{made} epochs for two changes");
}

/// The statement of somebody's new seat.
fn stated(world: &World, somebody: usize) -> Statement {
    let mut rng = randomness(2, "somebody again", somebody as u64);
    let host = HostSecrets::generate(&Libcrux, &mut rng);
    let reach = Reach::Direct("127.0.0.1:4433".parse().unwrap());
    let host = HostEntry { x_pk: host.x_pk(), s_vk: host.s_vk(), session: IdentityId([3; 32]), reach };
    let (sitting, consent) = (sitting(Kind::TownHall), Some(ConsentKey::generate(&mut rng)));
    let config = MemberConfig { suite: &Libcrux, sitting, host, consent, recordings: None, clock: BEGIN };
    let (now, mut out) = (Now::default(), Vec::new());
    let mut member = Member::new(&mut Cx { now, rng: &mut rng, out: &mut out }, config);
    let claim = world.everybody[somebody].claim(Kind::TownHall);
    member.handle(&mut Cx { now, rng: &mut rng, out: &mut out }, MemberIn::Prepare(claim));
    let body = out.into_iter().find_map(|output| match output {
        MemberOut::Question { question: MemberQuestion::Prove(body), .. } => Some(*body),
        _ => None,
    });
    let body = body.unwrap();
    let support = world.everybody[somebody].support(&body, &mut rng);
    Statement::new(body, support).unwrap()
}

/// TOWNHALL 3: a ban is among what each member verifies of a seat.
#[test]
fn a_banned_member_whom_the_host_seats_again_is_verified_by_nobody_who_saw_the_ban() {
    let mut world = room();
    let (banned, kicked) = (seat(&world, PersonId(3)), seat(&world, NAMELESS));
    order(&mut world, LEADER, Order::Ban(banned));
    order(&mut world, LEADER, Order::Kick(kicked));
    // Told in place of a beat of the steward, who is the leader.
    for (number, somebody) in [(77_u16, 3), (78, 2)] {
        let told = [&[SEAT][..], &number.to_be_bytes(), &stated(&world, somebody).encode()].concat();
        world.tamper = Some(Box::new(move |mut bytes| {
            if let [5, _, _, _, _, _, _, _, _, MESSAGE, ..] = bytes.as_slice() {
                bytes.truncate(9);
                bytes.extend_from_slice(&told);
            }
            bytes
        }));
        world.pass(2_500);
        world.tamper = None;
        world.pass(2_000);
    }
    for who in [NAMED, PersonId(4), PersonId(5)] {
        let refused = |event: &MemberEvent| {
            matches!(event, MemberEvent::Unverified { seat: SeatNo(77), refusal: StatementRefusal::Banned })
        };
        assert!(told(&world, who, refused), "{who}");
        let seats = world.people[&who].member.view().seats;
        assert!(seats.iter().any(|seat| seat.seat == SeatNo(78) && seat.verified), "{who}: the kicked may come again");
        assert!(world.people[&who].member.sending().is_some());
    }
}

#[test]
fn only_who_leads_gives_orders_and_the_door_stays_locked() {
    let mut world = room();
    let target = seat(&world, NAMELESS);
    order(&mut world, NAMED, Order::Kick(target));
    let refused =
        |event: &MemberEvent| matches!(event, MemberEvent::OrderRefused { reason: OrderRefusal::NotLeading, .. });
    assert!(told(&world, NAMED, refused));
    assert_eq!(world.people[&NAMELESS].member.phase(), Phase::Admitted);
    let kicked = seat(&world, PersonId(5));
    order(&mut world, LEADER, Order::Kick(kicked));
    order(&mut world, LEADER, Order::Lock);
    let late = world.arrive(5, false);
    world.pass(2_000);
    assert!(told(&world, late, |event| matches!(event, MemberEvent::Refused(JoinRefusal::Locked))));
}

#[test]
fn a_nameless_seat_cannot_present_and_a_named_one_presents_only_when_it_accepts() {
    let mut world = room();
    let (named, nameless) = (seat(&world, NAMED), seat(&world, NAMELESS));
    order(&mut world, LEADER, Order::Promote(nameless));
    let refused =
        |event: &MemberEvent| matches!(event, MemberEvent::OrderRefused { reason: OrderRefusal::Anonymous, .. });
    assert!(told(&world, LEADER, refused));
    order(&mut world, LEADER, Order::Promote(named));
    let role = |world: &World| {
        let view = world.people[&NAMELESS].member.view();
        view.seats.iter().find(|seat| seat.seat == named).unwrap().role
    };
    assert!(told(&world, NAMED, |event| matches!(event, MemberEvent::Offered)));
    assert_eq!(role(&world), Role::Member);
    world.person(NAMED, MemberIn::Accept(true));
    world.pass(1_000);
    assert_eq!(role(&world), Role::Presenter);
    let late = world.arrive(2, false);
    world.pass(4_000);
    let view = world.people[&late].member.view();
    assert_eq!(view.seats.iter().find(|seat| seat.seat == named).unwrap().role, Role::Presenter, "a newcomer knows");
    order(&mut world, LEADER, Order::Demote(named));
    assert_eq!(
        world.people[&late].member.view().seats.iter().find(|seat| seat.seat == named).unwrap().role,
        Role::Member
    );
}

#[test]
fn a_newer_join_of_the_same_member_takes_the_seat() {
    let mut world = room();
    let again = world.arrive(2, false);
    world.pass(4_000);
    assert!(told(&world, NAMELESS, |event| matches!(event, MemberEvent::Ended(EndReason::Replaced))));
    assert_eq!((world.people[&again].member.phase(), world.seated(0).len()), (Phase::Admitted, 6));
}

#[test]
fn who_loses_access_on_chain_is_out_at_the_next_check() {
    let mut world = room();
    world.recheck = Ok(vec![seat(&world, NAMED)]);
    world.host(0, HostIn::ChainChanged);
    world.pass(1_000);
    assert!(told(&world, NAMED, |event| matches!(event, MemberEvent::Ended(EndReason::LostEligibility))));
    assert_eq!(world.seated(0).len(), 5);
}

#[test]
fn named_seats_go_when_the_chain_is_silent_for_too_long_and_nameless_ones_stay() {
    let mut world = room();
    world.recheck = Err(Unreachable);
    world.pass(115_000);
    assert_eq!(world.seated(0).len(), 6, "grace");
    world.pass(90_000);
    assert!(told(&world, NAMED, |event| matches!(event, MemberEvent::Ended(EndReason::ChainUnreachable))));
    assert_eq!(world.seated(0).len(), 4);
}

#[test]
fn a_message_is_shown_once_and_only_from_who_signed_it() {
    let mut world = room();
    let sender = seat(&world, NAMELESS);
    let person = world.people.get_mut(&NAMELESS).unwrap();
    let bytes = person.member.sign(Content::Chat(ChatText::new("hello").unwrap())).unwrap();
    let reader = &mut world.people.get_mut(&LEADER).unwrap().member;
    assert!(reader.open(Some(SeatNo(99)), &bytes).is_err(), "another name at the SFU");
    assert_eq!(reader.open(Some(sender), &bytes).unwrap().seat, sender);
    assert!(reader.open(Some(sender), &bytes).is_err(), "a replay");
    let mut forged = bytes;
    forged.reverse();
    assert!(reader.open(Some(sender), &forged).is_err());
}

#[test]
fn nobody_sends_when_the_host_falls_silent_and_all_is_over_at_the_end() {
    let mut world = room();
    let everybody = world.seated(0).into_iter().collect();
    world.faults.partition = true;
    world.partition(everybody, 12_000);
    world.pass(5_100);
    assert!(world.people.values().all(|person| person.member.sending().is_none()));
    let silent = |event: &MemberEvent| matches!(event, MemberEvent::Stopped { reason: StopReason::HostSilent, .. });
    assert!(told(&world, NAMELESS, silent));
    world.pass(15_000);
    assert!(world.people.values().all(|person| person.member.sending().is_some()), "and goes on");
    world.host(0, HostIn::SittingOver);
    world.pass(1_000);
    assert_eq!(world.sides[0].host.state(), RoomState::Closed);
    assert!(world.people.values().all(|person| person.member.keys().is_empty()), "keys are wiped");
}

#[test]
fn a_stranger_takes_over_no_seat() {
    let mut world = room();
    let seat = seat(&world, NAMELESS).0.to_be_bytes();
    let attach = [&[3][..], &seat, &[0; 32]].concat();
    world.host(0, HostIn::Recv { from: LinkId(9_999), bytes: attach });
    world.pass(3_000);
    assert_eq!(world.seated(0).len(), 6);
    assert!(world.people.values().all(|person| person.member.sending().is_some()));
}

#[test]
fn no_bytes_of_a_stranger_harm_a_room_and_none_of_a_host_stop_a_machine() {
    let seed = 11;
    println!("seed {seed}");
    let mut world = room();
    let mut rng = randomness(seed, "noise", 0);
    for number in 0..4_000_u64 {
        let length = (rng.next_u64() % 400) as usize;
        let mut bytes = vec![0; length];
        rng.fill_bytes(&mut bytes);
        // Mostly packets of a known kind, and frames of a known kind inside.
        let heads = [(0, rng.next_u64() % 7), (9, rng.next_u64() % 13)];
        for (at, kind) in heads.into_iter().filter(|_| number % 4 != 0) {
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = kind as u8);
        }
        world.host(0, HostIn::Recv { from: LinkId(10_000), bytes: bytes.clone() });
        // One after the other in order, as the host itself would number them.
        if let Some(number) = bytes.get_mut(1..5) {
            number.copy_from_slice(&(100 + world.below(60) as u32).to_be_bytes());
        }
        world.person(PersonId(5), MemberIn::Recv(bytes));
    }
    world.pass(3_000);
    let others = world.people.iter().filter(|(who, _)| **who != PersonId(5));
    assert!(others.into_iter().all(|(_, person)| person.member.phase() == Phase::Admitted));
}

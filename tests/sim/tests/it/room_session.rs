//! A room's session from many seeds.

use pars_crypto::suite::Libcrux;
use pars_engine::room::{EpochKeys, MemberEvent, StopReason};
use pars_proto::room::{
    EpochHash, EpochRecord, EpochSecret, Roster, RosterEntry, SeatNo, SeatSecrets, SignedRecord, StatementHash,
};
use pars_sim::host::randomness;
use pars_sim::log::Log;
use pars_sim::room_session::cast::sitting;
use pars_sim::room_session::evil::Evil;
use pars_sim::room_session::story::lie;
use pars_sim::room_session::watch::{AFTER_LEAVE_MS, Watch};
use pars_sim::room_session::world::{Begin, World};
use pars_sim::room_session::{PersonId, run};
use pars_sim::{Faults, seeds};
use pars_wire::Kind;
use pars_wire::codec::Wire;
use pars_wire::machine::Tick;

use crate::{SEEDS, count, threads};

/// Rooms with a lie about keys where `PARS_DEEP` is set (THREATS J2).
const DEEP: u64 = 1_000;

#[test]
fn no_key_reaches_who_left_or_was_not_there_and_every_lie_of_a_host_shows() {
    let runs = seeds::run(0..count(), threads(), |seed| run(seed, Faults::ALL));
    for (seed, report) in &runs {
        println!("seed {seed}: {report:?}");
    }
    let kills: usize = runs.iter().map(|(_, report)| report.kills).sum();
    assert!(kills * 20 >= runs.len() * 8, "only {kills} stewards were killed in {} runs", runs.len());
}

#[test]
fn swapped_keys_and_a_false_steward_show_in_every_room_and_give_nobody_a_key() {
    const LIES: [Evil; 5] =
        [Evil::SwapsXWing, Evil::SwapsSignature, Evil::PosesAsSteward, Evil::SwapsAndFlickers, Evil::SwapsAndBefriends];
    seeds::run(0..lies(), threads(), |seed| {
        let world = lie(seed, LIES[seed as usize % LIES.len()], Faults::ALL, Log::default());
        assert_eq!(world.kills, 0, "seed {seed}: only the lie harms anybody");
    });
}

/// How many rooms with a lie about keys.
fn lies() -> u64 {
    if std::env::var_os("PARS_DEEP").is_some() { DEEP } else { SEEDS }
}

/// Six come, and the host changes every wrapped secret that it carries.
#[test]
fn whose_wrapped_keys_a_host_changes_hears_nobody_and_is_told_so() {
    seeds::run(0..lies(), threads(), |seed| {
        let (evil, faults, kind) = (Evil::Honest, Faults::ALL, Kind::TownHall);
        let begin = Begin { seed, evil, faults, kind, capacity: 6, people: 6, names: 1 };
        let mut world = World::new(begin, Log::default());
        world.tamper = Some(Box::new(|mut bytes| {
            // 5 ‖ number4 ‖ acknowledged4 ‖ 5 ‖ seat2 ‖ rh32 ‖ wrap48
            if let [5, _, _, _, _, _, _, _, _, 5, .., last] = bytes.as_mut_slice() {
                *last ^= 1;
            }
            bytes
        }));
        for somebody in 0..6 {
            world.arrive(somebody, false);
            world.pass(1_000);
        }
        // Not long enough to be told only because no keys came.
        world.pass(24_000);
        let seated = world.seated(0);
        assert_eq!(seated.len(), 6, "seed {seed}");
        // The first steward has its own keys, and nobody tells it that its wraps did not open.
        let first = seated.iter().copied().min_by_key(|who| world.people[who].member.seat());
        for who in seated {
            assert!(world.watch.is_alone(who), "seed {seed}: {who} shares keys");
            let is_told =
                |event: &MemberEvent| matches!(event, MemberEvent::Stopped { reason: StopReason::NoSharedKeys, .. });
            let told = world.people[&who].events.iter().any(is_told);
            assert!(told || Some(who) == first, "seed {seed}: {who} was not told");
        }
    });
}

#[test]
fn the_seeds_of_a_test_try_every_lie() {
    let tried: std::collections::BTreeSet<_> = (0..SEEDS).map(Evil::of).collect();
    assert_eq!(tried.len(), Evil::ALL.len());
}

#[test]
fn a_seat_that_left_in_an_epoch_of_today_and_a_secret_for_another_are_seen() {
    let (who, gone, now) = (PersonId(0), SeatNo(2), Tick(10_000));
    let (hash, seats) = (EpochHash([1; 32]), vec![SeatNo(1), gone]);
    let keys = EpochKeys { epoch: 1, index: 1, hash, seats, keys: Vec::new(), own: None };
    let sends = |side: usize, after: u64| {
        let mut watch = Watch::default();
        watch.admitted(who, side, Tick(0));
        [SeatNo(1), gone].into_iter().for_each(|seat| watch.verified(who, seat));
        watch.keys(who, &keys, true, now).unwrap();
        watch.gone_seat(0, gone, now);
        watch.sent(who, now.after(after))
    };
    assert_eq!(sends(0, AFTER_LEAVE_MS), Ok(()));
    assert!(sends(0, AFTER_LEAVE_MS + 1).unwrap_err().contains("with seat 2"));
    assert_eq!(sends(1, AFTER_LEAVE_MS + 1), Ok(()), "another room's seat of that number");

    let mut watch = Watch::default();
    let signed = {
        let secrets = SeatSecrets::generate(&Libcrux, &mut randomness(1, "record", 0));
        let entry =
            |seat: u16| RosterEntry { seat: SeatNo(seat), st: StatementHash([seat as u8; 32]), recorder: false };
        let roster = Roster::new(vec![entry(1), entry(2)]).unwrap();
        let secret = EpochSecret::generate(&mut randomness(1, "epoch", 0));
        let record = EpochRecord::after(None, sitting(Kind::TownHall).scope, SeatNo(1), &roster, &secret);
        SignedRecord::sign(record, secrets.s())
    };
    let packet = |frame: &[&[u8]]| [&[5; 9][..], &frame.concat()].concat();
    let wrap = |to: u8| packet(&[&[5, 0, to], &signed.record().hash().0, &[0; 48]]);
    assert!(watch.left(who, &wrap(1)).is_err(), "of a record that nobody knows");
    watch.left(who, &packet(&[&[4], &signed.encode(), &[0, 2, 0, 1, 0, 2]])).unwrap();
    watch.verified(who, SeatNo(1));
    assert_eq!(watch.left(who, &wrap(1)), Ok(()));
    assert!(watch.left(who, &wrap(2)).unwrap_err().contains("not verified"));
    watch.verified(PersonId(1), gone);
    assert!(watch.left(who, &wrap(2)).is_err(), "what another verified is another's");
    watch.verified(who, gone);
    assert_eq!(watch.left(who, &wrap(2)), Ok(()));
    assert!(watch.left(who, &wrap(3)).unwrap_err().contains("for seat 3"));
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

//! A room's session from many seeds.

use pars_crypto::suite::Libcrux;
use pars_engine::room::EpochKeys;
use pars_proto::room::{
    EpochHash, EpochRecord, EpochSecret, Roster, RosterEntry, SeatNo, SeatSecrets, SignedRecord, StatementHash,
};
use pars_sim::host::randomness;
use pars_sim::room_session::cast::sitting;
use pars_sim::room_session::evil::Evil;
use pars_sim::room_session::watch::{AFTER_LEAVE_MS, Watch};
use pars_sim::room_session::{PersonId, run};
use pars_sim::{Faults, seeds};
use pars_wire::Kind;
use pars_wire::codec::Wire;
use pars_wire::machine::Tick;

use crate::{SEEDS, count, threads};

#[test]
fn no_key_reaches_who_left_or_was_not_there_and_every_lie_of_a_host_shows() {
    for (seed, report) in seeds::run(0..count(), threads(), |seed| run(seed, Faults::ALL)) {
        println!("seed {seed}: {report:?}");
    }
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
    assert_eq!((watch.left(who, &wrap(1)), watch.left(who, &wrap(2))), (Ok(()), Ok(())));
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

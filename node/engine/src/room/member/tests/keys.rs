//! What the page is told when two epochs have one number (THREATS M4), and of keys that somebody between has changed (THREATS J2).

use pars_proto::room::WRAP;

use super::*;
use crate::room::io::Forgery;

impl World {
    /// An epoch of the first number, whoever else has made one.
    fn first(&mut self, by: u16, seats: &[u16]) -> EpochHash {
        self.tip = None;
        self.makes(by, seats);
        self.tip.unwrap().1
    }

    /// How often the page was told of an epoch, and how often with keys to send under.
    fn told_of(&self, epoch: EpochHash) -> (usize, usize) {
        let told = self.events.iter().filter_map(|event| match event {
            MemberEvent::Keys(keys) if keys.hash == epoch => Some(keys.own.is_some()),
            _ => None,
        });
        (told.clone().count(), told.filter(|own| *own).count())
    }

    /// From now on the host has shown the fellows other keys of ours: no channel stands, and none is answered.
    fn swap(&mut self) {
        (self.member.pairs, self.swapped) = (Pairs::default(), true);
    }

    /// Why the page was told to stop, in order.
    fn stops(&self) -> Vec<StopReason> {
        let reason = |event: &MemberEvent| match event {
            MemberEvent::Stopped { reason, .. } => Some(*reason),
            _ => None,
        };
        self.events.iter().filter_map(reason).collect()
    }

    /// Seats that the page was told share no keys with us, in order; and those of which the roster shows it.
    fn unshared(&self) -> (Vec<u16>, Vec<u16>) {
        let named = |event: &MemberEvent| match event {
            MemberEvent::Unshared(seat) => Some(seat.0),
            _ => None,
        };
        let shown = self.member.view().seats.into_iter().filter(|seat| seat.unshared).map(|seat| seat.seat.0);
        (self.events.iter().filter_map(named).collect(), shown.collect())
    }

    /// The host says of 11 and 13, by now under other numbers, that they have gone, and lets them come again a second later.
    fn flicker(&mut self, turn: u16) {
        for number in [1, 3] {
            self.gone(10 * turn + number);
        }
        self.pass(1_000);
        for number in [1, 3] {
            let statement = self.fellows[&(10 + number)].statement.clone();
            self.hears(&Frame::Seat(SeatNo(10 * (turn + 1) + number), Box::new(statement)));
        }
    }

    /// A wrap of the first seat's newest epoch that is not its secret.
    fn bad_wrap(&mut self, from: u16) {
        let rh = self.tip.unwrap().1;
        self.hears(&Frame::Wrap(SeatNo(from), rh, [7; WRAP]));
    }
}

/// Frames name a number: keys of another epoch would take the place of those that all send under.
#[test]
fn nobody_makes_a_page_forget_the_keys_of_an_epoch_by_another_of_its_number() {
    let mut world = World::new(&[1, 3]);
    let counts = world.first(1, &[1, 2, 3]);
    let other = world.first(3, &[1, 2, 3]);
    assert!(world.member.chain.get(&other).unwrap().secret.is_some(), "it is known");
    assert!(world.told_of(counts).0 > 0 && world.told_of(other).0 == 0);
    assert_eq!(world.member.keys().iter().map(|keys| keys.hash).collect::<Vec<_>>(), [counts]);
    assert_eq!(world.member.sending(), Some(1));
}

#[test]
fn what_was_sent_in_is_not_gone_back_to_over_the_same_connection() {
    let mut world = World::new(&[1, 3]);
    // Of no concern here: who makes the next epoch.
    world.member.roster.seats.get_mut(&SeatNo(OWN)).unwrap().declined = true;
    world.input(MemberIn::NewConnection);
    let before = world.first(3, &[2, 3]);
    let after = world.first(1, &[1, 2, 3]);
    assert_eq!((world.told_of(before).1, world.told_of(after).1), (1, 1), "that of the lower seat counts");
    // It goes, so that the other one counts again.
    world.beats = false;
    world.gone(1);
    assert_eq!(world.member.chain.tip().unwrap().0, before);
    world.pass(5_200);
    assert_eq!((world.told_of(before).1, world.member.sending()), (1, None), "its keys have sealed, and then others");
    world.input(MemberIn::NewConnection);
    assert_eq!((world.told_of(before).1, world.member.sending()), (2, Some(1)), "these have not");
    world.tip = Some((1, before));
    world.makes(3, &[2, 3]);
    assert_eq!(world.member.sending(), Some(2));
}

/// To itself everybody looks right, and the epochs of the others go on without it.
#[test]
fn who_is_left_out_of_every_epoch_is_told_so_after_a_while_and_once() {
    let mut world = World::new(&[1, 3]);
    world.swap();
    world.epoch(1, &[1, 3], false);
    world.pass(38_000);
    assert!(world.stops().is_empty(), "it may take a while");
    world.pass(4_000);
    assert_eq!((world.stops(), world.unshared()), (vec![StopReason::NoSharedKeys], (vec![1], vec![1])));
    world.pass(60_000);
    assert_eq!(world.unshared(), (vec![1, 3], vec![1, 3]), "who is not heard counts once it would have been let go");
    assert_eq!((world.stops().len(), world.member.sending()), (1, None), "said once");
    world.gone(1);
    world.gone(3);
    world.beats = false;
    world.pass(10_000);
    assert!(world.member.sending().is_some(), "alone it makes its own, and nothing is wrong any more");
}

/// Who makes the epochs sees all in them, and nobody has them.
#[test]
fn a_steward_whom_nobody_answers_is_told_that_nobody_has_its_keys() {
    let mut world = World::new(&[3, 4]);
    world.beats = false;
    world.swap();
    world.pass(68_000);
    assert!(world.stops().is_empty() && world.member.sending().is_some());
    world.pass(4_000);
    assert_eq!((world.stops(), world.member.sending()), (vec![StopReason::NoSharedKeys], None));
    world.gone(3);
    world.gone(4);
    world.pass(1_000);
    assert!(world.member.sending().is_some(), "who is alone shares with nobody, and that is as it should be");
}

#[test]
fn who_comes_is_told_nothing_of_shared_keys_while_it_waits_for_its_first_epoch_or_for_a_fellow_that_is_lost() {
    let mut joiner = World::new(&[1, 3]);
    joiner.pass(8_000);
    joiner.makes(1, &[1, 2, 3]);
    joiner.pass(60_000);
    // Who comes to it while it is alone, and is lost before any channel stands; it comes again, and somebody else before it is let go.
    let mut first = World::new(&[]);
    first.beats = false;
    first.swapped = true;
    for (number, who) in [(3, 3), (4, 3), (5, 5)] {
        first.seat(number, nameless(who));
        first.pass(35_000);
        if number == 4 {
            first.seat(6, nameless(6));
        }
        first.gone(number);
    }
    for world in [joiner, first] {
        assert!(!world.stops().contains(&StopReason::NoSharedKeys), "{:?}", world.stops());
        assert_eq!(world.unshared(), (vec![], vec![]));
        assert!(world.member.sending().is_some());
    }
}

/// An honest host seats a statement once: who comes with the same one was never gone.
#[test]
fn a_host_that_lets_all_go_and_come_again_hides_nothing() {
    let mut world = World::new(&[]);
    world.beats = false;
    world.swapped = true;
    world.seat(11, nameless(1));
    world.seat(13, nameless(3));
    for turn in 1..=3 {
        world.pass(20_000);
        assert!(world.stops().is_empty() && world.member.sending().is_some(), "turn {turn}");
        world.flicker(turn);
    }
    world.pass(20_000);
    assert_eq!((world.stops(), world.member.sending()), (vec![StopReason::NoSharedKeys], None));
    assert_eq!(world.unshared(), (vec![41, 43], vec![41, 43]));
    world.flicker(4);
    assert_eq!(
        (world.unshared(), world.member.sending()),
        ((vec![41, 43], vec![51, 53]), None),
        "at once, and named once"
    );
}

/// The host seats somebody of its own beside us, who shares keys with us.
#[test]
fn the_company_of_a_friend_of_the_host_does_not_hide_who_shares_no_keys() {
    let mut world = World::new(&[1, 3]);
    world.friend = Some(3);
    world.swap();
    world.pass(200);
    world.makes(3, &[1, 2, 3]);
    world.pass(38_000);
    assert_eq!(world.unshared(), (vec![], vec![]));
    world.pass(4_000);
    assert_eq!(world.unshared(), (vec![1], vec![1]));
    assert_eq!((world.stops(), world.member.sending()), (vec![], Some(1)), "with the friend it may speak");
    world.gone(3);
    world.pass(20_000);
    assert_eq!(
        (world.stops().last(), world.member.sending()),
        (Some(&StopReason::NoSharedKeys), None),
        "and is left alone"
    );
}

/// Any seat may refuse a channel.
#[test]
fn a_fellow_that_refuses_the_channel_is_shown_and_closes_nobody_and_nothing_stays_of_it() {
    let mut world = World::new(&[1, 3]);
    world.friend = Some(1);
    world.swap();
    world.pass(200);
    world.makes(1, &[1, 2, 3]);
    world.pass(68_000);
    assert_eq!(world.unshared(), (vec![], vec![]));
    world.pass(4_000);
    assert_eq!(world.unshared(), (vec![3], vec![3]));
    world.pass(60_000);
    assert_eq!((world.stops(), world.member.sending()), (vec![], Some(1)));
    world.swapped = false;
    for envelope in std::mem::take(&mut world.withheld) {
        world.envelope(envelope);
    }
    world.pass(100);
    assert_eq!(world.unshared(), (vec![3], vec![]), "it came round");
}

#[test]
fn a_wrap_that_is_not_the_secret_of_its_record_is_told_at_once_if_its_steward_sent_it() {
    let mut world = World::new(&[1, 3]);
    world.epoch(1, &[1, 2, 3], false);
    world.bad_wrap(3);
    let forged =
        |world: &World| world.events.iter().filter(|event| matches!(event, MemberEvent::Forged(Forgery::Wrap))).count();
    assert_eq!((forged(&world), world.stops()), (1, vec![]), "anybody else may send what it likes");
    world.bad_wrap(1);
    assert_eq!((forged(&world), world.stops()), (2, vec![StopReason::NoSharedKeys]));
    world.makes(1, &[1, 2, 3]);
    assert_eq!(world.member.sending(), Some(2), "with the right one it goes on");
    world.bad_wrap(1);
    assert_eq!(world.member.sending(), Some(2), "what is here already is not lost by another");
}

/// Any seat may sign a record of the next number: whoever is wronged by one goes on in the epoch that it shares with the others.
#[test]
fn a_false_wrap_of_a_seat_that_pushes_itself_forward_closes_nobody() {
    let mut world = World::new(&[1, 3]);
    world.makes(1, &[1, 2, 3]);
    assert_eq!(world.member.sending(), Some(1));
    for turn in 0..50 {
        world.epoch(3, &[1, 2, 3], false);
        world.bad_wrap(3);
        assert!(world.member.sending().is_some(), "turn {turn}");
        world.makes(1, &[1, 2, 3]);
        world.pass(1_000);
    }
    assert_eq!(world.stops(), []);
}

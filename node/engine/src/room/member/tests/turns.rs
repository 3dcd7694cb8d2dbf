//! Who makes the epochs, when whose turn it is makes none, or none that does (TOWNHALL section 3, THREATS M3).

use super::*;

impl World {
    fn steward(&self) -> Option<SeatNo> {
        self.member.view().steward
    }

    fn last(&self) -> &[u16] {
        self.made.last().map(|made| made.seats.as_slice()).unwrap_or_default()
    }
}

#[test]
fn whoever_beats_and_leaves_a_kicked_seat_in_the_epoch_is_passed_over_after_five_seconds() {
    let mut world = World::new(&[1, 3, 4]);
    world.makes(1, &[1, 2, 3, 4]);
    world.pass(7_000);
    assert!(world.made.is_empty() && world.steward() == Some(SeatNo(1)), "nothing is owed");
    world.gone(3);
    world.pass(4_900);
    assert!(world.made.is_empty(), "it has its time");
    world.pass(200);
    assert_eq!((world.last(), world.steward()), (&[1, 2, 4][..], Some(SeatNo(OWN))));
    // It goes on beating, and the room goes on rotating.
    world.pass(10_000);
    assert_eq!(world.made.len(), 1);
    world.gone(4);
    world.pass(1_000);
    assert_eq!((world.last(), world.steward()), (&[1, 2][..], Some(SeatNo(OWN))));
}

#[test]
fn whoever_tells_nobody_the_secret_is_passed_over_however_many_epochs_it_makes() {
    let mut world = World::new(&[1, 3]);
    world.makes(1, &[1, 2, 3]);
    for second in 0..5 {
        assert!(world.made.is_empty(), "second {second}");
        world.epoch(1, &[1, 2, 3], false);
        world.pass(1_000);
    }
    world.pass(200);
    assert_eq!(world.made.len(), 1);
    assert!(world.member.sending().is_some());
}

/// Else the first to come could keep a room from ever beginning.
#[test]
fn without_a_first_epoch_the_next_steward_makes_it_after_ten_seconds() {
    let mut world = World::new(&[1, 3]);
    world.pass(9_900);
    assert!(world.made.is_empty());
    world.pass(400);
    assert_eq!(world.last(), [1, 2, 3]);
}

#[test]
fn whoever_leaves_a_newcomer_out_is_passed_over_and_two_who_differ_make_few_epochs() {
    let mut world = World::new(&[1, 3, 4]);
    world.makes(1, &[1, 2, 3]);
    // After each of our epochs it makes one without the newcomer again.
    world.answers = Some(vec![1, 2, 3]);
    world.pass(9_900);
    assert!(world.made.is_empty(), "it may see the chain later than we do");
    world.pass(400);
    assert_eq!(world.last(), [1, 2, 3, 4]);
    world.pass(60_000);
    let made = world.made.len();
    assert!((10..=25).contains(&made), "{made} in a minute");
    // One that leaves nothing to be wished: it takes its turns again.
    world.answers = None;
    world.makes(1, &[1, 2, 3, 4]);
    assert_eq!(world.steward(), Some(SeatNo(1)));
    world.pass(20_000);
    assert_eq!((world.made.len(), world.steward()), (made, Some(SeatNo(1))));
}

/// Each seat has its own time: in a large room somebody always has just gone.
#[test]
fn nobody_is_passed_over_who_makes_each_epoch_in_time() {
    let mut world = World::new(&[1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    world.makes(1, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    world.gone(3);
    for next in 4..=12 {
        world.pass(900);
        world.gone(next);
        let rest: Vec<_> = [1, 2].into_iter().chain(next..=12).collect();
        world.makes(1, &rest);
    }
    assert!(world.made.is_empty() && world.steward() == Some(SeatNo(1)));
}

/// A seat that does not verify signs epochs of higher numbers: none of them counts, not for a moment either.
#[test]
fn our_own_epoch_counts_at_once_whatever_an_unverified_seat_has_signed() {
    let mut world = World::new(&[1, 3]);
    world.verdicts.insert(5, Some(StatementRefusal::Proof));
    world.seat(5, nameless(5));
    world.makes(1, &[1, 2, 3]);
    let tip = world.tip;
    for _ in 0..3 {
        world.makes(5, &[1, 2, 3, 5]);
    }
    (world.tip, world.beats) = (tip, false);
    world.pass(6_000);
    let [made] = world.made.as_slice() else { panic!("{} epochs", world.made.len()) };
    assert_eq!((made.seats.as_slice(), made.counts), (&[1, 2, 3][..], Some(SeatNo(OWN))));
}

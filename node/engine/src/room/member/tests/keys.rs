//! What the page is told when two epochs have one number (THREATS M4).

use super::*;

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

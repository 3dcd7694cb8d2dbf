//! What a yes is for: who asked, on which terms, until that is over. And what one seat can do to the epochs of all.

use pars_proto::room::recording::Dummies;
use pars_proto::room::{EpochHash, EpochRecord, Roster, RosterEntry, SignedRecord, StatementHash};

use super::*;
use crate::room::io::Forgery;
use crate::room::packet::Frame;

/// What the third seat asks, by its own machine or another's.
const RANDOM: [u8; 32] = [7; 32];

impl Room {
    fn propose(&mut self, who: usize, terms: Terms) {
        let dummies = Dummies::generate(&mut self.rng, 2).unwrap();
        self.lie(who, Notice::Propose { random: RANDOM, terms, dummies });
        self.pass(500);
    }

    /// Which of the recording was asked of somebody's user so far: by whom, and on which terms.
    fn asked_of(&self, who: usize, tag: RecordingTag) -> Vec<(SeatNo, u64)> {
        let asked = self.events(who).filter_map(|event| match event {
            RecordingEvent::Asked { recording, by, terms } if *recording == tag => Some((*by, terms.retention_seconds)),
            _ => None,
        });
        asked.collect()
    }

    fn forged(&self, who: usize, what: Forgery) -> bool {
        self.told[who].iter().any(|event| matches!(event, MemberEvent::Forged(forgery) if *forgery == what))
    }

    /// A record of the third seat, with a roster of whoever it says.
    fn record(&self, n: u32, previous: EpochHash, seats: &[SeatNo]) -> SignedRecord {
        let liar = &self.members[2];
        let entry = |seat: &SeatNo| RosterEntry { seat: *seat, st: StatementHash([1; 32]), recorder: false };
        let roster = liar.roster.of(seats).unwrap_or_else(|| Roster::new(seats.iter().map(entry).collect()).unwrap());
        let (scope, steward) = (sitting().scope, liar.seat().unwrap());
        let roster_root = roster.root(&scope);
        let record = EpochRecord { scope, n, steward, roster_root, secret_hash: [2; 32], previous };
        SignedRecord::sign(record, liar.secrets.s())
    }
}

/// THREATS K1, K6: a yes to one never counts for another, nor for other terms, nor when it is over.
#[test]
fn a_yes_is_for_who_asked_on_its_terms_until_it_stops() {
    let mut room = Room::new();
    room.pass(3_000);
    room.propose(2, terms());
    let tag = RecordingTag::of(&sitting().scope, &RANDOM);
    for who in [0, M] {
        room.tell(who, RecordingIn::Answer { recording: tag, yes: true });
    }
    room.pass(500);
    let agreed = |room: &Room, by: u16| room.members[M].recordings.proposals.get(&SeatNo(by)).map(|it| it.agreed.len());
    assert_eq!(agreed(&room, 3), Some(3), "all three, who asked among them");
    // The first takes the name of the third's recording; the third asks for more under it.
    room.propose(0, terms());
    let taken = room.members[M].recordings.proposals.contains_key(&SeatNo(1));
    assert!(!taken && room.forged(M, Forgery::Recording), "nobody takes another's name");
    room.propose(2, Terms { retention_seconds: 1_000, ..terms() });
    assert_eq!(room.members[M].recordings.proposals[&SeatNo(3)].terms, terms(), "nor asks for more under the old one");
    assert_eq!(room.asked_of(0, tag), [(SeatNo(3), 60)]);
    room.lie(2, Notice::Stop { recording: tag });
    room.pass(500);
    room.propose(2, terms());
    assert_eq!(agreed(&room, 3), Some(0), "it was over, and nobody agreed again");
    assert_eq!(room.asked_of(0, tag).len(), 1);
}

/// THREATS K3: who records cannot take the question away, so that no answer takes the consent back any more.
#[test]
fn who_asks_for_another_recording_ends_the_one_before() {
    let (mut room, span) = Room::recorded();
    room.propose(M, terms());
    for who in [0, 2] {
        assert!(room.members[who].recordings.signed[&span].ended);
    }
    room.pass(2_000);
    assert!(room.nobody_recorded() && room.sends() == [true; 3]);
}

/// A number that nothing can follow on, behind a record that nobody can check: neither host nor members let it count.
#[test]
fn one_seat_does_not_end_the_counting_of_epochs() {
    let mut room = Room::new();
    let far = room.record(u32::MAX - 1, EpochHash([9; 32]), &[SeatNo(1), SeatNo(60_000)]);
    let last = room.record(u32::MAX, far.record().hash(), &[SeatNo(1), SeatNo(2), SeatNo(3)]);
    let lies = [(far, vec![SeatNo(1), SeatNo(60_000)]), (last, vec![SeatNo(1), SeatNo(2), SeatNo(3)])];
    let before = room.host.records().count();
    for (record, seats) in &lies {
        let (now, mut out) = (room.now, Vec::new());
        let frame = Frame::Record(Box::new(*record), seats.clone());
        room.members[2].tell(&mut Cx { now, rng: &mut room.rng, out: &mut out }, &frame);
        room.pass(500);
    }
    assert!(before > 0 && room.host.records().count() == before, "an honest host does not carry them");
    for (record, seats) in lies {
        for who in [0, M] {
            let (now, mut out) = (room.now, Vec::new());
            room.members[who].record(&mut Cx { now, rng: &mut room.rng, out: &mut out }, record, seats.clone());
            out.into_iter().for_each(|output| room.member_out(who, output));
        }
    }
    assert!(room.forged(0, Forgery::Record) && room.forged(M, Forgery::Record));
    room.enter(None);
    room.pass(10_000);
    assert!(room.members.iter().all(|member| member.view().epoch < 100 && member.sending().is_some()));
}

/// THREATS K2: who asks first decides, for longer than a link may be silent, before the room knows of it.
#[test]
fn who_asks_first_has_no_seat_while_it_is_recorded_and_nobody_hears_of_it_until_it_goes_in() {
    let (mut room, _) = Room::recorded();
    let shown = |room: &Room| room.live().map(|member| member.view().seats.len()).collect::<Vec<_>>();
    let (newcomer, taken, before) = (room.members.len(), room.host.taken(), shown(&room));
    room.come(None, true);
    room.pass(40_000);
    assert!(room.told[newcomer].iter().any(|event| matches!(event, MemberEvent::Recorded)));
    assert_eq!((room.members[newcomer].phase, room.members[newcomer].seat()), (Phase::Proving, None));
    assert_eq!((room.host.taken(), shown(&room)), (taken, before));
    assert!(room.is_recorded() && room.sends() == [true; 3], "the room goes on");
    room.queue.push_back(To::Member(newcomer, MemberIn::GoIn));
    room.settle();
    room.pass(5_000);
    assert_eq!((room.host.taken(), room.live().count()), (taken + 1, 4));
    assert!(room.nobody_recorded(), "it has not agreed");
}

#[test]
fn who_asks_first_sits_at_once_where_nobody_records() {
    let mut room = Room::new();
    room.come(None, true);
    room.pass(1_000);
    assert_eq!(room.live().count(), 4);
}

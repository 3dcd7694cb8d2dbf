//! A recording that cannot go on: it ends by name, and nothing waits for what will not come.

use pars_crypto::secret::SharedSecret;
use pars_proto::room::recording::Dummies;
use pars_proto::room::{JoinRefusal, Order};

use super::*;
use crate::room::io::{Pause, RecordingFailure};

impl Room {
    /// As if one who leads had ordered it.
    fn lock(&mut self) {
        let mut out = Vec::new();
        self.host.execute(&mut Cx { now: self.now, rng: &mut self.rng, out: &mut out }, Order::Lock);
    }

    fn refusal(&self, who: usize) -> Option<JoinRefusal> {
        self.told[who].iter().find_map(|event| match event {
            MemberEvent::Refused(refusal) => Some(*refusal),
            _ => None,
        })
    }
}

#[test]
fn files_that_cannot_be_written_end_the_recording_and_nothing_waits_for_them() {
    let (mut room, span) = Room::recorded();
    let failed = || RecordingIn::Failed { span, why: RecordingFailure::NotKept };
    room.tell(M, failed());
    let told: Vec<_> = room.events(M).cloned().collect();
    let why = RecordingEvent::Paused(Pause::Failed(RecordingFailure::NotKept));
    assert!(
        told.contains(&why) && told.ends_with(&[RecordingEvent::Seal(span)]),
        "what there is is finished: {told:?}"
    );
    assert_eq!(room.members[M].recordings().own, None);
    room.pass(2_000);
    assert!(room.nobody_recorded() && room.sends() == [true; 3]);
    assert!(room.members[M].owes_chain(), "its anchor");
    room.tell(M, failed());
    assert_eq!(room.events(M).last(), Some(&RecordingEvent::NotSealed(span)));
    assert!(!room.members[M].owes_chain());
    room.pass(60_000);
    assert!(room.submitted.len() == 1 && room.nobody_recorded(), "nobody is asked again");
    // What is finished is not taken back by a failure that comes late.
    let (mut room, span) = Room::recorded();
    room.tell(M, RecordingIn::Stop);
    room.tell(M, RecordingIn::Sealed { span, cid: vec![1; 36], wraps: B256::ZERO });
    room.tell(M, RecordingIn::Failed { span, why: RecordingFailure::NotKept });
    let anchored = RecordingEvent::State { span: Some(span), state: SpanState::Anchored };
    assert!(room.events(M).any(|event| *event == anchored));
    assert!(room.events(M).all(|event| *event != RecordingEvent::NotSealed(span)));
}

#[test]
fn a_locked_room_lets_its_members_recorder_in_and_nobody_else() {
    let (mut room, _) = Room::new().consented();
    room.lock();
    room.enter(None);
    assert_eq!(room.refusal(3), Some(JoinRefusal::Locked));
    room.enter(Some(M));
    room.pass(4_000);
    assert_eq!(room.refusal(4), None);
    assert!(room.is_recorded() && room.sends() == [true; 3]);
}

#[test]
fn a_full_room_refuses_the_recorder_by_name() {
    let (mut room, _) = Room::of(3).consented();
    room.enter(Some(M));
    assert_eq!(room.refusal(3), Some(JoinRefusal::Full));
    assert!(room.nobody_recorded());
}

#[test]
fn who_said_no_and_left_is_not_counted() {
    let mut room = Room::new();
    room.pass(3_000);
    let asked = room.members[0].recordings().proposed[0].recording;
    for who in [0, 2] {
        room.tell(who, RecordingIn::Answer { recording: asked, yes: false });
    }
    room.pass(1_000);
    assert_eq!(room.members[M].recordings().refused, 2);
    room.queue.push_back(To::Member(2, MemberIn::Leave));
    room.pass(500);
    assert_eq!(room.members[M].recordings().refused, 1);
    room.pass(10_000);
    assert_eq!(room.members[M].recordings().refused, 1, "the other says no again when it is asked again");
}

/// The same members again, after one who came and agreed to nothing: their span is another, and nobody is asked again.
#[test]
fn a_roster_that_recurs_is_recorded_again() {
    let (mut room, first) = Room::recorded();
    room.enter(None);
    room.pass(5_000);
    assert!(room.nobody_recorded());
    room.queue.push_back(To::Member(4, MemberIn::Leave));
    room.pass(5_000);
    let [_, second] = room.submitted[..] else { panic!("two spans: {:?}", room.submitted) };
    assert_ne!(first, second);
    room.authority(second, FINAL);
    room.pass(3_000);
    assert!(room.is_recorded() && room.sends() == [true; 3]);
    let asked = room.events(0).filter(|event| matches!(event, RecordingEvent::Asked { .. }));
    assert_eq!(asked.count(), 1);
}

/// Whoever sees consents on their way to the contract can spoil a span for ever, and not the recording.
#[test]
fn what_the_contract_does_not_take_twice_is_signed_as_another_span() {
    let mut room = Room::new();
    room.pass(3_000);
    room.takes = false;
    room.agree();
    room.pass(40_000);
    let spoilt = room.submitted[0];
    assert_eq!(room.submitted[..2], [spoilt; 2]);
    room.takes = true;
    room.pass(10_000);
    let [_, _, other] = room.submitted[..] else { panic!("another span: {:?}", room.submitted) };
    assert_ne!(spoilt, other);
    assert!(room.events(M).any(|event| *event == RecordingEvent::Paused(Pause::NotTaken)));
    room.authority(other, FINAL);
    assert!(room.is_active());
}

#[test]
fn who_cannot_keep_its_key_is_told_so_of_the_recording_that_asked() {
    let mut room = Room::new();
    room.pass(3_000);
    room.keeps = false;
    room.agree();
    let said = RecordingEvent::Unsigned { by: SeatNo(2), refusal: ConsentRefusal::KeyNotKept };
    assert!(room.events(0).any(|event| *event == said) && room.submitted.is_empty());
}

/// Who has no secret of the epoch of now can neither say that it stops nor hear it.
#[test]
fn a_stop_is_said_again_for_those_who_did_not_hear_it() {
    for lost in [M, 2] {
        let (mut room, _) = Room::recorded();
        let knows = |room: &Room| room.members[2].recordings().proposed.is_empty();
        room.members[lost].chain.wipe();
        room.tell(M, RecordingIn::Stop);
        room.pass(5_000);
        assert!(!knows(&room), "{lost}");
        room.enter(None);
        room.pass(15_000);
        assert!(knows(&room), "{lost}");
    }
}

#[test]
fn a_clock_that_was_wrong_ends_no_span() {
    let (mut room, _) = Room::recorded();
    // Until the epoch before it is over, which no recorder opens.
    room.pass(15_000);
    for (ahead, sends) in [(4_000, false), (0, true)] {
        let seconds = BEGIN + room.now.tick.0 / 1_000 + ahead;
        room.queue.push_back(To::Member(2, MemberIn::Clock(seconds)));
        room.pass(3_000);
        assert!(room.is_recorded());
        assert_eq!(room.sends(), [true, true, sends]);
    }
}

/// One who withdraws from what is not, and proposes without end, keeps the others from recording only while it is there.
#[test]
fn a_vandal_is_forgotten_when_it_is_gone() {
    let mut room = Room::new();
    room.enter(None);
    room.pass(3_000);
    for byte in 0..200 {
        let span = RecordingId(B256::with_last_byte(byte));
        room.members[0].withdrew(None, SeatNo(4), span);
        let dummies = Dummies::new(SharedSecret::from_bytes([1; 32]), 0).unwrap();
        room.lie(3, Notice::Propose { random: [byte; 32], terms: terms(), dummies });
        room.pass(100);
    }
    let by_vandal = |event: &&RecordingEvent| matches!(event, RecordingEvent::Asked { by: SeatNo(4), .. });
    assert_eq!(room.events(0).filter(by_vandal).count(), MAX_EACH);
    room.queue.push_back(To::Member(3, MemberIn::Leave));
    room.pass(5_000);
    room.agree();
    room.pass(5_000);
    assert_eq!(room.submitted.len(), 1, "the first is recorded all the same");
}

//! Recorders' seats at the host, and what a seat's user is shown.

use pars_proto::room::{Role, StatementHash};

use super::*;

impl Room {
    fn recorders(&self) -> usize {
        self.host.seats().filter(|seat| seat.role == Role::Recorder).count()
    }

    fn statement(&self, who: usize) -> StatementHash {
        self.members[who].place.as_ref().expect("a seat").st
    }
}

#[test]
fn a_member_has_one_recorders_seat_and_it_goes_with_its_own() {
    let (mut room, _) = Room::recorded();
    let (member, recorder) = (room.statement(M), room.statement(3));
    assert_eq!(room.host.seat_key(member), Some(room.members[M].secrets.s_vk()));
    assert_eq!(room.host.seat_key(recorder), None, "nobody records for a recorder");
    for who in 0..3 {
        assert_eq!(room.members[who].seat_key(member), room.host.seat_key(member));
        assert_eq!(room.members[who].seat_key(recorder), None);
    }
    // A second later, for what was issued no later is the older one.
    room.pass(1_000);
    room.enter(Some(M));
    room.pass(2_000);
    assert_eq!((room.recorders(), room.members[3].phase), (1, Phase::Gone), "the newer takes the older's place");
    room.queue.push_back(To::Member(M, MemberIn::Leave));
    room.pass(1_000);
    assert_eq!((room.recorders(), room.members[4].phase), (0, Phase::Gone));
    assert_eq!((room.host.seat_key(member), room.members[0].seat_key(member)), (None, None));
}

#[test]
fn a_user_is_shown_what_stands_now_and_nothing_that_is_over() {
    let mut room = Room::new();
    room.pass(3_000);
    let shown = |room: &Room, who: usize| {
        let view = room.members[who].recordings();
        let one = view.proposed.first().map(|it| (it.by, it.answer, it.signed));
        (view.recorder.is_some(), one, view.own.is_some())
    };
    assert_eq!(shown(&room, 0), (false, Some((SeatNo(2), RecordingAnswer::Asked, false)), false));
    assert_eq!(shown(&room, M), (false, Some((SeatNo(2), RecordingAnswer::Agreed, false)), true));
    let (mut room, span) = Room::recorded();
    assert_eq!(shown(&room, 0), (true, Some((SeatNo(2), RecordingAnswer::Agreed, true)), false));
    let seats = (room.members[3].seat().expect("a recorder's seat"), SeatNo(2));
    assert_eq!(room.members[0].recordings().recorder, Some(seats));
    // Everybody but the recorder; keys that hide how many they are do not count.
    let agreed = |room: &Room| [0, 1, 2].map(|who| room.members[who].recordings().participants);
    assert_eq!(agreed(&room), [Some(3); 3]);
    let signed = room.members[2].recordings.signed.remove(&span).expect("it signed");
    assert_eq!(agreed(&room), [Some(3), Some(3), None], "who did not sign knows of no consent");
    room.members[2].recordings.signed.insert(span, signed);
    let tag = room.members[0].recordings.signed[&span].recording.tag;
    room.tell(0, RecordingIn::Answer { recording: tag, yes: false });
    room.pass(2_000);
    assert_eq!(shown(&room, 0), (false, Some((SeatNo(2), RecordingAnswer::Refused, false)), false));
    assert_eq!(agreed(&room), [None; 3]);
    room.tell(M, RecordingIn::Stop);
    room.pass(1_000);
    for who in 0..3 {
        assert_eq!(shown(&room, who), (false, None, false));
    }
}

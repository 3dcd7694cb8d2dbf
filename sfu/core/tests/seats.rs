//! Who sits where: replaced, removed, resumed, demoted, expired (TH-J1, J4, M9).

mod world;

use std::collections::BTreeMap;

use livekit_protocol as lk;
use lk::{DisconnectReason, leave_request::Action, request_response::Reason, signal_response::Message};
use pars_sfu_core::{
    ConnectionId, Dropped, Input, Join, PeerEvent, Refusal, Source,
    admin::{AdminError, AdminReply, AdminRequest},
    limits::{CLOCK_TOLERANCE_S, CONNECT_WINDOW_MS, RESUME_WINDOW_MS},
};
use world::{Client, ROOM, START, World, grant, head, join_of, left, offer, rights};

use Source::{Camera, Microphone};

fn remove(identity: &str) -> AdminRequest {
    let request = lk::RoomParticipantIdentity { room: ROOM.into(), identity: identity.into(), ..Default::default() };
    AdminRequest::RemoveParticipant(request)
}

fn permit(identity: &str, publish: &[Source]) -> AdminRequest {
    let permission = Some(rights(publish).permission());
    AdminRequest::UpdateParticipant(lk::UpdateParticipantRequest {
        room: ROOM.into(),
        identity: identity.into(),
        permission,
        ..Default::default()
    })
}

fn resume(client: &Client, identity: &str) -> Join {
    Join { resume: Some(client.sid.as_str().into()), ..join_of(grant(identity, rights(&[]))) }
}

#[test]
fn a_second_join_of_an_identity_replaces_the_first() {
    let mut world = World::new(1, 0);
    let first = world.join("seat", rights(&[Microphone]));
    let other = world.join("other", rights(&[]));
    world.publish(&first, Microphone, 7);
    let second = world.join("seat", rights(&[Microphone]));
    assert_ne!(first.sid, second.sid);
    assert_eq!(left(world.messages_to(&first)), Some(DisconnectReason::DuplicateIdentity));
    assert!(world.closed.contains(&first.connection));
    assert_eq!(world.forward(&first, &head(7, 111)), Err(Dropped::Stream));
    world.pass(100);
    let gone = world.messages_to(&other).iter().any(|message| match message {
        Message::Update(update) => update
            .participants
            .iter()
            .any(|info| info.sid == first.sid && info.state == lk::participant_info::State::Disconnected as i32),
        _ => false,
    });
    assert!(gone && world.live_peers() == 4);
}

/// Whom a client knows, by identity and sid, after what it was told: as LiveKit's clients go about it.
fn known(messages: &[Message]) -> BTreeMap<String, String> {
    let mut known = BTreeMap::new();
    for message in messages {
        let told = match message {
            Message::Join(join) => &join.other_participants,
            Message::Update(update) => &update.participants,
            _ => continue,
        };
        for info in told {
            if info.state == lk::participant_info::State::Disconnected as i32 {
                known.remove(&info.identity);
            } else {
                known.insert(info.identity.clone(), info.sid.clone());
            }
        }
    }
    known
}

#[test]
fn who_takes_its_own_seat_again_is_still_there_for_the_others() {
    let mut world = World::new(14, 0);
    let other = world.join("other", rights(&[]));
    world.join("seat", rights(&[]));
    world.pass(100);
    let again = world.join("seat", rights(&[]));
    world.pass(100);
    assert_eq!(known(world.messages_to(&other)).get("seat"), Some(&again.sid));
    assert_eq!(known(world.messages_to(&again)).get("seat"), Some(&again.sid), "and for itself");
}

#[test]
fn who_resumes_hears_of_those_that_left_and_not_of_older_seats_of_those_that_are_there() {
    let mut world = World::new(15, 0);
    world.join("reader", rights(&[]));
    let reader = world.join("reader", rights(&[]));
    let gone = world.join("gone", rights(&[]));
    world.join("seat", rights(&[]));
    world.pass(100);
    let before = known(world.messages_to(&reader));
    assert!(before.contains_key("gone") && before.contains_key("seat"));
    world.input(Input::Closed { connection: reader.connection });
    world.ask(&gone, lk::signal_request::Message::Leave(lk::LeaveRequest::default()));
    let again = world.join("seat", rights(&[]));
    world.pass(1_000);
    let back = world.try_join(resume(&reader, "reader"));
    let messages = world.messages_to(&back).to_vec();
    assert!(matches!(messages.first(), Some(Message::Reconnect(_))), "{messages:?}");
    let after = known(&[world.messages_to(&reader), &messages].concat());
    assert_eq!((after.get("seat"), after.get("gone")), (Some(&again.sid), None));
    assert!(after.get("reader").is_none_or(|sid| *sid == reader.sid), "its own older seat is no news");
    // Nobody who is there is removed on the way: that would end its tracks.
    let ended = messages.iter().any(|message| match message {
        Message::Update(update) => update
            .participants
            .iter()
            .any(|info| info.state == lk::participant_info::State::Disconnected as i32 && info.identity != "gone"),
        _ => false,
    });
    assert!(!ended);
}

#[test]
fn whoever_is_removed_is_out_at_once_and_its_tokens_with_it() {
    let mut world = World::new(2, 0);
    let kicked = world.join("kicked", rights(&[Microphone]));
    world.publish(&kicked, Microphone, 7);
    assert_eq!(world.admin(remove("kicked")), Ok(AdminReply::Done));
    assert_eq!(left(world.messages_to(&kicked)), Some(DisconnectReason::ParticipantRemoved));
    assert_eq!(world.forward(&kicked, &head(7, 111)), Err(Dropped::Stream));
    let old = grant("kicked", rights(&[Microphone]));
    assert_eq!(world.sfu.admits(&old), Err(Refusal::Revoked));
    let again = world.try_join(join_of(old.clone()));
    assert_eq!((left(world.messages_to(&again)), again.sid.as_str()), (Some(DisconnectReason::ParticipantRemoved), ""));
    world.pass(3_600_000);
    assert_eq!(world.sfu.admits(&old), Err(Refusal::Revoked), "while the token lives");
    let made = |later: u64| pars_sfu_core::Grant { issued: START / 1_000 + later, ..old.clone() };
    for ahead in [1, CLOCK_TOLERANCE_S - 1, CLOCK_TOLERANCE_S] {
        assert_eq!(world.sfu.admits(&made(ahead)), Err(Refusal::Revoked), "made before, by a clock {ahead} s ahead");
    }
    assert_eq!(world.sfu.admits(&made(CLOCK_TOLERANCE_S + 1)), Ok(()), "the host may let it in anew");
}

#[test]
fn somebody_who_is_not_there_is_kept_out_too() {
    let mut world = World::new(3, 0);
    assert_eq!(world.admin(remove("late")), Err(AdminError::NoParticipant));
    assert_eq!(world.sfu.admits(&grant("late", rights(&[]))), Err(Refusal::Revoked));
}

#[test]
fn a_lost_socket_is_resumed_within_thirty_seconds_with_everything() {
    let mut world = World::new(4, 0);
    let (seat, other) = (world.join("seat", rights(&[Microphone])), world.join("other", rights(&[])));
    let track = world.publish(&seat, Microphone, 7);
    world.input(Input::Closed { connection: seat.connection });
    world.pass(RESUME_WINDOW_MS - 1);
    assert_eq!(world.forward(&seat, &head(7, 111)).unwrap().len(), 1, "media goes on meanwhile");
    let late = world.join("late", rights(&[]));
    let back = world.try_join(resume(&seat, "seat"));
    let messages = world.messages_to(&back);
    assert!(matches!(messages.first(), Some(Message::Reconnect(_))), "{messages:?}");
    let heard = messages.iter().any(|message| match message {
        Message::Update(update) => update.participants.iter().any(|info| info.sid == late.sid),
        _ => false,
    });
    assert!(heard, "it hears of who came meanwhile");
    world.pass(RESUME_WINDOW_MS + 1);
    assert_eq!(world.forward(&seat, &head(7, 111)).unwrap().len(), 2);
    let _ = (track, other);
}

#[test]
fn after_thirty_seconds_the_seat_is_given_up_and_a_resume_becomes_a_new_join() {
    let mut world = World::new(5, 0);
    let seat = world.join("seat", rights(&[Microphone]));
    world.publish(&seat, Microphone, 7);
    world.input(Input::Closed { connection: seat.connection });
    world.pass(RESUME_WINDOW_MS);
    assert_eq!((world.live_peers(), world.sfu.table().size()), (0, (0, 0)));
    let back = world.try_join(resume(&seat, "seat"));
    let asked = world.messages_to(&back).iter().find_map(|message| match message {
        Message::Leave(leave) => Some(leave.action),
        _ => None,
    });
    assert_eq!(asked, Some(Action::Reconnect as i32));
}

#[test]
fn nobody_resumes_another_ones_seat() {
    let mut world = World::new(6, 0);
    let seat = world.join("seat", rights(&[Microphone, Camera]));
    world.input(Input::Closed { connection: seat.connection });
    let thief = world.try_join(resume(&seat, "thief"));
    assert_eq!(left(world.messages_to(&thief)), Some(DisconnectReason::StateMismatch));
    assert!(world.closed.contains(&thief.connection));
}

#[test]
fn a_demoted_presenter_loses_its_camera_and_an_older_token_does_not_give_it_back() {
    let mut world = World::new(7, 0);
    let presenter = world.join("seat", rights(&[Microphone, Camera]));
    let _receiver = world.join("receiver", rights(&[]));
    let camera = world.publish(&presenter, Camera, 7);
    world.pass(100);
    assert_eq!(world.forward(&presenter, &head(7, 96)).unwrap().len(), 1);
    world.now += 5_000;
    world.admin(permit("seat", &[Microphone])).unwrap();
    assert_eq!(world.forward(&presenter, &head(7, 96)), Err(Dropped::Stream));
    let told = |m: &Message| matches!(m, Message::TrackUnpublished(gone) if gone.track_sid == camera.as_str());
    assert!(world.messages_to(&presenter).iter().any(told));
    // The same token again, as new connection and as resumed one.
    for joined in [world.join("seat", rights(&[Microphone, Camera])), presenter] {
        world.ask(&joined, lk::signal_request::Message::AddTrack(world::add_track(Camera, "again")));
        world.stream(&joined, "0", 8, pars_sfu_core::Kind::Video);
        assert_eq!(world.forward(&joined, &head(8, 96)), Err(Dropped::Stream));
    }
    // Promoted again by the host.
    let back = world.join("seat", rights(&[Microphone]));
    world.admin(permit("seat", &[Microphone, Camera])).unwrap();
    world.publish(&back, Camera, 9);
    assert!(world.forward(&back, &head(9, 96)).is_ok());
}

/// Whether a seat that comes with this token, made so many seconds after the room, can show a camera; of the SSRC given.
fn shows(world: &mut World, token: &[Source], later: u64, ssrc: u32) -> bool {
    let seat = world.join_with(pars_sfu_core::Grant { issued: START / 1_000 + later, ..grant("seat", rights(token)) });
    world.ask(&seat, lk::signal_request::Message::AddTrack(world::add_track(Camera, "cid")));
    let pars_sfu_core::Offer { id, sdp } = offer(&[(pars_sfu_core::Kind::Video, "cid")]);
    world.ask(&seat, lk::signal_request::Message::Offer(lk::SessionDescription { id, sdp, ..Default::default() }));
    world.stream(&seat, "0", ssrc, pars_sfu_core::Kind::Video);
    let refused = |message: &Message| match message {
        Message::RequestResponse(response) => response.reason == Reason::NotAllowed as i32,
        _ => false,
    };
    let (refused, seen) = (world.messages_to(&seat).iter().any(refused), world.forward(&seat, &head(ssrc, 96)));
    assert_eq!(refused, seen.as_ref().is_err_and(|dropped| *dropped == Dropped::Stream), "{seen:?}");
    world.ask(&seat, lk::signal_request::Message::Leave(lk::LeaveRequest::default()));
    seen.is_ok()
}

#[test]
fn who_is_demoted_or_promoted_while_away_has_those_rights_when_it_comes_back() {
    let mut world = World::new(13, 0);
    let (member, presenter) = (&[Microphone][..], &[Microphone, Camera][..]);
    assert_eq!(world.admin(permit("seat", member)), Err(AdminError::NoParticipant), "as it is announced");
    world.join("seat", rights(member));
    world.now += 5_000;
    world.admin(permit("seat", presenter)).unwrap();
    assert!(shows(&mut world, presenter, 5, 7), "it leaves as a presenter");
    world.now += 5_000;
    assert_eq!(world.admin(permit("seat", member)), Err(AdminError::NoParticipant));
    // Its first token, that of its promotion, and one of that time by a clock that is ahead.
    for (ssrc, (token, later)) in (10..).zip([(member, 0), (presenter, 5), (presenter, 9 + CLOCK_TOLERANCE_S)]) {
        assert!(!shows(&mut world, token, later, ssrc), "{later}");
    }
    world.now += 5_000;
    assert_eq!(world.admin(permit("seat", presenter)), Err(AdminError::NoParticipant));
    for (ssrc, (token, later)) in (20..).zip([(member, 0), (presenter, 15)]) {
        assert!(shows(&mut world, token, later, ssrc), "promoted while it was away: {later}");
    }
}

#[test]
fn the_host_changes_rights_only() {
    let mut world = World::new(8, 0);
    world.join("seat", rights(&[]));
    let renamed = lk::UpdateParticipantRequest {
        room: ROOM.into(),
        identity: "seat".into(),
        name: "Chair".into(),
        ..Default::default()
    };
    assert_eq!(world.admin(AdminRequest::UpdateParticipant(renamed)), Err(AdminError::Unsupported));
}

#[test]
fn a_full_room_lets_nobody_in_but_who_already_sits_there() {
    let mut world = World::new(9, 3);
    for n in 0..3 {
        world.join(&format!("seat-{n}"), rights(&[]));
    }
    assert_eq!(world.sfu.admits(&grant("stranger", rights(&[]))), Err(Refusal::Full));
    let refused = world.try_join(join_of(grant("stranger", rights(&[]))));
    assert_eq!(left(world.messages_to(&refused)), Some(DisconnectReason::JoinFailure));
    world.join("seat-1", rights(&[]));
    world.admin(remove("seat-2")).unwrap();
    world.join("stranger", rights(&[]));
}

#[test]
fn who_never_connects_media_does_not_keep_a_seat() {
    let mut world = World::new(10, 0);
    let mute = world.try_join(join_of(grant("mute", rights(&[]))));
    world.join("seat", rights(&[]));
    world.pass(CONNECT_WINDOW_MS);
    assert_eq!(left(world.messages_to(&mute)), Some(DisconnectReason::ConnectionTimeout));
    assert_eq!(world.live_peers(), 2);
}

#[test]
fn a_room_that_is_not_open_refuses_everybody_and_a_deleted_one_sends_all_away() {
    let mut world = World::new(11, 0);
    let elsewhere = pars_sfu_core::Grant { room: "elsewhere".into(), ..grant("seat", rights(&[])) };
    assert_eq!(world.sfu.admits(&elsewhere), Err(Refusal::NoRoom));
    let seat = world.join("seat", rights(&[]));
    let delete = AdminRequest::DeleteRoom(lk::DeleteRoomRequest { room: ROOM.into() });
    assert_eq!(world.admin(delete.clone()), Ok(AdminReply::Done));
    assert_eq!(left(world.messages_to(&seat)), Some(DisconnectReason::RoomDeleted));
    assert_eq!((world.sfu.size(), world.admin(delete)), ((0, 0, 0), Err(AdminError::NoRoom)));
    assert_eq!(world.sfu.admits(&grant("seat", rights(&[]))), Err(Refusal::NoRoom));
}

#[test]
fn messages_of_an_ended_connection_are_nobodys() {
    let mut world = World::new(12, 0);
    let seat = world.join("seat", rights(&[]));
    world.input(Input::Closed { connection: ConnectionId(999) });
    world.input(Input::Peer { peer: pars_sfu_core::PeerId(999), event: PeerEvent::Connected });
    world.ask(&seat, lk::signal_request::Message::Leave(lk::LeaveRequest::default()));
    let before = world.messages;
    world.ask(&seat, lk::signal_request::Message::Ping(1));
    assert_eq!((world.messages, world.live_peers()), (before, 0));
}

//! Bounds, floods and crowds (THREATS section 3, TH-J11, M11).

mod world;

use livekit_protocol as lk;
use lk::{DisconnectReason, request_response::Reason, signal_request::Message as Asked, signal_response::Message};
use pars_sfu_core::{
    Input, Refusal, Source,
    admin::{AdminError, AdminRequest},
    limits::{
        MAX_NAME, MAX_ROOMS, MAX_SDP, MAX_SDP_LINES, MAX_SECTIONS, MAX_SUBSCRIPTIONS, MAX_TRACKS, SIGNAL_BURST,
        SIGNALS_PER_SECOND,
    },
};
use world::{ROOM, World, add_track, grant, head, join_of, left, rights};

use Source::Microphone;

#[test]
fn a_thousand_joins_in_thirty_seconds_are_told_in_rounds() {
    let mut world = World::new(1, 0);
    for n in 0..1_000 {
        world.join(&format!("seat-{n}"), rights(&[Microphone]));
        world.pass(30);
    }
    // One by one it would be 500,000 updates; in rounds of up to a second each receiver gets some dozens.
    assert!(world.messages < 100_000, "{}", world.messages);
    assert_eq!(world.live_peers(), 2_000);
    let everybody = world.inbox.values().flat_map(|messages| messages.iter().rev().take(3));
    assert!(everybody.clone().count() > 1_000);
    // The next one finds no place, until somebody goes.
    let (next, one) = (grant("one more", rights(&[])), world.try_join(join_of(grant("one more", rights(&[])))));
    assert_eq!((world.sfu.admits(&next), one.sid.as_str()), (Err(Refusal::Full), ""));
    assert_eq!(left(world.messages_to(&one)), Some(DisconnectReason::JoinFailure));
    let gone = lk::RoomParticipantIdentity { room: ROOM.into(), identity: "seat-5".into(), ..Default::default() };
    world.admin(AdminRequest::RemoveParticipant(gone)).unwrap();
    world.join_with(next);
    assert_eq!(world.live_peers(), 2_000);
}

#[test]
fn in_a_small_room_everybody_hears_at_once() {
    let mut world = World::new(2, 0);
    let (first, second) = (world.join("first", rights(&[])), world.join("second", rights(&[])));
    world.pass(5);
    let heard = world.messages_to(&first).iter().any(|message| match message {
        Message::Update(update) => update.participants.iter().any(|info| info.sid == second.sid),
        _ => false,
    });
    assert!(heard);
}

#[test]
fn ten_thousand_joins_and_leaves_leave_nothing_behind() {
    let mut world = World::new(3, 0);
    for n in 0..10_000u32 {
        let seat = world.join(&format!("seat-{n}"), rights(&[Microphone]));
        world.publish(&seat, Microphone, n + 1);
        if n % 2 == 0 {
            world.ask(&seat, Asked::Leave(lk::LeaveRequest::default()));
        } else {
            world.input(Input::Closed { connection: seat.connection });
        }
        world.pass(400);
        world.inbox.clear();
    }
    world.pass(60_000);
    assert_eq!((world.sfu.size(), world.sfu.table().size(), world.live_peers()), ((1, 0, 0), (0, 0), 0));
}

#[test]
fn a_flood_of_signalling_costs_the_seat_and_the_rate_does_not() {
    let mut world = World::new(4, 0);
    let (calm, flood) = (world.join("calm", rights(&[])), world.join("flood", rights(&[])));
    for _ in 0..10 * SIGNALS_PER_SECOND {
        world.ask(&calm, Asked::Ping(1));
        world.pass(1_000 / u64::from(SIGNALS_PER_SECOND));
    }
    for _ in 0..2 * SIGNAL_BURST {
        world.ask(&flood, Asked::Ping(1));
    }
    assert_eq!(left(world.messages_to(&calm)), None);
    assert_eq!(left(world.messages_to(&flood)), Some(DisconnectReason::StateMismatch));
}

#[test]
fn tracks_of_one_seat_names_and_rooms_are_bounded() {
    let mut world = World::new(5, 0);
    let seat = world.join("seat", rights(&[Microphone]));
    for n in 0..=MAX_TRACKS {
        world.ask(&seat, Asked::AddTrack(add_track(Microphone, &format!("cid-{n}"))));
    }
    let reasons: Vec<_> = world
        .messages_to(&seat)
        .iter()
        .filter_map(|message| match message {
            Message::RequestResponse(response) => Some(response.reason),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, [Reason::LimitExceeded as i32]);
    let create =
        |name: String| AdminRequest::CreateRoom(Box::new(lk::CreateRoomRequest { name, ..Default::default() }));
    assert_eq!(world.admin(create(String::new())), Err(AdminError::Name));
    assert_eq!(world.admin(create("x".repeat(MAX_NAME + 1))), Err(AdminError::Name));
    for n in 1..MAX_ROOMS {
        world.admin(create(format!("room-{n}"))).unwrap();
    }
    assert_eq!(world.admin(create("one more".into())), Err(AdminError::Rooms));
    assert!(world.admin(create("room-1".into())).is_ok(), "a room that is open is simply named again");
}

#[test]
fn a_description_beyond_its_bounds_ends_the_seat_not_the_server() {
    let mut world = World::new(6, 0);
    let other = world.join("other", rights(&[]));
    let sections = |count: usize| format!("v=0\r\n{}", "m=audio 9 X 111\r\n".repeat(count));
    let lines = |count: usize| format!("v=0\r\n{}", "a=x\r\n".repeat(count - 1));
    let bytes = |count: usize| format!("v=0\r\na={}", "x".repeat(count - 7));
    for (largest, beyond) in [
        (sections(MAX_SECTIONS), sections(MAX_SECTIONS + 1)),
        (lines(MAX_SDP_LINES), lines(MAX_SDP_LINES + 1)),
        (bytes(MAX_SDP), bytes(MAX_SDP + 1)),
    ] {
        let seat = world.join("seat", rights(&[]));
        world.ask(&seat, Asked::Offer(lk::SessionDescription { sdp: largest, ..Default::default() }));
        assert_eq!(left(world.messages_to(&seat)), None);
        world.ask(&seat, Asked::Offer(lk::SessionDescription { sdp: beyond, ..Default::default() }));
        assert_eq!(left(world.messages_to(&seat)), Some(DisconnectReason::StateMismatch));
    }
    assert_eq!(left(world.messages_to(&other)), None);
}

#[test]
fn one_connection_receives_56_tracks_and_not_one_more() {
    let mut world = World::new(7, 0);
    let receiver = world.join("receiver", rights(&[]));
    let senders: Vec<_> =
        (0..=MAX_SUBSCRIPTIONS).map(|n| world.join(&format!("sender-{n}"), rights(&[Microphone]))).collect();
    let heard: Vec<_> = (0..)
        .zip(&senders)
        .map(|(ssrc, sender)| {
            world.publish(sender, Microphone, ssrc);
            world.pass(100);
            let writes = world.forward(sender, &head(ssrc, 111)).unwrap();
            writes.iter().any(|write| write.peer == receiver.subscriber)
        })
        .collect();
    let (last, before) = heard.split_last().unwrap();
    assert_eq!((before.iter().all(|heard| *heard), before.len(), *last), (true, MAX_SUBSCRIPTIONS as usize, false));
    assert_eq!(left(world.messages_to(&receiver)), None, "what it has it keeps");
}

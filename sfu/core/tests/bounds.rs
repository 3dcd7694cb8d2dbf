//! What a client may make the server hold, send and do: never more than an honest one needs (THREATS section 3).

mod world;

use livekit_protocol as lk;
use lk::{DisconnectReason, request_response::Reason, signal_request::Message as Asked, signal_response::Message};
use pars_sfu_core::{
    Channel, Input, Join, Kind, Offer, PeerEvent, Source,
    limits::{
        DATA_BYTES_BURST, DATA_BYTES_PER_SECOND, MAX_DATA, MAX_LAYERS, MAX_MADE, MAX_NAME, MAX_SECTIONS, MAX_STREAMS,
        MAX_WISHES, SIGNAL_BURST, SIGNALS_PER_JOIN,
    },
};
use prost::Message as _;
use world::{Client, World, add_track, grant, head, join_of, left, offer, rights};

use Source::{Camera, Microphone};

/// The newest refusal, and the bytes of its message.
fn refusal(world: &World, client: &Client) -> Option<(lk::RequestResponse, usize)> {
    world.messages_to(client).iter().rev().find_map(|message| match message {
        Message::RequestResponse(response) => {
            let length = lk::SignalResponse { message: Some(message.clone()) }.encoded_len();
            Some((response.clone(), length))
        }
        _ => None,
    })
}

#[test]
fn a_refusal_names_its_request_and_does_not_repeat_all_of_it() {
    let mut world = World::new(1, 0);
    let seat = world.join("seat", rights(&[]));
    let long = || "x".repeat(100 << 10);
    let announced = lk::AddTrackRequest { name: long(), ..add_track(Camera, "cid") };
    world.ask(&seat, Asked::AddTrack(announced));
    let (response, length) = refusal(&world, &seat).expect("a refusal");
    assert!(length < 2 << 10, "{length} bytes");
    let Some(lk::request_response::Request::AddTrack(named)) = response.request else { panic!("{response:?}") };
    assert_eq!((named.cid.as_str(), named.source), ("cid", Camera.proto() as i32));
    world.ask(&seat, Asked::AddTrack(add_track(Camera, &long())));
    assert!(refusal(&world, &seat).is_some_and(|(_, length)| length < 2 << 10));
    let attributes = std::iter::once((long(), long())).collect();
    let renamed = lk::UpdateParticipantMetadata { metadata: long(), name: long(), attributes, request_id: 7 };
    world.ask(&seat, Asked::UpdateMetadata(renamed));
    let (response, length) = refusal(&world, &seat).expect("a refusal");
    assert!(length < 2 << 10 && response.request_id == 7, "{length} bytes");
}

#[test]
fn an_announcement_is_bounded_in_all_its_parts() {
    let mut world = World::new(2, 0);
    let seat = world.join("seat", rights(&[Camera]));
    let layers = |count: usize| vec![lk::VideoLayer { rid: "q".into(), ..Default::default() }; count];
    let codecs = |count: usize| {
        vec![
            lk::SimulcastCodec { codec: "vp8".into(), cid: "c".into(), layers: layers(3), ..Default::default() };
            count
        ]
    };
    let long = "x".repeat(MAX_NAME + 1);
    let base = || add_track(Camera, "cid");
    let unfit = [
        lk::AddTrackRequest { layers: layers(MAX_LAYERS + 1), ..base() },
        lk::AddTrackRequest { layers: vec![lk::VideoLayer { rid: long.clone(), ..Default::default() }], ..base() },
        lk::AddTrackRequest { simulcast_codecs: codecs(1_000), ..base() },
        lk::AddTrackRequest {
            simulcast_codecs: vec![lk::SimulcastCodec { layers: layers(1_000), ..Default::default() }],
            ..base()
        },
        lk::AddTrackRequest { audio_features: vec![0; 1_000], ..base() },
        lk::AddTrackRequest { packet_trailer_features: vec![0; 1_000], ..base() },
        lk::AddTrackRequest { sid: long.clone(), ..base() },
        lk::AddTrackRequest { stream: long, ..base() },
    ];
    for (n, request) in unfit.into_iter().enumerate() {
        world.inbox.clear();
        world.ask(&seat, Asked::AddTrack(request));
        let reason = refusal(&world, &seat).map(|(response, _)| response.reason);
        assert_eq!(reason, Some(Reason::InvalidRequest as i32), "{n}");
    }
    // As LiveKit's own clients announce a camera with a second codec.
    world.inbox.clear();
    world.ask(&seat, Asked::AddTrack(lk::AddTrackRequest { layers: layers(3), simulcast_codecs: codecs(2), ..base() }));
    let published = world.messages_to(&seat).iter().find_map(|message| match message {
        Message::TrackPublished(published) => published.track.clone(),
        _ => None,
    });
    assert_eq!(published.map(|track| track.codecs[0].layers.len()), Some(3));
}

#[test]
fn who_takes_its_own_seat_again_and_again_has_to_wait_and_keeps_it() {
    let mut world = World::new(3, 0);
    let join = |world: &mut World| world.try_join(join_of(grant("seat", rights(&[]))));
    let mut seat = join(&mut world);
    let mut joins = 0;
    let refused = loop {
        let next = join(&mut world);
        if next.sid.is_empty() {
            break next;
        }
        (seat, joins) = (next, joins + 1);
        assert!(joins <= SIGNAL_BURST, "no end of it");
    };
    assert_eq!(joins, SIGNAL_BURST / SIGNALS_PER_JOIN);
    assert_eq!(left(world.messages_to(&refused)), Some(DisconnectReason::JoinFailure));
    assert!(world.closed.contains(&refused.connection) && !world.closed.contains(&seat.connection));
    assert_eq!((left(world.messages_to(&seat)), world.live_peers()), (None, 2));
    let other = world.try_join(join_of(grant("other", rights(&[]))));
    assert!(!other.sid.is_empty(), "others are not kept waiting");
    world.pass(1_000);
    assert!(!join(&mut world).sid.is_empty());
}

#[test]
fn streams_of_sections_that_send_no_longer_make_room_for_others() {
    let mut world = World::new(4, 0);
    let (seat, receiver) = (world.join("seat", rights(&[Camera])), world.join("receiver", rights(&[])));
    for ssrc in 1..=u32::try_from(MAX_STREAMS).unwrap() + 6 {
        let (mid, cid) = (format!("{ssrc}"), format!("cid-{ssrc}"));
        world.ask(&seat, Asked::AddTrack(add_track(Camera, &cid)));
        let Offer { id, sdp } = offer(&[(Kind::Video, &cid)]);
        let sdp = sdp.replace("a=mid:0", &format!("a=mid:{mid}"));
        let stopped = sdp.replace("a=sendonly", "a=inactive");
        world.ask(&seat, Asked::Offer(lk::SessionDescription { id, sdp, ..Default::default() }));
        world.stream(&seat, &mid, ssrc, Kind::Video);
        world.pass(100);
        let to: Vec<_> = world.forward(&seat, &head(ssrc, 96)).unwrap().iter().map(|write| write.peer).collect();
        // The receiver's own description is full before.
        assert!(to.is_empty() || to == [receiver.subscriber], "{ssrc}");
        world.ask(&seat, Asked::Offer(lk::SessionDescription { id, sdp: stopped, ..Default::default() }));
        world.pass(1_000);
    }
    assert_eq!(world.sfu.table().size(), (0, 0));
}

#[test]
fn who_leaves_before_it_comes_again_has_to_wait_like_who_does_not() {
    let mut world = World::new(5, 0);
    world.join("other", rights(&[]));
    let mut joins = 0;
    loop {
        let seat = world.try_join(join_of(grant("seat", rights(&[]))));
        if seat.sid.is_empty() {
            assert_eq!(left(world.messages_to(&seat)), Some(DisconnectReason::JoinFailure));
            break;
        }
        world.ask(&seat, Asked::Leave(lk::LeaveRequest::default()));
        joins += 1;
        assert!(joins <= SIGNAL_BURST, "no end of it");
    }
    // Each leave is a message, and the first seat had its whole allowance.
    assert_eq!(joins, 1 + (SIGNAL_BURST - 1) / (SIGNALS_PER_JOIN + 1));
    assert!(!world.try_join(join_of(grant("third", rights(&[])))).sid.is_empty(), "others are not kept waiting");
    world.pass(1_000);
    assert!(!world.try_join(join_of(grant("seat", rights(&[])))).sid.is_empty());
}

#[test]
fn who_resumes_again_and_again_has_to_wait_and_keeps_its_seat() {
    let mut world = World::new(6, 0);
    let seat = world.try_join(join_of(grant("seat", rights(&[]))));
    let resume = || Join { resume: Some(seat.sid.as_str().into()), ..join_of(grant("seat", rights(&[]))) };
    let back = |world: &mut World| {
        let back = world.try_join(resume());
        matches!(world.messages_to(&back).first(), Some(Message::Reconnect(_))).then_some(back)
    };
    let mut newest = seat.clone();
    let mut resumed = 0;
    while let Some(next) = back(&mut world) {
        (newest, resumed) = (next, resumed + 1);
        assert!(resumed <= SIGNAL_BURST, "no end of it");
    }
    assert_eq!(resumed, SIGNAL_BURST / SIGNALS_PER_JOIN);
    assert!(!world.closed.contains(&newest.connection) && world.live_peers() == 2);
    world.pass(1_000);
    assert!(back(&mut world).is_some());
}

/// An offer of so many sections whose ids nobody has seen before.
fn fresh(next: &mut usize, count: usize) -> lk::SessionDescription {
    let section = |mid| format!("m=audio 9 X 111\r\na=mid:{mid}\r\na=inactive\r\n");
    let sdp = (*next..*next + count).fold("v=0\r\n".to_owned(), |sdp, mid| sdp + &section(mid));
    *next += count;
    lk::SessionDescription { id: 1, sdp, ..Default::default() }
}

#[test]
fn who_makes_ever_new_sections_begins_anew_and_who_offers_its_old_ones_goes_on() {
    let mut world = World::new(7, 0);
    let (old, new) = (world.join("old", rights(&[])), world.join("new", rights(&[])));
    let (mut next, mut own) = (0, 0);
    let same = fresh(&mut own, MAX_SECTIONS);
    for _ in 0..MAX_MADE / MAX_SECTIONS {
        world.ask(&new, Asked::Offer(fresh(&mut next, MAX_SECTIONS)));
    }
    for _ in 0..100 {
        world.ask(&old, Asked::Offer(same.clone()));
    }
    assert_eq!((left(world.messages_to(&old)), left(world.messages_to(&new)), world.live_peers()), (None, None, 4));
    world.ask(&new, Asked::Offer(fresh(&mut next, 1)));
    let action = world.messages_to(&new).iter().rev().find_map(|message| match message {
        Message::Leave(leave) => Some(leave.action()),
        _ => None,
    });
    assert_eq!(action, Some(lk::leave_request::Action::Reconnect));
    assert!(world.closed.contains(&new.connection));
    assert_eq!((left(world.messages_to(&old)), world.live_peers()), (None, 2));
}

#[test]
fn a_client_of_version_1_whose_sections_are_used_up_is_sent_for_anew_and_keeps_what_it_hears() {
    let mut world = World::new(8, 0);
    let mut own = 0;
    let offered = fresh(&mut own, MAX_SECTIONS - 1);
    let (id, sdp) = (1, offered.sdp.clone());
    let join = Join { single: true, offer: Some(Offer { id, sdp }), ..join_of(grant("single", rights(&[]))) };
    let single = world.try_join(join);
    let senders = ["one", "other"].map(|name| world.join(name, rights(&[Microphone])));
    let hears = |world: &World, n: usize| {
        let writes = world.forward(&senders[n], &head(n as u32 + 1, 111)).unwrap();
        writes.iter().any(|write| write.peer == single.subscriber)
    };
    world.publish(&senders[0], Microphone, 1);
    let section = "m=audio 9 X 111\r\na=mid:hears\r\na=recvonly\r\n";
    let sdp = offered.sdp + section;
    world.ask(&single, Asked::Offer(lk::SessionDescription { id: 2, sdp, ..Default::default() }));
    world.pass(100);
    assert!(hears(&world, 0) && left(world.messages_to(&single)).is_none());
    world.publish(&senders[1], Microphone, 2);
    world.pass(100);
    let told: Vec<_> = world
        .messages_to(&single)
        .iter()
        .filter_map(|message| match message {
            Message::Leave(leave) => Some(leave.action()),
            _ => None,
        })
        .collect();
    assert_eq!(told, [lk::leave_request::Action::Reconnect]);
    assert!(hears(&world, 0) && !hears(&world, 1) && !world.closed.contains(&single.connection));
}

#[test]
fn data_is_bounded_in_bytes_too() {
    let mut world = World::new(9, 0);
    let (talker, _other) = (world.join("talker", rights(&[])), world.join("other", rights(&[])));
    let user = lk::UserPacket { payload: vec![5; MAX_DATA - 200], ..Default::default() };
    let value = Some(lk::data_packet::Value::User(user));
    let bytes = lk::DataPacket { value, ..Default::default() }.encode_to_vec();
    let length = u32::try_from(bytes.len()).unwrap();
    let event = || PeerEvent::Data { channel: Channel::Reliable, bytes: bytes.clone() };
    for _ in 0..100 {
        world.input(Input::Peer { peer: talker.publisher, event: event() });
    }
    let passed = u32::try_from(world.data.len()).unwrap();
    assert_eq!(passed, DATA_BYTES_BURST / length);
    world.pass(u64::from(length * 1_000 / DATA_BYTES_PER_SECOND) + 1);
    for _ in 0..2 {
        world.input(Input::Peer { peer: talker.publisher, event: event() });
    }
    assert!(u32::try_from(world.data.len()).unwrap() > passed, "the seat is slowed down, not silenced");
}

#[test]
fn of_the_tracks_that_one_message_pauses_so_many_are_looked_at_and_no_more() {
    let mut world = World::new(10, 0);
    let (sender, receiver) = (world.join("sender", rights(&[Camera])), world.join("receiver", rights(&[])));
    let track = world.publish(&sender, Camera, 7);
    for (before, sent) in [(MAX_WISHES, 1), (MAX_WISHES - 1, 0)] {
        let mut track_sids = vec!["TR_other".to_owned(); before];
        track_sids.push(track.to_string());
        let setting = lk::UpdateTrackSettings { track_sids, disabled: true, ..Default::default() };
        world.ask(&receiver, Asked::TrackSetting(setting));
        assert_eq!(world.forward(&sender, &head(7, 96)).unwrap().len(), sent, "{before}");
    }
}

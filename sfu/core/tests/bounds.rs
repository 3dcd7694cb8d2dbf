//! What a client may make the server hold, send and do: never more than an honest one needs (THREATS section 3).

mod world;

use livekit_protocol as lk;
use lk::{DisconnectReason, request_response::Reason, signal_request::Message as Asked, signal_response::Message};
use pars_sfu_core::{
    Kind, Offer, Source,
    limits::{MAX_LAYERS, MAX_NAME, MAX_STREAMS, SIGNAL_BURST, SIGNALS_PER_JOIN},
};
use prost::Message as _;
use world::{Client, World, add_track, grant, head, join_of, left, offer, rights};

use Source::Camera;

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

//! TH-J5, TOWNHALL 2: nobody sends what its token does not name, whatever it announces, negotiates or claims.

mod world;

use livekit_protocol as lk;
use lk::{request_response::Reason, signal_request::Message as Asked, signal_response::Message};
use pars_sfu_core::{Codec, Dropped, Input, Kind, Offer, PeerEvent, Rights, Source, rights::SOURCES};
use world::{World, add_track, head, offer, rights};

use Source::{Camera, Microphone, ScreenShare, ScreenShareAudio};

/// The table of rights: who publishes what.
const ROLES: [(&str, &[Source]); 6] = [
    ("listener or text-only seat", &[]),
    ("Town Hall member", &[Microphone]),
    ("Town Hall presenter", &[Microphone, Camera, ScreenShare, ScreenShareAudio]),
    ("Committee member", &[Microphone, Camera]),
    ("Committee member with the screen", &[Microphone, Camera, ScreenShare]),
    ("Open Forum seat", &[Microphone]),
];

fn refusals(messages: &[Message]) -> Vec<Reason> {
    let reason = |message: &Message| match message {
        Message::RequestResponse(response) => Reason::try_from(response.reason).ok(),
        _ => None,
    };
    messages.iter().filter_map(reason).collect()
}

#[test]
fn each_role_publishes_exactly_what_the_table_of_rights_says() {
    for (role, allowed) in ROLES {
        for source in SOURCES {
            let mut world = World::new(1, 0);
            let (sender, receiver) = (world.join("sender", rights(allowed)), world.join("receiver", rights(&[])));
            let video = source.kind() == Kind::Video;
            world.ask(&sender, Asked::AddTrack(add_track(source, "cid")));
            let Offer { id, sdp } = offer(&[(source.kind(), "cid")]);
            world.ask(&sender, Asked::Offer(lk::SessionDescription { id, sdp, ..Default::default() }));
            world.stream(&sender, "0", 7, source.kind());
            world.pass(100);
            let forwarded = world.forward(&sender, &head(7, if video { 96 } else { 111 }));
            if allowed.contains(&source) {
                let to: Vec<_> = forwarded.unwrap().iter().map(|write| write.peer).collect();
                assert_eq!(to, [receiver.subscriber], "{role}: {source:?}");
            } else {
                assert_eq!(forwarded, Err(Dropped::Stream), "{role}: {source:?}");
                assert_eq!(refusals(world.messages_to(&sender)), [Reason::NotAllowed], "{role}: {source:?}");
            }
        }
    }
}

#[test]
fn media_that_was_never_announced_goes_nowhere() {
    let mut world = World::new(2, 0);
    let (sender, _receiver) = (world.join("sender", rights(&[])), world.join("receiver", rights(&[])));
    // A client that skips `add_track` and simply offers and sends.
    let Offer { id, sdp } = offer(&[(Kind::Video, "raw"), (Kind::Audio, "raw")]);
    world.ask(&sender, Asked::Offer(lk::SessionDescription { id, sdp, ..Default::default() }));
    world.stream(&sender, "0", 7, Kind::Video);
    world.stream(&sender, "1", 8, Kind::Audio);
    assert_eq!(world.forward(&sender, &head(7, 96)), Err(Dropped::Stream));
    assert_eq!(world.forward(&sender, &head(8, 111)), Err(Dropped::Stream));
    assert_eq!(world.sfu.table().size(), (0, 0));
}

#[test]
fn a_microphone_seat_cannot_smuggle_video() {
    let mut world = World::new(3, 0);
    let (sender, receiver) = (world.join("sender", rights(&[Microphone])), world.join("receiver", rights(&[])));
    // Video announced as a microphone, and a microphone whose section is video.
    let lying = lk::AddTrackRequest { r#type: lk::TrackType::Video as i32, ..add_track(Microphone, "lie") };
    world.ask(&sender, Asked::AddTrack(lying));
    assert_eq!(refusals(world.messages_to(&sender)), [Reason::NotAllowed]);
    world.ask(&sender, Asked::AddTrack(add_track(Microphone, "cid")));
    let Offer { id, sdp } = offer(&[(Kind::Video, "cid")]);
    world.ask(&sender, Asked::Offer(lk::SessionDescription { id, sdp, ..Default::default() }));
    world.stream(&sender, "0", 7, Kind::Video);
    assert_eq!(world.forward(&sender, &head(7, 96)), Err(Dropped::Stream));
    // A real microphone whose stream then carries video payloads, its section claiming any codec.
    world.publish(&sender, Microphone, 8);
    let payloads = vec![(111, Codec::Opus), (96, Codec::Vp8)];
    assert_eq!(world.forward(&sender, &head(8, 111)).unwrap().len(), 1);
    assert_eq!(world.forward(&sender, &head(8, 96)), Err(Dropped::Payload));
    let event = PeerEvent::Stream { mid: "0".into(), ssrc: 9, payloads };
    world.input(Input::Peer { peer: sender.publisher, event });
    assert_eq!(world.forward(&sender, &head(9, 96)), Err(Dropped::Payload));
    assert!(world.forward(&receiver, &head(8, 111)).is_err(), "another peer's stream is not this one's");
}

#[test]
fn an_unknown_source_and_an_empty_list_of_sources_allow_nothing() {
    let permission = lk::ParticipantPermission { can_publish: true, can_subscribe: true, ..Default::default() };
    assert!(Rights::from_permission(&permission).publish.is_empty());
    let sources = vec![99, lk::TrackSource::Unknown as i32, lk::TrackSource::Camera as i32];
    let permission = lk::ParticipantPermission { can_publish_sources: sources.clone(), ..permission };
    assert_eq!(Rights::from_permission(&permission).publish, [Camera].into());
    let permission = lk::ParticipantPermission { can_publish: false, can_publish_sources: sources, ..permission };
    assert!(Rights::from_permission(&permission).publish.is_empty());
    let mut world = World::new(4, 0);
    let sender = world.join("sender", rights(&SOURCES));
    let unknown = lk::AddTrackRequest { source: lk::TrackSource::Unknown as i32, ..add_track(Microphone, "x") };
    world.ask(&sender, Asked::AddTrack(unknown));
    assert_eq!(refusals(world.messages_to(&sender)), [Reason::NotAllowed]);
}

#[test]
fn what_a_client_claims_of_itself_changes_nothing() {
    let mut world = World::new(5, 0);
    let (sender, other) = (world.join("sender", rights(&[])), world.join("other", rights(&[Microphone])));
    let attributes = [("role".to_owned(), "presenter".to_owned())].into();
    let claim =
        lk::UpdateParticipantMetadata { metadata: "moderator".into(), name: "Chair".into(), attributes, request_id: 5 };
    world.ask(&sender, Asked::UpdateMetadata(claim));
    assert_eq!(refusals(world.messages_to(&sender)), [Reason::NotAllowed]);
    // Nobody opens or mutes another's track.
    let track = world.publish(&other, Microphone, 9);
    world.ask(&sender, Asked::Mute(lk::MuteTrackRequest { sid: track.to_string(), muted: true }));
    assert_eq!(world.forward(&other, &head(9, 111)).unwrap().len(), 1);
    world.ask(&other, Asked::Mute(lk::MuteTrackRequest { sid: track.to_string(), muted: true }));
    world.ask(&sender, Asked::Mute(lk::MuteTrackRequest { sid: track.to_string(), muted: false }));
    assert_eq!(world.forward(&other, &head(9, 111)), Err(Dropped::Closed));
    let infos = world.messages_to(&other).iter().filter_map(|message| match message {
        Message::Update(update) => Some(&update.participants),
        _ => None,
    });
    assert!(infos.flatten().all(|info| info.name.is_empty() && info.metadata.is_empty() && info.attributes.is_empty()));
}

#[test]
fn what_members_are_told_of_a_track_says_how_it_is_sealed() {
    let mut world = World::new(6, 0);
    let (sender, receiver) = (world.join("sender", rights(&[Microphone])), world.join("receiver", rights(&[])));
    world.publish(&sender, Microphone, 9);
    world.pass(100);
    let late = world.join("late", rights(&[]));
    let sealed = |info: &lk::ParticipantInfo| {
        info.identity == "sender" && info.tracks.iter().any(|t| t.encryption == lk::encryption::Type::Gcm as i32)
    };
    let told = |messages: &[Message]| {
        messages.iter().any(|message| match message {
            Message::Update(update) => update.participants.iter().any(sealed),
            Message::Join(join) => join.other_participants.iter().any(sealed),
            _ => false,
        })
    };
    assert!(told(world.messages_to(&receiver)) && told(world.messages_to(&late)));
}

//! What is passed on, to whom, and what the server itself may stop.

mod world;

use livekit_protocol as lk;
use lk::{data_packet::Value, signal_request::Message as Asked, signal_response::Message};
use pars_sfu_core::{
    Channel, Dropped, Input, Kind, PeerEvent, Rights, Slot, Source,
    admin::{AdminError, AdminReply, AdminRequest},
    limits::{DATA_BURST, KEY_FRAME_INTERVAL_MS, MAX_DATA},
    rights::SOURCES,
};
use prost::Message as _;
use world::{Client, ROOM, World, add_track, head, offer, rights};

use Source::{Camera, Microphone, ScreenShare};

fn send(world: &mut World, from: &Client, packet: &lk::DataPacket) {
    let event = PeerEvent::Data { channel: Channel::Reliable, bytes: packet.encode_to_vec() };
    world.input(Input::Peer { peer: from.publisher, event });
}

#[expect(deprecated, reason = "what an older client, or a liar, writes")]
fn chat(to: &[&str]) -> lk::DataPacket {
    let user =
        lk::UserPacket { payload: b"hello".to_vec(), participant_identity: "chair".into(), ..Default::default() };
    lk::DataPacket {
        participant_identity: "chair".into(),
        participant_sid: "PA_chair".into(),
        destination_identities: to.iter().map(|&name| name.into()).collect(),
        sequence: 5,
        value: Some(Value::User(user)),
        ..Default::default()
    }
}

fn mute(identity: &str, track: &str, muted: bool) -> AdminRequest {
    AdminRequest::MutePublishedTrack(lk::MuteRoomTrackRequest {
        room: ROOM.into(),
        identity: identity.into(),
        track_sid: track.into(),
        muted,
    })
}

#[test]
fn a_packet_goes_to_everybody_but_its_sender() {
    let mut world = World::new(1, 0);
    let clients: Vec<_> = (0..5).map(|n| world.join(&format!("seat-{n}"), rights(&[Microphone]))).collect();
    world.publish(&clients[0], Microphone, 7);
    world.pass(1_000);
    let mut to: Vec<_> = world.forward(&clients[0], &head(7, 111)).unwrap().iter().map(|write| write.peer).collect();
    to.sort();
    assert_eq!(to, clients[1..].iter().map(|client| client.subscriber).collect::<Vec<_>>());
    let late = world.join("late", rights(&[]));
    assert!(world.forward(&clients[0], &head(7, 111)).unwrap().iter().any(|write| write.peer == late.subscriber));
    assert_eq!(
        world.forward(&clients[1], &head(7, 111)),
        Err(Dropped::Stream),
        "only its owner's transport may use it"
    );
}

/// TH-M5: an SSRC is its transport's own; somebody else's equal one is another stream.
#[test]
fn two_publishers_of_one_ssrc_never_reach_a_third_as_each_other() {
    let mut world = World::new(15, 0);
    let clients: Vec<_> = ["one", "other"].map(|name| world.join(name, rights(&[Camera]))).into();
    let third = world.join("third", rights(&[]));
    // The second one takes the first one's number later, and a third stream of the first comes after that.
    let tracks: Vec<_> = clients.iter().map(|client| world.publish(client, Camera, 7)).collect();
    world.stream(&clients[0], "0", 7, Kind::Video);
    world.pass(1_000);
    let heard = |world: &World, from: usize| {
        let writes = world.forward(&clients[from], &head(7, 96)).unwrap();
        writes
            .iter()
            .filter(|write| write.peer == third.subscriber)
            .map(|write| world.track_of(write))
            .collect::<Vec<_>>()
    };
    assert_ne!(tracks[0], tracks[1]);
    assert_eq!((heard(&world, 0), heard(&world, 1)), (vec![tracks[0].clone()], vec![tracks[1].clone()]));
    // Whoever lacks a picture asks its sender and nobody else.
    let asked = |world: &World| [world.key_frames(&clients[0]), world.key_frames(&clients[1])];
    let before = asked(&world);
    let slot = world.forward(&clients[1], &head(7, 96)).unwrap();
    let slot = slot.iter().find(|write| write.peer == third.subscriber).unwrap().slot;
    world.input(Input::Peer { peer: third.subscriber, event: PeerEvent::KeyFrameWanted(slot) });
    assert_eq!(asked(&world), [before[0], before[1] + 1]);
    // The one's mute and end are not the other's.
    world.admin(mute("one", tracks[0].as_str(), true)).unwrap();
    assert_eq!(world.forward(&clients[0], &head(7, 96)), Err(Dropped::Closed));
    assert_eq!(heard(&world, 1), [tracks[1].clone()]);
    world.ask(&clients[0], Asked::Leave(lk::LeaveRequest::default()));
    assert_eq!(world.forward(&clients[0], &head(7, 96)), Err(Dropped::Stream));
    assert_eq!(heard(&world, 1), [tracks[1].clone()]);
}

#[test]
fn the_kind_of_a_packet_is_that_of_its_track_or_none() {
    let mut world = World::new(16, 0);
    let (speaker, presenter) =
        (world.join("speaker", rights(&[Microphone])), world.join("presenter", rights(&[Camera])));
    let voice = world.publish(&speaker, Microphone, 7);
    world.publish(&presenter, Camera, 8);
    world.admin(mute("speaker", voice.as_str(), true)).unwrap();
    let kind = |from: &Client, ssrc, payload_type| world.sfu.table().kind(from.publisher, &head(ssrc, payload_type));
    // A closed track's packets too: they arrive, and go nowhere.
    assert_eq!(kind(&speaker, 7, 111), Some(Kind::Audio));
    assert_eq!(kind(&presenter, 8, 96), Some(Kind::Video));
    for (from, ssrc, payload_type) in [(&speaker, 8, 96), (&speaker, 7, 96), (&presenter, 9, 96)] {
        assert_eq!(kind(from, ssrc, payload_type), None);
    }
}

#[test]
fn a_member_without_the_right_to_receive_is_sent_nothing() {
    let mut world = World::new(2, 0);
    let sender = world.join("sender", rights(&[Microphone]));
    let deaf = world.join("deaf", Rights { subscribe: false, ..rights(&[]) });
    let track = world.publish(&sender, Microphone, 7);
    let wish = lk::UpdateSubscription { track_sids: vec![track.to_string()], subscribe: true, ..Default::default() };
    world.ask(&deaf, Asked::Subscription(wish));
    world.pass(100);
    assert_eq!(world.forward(&sender, &head(7, 111)).unwrap(), []);
}

#[test]
fn the_host_mutes_a_track_at_the_server_and_everybody_is_told() {
    let mut world = World::new(3, 0);
    let (sender, receiver) = (world.join("sender", rights(&[Microphone])), world.join("receiver", rights(&[])));
    let track = world.publish(&sender, Microphone, 7);
    let reply = world.admin(mute("sender", track.as_str(), true)).unwrap();
    assert!(matches!(reply, AdminReply::Track(lk::MuteRoomTrackResponse { track: Some(info) }) if info.muted));
    assert_eq!(world.forward(&sender, &head(7, 111)), Err(Dropped::Closed));
    let told = |message: &Message| matches!(message, Message::Mute(told) if told.sid == track.as_str() && told.muted);
    assert!(world.messages_to(&sender).iter().any(told));
    world.pass(100);
    let seen = world.messages_to(&receiver).iter().rev().find_map(|message| match message {
        Message::Update(update) => update.participants.iter().find(|info| info.identity == "sender").cloned(),
        _ => None,
    });
    assert!(seen.unwrap().tracks[0].muted);
    assert_eq!(world.admin(mute("sender", "TR_other", true)), Err(AdminError::NoTrack));
    assert_eq!(world.admin(mute("nobody", track.as_str(), true)), Err(AdminError::NoParticipant));
}

#[test]
fn nobody_but_its_owner_opens_a_track_again() {
    let mut world = World::new(13, 0);
    let (sender, _receiver) = (world.join("sender", rights(&[Microphone])), world.join("receiver", rights(&[])));
    let track = world.publish(&sender, Microphone, 7);
    world.admin(mute("sender", track.as_str(), true)).unwrap();
    let before = world.messages_to(&sender).len();
    assert_eq!(world.admin(mute("sender", track.as_str(), false)), Err(AdminError::Unmute));
    assert_eq!(world.messages_to(&sender).len(), before, "its client is told nothing: it would open the microphone");
    assert_eq!(world.forward(&sender, &head(7, 111)), Err(Dropped::Closed));
    world.ask(&sender, Asked::Mute(lk::MuteTrackRequest { sid: track.to_string(), muted: false }));
    assert_eq!(world.forward(&sender, &head(7, 111)).unwrap().len(), 1);
}

#[test]
fn what_was_left_out_begins_another_run() {
    let mut world = World::new(14, 0);
    let sender = world.join("sender", rights(&[Camera]));
    let (one, other) = (world.join("one", rights(&[])), world.join("other", rights(&[])));
    let track = world.publish(&sender, Camera, 7);
    let run = |world: &World, client: &Client| {
        let writes = world.forward(&sender, &head(7, 96)).unwrap();
        writes.iter().find(|write| write.peer == client.subscriber).map(|write| write.run)
    };
    let before = (run(&world, &one), run(&world, &other));
    let setting = |disabled| {
        Asked::TrackSetting(lk::UpdateTrackSettings {
            track_sids: vec![track.to_string()],
            disabled,
            ..Default::default()
        })
    };
    for disabled in [true, false] {
        world.ask(&one, setting(disabled));
    }
    let paused = (run(&world, &one), run(&world, &other));
    assert!(paused.0.is_some() && paused.0 != before.0 && paused.1 == before.1);
    for muted in [true, false] {
        world.ask(&sender, Asked::Mute(lk::MuteTrackRequest { sid: track.to_string(), muted }));
    }
    let muted = (run(&world, &one), run(&world, &other));
    assert!(muted.0 != paused.0 && muted.0 != before.0 && muted.1 != before.1);
}

#[test]
fn data_passes_under_its_senders_name_with_the_right_only() {
    let mut world = World::new(4, 0);
    let (talker, other, third) =
        (world.join("talker", rights(&[])), world.join("other", rights(&[])), world.join("third", rights(&[])));
    let silent = world.join("silent", Rights { data: false, ..rights(&SOURCES) });
    send(&mut world, &silent, &chat(&[]));
    assert!(world.data.is_empty());
    send(&mut world, &talker, &chat(&[]));
    let to: std::collections::BTreeSet<_> = world.data.iter().map(|(peer, ..)| *peer).collect();
    assert_eq!(to, [other.subscriber, third.subscriber, silent.subscriber].into());
    for (_, channel, packet) in &world.data {
        let Some(Value::User(user)) = &packet.value else { panic!("a user packet") };
        #[expect(deprecated, reason = "older clients read it")]
        let inner = (user.participant_identity.as_str(), user.participant_sid.as_str());
        assert_eq!((packet.participant_identity.as_str(), packet.participant_sid.as_str()), ("talker", &*talker.sid));
        assert_eq!(inner, ("talker", &*talker.sid));
        assert_eq!((*channel, packet.sequence), (Channel::Reliable, 5));
    }
    world.data.clear();
    send(&mut world, &talker, &chat(&["third"]));
    assert_eq!(world.data.iter().map(|(peer, ..)| *peer).collect::<Vec<_>>(), [third.subscriber]);
}

#[test]
fn sealed_data_is_handed_on_as_it_came() {
    let mut world = World::new(5, 0);
    let (talker, _other) = (world.join("talker", rights(&[])), world.join("other", rights(&[])));
    let sealed =
        lk::EncryptedPacket { iv: vec![1; 12], key_index: 3, encrypted_value: vec![9; 40], ..Default::default() };
    let value = Some(Value::EncryptedPacket(sealed));
    send(&mut world, &talker, &lk::DataPacket { value: value.clone(), ..Default::default() });
    assert_eq!(world.data[0].2.value, value);
}

#[test]
fn rubbish_floods_and_words_of_a_server_are_not_passed_on() {
    let mut world = World::new(6, 0);
    let (talker, _other) = (world.join("talker", rights(&[])), world.join("other", rights(&[])));
    let raw = |bytes: Vec<u8>| PeerEvent::Data { channel: Channel::Lossy, bytes };
    world.input(Input::Peer { peer: talker.publisher, event: raw(vec![0xff; 100]) });
    world.input(Input::Peer { peer: talker.publisher, event: raw(vec![0; MAX_DATA + 1]) });
    #[expect(deprecated, reason = "a forged list of speakers")]
    let speakers = Value::Speaker(lk::ActiveSpeakerUpdate::default());
    send(&mut world, &talker, &lk::DataPacket { value: Some(speakers), ..Default::default() });
    assert!(world.data.is_empty());
    for _ in 0..5_000 {
        send(&mut world, &talker, &chat(&[]));
    }
    assert!(world.data.len() <= DATA_BURST as usize, "{}", world.data.len());
    world.pass(1_000);
    send(&mut world, &talker, &chat(&[]));
    assert!(!world.data.is_empty(), "the seat is slowed down, not silenced");
}

#[test]
fn key_frames_are_asked_for_at_most_twice_a_second_whoever_asks() {
    let mut world = World::new(7, 0);
    let sender = world.join("sender", rights(&[Camera]));
    let receivers: Vec<_> = (0..20).map(|n| world.join(&format!("receiver-{n}"), rights(&[]))).collect();
    world.publish(&sender, Camera, 7);
    world.pass(KEY_FRAME_INTERVAL_MS);
    let before = world.key_frames(&sender);
    for _ in 0..100 {
        for receiver in &receivers {
            world.input(Input::Peer { peer: receiver.subscriber, event: PeerEvent::KeyFrameWanted(Slot(0)) });
        }
        world.pass(10);
    }
    let asked = world.key_frames(&sender) - before;
    assert!((2..=3).contains(&asked), "{asked}");
}

#[test]
fn a_paused_receiver_gets_nothing_until_it_goes_on() {
    let mut world = World::new(8, 0);
    let (sender, receiver) = (world.join("sender", rights(&[Camera])), world.join("receiver", rights(&[])));
    let track = world.publish(&sender, Camera, 7);
    let setting = |disabled| {
        Asked::TrackSetting(lk::UpdateTrackSettings {
            track_sids: vec![track.to_string()],
            disabled,
            ..Default::default()
        })
    };
    world.ask(&receiver, setting(true));
    assert_eq!(world.forward(&sender, &head(7, 96)).unwrap(), []);
    world.ask(&receiver, setting(false));
    assert_eq!(world.forward(&sender, &head(7, 96)).unwrap().len(), 1);
}

#[test]
fn of_several_layers_one_is_forwarded_and_of_a_restarted_stream_the_newest() {
    let mut world = World::new(9, 0);
    let (sender, _receiver) = (world.join("sender", rights(&[Camera])), world.join("receiver", rights(&[])));
    let layers = vec![lk::VideoLayer::default(); 2];
    world.ask(&sender, Asked::AddTrack(lk::AddTrackRequest { layers, ..add_track(Camera, "cid") }));
    let sdp = offer(&[(Kind::Video, "cid")]).sdp;
    world.ask(&sender, Asked::Offer(lk::SessionDescription { id: 1, sdp, ..Default::default() }));
    world.stream(&sender, "0", 7, Kind::Video);
    world.stream(&sender, "0", 8, Kind::Video);
    world.pass(100);
    assert_eq!(world.forward(&sender, &head(7, 96)).unwrap().len(), 1);
    assert_eq!(world.forward(&sender, &head(8, 96)).unwrap(), []);
    let plain = world.join("plain", rights(&[Microphone]));
    world.publish(&plain, Microphone, 17);
    world.stream(&plain, "0", 18, Kind::Audio);
    world.pass(100);
    assert_eq!(world.forward(&plain, &head(17, 111)).unwrap(), []);
    assert_eq!(world.forward(&plain, &head(18, 111)).unwrap().len(), 2);
}

/// A client of signalling version 1 without tracks.
fn join_single(world: &mut World) -> Client {
    let join = pars_sfu_core::Join {
        single: true,
        offer: Some(offer(&[])),
        ..world::join_of(world::grant("single", rights(&[Microphone])))
    };
    let single = world.try_join(join);
    assert_eq!(single.publisher, single.subscriber);
    let fast = |message: &Message| matches!(message, Message::Join(join) if join.fast_publish);
    assert!(world.messages_to(&single).iter().any(fast), "its offers follow each other, none waits 150 ms");
    single
}

/// Offers these media sections.
fn offer_sections(world: &mut World, client: &Client, id: u32, sections: &[&str]) {
    let sdp = format!("v=0\r\n{}", sections.concat());
    world.ask(client, Asked::Offer(lk::SessionDescription { id, sdp, ..Default::default() }));
    world.pass(100);
}

/// Publishes a camera beside the microphone of SSRC 7.
fn add_camera(world: &mut World, sender: &Client) {
    world.ask(sender, Asked::AddTrack(add_track(Camera, "camera")));
    let sdp = offer(&[(Kind::Audio, "cid-7"), (Kind::Video, "camera")]).sdp;
    world.ask(sender, Asked::Offer(lk::SessionDescription { id: 2, sdp, ..Default::default() }));
    world.pass(100);
}

/// The requests for sections of audio and of video that a client was sent.
fn asked(world: &World, client: &Client) -> Vec<(u32, u32)> {
    let requests = world.messages_to(client).iter().filter_map(|message| match message {
        Message::MediaSectionsRequirement(lacks) => Some((lacks.num_audios, lacks.num_videos)),
        _ => None,
    });
    requests.collect()
}

const HEARS: &str = "m=audio 9 X 111\r\na=mid:a\r\na=recvonly\r\n";
const SEES: &str = "m=video 9 X 96\r\na=mid:b\r\na=recvonly\r\n";
const SPEAKS: &str = "m=audio 9 X 111\r\na=mid:own\r\na=sendonly\r\na=msid:- own\r\n";

#[test]
fn a_client_of_version_1_is_told_how_many_sections_it_lacks_and_gets_its_tracks_there() {
    let mut world = World::new(10, 0);
    let sender = world.join("sender", rights(&[Microphone, Camera, ScreenShare]));
    let single = join_single(&mut world);
    world.publish(&sender, Microphone, 7);
    add_camera(&mut world, &sender);
    assert_eq!(asked(&world, &single), [(1, 0), (0, 1)]);
    assert_eq!(world.forward(&sender, &head(7, 111)).unwrap(), [], "nothing flows before there is a section");
    offer_sections(&mut world, &single, 9, &[HEARS, SEES]);
    assert_eq!(world.forward(&sender, &head(7, 111)).unwrap().len(), 1);
    let answer = world.messages_to(&single).iter().rev().find_map(|message| match message {
        Message::Answer(answer) => Some(answer.clone()),
        _ => None,
    });
    let answer = answer.unwrap();
    assert_eq!((answer.id, answer.mid_to_track_id.len()), (9, 2));
    assert_eq!(asked(&world, &single).len(), 2, "nothing is asked for twice");
}

#[test]
fn a_client_whose_offer_crosses_a_request_for_sections_is_reminded_once() {
    let mut world = World::new(13, 0);
    let sender = world.join("sender", rights(&[Microphone, Camera]));
    let single = join_single(&mut world);
    world.publish(&sender, Microphone, 7);
    assert_eq!(asked(&world, &single), [(1, 0)]);
    // Made before the request came: it has its own track's section alone.
    offer_sections(&mut world, &single, 2, &[SPEAKS]);
    assert_eq!(asked(&world, &single), [(1, 0), (0, 0)], "to offer what it was asked for, and no more than that");
    assert!(matches!(world.messages_to(&single), [.., Message::Answer(_), Message::MediaSectionsRequirement(_)]));
    offer_sections(&mut world, &single, 3, &[SPEAKS]);
    assert_eq!(asked(&world, &single).len(), 2, "who will not make sections is not asked for ever");
    offer_sections(&mut world, &single, 4, &[SPEAKS, HEARS]);
    assert_eq!(world.forward(&sender, &head(7, 111)).unwrap().len(), 1);
    // Another request, crossed again.
    add_camera(&mut world, &sender);
    offer_sections(&mut world, &single, 5, &[SPEAKS, HEARS]);
    assert_eq!(asked(&world, &single)[2..], [(0, 1), (0, 0)]);
    offer_sections(&mut world, &single, 6, &[SPEAKS, HEARS, SEES]);
    assert_eq!(asked(&world, &single).len(), 4, "nothing is lacking any more");
}

#[test]
fn who_joins_with_an_offer_is_answered_before_it_is_asked_for_sections() {
    let mut world = World::new(14, 0);
    let sender = world.join("sender", rights(&[Microphone]));
    world.publish(&sender, Microphone, 7);
    world.pass(1_000);
    let single = join_single(&mut world);
    world.pass(100);
    let order = world.messages_to(&single).iter().filter_map(|message| match message {
        Message::Answer(_) => Some("answer"),
        Message::MediaSectionsRequirement(_) => Some("request"),
        _ => None,
    });
    assert_eq!(order.collect::<Vec<_>>(), ["answer", "request"]);
    offer_sections(&mut world, &single, 2, &[HEARS]);
    assert_eq!(world.forward(&sender, &head(7, 111)).unwrap().len(), 1);
}

#[test]
fn media_that_arrives_before_its_track_is_announced_is_heard_once_it_is() {
    let mut world = World::new(11, 0);
    let (sender, _receiver) = (world.join("sender", rights(&[Microphone])), world.join("receiver", rights(&[])));
    let pars_sfu_core::Offer { id, sdp } = offer(&[(Kind::Audio, "cid")]);
    world.ask(&sender, Asked::Offer(lk::SessionDescription { id, sdp, ..Default::default() }));
    world.stream(&sender, "0", 7, Kind::Audio);
    assert_eq!(world.forward(&sender, &head(7, 111)), Err(Dropped::Stream));
    world.ask(&sender, Asked::AddTrack(add_track(Microphone, "cid")));
    world.pass(100);
    assert_eq!(world.forward(&sender, &head(7, 111)).unwrap().len(), 1);
}

#[test]
fn a_section_that_stops_sending_ends_its_track_and_may_carry_the_next() {
    let mut world = World::new(12, 0);
    let (sender, receiver) = (world.join("sender", rights(&[Microphone])), world.join("receiver", rights(&[])));
    let first = world.publish(&sender, Microphone, 7);
    world.pass(100);
    let stopped = offer(&[(Kind::Audio, "cid-7")]).sdp.replace("sendonly", "inactive");
    world.ask(&sender, Asked::Offer(lk::SessionDescription { id: 2, sdp: stopped, ..Default::default() }));
    assert_eq!(world.forward(&sender, &head(7, 111)), Err(Dropped::Stream));
    world.pass(100);
    let told = world.messages_to(&receiver).iter().rev().find_map(|message| match message {
        Message::Update(update) => update.participants.iter().find(|info| info.identity == "sender").cloned(),
        _ => None,
    });
    assert!(told.unwrap().tracks.is_empty());
    // The same section and stream again, under a new announcement.
    world.ask(&sender, Asked::AddTrack(add_track(Microphone, "next")));
    let sdp = offer(&[(Kind::Audio, "next")]).sdp;
    world.ask(&sender, Asked::Offer(lk::SessionDescription { id: 3, sdp, ..Default::default() }));
    world.pass(100);
    assert_eq!(world.forward(&sender, &head(7, 111)).unwrap().len(), 1);
    assert_ne!(first.as_str(), "");
}

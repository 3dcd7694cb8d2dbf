//! How every type looks in JSON, pinned by a golden file: clients of other versions rely on it.
//!
//! `PARS_BLESS=1` writes the file anew; then look at the difference before it is kept.

use std::fmt::Debug;

use pars_rpc::call::Call;
use pars_rpc::envelope::{Id, Notification, Request, Response};
use pars_rpc::event::{Ack, Event, Subscribe};
use pars_rpc::identity::{Created, GetIdentity, GetRevocation, Identity, Revocation};
use pars_rpc::message::{Delivery, Direction, GAP, ListMessages, MarkRead, Message, Messages, SendMessage, Sent};
use pars_rpc::recording::{
    AnswerRecording, Codec, Copies, Ending, FetchRecording, Fetched, ForgetRecording, Forgotten, GetRecording,
    ListTracks, OwnRecording, PauseReason, PlayRecording, Played, PlayedTrack, ProposeRecording, ReadTrack, RecordedBy,
    RecorderSeat, RecordingAsk, RecordingPhase, RecordingRow, RecordingStatus, RowState, SpanState, StopRecording,
    TrackBytes, Tracks, Verified, VerifyRecording,
};
use pars_rpc::room::{
    AgendaItem, AnonymousEntry, DevSign, DevSignature, Form, GetLobby, GiveOrder, HostSitting, Hosted, JoinRoom,
    Joined, KnownEntry, Lobby, MessageKind, OpenedMessage, OrderKind, Prefixed, PrepareSeat, Prepared, Role, RoomKind,
    RoomSummary, SignMessage, SignedBytes, Sitting, TypedData,
};
use pars_rpc::room_event::{
    EndReason, Ended, Keys, Ordered, Progress, Roster, Seat, SeatKeys, Stage, StopReason, Stopped,
};
use pars_rpc::session::{CloseSession, CreateSession, ForwardSecrecy, PqAuth, Session};
use pars_rpc::status::{Chain, Paused, Peer, Peers, State, Status};
use pars_rpc::trigger::{Certificate, Certify, SendAction};
use pars_rpc::{Code, HexBytes, RpcError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/shapes.json");
const CANARY: &str = "canary: nobody may print this";

/// Collects what types look like, and checks that they come back.
#[derive(Default)]
struct Shapes(Map<String, Value>);

impl Shapes {
    fn add<T: Serialize + DeserializeOwned + PartialEq + Debug>(&mut self, name: &str, value: &T) {
        let json = serde_json::to_value(value).unwrap();
        assert_eq!(&serde_json::from_value::<T>(json.clone()).unwrap(), value, "{name}");
        assert!(!format!("{value:?}").contains(CANARY), "{name} shows what it holds");
        self.0.insert(name.into(), json);
    }

    fn call<C: Call + PartialEq + Debug>(&mut self, call: &C) {
        self.add(C::METHOD.name(), &Request::of(Id::Number(1), call).unwrap());
        assert!(!format!("{call:?}").contains(CANARY));
    }
}

fn hex<const N: usize>(byte: u8) -> HexBytes<N> {
    HexBytes([byte; N])
}

fn identity() -> Identity {
    let digits = "ab".repeat(32);
    Identity { id: format!("05{digits}"), link: format!("pars://session/05{digits}?b=AAAA"), published: true }
}

fn session() -> Session {
    Session {
        id: hex(0xab),
        peer: format!("05{}", "ab".repeat(32)),
        ratchet: Some(hex(0xcd)),
        pq_auth: PqAuth::Confirmed,
        fs: ForwardSecrecy::Full,
        verified: true,
        archived: false,
        unread: 2,
    }
}

fn message(delivery: Delivery) -> Message {
    Message {
        cursor: 9_007_199_254_740_991,
        id: hex(1),
        session: hex(0xab),
        sender: format!("05{}", "ab".repeat(32)),
        direction: Direction::Received,
        sequence: 3,
        timestamp: 1_700_000_100,
        kind: "text".into(),
        content: CANARY.into(),
        delivery,
    }
}

fn status() -> Status {
    Status {
        network: "dev".into(),
        chain_id: 7072,
        version: "0.1.0".into(),
        state: State::Degraded,
        chain: Chain { head: 12, finalized: 10, synced: true },
        relays: 6,
        first_relay: Some("ef".repeat(32)),
        outgoing: 0,
        service: None,
        executor: false,
        cursor: 5,
        acknowledged: 4,
        paused: vec![Paused { session: hex(0xab), open: 1_024 }],
    }
}

fn calls(shapes: &mut Shapes) {
    shapes.call(&GetIdentity {});
    shapes.call(&GetRevocation {});
    shapes.call(&CreateSession { recipient: identity().link });
    shapes.call(&CloseSession { session: hex(0xab) });
    shapes.call(&SendMessage { session: hex(0xab), content: CANARY.into(), client_id: Some(hex(2)) });
    shapes.call(&ListMessages { session: hex(0xab), after: 4, since: 0, limit: Some(256) });
    shapes.call(&MarkRead { session: hex(0xab), cursor: 7 });
    shapes.call(&Subscribe { after: None });
    shapes.call(&Ack { cursor: 7 });
    shapes.call(&Certify { chain_id: 7072, trigger: hex(3), account: hex(4), signer_id: hex(5) });
    shapes.call(&SendAction {
        session: hex(0xab),
        certificate: "00".into(),
        session_message: "01".into(),
        signature: "02".into(),
        client_id: None,
    });
}

fn answers(shapes: &mut Shapes) {
    shapes.add("Identity", &identity());
    shapes.add("Created", &Created { identity: identity(), revocation: CANARY.to_owned().into() });
    shapes.add("Revocation", &Revocation { revocation: CANARY.to_owned().into() });
    shapes.add("Session", &session());
    shapes.add("Sent", &Sent { id: hex(1), client_id: hex(2) });
    shapes.add("Messages", &Messages { messages: vec![message(Delivery::Read)], next: Some(7) });
    shapes.add("Status", &status());
    let peer = Peer {
        node: "01".repeat(32),
        operator: "02".repeat(32),
        stake: "15000000000000".into(),
        addresses: vec!["/ip4/127.0.0.1/udp/9000/quic-v1".into()],
        described: true,
        first_relay: false,
    };
    shapes.add("Peers", &Peers { peers: vec![peer] });
    shapes.add("Certificate", &Certificate { certificate: "00".into() });
    let refused = RpcError::new(Code::WrongNetwork, "this daemon is on dev");
    shapes.add("Response", &Response::new(Id::Text("a".into()), Err(refused)));
}

fn events(shapes: &mut Shapes) {
    for (name, delivery) in [
        ("queued", Delivery::Queued),
        ("stored", Delivery::Stored { copies: 5 }),
        ("insufficient", Delivery::InsufficientStorage { copies: 2 }),
        ("unread", Delivery::Unread),
        ("read", Delivery::Read),
    ] {
        shapes.add(&format!("event: message {name}"), &Notification::from(Event::MessageUpdated(message(delivery))));
    }
    shapes.add("event: received", &Notification::from(Event::MessageReceived(message(Delivery::Unread))));
    shapes.add("event: session", &Notification::from(Event::SessionChanged(session())));
    let gap =
        Message { kind: GAP.into(), content: "the key was used".into(), sequence: 0, ..message(Delivery::Unread) };
    shapes.add("event: gap", &Notification::from(Event::Gap(gap)));
    shapes.add("event: published", &Notification::from(Event::Published {}));
}

fn summary() -> RoomSummary {
    RoomSummary {
        room: Prefixed([1; 32]),
        kind: RoomKind::OpenForum,
        title: Some("Assembly".into()),
        host: true,
        sitting: Some(Sitting { id: 1, opened_at: 1_700_000_000, ends_at: 1_700_003_600 }),
        seats: None,
        capacity: 500,
        min_balance: "1".into(),
    }
}

fn typed() -> TypedData {
    let object = |name: &str| [(name.to_owned(), Value::from("0"))].into();
    TypedData {
        domain: object("name"),
        types: object("SeatStatement"),
        primary_type: "SeatStatement".into(),
        message: object("roomId"),
    }
}

fn room_calls(shapes: &mut Shapes) {
    let (room, account) = (Prefixed([1; 32]), Prefixed([2; 20]));
    shapes.call(&GetLobby { room, accounts: vec![account] });
    shapes.call(&PrepareSeat { room, form: Form::Known, account: Some(account), text_only: false });
    let wallet_signature = Some("0x00".into());
    shapes.call(&JoinRoom { attempt: "ab".into(), wallet_signature, even_if_recorded: Some(true) });
    shapes.call(&SignMessage { room, kind: MessageKind::Chat, body: CANARY.to_owned().into() });
    shapes.call(&GiveOrder { room, kind: OrderKind::MuteAll, seat: None });
    let agenda = vec![AgendaItem { minutes: 5, text: "Welcome".into() }];
    shapes.call(&HostSitting {
        room,
        ends_at: 1_700_003_600,
        title: "Assembly".into(),
        agenda,
        languages: vec!["en".into()],
    });
    shapes.call(&DevSign { account, typed_data: typed() });
}

fn room_answers(shapes: &mut Shapes) {
    let (room, account) = (Prefixed([1; 32]), Prefixed([2; 20]));
    shapes.add(
        "Lobby",
        &Lobby {
            summary: summary(),
            agenda: vec![AgendaItem { minutes: 5, text: "Welcome".into() }],
            languages: vec!["en".into()],
            known: KnownEntry { allowed: true, reason: None, accounts: vec![account] },
            anonymous: AnonymousEntry { allowed: false, reason: Some("NotEligible".into()), ready: false, k: 20 },
            power: Some("1000".into()),
            at: 1_700_003_600,
            chain_id: 7072,
            dev_wallet: true,
        },
    );
    shapes.add("Prepared", &Prepared { attempt: "ab".into(), typed_data: Some(typed()) });
    shapes.add(
        "Joined",
        &Joined {
            room,
            seat: 1,
            identity: "0011223344556677".into(),
            role: Role::Moderator,
            anonymous: false,
            token: CANARY.to_owned().into(),
            signal_url: "ws://127.0.0.1:4000".into(),
            dtls_fingerprint: Prefixed([4; 32]),
            ends_at: 1_700_003_600,
            text_only: false,
            recorder: Some(RecorderSeat { seat: 3, for_seat: 2 }),
        },
    );
    shapes.add("SignedBytes", &SignedBytes { bytes: "AA==".into() });
    let body = CANARY.to_owned().into();
    shapes.add("OpenedMessage", &OpenedMessage { seat: 1, seq: 2, kind: MessageKind::Chat, body });
    shapes.add("Hosted", &Hosted { sitting: 1, metadata_hash: Prefixed([3; 32]) });
    shapes.add("DevSignature", &DevSignature { signature: "0x00".into() });
}

fn room_events(shapes: &mut Shapes) {
    let room = Prefixed([1; 32]);
    let mut add = |name: &str, event: Event| shapes.add(&format!("event: room {name}"), &Notification::from(event));
    let secret = || CANARY.to_owned().into();
    let identity = "0011223344556677".to_owned();
    let keys = SeatKeys { identity: identity.clone(), media: secret(), data: secret() };
    add("progress", Event::RoomProgress(Progress { attempt: "ab".into(), stage: Stage::Proof, percent: 50 }));
    let seat = Seat {
        seat: 1,
        identity,
        anonymous: true,
        role: Role::Member,
        account: None,
        verified: true,
        hand: Some(1),
        muted: false,
        live: true,
        recorder: false,
        unshared: false,
    };
    let check_code = "00000 00000 00000 00000 00000".into();
    add("roster", Event::RoomRoster(Roster { room, epoch: 3, check_code, seats: vec![seat] }));
    add("keys", Event::RoomKeys(Keys { room, epoch: 3, index: 3, keys: vec![keys.clone()], own: Some(keys) }));
    add("stopped", Event::RoomStopped(Stopped { room, reason: StopReason::Unverified, seat: Some(2) }));
    add("stopped by consent", Event::RoomStopped(Stopped { room, reason: StopReason::NotConsented, seat: Some(2) }));
    add("order", Event::RoomOrder(Ordered { room, kind: OrderKind::LowerHand, seat: None, by: 1 }));
    add("ended", Event::RoomEnded(Ended { room, reason: EndReason::SittingOver, detail: None }));
    add("recording", Event::RoomRecording(recording()));
}

/// Everything that can stand in it at once, which it never does.
fn recording() -> RecordingStatus {
    let (recording, span) = (Prefixed([5; 32]), Prefixed([6; 32]));
    RecordingStatus {
        room: Prefixed([1; 32]),
        phase: RecordingPhase::Paused,
        ask: Some(RecordingAsk { recording, by: 2, retention_seconds: 2_592_000, valid_until: 1_700_003_600 }),
        agreed: Some(recording),
        recorder: Some(RecorderSeat { seat: 4, for_seat: 2 }),
        since: Some(1_700_000_100),
        participants: Some(3),
        own: Some(OwnRecording {
            recording,
            state: SpanState::Collecting,
            agreed: 3,
            agreed_of: 3,
            signed: 5,
            signed_of: 8,
            refused: 0,
            paused: Some(PauseReason::WithdrawnOnChain),
            span: Some(span),
            not_executed: true,
        }),
        unsigned: Some("somebody is left out, or added".into()),
    }
}

fn recording_calls(shapes: &mut Shapes) {
    let (room, recording, span) = (Prefixed([1; 32]), Prefixed([5; 32]), Prefixed([6; 32]));
    shapes.call(&ProposeRecording {
        room,
        executor: Some(hex(7)),
        retention_seconds: 2_592_000,
        valid_seconds: 3_600,
        dummies: 5,
    });
    shapes.call(&AnswerRecording { room, recording, agree: true });
    shapes.call(&StopRecording { room });
    shapes.call(&GetRecording { room });
    shapes.call(&FetchRecording { span, from: vec!["http://127.0.0.1:8080".into()] });
    shapes.call(&VerifyRecording { span });
    shapes.call(&PlayRecording { span, folder: "/tmp/recording".into() });
    shapes.call(&ListTracks { span });
    shapes.call(&ReadTrack { span, track: 1, offset: 262_144, length: 262_144 });
    shapes.call(&ForgetRecording { span: None, recording: Some(recording) });
}

fn recording_answers(shapes: &mut Shapes) {
    let (recording, span, cid) = (Prefixed([5; 32]), Prefixed([6; 32]), || "bafybeigdyr".to_owned());
    let copies = || Copies { confirmed: 1, asked: 2 };
    shapes.add("RecordingStatus", &self::recording());
    shapes.add(
        "RecordingRow",
        &RecordingRow {
            recording,
            span,
            room: Some(Prefixed([1; 32])),
            state: RowState::Anchored,
            by: RecordedBy::Own,
            key: true,
            cid: Some(cid()),
            began_at: 1_700_000_100,
            ended_at: Some(1_700_000_110),
            bytes: 131_072,
            copies: copies(),
        },
    );
    shapes.add("Fetched", &Fetched { span, cid: cid(), bytes: 131_072 });
    shapes.add(
        "Verified",
        &Verified {
            span,
            cid: cid(),
            anchored: true,
            wraps: true,
            ending: Ending::Torn,
            segments: 3,
            torn: 1,
            bytes: 131_072,
            copies: copies(),
        },
    );
    let track = PlayedTrack {
        track: 1,
        seat: Some(2),
        pseudonym: "0011223344556677".into(),
        codec: Codec::Opus,
        began_ms: 20,
        ended_ms: 10_020,
        frames: 500,
        ending: Ending::Whole,
        path: Some("/tmp/recording/1.webm".into()),
    };
    shapes.add("PlayedTrack", &track);
    shapes.add("Played", &Played { tracks: vec![track.clone()] });
    let tracks = vec![PlayedTrack { path: None, ..track }];
    shapes.add("Tracks", &Tracks { began_at: 1_700_000_100_000, ended_ms: 10_020, tracks });
    shapes.add("TrackBytes", &TrackBytes { bytes: CANARY.to_owned().into(), total: 7 });
    shapes.add("Forgotten", &Forgotten { spans: 1, still_pinned: 1 });
}

#[test]
fn every_type_looks_in_json_as_the_golden_file_says_and_shows_nothing_in_debug() {
    let mut shapes = Shapes::default();
    calls(&mut shapes);
    answers(&mut shapes);
    events(&mut shapes);
    room_calls(&mut shapes);
    room_answers(&mut shapes);
    room_events(&mut shapes);
    recording_calls(&mut shapes);
    recording_answers(&mut shapes);
    let text = format!("{:#}\n", Value::Object(shapes.0));
    if std::env::var_os("PARS_BLESS").is_some() {
        std::fs::write(FILE, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(FILE).unwrap(), "the shapes changed");
}

//! A listening seat at the real media server, in this process: sealed frames of several seats become a recording.

#[path = "../../../../sfu/tests/client/mod.rs"]
mod client;
mod proxy;
#[path = "../../../../sfu/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use client::{Client, Order, Report, Target as Speaking};
use pars_blocks::Profile;
use pars_crypto::secret::{RecordingKey, SharedSecret};
use pars_proto::media::{Codec as Sealed, Opener, Sealer};
use pars_recorder::import::import;
use pars_recorder::live::{Heard, ListenError, Listener, Target};
use pars_recorder::play;
use pars_recorder::span::{Opening, Source, Span};
use pars_recorder::store::Folder;
use pars_recorder::webm::{Codec, Frame, Taken};
use proxy::Proxy;
use support::{server, token};

/// Frames of each seat that are recorded.
const FRAMES: usize = 40;
/// Bytes of a picture behind its head: three packets of them.
const PICTURE: usize = 3_000;
/// Each so many-th picture is a key frame.
const KEY: u16 = 8;

/// A seat that speaks or shows pictures, with the keys of its frames at both ends.
struct Seat {
    client: Client,
    sealer: Sealer,
    opener: Opener,
    codec: Codec,
    track: Option<u16>,
    said: u16,
    kept: Vec<Vec<u8>>,
}

/// A seat that speaks.
async fn seat(running: &pars_sfu::Running, number: u8) -> Seat {
    seat_with(running, number, Codec::Opus).await
}

/// A seat with a microphone, or with a camera.
async fn seat_with(running: &pars_sfu::Running, number: u8, codec: Codec) -> Seat {
    let (source, order) = match codec {
        Codec::Opus => ("microphone", Order::Publish { announced: true }),
        Codec::Vp8 => ("camera", Order::Film),
    };
    let target = Speaking { url: running.ready.url.clone(), token: token(&name(number), &[source]) };
    let mut client = Client::join(&target).await.unwrap();
    client.connected().await.unwrap();
    client.orders.send(order).await.unwrap();
    client.wait(|report| matches!(report, Report::Published(_)).then_some(())).await.unwrap();
    let material = SharedSecret::from_bytes([number; 32]);
    let (sealer, mut opener) = (Sealer::new(1, &material), Opener::default());
    opener.set(1, &material).unwrap();
    Seat { client, sealer, opener, codec, track: None, said: 0, kept: Vec::new() }
}

/// What a seat says or shows as its frame of this count, which stands at the end: no two are the same.
fn clear(codec: Codec, number: u8, count: u16) -> Vec<u8> {
    let mut bytes = match codec {
        Codec::Opus => vec![0xf8, number],
        // 64 × 48 (RFC 6386 section 9.1).
        Codec::Vp8 if count.is_multiple_of(KEY) => vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0],
        Codec::Vp8 => vec![0x11, 0, 0],
    };
    if codec == Codec::Vp8 {
        bytes.extend((0..PICTURE).map(|at| number ^ at as u8));
    }
    bytes.extend(count.to_be_bytes());
    bytes
}

fn name(number: u8) -> String {
    format!("seat-{number}")
}

fn listening(running: &pars_sfu::Running) -> Target {
    let mut fingerprint = [0; 32];
    hex::decode_to_slice(&running.ready.fingerprint, &mut fingerprint).unwrap();
    Target { url: running.ready.url.clone(), token: token("recorder", &[]), fingerprint }
}

impl Seat {
    /// Say or show the next frame, sealed.
    async fn speak(&mut self, number: u8) {
        let clear = clear(self.codec, number, self.said);
        self.said += 1;
        let bytes = self.sealer.frame(sealed(self.codec), 7, &clear).unwrap();
        let order = match self.codec {
            Codec::Opus => Order::Speak { packets: 1, bytes, per_second: 1_000 },
            Codec::Vp8 => Order::Show(bytes),
        };
        self.client.orders.send(order).await.unwrap();
    }

    /// Open what came of it, which is what was sealed.
    fn open(&mut self, number: u8, bytes: &[u8]) -> Vec<u8> {
        let bytes = self.opener.frame(sealed(self.codec), bytes).unwrap();
        let count = u16::from_be_bytes(*bytes.last_chunk().unwrap());
        assert_eq!(bytes, clear(self.codec, number, count));
        bytes
    }
}

fn sealed(codec: Codec) -> Sealed {
    match codec {
        Codec::Opus => Sealed::Opus,
        Codec::Vp8 => Sealed::Vp8,
    }
}

/// The frames of a file, as another reader finds them.
fn frames(path: &std::path::Path) -> Vec<Vec<u8>> {
    let mut file = matroska_demuxer::MatroskaFile::open(std::fs::File::open(path).unwrap()).unwrap();
    let (mut frame, mut frames) = (matroska_demuxer::Frame::default(), Vec::new());
    while file.next_frame(&mut frame).unwrap() {
        frames.push(frame.data.clone());
    }
    frames
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_seats_say_and_show_is_heard_opened_recorded_and_played() {
    let running = server().await;
    let mut seats = BTreeMap::new();
    for (number, codec) in [(3, Codec::Opus), (5, Codec::Opus), (7, Codec::Vp8)] {
        seats.insert(number, seat_with(&running, number, codec).await);
    }
    let mut listener = Listener::join(&listening(&running), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let opening = Opening { recording: [1; 32], span: [2; 32], consent: [3; 32], wraps: Vec::new() };
    let key = || RecordingKey::from_bytes([9; 32]);
    let mut span = Span::begin(Folder::open(&dir.path().join("span")).unwrap(), &opening, key(), 0).unwrap();
    let mut owners = BTreeMap::new();
    let mut arrived_ms = 0;
    while seats.values().any(|seat| seat.kept.len() < FRAMES) {
        let heard = tokio::select! {
            heard = listener.next() => heard.unwrap(),
            () = tokio::time::sleep(Duration::from_millis(5)) => {
                for (number, seat) in &mut seats {
                    seat.speak(*number).await;
                }
                continue;
            }
        };
        match heard {
            Heard::Track { track, owner } => {
                let number = *seats.keys().find(|number| name(**number) == owner).unwrap();
                let seat = seats.get_mut(&number).unwrap();
                let source = Source { seat: number.into(), pseudonym: owner, codec: seat.codec };
                seat.track = Some(span.track(&source, arrived_ms).unwrap());
                owners.insert(track, number);
            }
            Heard::Frame { track, codec, rtp, bytes } => {
                let seat = seats.get_mut(&owners[&track]).unwrap();
                assert_eq!(codec, seat.codec);
                let bytes = seat.open(owners[&track], &bytes);
                let frame = Frame { rtp, arrived_ms, bytes: &bytes };
                arrived_ms += 10;
                match span.frame(seat.track.unwrap(), frame, &mut rng).unwrap() {
                    Taken::Kept => seat.kept.push(bytes),
                    // It listens since the middle of a stream of pictures.
                    taken => assert!(taken == Taken::BeforeKey && codec == Codec::Vp8 && seat.kept.is_empty()),
                }
            }
            Heard::Connected => {}
            other => panic!("{other:?}"),
        }
    }
    let folder = span.close(arrived_ms, &mut rng).unwrap();
    let store = pars_blobs::Folder::open(&dir.path().join("blobs"), 1 << 30).unwrap();
    let root = import(&folder, &store, Profile::UNIXFS_V1_2025).await.unwrap().root.cid;
    let played = play::open(&store, root).await.unwrap().play(&store, &key(), dir.path()).await.unwrap();
    assert_eq!(played.len(), 3);
    for played in played {
        let seat = seats.values().find(|seat| seat.track == Some(played.track)).unwrap();
        assert_eq!(frames(&played.path), seat.kept);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_heard_from_a_server_of_another_certificate_or_without_a_token() {
    let running = server().await;
    let target = listening(&running);
    let local = "127.0.0.1:0".parse().unwrap();
    let other = Target { fingerprint: [1; 32], ..target.clone() };
    let mut listener = Listener::join(&other, local).await.unwrap();
    assert_eq!(listener.next().await, Some(Heard::Ended(ListenError::Fingerprint)));
    assert_eq!(listener.next().await, None);
    let bare = Target { token: "none".to_owned(), ..target };
    assert!(matches!(Listener::join(&bare, local).await, Err(ListenError::Socket(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_track_that_ends_is_told() {
    let running = server().await;
    let speaker = seat(&running, 3).await;
    let mut listener = Listener::join(&listening(&running), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let mut came = None;
    while came.is_none() {
        if let Heard::Track { track, owner } = listener.next().await.unwrap() {
            came = Some((track, owner));
        }
    }
    let (track, owner) = came.unwrap();
    assert_eq!(owner, "seat-3");
    speaker.client.orders.send(Order::Leave).await.unwrap();
    while listener.next().await.unwrap() != (Heard::Gone { track: track.clone() }) {}
}

/// Until somebody's track is told.
async fn track_of(listener: &mut Listener, name: &str) {
    loop {
        match listener.next().await.unwrap() {
            Heard::Track { owner, .. } if owner == name => return,
            Heard::Ended(error) => panic!("{error}"),
            _ => {}
        }
    }
}

/// Until this packet of a seat is heard.
async fn frame_of(listener: &mut Listener, seat: &mut Seat, number: u8) {
    loop {
        let heard = tokio::select! {
            heard = listener.next() => heard.unwrap(),
            () = tokio::time::sleep(Duration::from_millis(5)) => {
                seat.speak(number).await;
                continue;
            }
        };
        match heard {
            Heard::Frame { .. } => return,
            Heard::Ended(error) => panic!("{error}"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_socket_is_replaced_and_media_goes_on() {
    let running = server().await;
    let proxy = Proxy::to(&running.ready.url).await;
    let mut speaker = seat(&running, 3).await;
    let target = Target { url: proxy.url.clone(), ..listening(&running) };
    let mut listener = Listener::join(&target, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    track_of(&mut listener, "seat-3").await;
    frame_of(&mut listener, &mut speaker, 3).await;
    for next in [4, 5] {
        proxy.cut();
        frame_of(&mut listener, &mut speaker, 3).await;
        // Told on the new socket; and its sections are offered on it, so that it is heard.
        let mut late = seat(&running, next).await;
        track_of(&mut listener, &name(next)).await;
        frame_of(&mut listener, &mut late, next).await;
    }
}

//! TH-M1: what stands in the server's memory while sound and pictures go through it: of sealed ones nothing, of clear ones what
//! they hold. The program runs for itself, and its memory is read as a debugger reads it.

mod client;
mod program;
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    ops::Range,
    os::unix::fs::FileExt as _,
    sync::Arc,
    time::Duration,
};

use client::{Client, Order, Report, Target, post};
use pars_crypto::secret::SharedSecret;
use pars_proto::media::{Codec, Opener, Sealer};
use pars_recorder::live::{self, Heard, Listener};
use program::Program;
use serde_json::json;
use support::{ROOM, admin, token};

/// Bytes of a canary.
const CANARY: usize = 32;
/// Canaries of a packet of sound: about as long as one of Opus of 20 ms.
const SOUND: usize = 3;
/// Canaries of a picture, which takes three packets.
const PICTURE: usize = 96;
/// Different frames of each seat. It sends them over and over.
const FRAMES: usize = 40;
/// Each so many-th picture is a key frame.
const KEY: usize = 8;
/// Between two frames of a seat, while nothing is heard.
const PAUSE: Duration = Duration::from_millis(5);
/// How often memory is looked at, at most, until it holds what is sent in the clear.
const LOOKS: usize = 100;
/// Bytes of a page of memory, or a part of one.
const PAGE: usize = 4_096;
/// Each seat's name, what it sends, and whether it seals that.
const SEATS: [(&str, Codec, bool); 4] = [
    ("sealed-sound", Codec::Opus, true),
    ("sealed-pictures", Codec::Vp8, true),
    ("clear-sound", Codec::Opus, false),
    ("clear-pictures", Codec::Vp8, false),
];

/// Random bytes, drawn anew for each run, that stand in one frame alone.
type Canary = [u8; CANARY];

/// A frame of canaries, behind the bytes that stay readable by design (`Codec`).
fn frame(codec: Codec, count: usize) -> Vec<u8> {
    let (mut frame, canaries) = match codec {
        Codec::Opus => (vec![0xf8], SOUND),
        // 64 × 48 (RFC 6386 section 9.1).
        _ if count.is_multiple_of(KEY) => (vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0], PICTURE),
        _ => (vec![0x11, 0, 0], PICTURE),
    };
    let head = frame.len();
    frame.resize(head + canaries * CANARY, 0);
    getrandom::fill(&mut frame[head..]).unwrap();
    frame
}

/// Both ends of a seat's keys.
fn keys() -> (Sealer, Opener) {
    let mut material = [0; 32];
    getrandom::fill(&mut material).unwrap();
    let (material, mut opener) = (SharedSecret::from_bytes(material), Opener::default());
    opener.set(1, &material).unwrap();
    (Sealer::new(1, &material), opener)
}

/// A seat with one track.
struct Seat {
    client: Client,
    codec: Codec,
    /// Who has none sends in the clear.
    keys: Option<(Sealer, Opener)>,
    frames: Vec<Vec<u8>>,
    sent: usize,
    /// Which frames came through.
    heard: BTreeSet<Vec<u8>>,
}

impl Seat {
    async fn join(url: &str, (name, codec, is_sealed): (&str, Codec, bool)) -> Self {
        let (source, order) = match codec {
            Codec::Opus => ("microphone", Order::Publish { announced: true }),
            _ => ("camera", Order::Film),
        };
        let target = Target { url: url.to_owned(), token: token(name, &[source]) };
        let mut client = Client::join(&target).await.expect("a socket");
        client.connected().await.expect("connected");
        client.orders.send(order).await.unwrap();
        client.wait(|report| matches!(report, Report::Published(_)).then_some(())).await.expect("published");
        let frames = (0..FRAMES).map(|count| frame(codec, count)).collect();
        Self { client, codec, keys: is_sealed.then(keys), frames, sent: 0, heard: BTreeSet::new() }
    }

    /// Sends the next frame.
    async fn send(&mut self) {
        let frame = &self.frames[self.sent % FRAMES];
        self.sent += 1;
        let bytes = match &mut self.keys {
            Some((sealer, _)) => sealer.frame(self.codec, 7, frame).unwrap(),
            None => frame.clone(),
        };
        let order = match self.codec {
            Codec::Opus => Order::Speak { packets: 1, bytes, per_second: 1_000 },
            _ => Order::Show(bytes),
        };
        self.client.orders.send(order).await.unwrap();
    }

    /// Takes what came through, which must be a frame as it was before it was sealed.
    fn hear(&mut self, bytes: Vec<u8>) {
        let frame = match &mut self.keys {
            Some((_, opener)) => opener.frame(self.codec, &bytes).unwrap(),
            None => bytes,
        };
        assert!(self.frames.contains(&frame), "{:?}: what came is no frame that was sent", self.codec);
        self.heard.insert(frame);
    }

    fn canaries(&self) -> BTreeSet<Canary> {
        self.frames.iter().flat_map(|frame| frame.as_rchunks::<CANARY>().1).copied().collect()
    }
}

/// All seats, and one more that hears them.
struct Call {
    listener: Listener,
    seats: BTreeMap<String, Seat>,
    /// Whose each track is.
    owners: BTreeMap<String, String>,
}

impl Call {
    async fn begin(program: &Program) -> Self {
        let room = json!({ "name": ROOM }).to_string();
        post(&program.url, "/twirp/livekit.RoomService/CreateRoom", &admin(), &room).await.unwrap();
        let mut seats = BTreeMap::new();
        for seat in SEATS {
            seats.insert(seat.0.to_owned(), Seat::join(&program.url, seat).await);
        }
        let mut fingerprint = [0; 32];
        hex::decode_to_slice(&program.fingerprint, &mut fingerprint).unwrap();
        let target = live::Target { url: program.url.clone(), token: token("listener", &[]), fingerprint };
        let listener = Listener::join(&target, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        Self { listener, seats, owners: BTreeMap::new() }
    }

    /// One thing that is heard, or one more frame of every seat.
    async fn go_on(&mut self) {
        let heard = tokio::select! {
            heard = self.listener.next() => heard.unwrap(),
            () = tokio::time::sleep(PAUSE) => {
                for seat in self.seats.values_mut() {
                    seat.send().await;
                }
                return;
            }
        };
        match heard {
            Heard::Connected => {}
            Heard::Track { track, owner } => {
                self.owners.insert(track, owner);
            }
            Heard::Frame { track, bytes, .. } => self.seats.get_mut(&self.owners[&track]).unwrap().hear(bytes),
            other => panic!("{other:?}"),
        }
    }

    /// Whether every frame came through once.
    fn is_whole(&self) -> bool {
        self.seats.values().all(|seat| seat.heard.len() == FRAMES)
    }
}

/// The canaries that stand where a process may write in its memory (proc(5), `maps` and `mem`).
fn look(process: u32, canaries: &BTreeSet<Canary>) -> BTreeSet<Canary> {
    let memory = File::open(format!("/proc/{process}/mem")).expect("a process may read its child's memory");
    // Two bytes rule out most places at once.
    let mut begins = vec![false; 1 << 16];
    for canary in canaries {
        begins[head(canary)] = true;
    }
    let (mut found, mut page) = (BTreeSet::new(), [0; PAGE]);
    for region in fs::read_to_string(format!("/proc/{process}/maps")).unwrap().lines().filter_map(written) {
        let mut bytes = Vec::new();
        for at in region.step_by(PAGE) {
            // Memory of a device, or gone by now.
            if memory.read_exact_at(&mut page, at).is_err() {
                break;
            }
            if page != [0; PAGE] {
                bytes.extend_from_slice(&page);
            }
        }
        let places = bytes.windows(CANARY).filter(|place| begins[head(place)]);
        found.extend(places.filter_map(|place| canaries.get(place)).copied());
    }
    found
}

/// The first two bytes.
fn head(bytes: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// The addresses of a line of `maps`, if the process may write there.
fn written(line: &str) -> Option<Range<u64>> {
    let (range, rest) = line.split_once(' ')?;
    let (from, to) = range.split_once('-')?;
    let address = |digits| u64::from_str_radix(digits, 16).ok();
    rest.starts_with("rw").then_some(address(from)?..address(to)?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_holds_no_canary_of_sealed_sound_or_pictures_and_those_of_clear_ones() {
    let directory = std::env::temp_dir().join(format!("sfu-memory-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let program = Program::start(&directory, None);
    fs::remove_dir_all(&directory).unwrap();
    let mut call = Call::begin(&program).await;
    while !call.is_whole() {
        call.go_on().await;
    }
    let (sealed, clear): (Vec<_>, Vec<_>) = call.seats.values().partition(|seat| seat.keys.is_some());
    let [sealed, clear] = [sealed, clear].map(|seats| seats.into_iter().map(Seat::canaries).collect::<Vec<_>>());
    assert!(sealed.iter().chain(&clear).map(BTreeSet::len).eq([PICTURE, SOUND, PICTURE, SOUND].map(|of| of * FRAMES)));
    let all: Arc<BTreeSet<_>> = Arc::new(sealed.iter().chain(&clear).flatten().copied().collect());
    let process = program.id();
    for _ in 0..LOOKS {
        let canaries = Arc::clone(&all);
        let looking = tokio::task::spawn_blocking(move || look(process, &canaries));
        while !looking.is_finished() {
            call.go_on().await;
        }
        let found = looking.await.unwrap();
        let hits: Vec<_> = sealed.iter().map(|canaries| canaries.intersection(&found).count()).collect();
        assert_eq!(hits, [0, 0], "canaries of sealed pictures and sound in the server's memory");
        // Of pictures and of sound: so the search finds what is there.
        if clear.iter().all(|canaries| !canaries.is_disjoint(&found)) {
            return;
        }
    }
    panic!("what is sent in the clear was not found in {LOOKS} looks at memory: nothing was searched");
}

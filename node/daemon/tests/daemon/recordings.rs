//! The library: what is captured, sealed, anchored, fetched, opened and forgotten, over real blocks and a real chain.

mod ends;
mod file_keys;
mod forks;
mod owed;
mod pictures;
mod studio;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::primitives::B256;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pars_blobs::{BlobSource, BlobStore};
use pars_blocks::{Block, Cid};
use pars_daemon::recordings::{AnchorSigner, Begin, ConsentSecret, Forget, LibraryError, ToAnchor};
use pars_recorder::live::{Heard, ListenError};
use pars_recorder::webm::Codec;
use pars_rpc::recording::{Ending, RecordedBy, RowState};
use pars_wire::RecordingId;
use serde_json::{Value, json};

use studio::{BEGAN_MS, Member, ROOM, Studio, Voice, draft, gateway, keys, name, seed, serve, track};

/// Until when recordings may be kept, Unix seconds: long after every run of these tests.
const FAR: u64 = 4_000_000_000;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// One row of the list.
async fn row(member: &Member, span: RecordingId) -> pars_rpc::recording::RecordingRow {
    let list = member.library.list().await.unwrap();
    list.into_iter().find(|row| row.span.0 == span.0.0).expect("it is listed")
}

/// A span of two participants of whom seat 1 speaks, sealed.
async fn sealed(member: &Member, recording: pars_proto::room::recording::Recording) -> (Vec<u8>, B256) {
    let mut capture = member.library.begin(member.begin(recording, &[1, 2])).await.unwrap();
    let (epoch, seats) = keys(1, &[1, 2]);
    capture.keys(&[epoch], &seats);
    capture.heard(track("TR_a", 1), BEGAN_MS).unwrap();
    Voice::new(1, 1).speak(&mut capture, "TR_a", 200);
    capture.seal(BEGAN_MS + 5_000).await.unwrap()
}

#[tokio::test]
async fn a_recording_goes_from_sealed_frames_to_a_members_player_and_is_forgotten_key_first() {
    let studio = Studio::start().await;
    let (ana, stranger) = (studio.member("ana", (&[], &[])), studio.member("stranger", (&[], &[])));
    let ana_gateway = gateway(&ana).await;
    // The first gateway does not answer, the second has nothing.
    let empty = gateway(&stranger).await;
    let omid = studio.member("omid", (&["http://127.0.0.1:9", &empty, &ana_gateway], &[]));
    let (recording, roster) = draft(0xa1, &[1, 2], studio.in_an_hour().await);
    let span = recording.span();
    for (member, of) in [(&ana, 1), (&omid, 2)] {
        member.library.keep(recording.tag, (ROOM, FAR), seed(of)).await.unwrap();
    }
    studio.consented(&recording, &roster, &[1, 2]).await;
    assert!(matches!(stranger.library.fetch(RecordingId([9; 32].into()), &[]).await, Err(LibraryError::Unknown)));
    assert!(matches!(omid.library.fetch(span, &[]).await, Err(LibraryError::NotAnchored)));
    let before = row(&omid, span).await;
    assert_eq!((before.state, before.by, before.key), (RowState::Recording, RecordedBy::Other, true));

    let made = sealed(&ana, recording).await;
    assert_eq!(row(&ana, span).await.state, RowState::Sealed);
    assert!(!ana.library.verify(span).await.unwrap().anchored);
    studio.anchored(&recording, &Studio::signer(1), made).await;
    assert_eq!(row(&ana, span).await.state, RowState::Anchored);

    let fetched = omid.library.fetch(span, &[]).await.unwrap();
    assert!(fetched.bytes > 200_000);
    let verified = omid.library.verify(span).await.unwrap();
    assert!(verified.anchored && verified.wraps && verified.ending == Ending::Whole && verified.torn == 0);
    assert_eq!((verified.copies.confirmed, verified.copies.asked), (1, 1));
    let after = row(&omid, span).await;
    assert_eq!(
        (after.state, after.began_at, after.ended_at),
        (RowState::Anchored, BEGAN_MS / 1_000, Some(BEGAN_MS / 1_000 + 5))
    );

    let folder = studio.world.dir.path().join("played");
    let played = omid.library.play(span, &folder).await.unwrap().tracks;
    assert_eq!((played.len(), played[0].frames, played[0].seat, &played[0].pseudonym), (1, 200, Some(1), &name(1)));
    assert!(matches!(omid.library.play(span, &folder).await, Err(LibraryError::Play(_))), "written over");
    assert!(matches!(omid.library.play(span, Path::new("here")).await, Err(LibraryError::Path(_))));
    let tracks = omid.library.tracks(span).await.unwrap();
    assert_eq!((tracks.began_at, tracks.ended_ms, tracks.tracks[0].frames), (BEGAN_MS, 5_000, 200));
    let plain = std::fs::read(played[0].path.as_ref().unwrap()).unwrap();
    assert_eq!(read(&omid, span, 1).await, plain);
    assert!(matches!(omid.library.read(span, 2, 0, 9).await, Err(LibraryError::NoTrack(2))));
    assert!(!files(&studio.world.datadir("omid")).iter().any(|path| std::fs::read(path).unwrap() == plain));

    // Whoever has every block and no key has nothing.
    stranger.library.fetch(span, std::slice::from_ref(&ana_gateway)).await.unwrap();
    assert!(stranger.library.verify(span).await.unwrap().wraps && !row(&stranger, span).await.key);
    assert!(matches!(stranger.library.play(span, &folder).await, Err(LibraryError::NoKey)));
    assert!(matches!(stranger.library.tracks(span).await, Err(LibraryError::NoKey)));

    assert_eq!(omid.library.forget(Forget::Span(span)).await.unwrap().spans, 1);
    assert!(files(&studio.world.datadir("omid").join("recordings")).is_empty() && omid.blobs.used() == 0);
    assert!(omid.library.list().await.unwrap().is_empty());
    assert!(matches!(omid.library.read(span, 1, 0, 9).await, Err(LibraryError::NotHere(_))));
    omid.library.fetch(span, &[]).await.unwrap();
    assert!(matches!(omid.library.read(span, 1, 0, 9).await, Err(LibraryError::NoKey)), "the key is gone for ever");
    assert_eq!(omid.library.forget(Forget::Recording(recording.tag)).await.unwrap().spans, 1);
    assert!(matches!(omid.library.forget(Forget::Recording(recording.tag)).await, Err(LibraryError::Unknown)));
}

/// A whole track, in pieces.
async fn read(member: &Member, span: RecordingId, track: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let piece = member.library.read(span, track, bytes.len() as u64, 50_000).await.unwrap();
        bytes.extend(STANDARD.decode(piece.bytes.reveal()).unwrap());
        if bytes.len() as u64 >= piece.total {
            return bytes;
        }
    }
}

#[tokio::test]
async fn a_capture_holds_what_opens_under_the_keys_of_its_seat_and_nothing_else() {
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let (recording, _) = draft(0xa2, &[1, 2], 2_000_000_000);
    ana.library.keep(recording.tag, (ROOM, FAR), seed(1)).await.unwrap();
    let mut capture = ana.library.begin(ana.begin(recording, &[1, 2])).await.unwrap();
    assert!(matches!(ana.library.begin(ana.begin(recording, &[1, 2])).await, Err(LibraryError::Running)));
    let (epoch, seats) = keys(1, &[1, 2]);
    // Said before the keys have come: it waits for them.
    let mut honest = Voice::new(1, 1);
    capture.heard(track("TR_a", 1), BEGAN_MS).unwrap();
    honest.speak(&mut capture, "TR_a", 50);
    capture.keys(&[epoch], &seats);
    honest.speak(&mut capture, "TR_a", 50);
    // Seat 3's frames, in the name of seat 2 and in its own; no epoch with the recorder holds it.
    capture.heard(track("TR_b", 2), BEGAN_MS).unwrap();
    capture.heard(track("TR_c", 3), BEGAN_MS).unwrap();
    let mut third = Voice::new(1, 3);
    third.speak(&mut capture, "TR_b", 20);
    third.speak(&mut capture, "TR_c", 20);
    // Seat 1's frames in the name of seat 2, in clear, of a track nobody spoke of, of another epoch, and twice.
    honest.speak(&mut capture, "TR_b", 20);
    let clear = Heard::Frame { track: "TR_b".into(), codec: Codec::Opus, rtp: 1, bytes: vec![0xf8; 100] };
    capture.heard(clear, BEGAN_MS).unwrap();
    honest.speak(&mut capture, "TR_z", 20);
    Voice::new(2, 2).speak(&mut capture, "TR_b", 20);
    let twice = honest.say("TR_a");
    capture.heard(twice.clone(), BEGAN_MS + 4_000).unwrap();
    capture.heard(twice, BEGAN_MS + 4_001).unwrap();
    // The keys of the epoch are over.
    capture.keys(&[], &seats);
    honest.speak(&mut capture, "TR_a", 20);
    capture.heard(Heard::Ended(ListenError::Ended), BEGAN_MS + 6_000).unwrap();
    capture.seal(BEGAN_MS + 6_000).await.unwrap();
    let tracks = ana.library.tracks(recording.span()).await.unwrap().tracks;
    let said: Vec<_> = tracks.iter().map(|track| (track.seat, track.frames, track.ending)).collect();
    assert_eq!(said, [(Some(1), 101, Ending::Whole)]);
    assert!(matches!(ana.library.begin(ana.begin(recording, &[1, 2])).await, Err(LibraryError::Recorded)));
}

#[tokio::test]
async fn what_a_kill_left_is_imported_at_the_next_start_verifies_and_can_still_be_anchored() {
    let studio = Studio::start().await;
    let elsewhere = pars_blobs::Folder::open(&studio.world.dir.path().join("node"), 1 << 30).unwrap();
    let url = node(elsewhere.clone()).await;
    let participants = [1, 2];
    let (recording, roster) = draft(0xa3, &participants, studio.in_an_hour().await);
    let (other, _) = draft(0xa4, &participants, 2_000_000_000);
    let span = recording.span();
    studio.consented(&recording, &roster, &participants).await;
    {
        let ana = studio.member("ana", (&[], &[&url]));
        ana.library.keep(recording.tag, (ROOM, FAR), seed(1)).await.unwrap();
        let signer = || AnchorSigner { secret: ConsentSecret::of(&Studio::signer(1)), through: None };
        ana.library.keep_anchor_key(recording, signer()).await.unwrap();
        ana.library.keep_anchor_key(other, signer()).await.unwrap();
        let mut capture = ana.library.begin(ana.begin(recording, &participants)).await.unwrap();
        let (epoch, seats) = keys(1, &[1, 2]);
        capture.keys(&[epoch], &seats);
        capture.heard(track("TR_a", 1), BEGAN_MS).unwrap();
        // 90 s: a finished segment, and one that grows.
        Voice::new(1, 1).speak(&mut capture, "TR_a", 4_500);
        // Nothing of it is ended, as by SIGKILL.
        std::mem::forget(capture);
    }
    let gone = studio.world.datadir("ana").join("recordings/spans").join("ab".repeat(32)).with_extension("gone");
    std::fs::create_dir(&gone).unwrap();

    let ana = studio.member("ana", (&[], &[&url]));
    assert_eq!(row(&ana, span).await.state, RowState::Sealing);
    ana.library.look(0).await;
    let torn = row(&ana, span).await;
    assert_eq!((torn.state, torn.by), (RowState::Torn, RecordedBy::Own));
    // Finished segments are at the other place too.
    assert_eq!((torn.copies.confirmed, torn.copies.asked), (2, 2));
    let root = torn.cid.as_ref().unwrap().parse().unwrap();
    assert_eq!(elsewhere.pins().await.unwrap(), BTreeSet::from([root]));
    assert!(std::fs::read_dir(gone.parent().unwrap()).unwrap().next().is_none(), "no folder is left");
    let verified = ana.library.verify(span).await.unwrap();
    assert_eq!((verified.ending, verified.segments, verified.torn), (Ending::Torn, 2, 1));
    let tracks = ana.library.tracks(span).await.unwrap();
    let [only] = &tracks.tracks[..] else { panic!("one track") };
    assert_eq!((tracks.began_at, only.seat, &only.pseudonym, only.ending), (BEGAN_MS, None, &name(1), Ending::Torn));
    assert!(only.frames > 3_000 && only.ended_ms >= 60_000, "{only:?}");

    // Its key still signs; that of a span which never began is gone.
    let waiting = ana.library.anchor_keys().await;
    let [to_anchor] = &waiting[..] else { panic!("one anchor") };
    assert_eq!(to_anchor.recording, recording);
    let made = (to_anchor.cid.clone(), to_anchor.wraps);
    studio.anchored(&recording, &to_anchor.signer.secret.key().unwrap(), made).await;
    ana.library.anchored(span).await;
    assert!(ana.library.anchor_keys().await.is_empty());
    assert_eq!(row(&ana, span).await.state, RowState::Anchored);
    assert!(ana.library.verify(span).await.unwrap().wraps);
}

#[tokio::test]
async fn a_block_that_changed_is_refused_by_every_way_to_the_recording_and_healed_by_fetching() {
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let url = gateway(&ana).await;
    let omid = studio.member("omid", (&[&url], &[]));
    let (recording, roster) = draft(0xa5, &[1, 2], studio.in_an_hour().await);
    let span = recording.span();
    omid.library.keep(recording.tag, (ROOM, FAR), seed(2)).await.unwrap();
    studio.consented(&recording, &roster, &[1, 2]).await;
    let made = sealed(&ana, recording).await;
    studio.anchored(&recording, &Studio::signer(1), made.clone()).await;
    omid.library.fetch(span, &[]).await.unwrap();
    // Whoever records names the same files for another span: they are refused for it, and stay what they are.
    let (lying, roster) = draft(0xa5, &[1, 3], studio.in_an_hour().await);
    studio.consented(&lying, &roster, &[1, 3]).await;
    studio.anchored(&lying, &Studio::signer(1), made).await;
    assert!(matches!(omid.library.fetch(lying.span(), &[]).await, Err(LibraryError::OtherSpan)));
    assert!(omid.library.verify(span).await.unwrap().wraps);
    let blocks = files(&studio.world.datadir("omid").join("blobs/blocks"));
    let largest = blocks.iter().max_by_key(|path| std::fs::metadata(path).unwrap().len()).unwrap();
    let mut bytes = std::fs::read(largest).unwrap();
    bytes[1_000] ^= 1;
    std::fs::write(largest, &bytes).unwrap();
    let folder = studio.world.dir.path().join("played");
    assert!(omid.library.verify(span).await.is_err());
    assert!(omid.library.play(span, &folder).await.is_err() && files(&folder).is_empty());
    assert!(omid.library.read(span, 1, 0, 9).await.is_err());
    omid.library.fetch(span, &[]).await.unwrap();
    assert!(omid.library.verify(span).await.unwrap().wraps);
    assert_eq!(omid.library.play(span, &folder).await.unwrap().tracks[0].frames, 200);
}

#[tokio::test]
async fn forgetting_one_span_leaves_the_others_open_and_is_refused_where_it_could_not() {
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let [first, second, third] = [[1, 2], [1, 3], [1, 4]].map(|of| draft(0xa6, &of, 2_000_000_000).0);
    ana.library.keep(first.tag, (ROOM, FAR), seed(1)).await.unwrap();
    for recording in [first, second] {
        sealed(&ana, recording).await;
    }
    let capture = ana.library.begin(ana.begin(third, &[1, 4])).await.unwrap();
    let running = ana.library.forget(Forget::Span(third.span())).await;
    assert!(matches!(running, Err(LibraryError::Running)));
    let shared = ana.library.forget(Forget::Span(first.span())).await;
    assert!(matches!(shared, Err(LibraryError::Shared(span)) if span == third.span()), "{shared:?}");
    assert_eq!(ana.library.tracks(first.span()).await.unwrap().tracks.len(), 1);
    // Its consent was reorganised away: nothing of it stays, and the others do.
    drop(capture);
    ana.library.discard(third.span()).await;
    assert!(!studio.world.datadir("ana").join("recordings/spans").read_dir().unwrap().any(|_| true));
    assert_eq!(ana.library.list().await.unwrap().len(), 2);

    let used = ana.blobs.used();
    assert_eq!(ana.library.forget(Forget::Span(first.span())).await.unwrap().spans, 1);
    assert!(ana.blobs.used() < used && files(&studio.world.datadir("ana").join("recordings/keys")).is_empty());
    assert!(matches!(ana.library.tracks(first.span()).await, Err(LibraryError::Unknown)));
    assert_eq!(
        read(&ana, second.span(), 1).await.len(),
        usize::try_from(played_bytes(&studio, &ana, second.span()).await).unwrap()
    );
    assert_eq!(ana.library.forget(Forget::Recording(first.tag)).await.unwrap().spans, 1);
    assert!(files(&studio.world.datadir("ana").join("recordings")).is_empty() && ana.blobs.used() == 0);
}

async fn played_bytes(studio: &Studio, member: &Member, span: RecordingId) -> u64 {
    let played = member.library.play(span, &studio.world.dir.path().join("played")).await.unwrap();
    std::fs::metadata(played.tracks[0].path.as_ref().unwrap()).unwrap().len()
}

/// An IPFS node, as far as the library asks it (docs.ipfs.tech/reference/kubo/rpc), over a store.
async fn node(store: pars_blobs::Folder) -> String {
    serve(node_routes(store)).await
}

/// The same at an address, until its task is ended.
async fn node_at(at: std::net::SocketAddr, store: pars_blobs::Folder) -> tokio::task::JoinHandle<()> {
    let listener = tokio::net::TcpListener::bind(at).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, node_routes(store)).await.unwrap() })
}

fn node_routes(store: pars_blobs::Folder) -> Router {
    type Asked = Query<std::collections::BTreeMap<String, String>>;
    async fn put(State(store): State<Arc<pars_blobs::Folder>>, Query(asked): Asked, body: Bytes) -> axum::Json<Value> {
        let begin = body.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        let end = body.windows(4).rposition(|bytes| bytes == b"\r\n--").unwrap();
        let codec = if asked["format"] == "raw" { pars_blocks::Codec::Raw } else { pars_blocks::Codec::DagPb };
        let block = Block::new(codec, body[begin..end].to_vec()).unwrap();
        let answer = json!({"Key": block.cid(), "Size": block.data().len()});
        store.put(block).await.unwrap();
        axum::Json(answer)
    }
    async fn get(State(store): State<Arc<pars_blobs::Folder>>, Query(asked): Asked) -> Result<Vec<u8>, StatusCode> {
        let cid: Cid = asked["arg"].parse().unwrap();
        Ok(store.get(cid).await.map_err(|_| StatusCode::NOT_FOUND)?.into_data())
    }
    async fn pin(State(store): State<Arc<pars_blobs::Folder>>, Query(asked): Asked) -> axum::Json<Value> {
        store.pin(asked["arg"].parse().unwrap()).await.unwrap();
        axum::Json(json!({"Pins": [asked["arg"]]}))
    }
    async fn unpin(State(store): State<Arc<pars_blobs::Folder>>, Query(asked): Asked) -> axum::Json<Value> {
        store.unpin(asked["arg"].parse().unwrap()).await.unwrap();
        axum::Json(json!({"Pins": [asked["arg"]]}))
    }
    let routes = Router::new()
        .route("/api/v0/block/put", post(put))
        .route("/api/v0/block/get", post(get))
        .route("/api/v0/pin/add", post(pin))
        .route("/api/v0/pin/rm", post(unpin));
    routes.layer(axum::extract::DefaultBodyLimit::max(4 << 20)).with_state(Arc::new(store))
}

#[tokio::test]
async fn a_recording_is_copied_looked_at_mended_from_its_copy_and_let_go_everywhere() {
    let studio = Studio::start().await;
    let other = pars_blobs::Folder::open(&studio.world.dir.path().join("node"), 1 << 30).unwrap();
    let url = node(other.clone()).await;
    let ana = studio.member("ana", (&[], &[&url]));
    let (recording, _) = draft(0xa7, &[1, 2], 2_000_000_000);
    ana.library.keep(recording.tag, (ROOM, FAR), seed(1)).await.unwrap();
    let (cid, _) = sealed(&ana, recording).await;
    let root = Cid::from_bytes(&cid).unwrap();
    ana.library.look(0).await;
    let copies = || async { row(&ana, recording.span()).await.copies };
    assert_eq!((copies().await.confirmed, copies().await.asked), (2, 2));
    assert_eq!(other.pins().await.unwrap(), BTreeSet::from([root]));
    let largest =
        |folder: PathBuf| files(&folder).into_iter().max_by_key(|path| std::fs::metadata(path).unwrap().len()).unwrap();
    // A look that is not due finds nothing; one that is mends the node's copy, and ours.
    for folder in [studio.world.dir.path().join("node/blocks"), studio.world.datadir("ana").join("blobs/blocks")] {
        let lost = largest(folder);
        std::fs::remove_file(&lost).unwrap();
        ana.library.look(0).await;
        assert!(!lost.exists());
        ana.library.look(u64::MAX).await;
        assert!(lost.exists() && copies().await.confirmed == 2);
    }
    assert_eq!(ana.library.forget(Forget::Recording(recording.tag)).await.unwrap().spans, 1);
    assert!(other.pins().await.unwrap().is_empty());
    assert!(files(&studio.world.datadir("ana").join("blobs")).is_empty());
}

/// A port that something listens at now and then.
fn port() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_node_that_was_silent_when_a_recording_was_forgotten_is_asked_again_until_it_lets_go() {
    let studio = Studio::start().await;
    let other = pars_blobs::Folder::open(&studio.world.dir.path().join("node"), 1 << 30).unwrap();
    let at = port();
    let (url, first) = (format!("http://{at}"), node_at(at, other.clone()).await);
    let ana = studio.member("ana", (&[], &[&url]));
    let [one, two] = [0xb1, 0xb2].map(|of| draft(of, &[1, 2], 2_000_000_000).0);
    for recording in [one, two] {
        ana.library.keep(recording.tag, (ROOM, FAR), seed(1)).await.unwrap();
        sealed(&ana, recording).await;
    }
    ana.library.look(0).await;
    let pinned = other.pins().await.unwrap();
    assert_eq!(pinned.len(), 2);
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let forgotten = ana.library.forget(Forget::Recording(one.tag)).await.unwrap();
    assert_eq!((forgotten.spans, forgotten.still_pinned), (1, 1));
    ana.library.look(0).await;
    assert_eq!(other.pins().await.unwrap(), pinned, "it is silent yet");
    drop(ana);
    // The daemon starts anew with another setting; the node is asked all the same, once it answers.
    let ana = studio.member("ana", (&[], &[]));
    let second = node_at(at, other.clone()).await;
    ana.library.look(0).await;
    assert_eq!(other.pins().await.unwrap().len(), 1);
    assert!(files(&studio.world.datadir("ana").join("recordings/unpins")).is_empty());
    second.abort();
}

#[tokio::test]
async fn an_anchor_is_sent_until_the_chain_names_it_unless_it_is_forgotten_or_can_never_be() {
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let until = studio.in_an_hour().await;
    // The chain holds the first two, may yet hold the third, and can hold the last no more.
    let [named, gone, waits, never] =
        [(0xc1, until), (0xc2, until), (0xc3, until), (0xc4, 1)].map(|(of, until)| draft(of, &[1, 2], until));
    for (recording, roster) in [&named, &gone] {
        studio.consented(recording, roster, &[1, 2]).await;
    }
    for (recording, _) in [&named, &gone, &waits, &never] {
        ana.library.keep(recording.tag, (ROOM, FAR), seed(1)).await.unwrap();
        let signer = AnchorSigner { secret: ConsentSecret::of(&Studio::signer(1)), through: None };
        ana.library.keep_anchor_key(*recording, signer).await.unwrap();
        sealed(&ana, *recording).await;
    }
    ana.library.look(0).await;
    let sent = Mutex::new(Vec::new());
    let send = |left: ToAnchor| {
        let (tag, library, sent) = (left.recording.tag, &ana.library, &sent);
        async move {
            let before = sent.lock().unwrap().iter().filter(|known| **known == tag).count();
            sent.lock().unwrap().push(tag);
            if tag == gone.0.tag {
                // While its anchor is under way.
                library.forget(Forget::Recording(tag)).await.unwrap();
            }
            tag == named.0.tag && before == 2
        }
    };
    let waiting = || async { ana.library.anchor_keys().await.into_iter().map(|left| left.recording.tag) };
    let only_one_waits = async {
        while waiting().await.count() > 1 {
            studio.settled().await;
        }
    };
    tokio::select! {
        () = ana.library.finish_anchors(Duration::from_millis(20), send) => panic!("one waits for its consent"),
        () = only_one_waits => {}
    }
    assert_eq!(waiting().await.collect::<Vec<_>>(), [waits.0.tag]);
    let mut sent = sent.into_inner().unwrap();
    sent.sort_unstable();
    assert_eq!(sent, [named.0.tag, named.0.tag, named.0.tag, gone.0.tag]);
    assert_eq!(row(&ana, never.0.span()).await.state, RowState::Sealed, "what was recorded stays");
}

#[tokio::test]
async fn an_opened_track_is_in_memory_alone_and_closed_when_nobody_reads_of_it() {
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let (recording, _) = draft(0xb3, &[1, 2], 2_000_000_000);
    ana.library.keep(recording.tag, (ROOM, FAR), seed(1)).await.unwrap();
    sealed(&ana, recording).await;
    let span = recording.span();
    let plain = read(&ana, span, 1).await;
    let piece = &plain[plain.len() / 2..][..64];
    let links = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let datadir = studio.world.datadir("ana");
    let unnamed = links.filter_map(|link| std::fs::read_link(link.path()).ok()).filter(|to| to.starts_with(&datadir));
    assert_eq!(unnamed.filter(|to| !to.exists()).count(), 0, "a file without a name is on the disk all the same");
    let shows = |path: &PathBuf| std::fs::read(path).unwrap().windows(piece.len()).any(|bytes| bytes == piece);
    assert!(!files(&datadir).iter().any(shows));

    // As long as it is open, it is read without its blocks.
    std::fs::remove_dir_all(datadir.join("blobs/blocks")).unwrap();
    ana.library.close_idle(BEGAN_MS).await;
    assert!(ana.library.read(span, 1, 0, 9).await.is_ok());
    ana.library.close_idle(FAR * 1_000).await;
    assert!(matches!(ana.library.read(span, 1, 0, 9).await, Err(LibraryError::NotHere(_))));
}

#[tokio::test]
async fn files_of_a_consent_to_another_contract_are_not_taken_for_this_one() {
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let (recording, _) = draft(0xb4, &[1, 2], 2_000_000_000);
    ana.library.keep(recording.tag, (ROOM, FAR), seed(1)).await.unwrap();
    let of = Begin { consent: B256::repeat_byte(0xc0), ..ana.begin(recording, &[1, 2]) };
    ana.library.begin(of).await.unwrap().seal(BEGAN_MS + 5_000).await.unwrap();
    assert!(matches!(ana.library.verify(recording.span()).await, Err(LibraryError::OtherSpan)));
    assert!(matches!(ana.library.tracks(recording.span()).await, Err(LibraryError::OtherSpan)));
}

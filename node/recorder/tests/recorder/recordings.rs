//! A span from its frames to plain files, through blocks.

use std::path::Path;

use pars_blobs::{BlobError, BlobSource, BlobStore};
use pars_blocks::{Block, Bounds, Cid, Profile, Scope};
use pars_crypto::secret::RecordingKey;
use pars_recorder::import::{Copies, Imported, confirm, import};
use pars_recorder::manifest::Manifest;
use pars_recorder::play::{self, PlayError};
use pars_recorder::seal::Ending;
use pars_recorder::webm::Codec;

use crate::media::{BEGAN_MS, probe, written};
use crate::spans::{blobs, key, recorded};

/// A recorded span, imported.
async fn imported(dir: &Path) -> (pars_blobs::Folder, Imported) {
    let (folder, store) = (recorded(&dir.join("span")), blobs(&dir.join("blobs")));
    let imported = import(&folder, &store, Profile::UNIXFS_V1_2025).await.unwrap();
    (store, imported)
}

#[tokio::test]
async fn a_span_comes_back_as_the_files_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (store, Imported { root, manifest }) = imported(dir.path()).await;
    assert_eq!((manifest.ending, manifest.tracks.len()), (Ending::Whole, 3));
    // 100 s are two segments of a minute at most.
    assert!(manifest.tracks.iter().map(|track| track.segments.len()).eq([1, 2, 2]));
    let verified = play::verify(&store, root.cid).await.unwrap();
    assert_eq!((verified.segments, verified.torn, verified.ending), (5, 0, Ending::Whole));
    let recording = play::open(&store, root.cid).await.unwrap();
    assert_eq!((recording.manifest(), recording.wraps()), (&manifest, &[4; 2_338][..]));

    let timeline = recording.timeline(&store, &key()).await.unwrap().unwrap();
    assert_eq!((timeline.began_ms, timeline.ended_ms), (BEGAN_MS, 100_800));
    let said: Vec<_> = timeline.tracks.iter().map(|t| (t.track, t.seat, t.codec, t.ended_ms, t.frames)).collect();
    assert_eq!(said, [(1, 3, Codec::Opus, 100_800, 5_000), (2, 5, Codec::Vp8, 100_700, 2_500)]);

    let out = dir.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let played = recording.play(&store, &key(), &out).await.unwrap();
    for (played, codec) in played.iter().zip([Codec::Opus, Codec::Vp8]) {
        let frames = if codec == Codec::Opus { 5_000 } else { 2_500 };
        assert_eq!((played.ending, played.summary.frames), (Ending::Whole, frames));
        let wanted = matroska_frames(&written(codec, frames as usize));
        assert_eq!(matroska_frames(&std::fs::read(&played.path).unwrap()), wanted);
        if let Some(said) = probe(&played.path) {
            assert!(said.contains(&format!("nb_read_packets={frames}")), "{said}");
        }
    }
    assert_eq!(played.len(), 2);
    // What is there is not written over.
    assert!(matches!(recording.play(&store, &key(), &out).await, Err(PlayError::File { .. })));
}

fn matroska_frames(file: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut file = matroska_demuxer::MatroskaFile::open(std::io::Cursor::new(file)).unwrap();
    let (mut frame, mut frames) = (matroska_demuxer::Frame::default(), Vec::new());
    while file.next_frame(&mut frame).unwrap() {
        frames.push((frame.timestamp, frame.data.clone()));
    }
    frames
}

#[tokio::test]
async fn importing_again_gives_the_same_root() {
    let dir = tempfile::tempdir().unwrap();
    let (store, first) = imported(dir.path()).await;
    let folder = pars_recorder::store::Folder::open(&dir.path().join("span")).unwrap();
    assert_eq!(import(&folder, &store, Profile::UNIXFS_V1_2025).await.unwrap(), first);
    let other = import(&folder, &store, Profile::KUBO_CID_V1).await.unwrap();
    assert_ne!(other.root.cid, first.root.cid);
    assert!(store.pins().await.unwrap().contains(&first.root.cid));
}

/// All blocks below a root.
async fn all(store: &pars_blobs::Folder, root: Cid) -> Vec<Block> {
    let mut walk = pars_blocks::Walk::new(root, Scope::All, Bounds::STORED);
    let mut blocks = Vec::new();
    while let Some(cid) = walk.wanted() {
        let data = store.get(cid).await.unwrap().into_data();
        blocks.push(walk.supply(data).unwrap().0);
    }
    blocks
}

#[tokio::test]
async fn no_stored_block_shows_who_spoke_what_or_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let (store, Imported { root, .. }) = imported(dir.path()).await;
    let blocks = all(&store, root.cid).await;
    // Heads of both containers, a frame's bytes, the pseudonyms, the key.
    let picture = crate::media::bytes(Codec::Vp8, 50);
    let canaries: [&[u8]; 8] =
        [b"OpusHead", b"V_VP8", b"webm", b"opus", &picture[..12], b"0000000000000003", b"began_ms", &[7; 32]];
    for canary in canaries {
        let found = blocks.iter().any(|block| block.data().windows(canary.len()).any(|window| window == canary));
        assert!(!found, "{:?} stands in a block", String::from_utf8_lossy(canary));
    }
    // The search itself finds what is there.
    assert!(blocks.iter().any(|block| block.data().windows(9).any(|window| window == b"recording")));
}

#[tokio::test]
async fn another_key_opens_nothing_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, Imported { root, .. }) = imported(dir.path()).await;
    let recording = play::open(&store, root.cid).await.unwrap();
    let other = RecordingKey::from_bytes([8; 32]);
    assert!(matches!(recording.play(&store, &other, dir.path()).await, Err(PlayError::Chunk { track: 1, .. })));
    assert!(matches!(recording.timeline(&store, &other).await, Err(PlayError::Chunk { track: 0, .. })));
    assert!(!dir.path().join("track-0001.webm").exists());
}

/// A store that gives other bytes, or none, for one block.
#[derive(Debug)]
struct Liar<'a>(&'a pars_blobs::Folder, Cid, bool);

impl BlobSource for Liar<'_> {
    fn get(&self, cid: Cid) -> pars_blobs::store::Answer<'_, Block> {
        Box::pin(async move {
            let block = self.0.get(cid).await?;
            match (cid == self.1, self.2) {
                (false, _) => Ok(block),
                (true, false) => Err(BlobError::Missing(cid)),
                (true, true) => {
                    let mut data = block.into_data();
                    if let Some(byte) = data.last_mut() {
                        *byte ^= 1;
                    }
                    Ok(Block::new(cid.codec(), data)?)
                }
            }
        })
    }
}

#[tokio::test]
async fn a_block_that_is_missing_or_another_is_seen_without_a_key() {
    let dir = tempfile::tempdir().unwrap();
    let (store, Imported { root, .. }) = imported(dir.path()).await;
    for block in all(&store, root.cid).await {
        for is_other in [false, true] {
            let liar = Liar(&store, block.cid(), is_other);
            assert!(play::verify(&liar, root.cid).await.is_err(), "{} {is_other}", block.cid());
        }
    }
}

#[tokio::test]
async fn a_manifest_that_names_something_else_than_the_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (store, Imported { root, manifest }) = imported(dir.path()).await;
    let changes: [fn(&mut Manifest); 6] = [
        |m| m.wraps.size += 1,
        |m| m.wraps.cid = m.tracks[0].segments[0].cid,
        |m| m.tracks[1].segments.swap(0, 1),
        |m| m.tracks[1].segments[0].cid = m.tracks[2].segments[0].cid,
        |m| m.tracks[1].segments[0].size += 1,
        |m| m.tracks.truncate(2),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut changed = manifest.clone();
        change(&mut changed);
        let forged = with_manifest(&store, root.cid, &changed).await;
        assert!(play::verify(&store, forged).await.is_err(), "change {at}");
    }
}

/// The same directory with another manifest.
async fn with_manifest(store: &pars_blobs::Folder, root: Cid, manifest: &Manifest) -> Cid {
    let honest = pars_blocks::directory::entries(&store.get(root).await.unwrap()).unwrap();
    let text = pars_blobs::store::put_file(store, Profile::UNIXFS_V1_2025, &manifest.encode().unwrap()).await.unwrap();
    let root_of = |cid| pars_blocks::Root { cid, size: 0, stored: 0 };
    let entries: Vec<_> = honest
        .iter()
        .map(|link| (link.name.as_str(), if link.name == "manifest.json" { text } else { root_of(link.cid) }))
        .collect();
    let (block, forged) = pars_blocks::directory::build(&entries).unwrap();
    store.put(block).await.unwrap();
    forged.cid
}

/// Room is made for what the manifest says: whoever recorded may have said less.
#[tokio::test]
async fn no_more_of_a_track_is_opened_than_its_manifest_says() {
    let dir = tempfile::tempdir().unwrap();
    let (store, Imported { root, mut manifest }) = imported(dir.path()).await;
    let size = std::mem::replace(&mut manifest.tracks[2].segments[0].size, 1);
    assert!(size > 65_536, "more than one chunk");
    let forged = with_manifest(&store, root.cid, &manifest).await;
    let recording = play::open(&store, forged).await.unwrap();
    let mut file = tempfile::tempfile().unwrap();
    let opened = recording.track(&store, &key(), 2, (&mut file, dir.path())).await;
    assert!(matches!(opened, Err(PlayError::Differs(_))), "{opened:?}");
    assert_eq!(file.metadata().unwrap().len(), 0);
}

#[tokio::test]
async fn a_file_id_that_comes_twice_is_no_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let (_, Imported { manifest, .. }) = imported(dir.path()).await;
    let mut twice = manifest.clone();
    twice.tracks[1].segments[0].id = twice.tracks[2].segments[0].id;
    assert!(Manifest::decode(&twice.encode().unwrap()).is_err());
    let text = String::from_utf8(manifest.encode().unwrap()).unwrap();
    assert_eq!(Manifest::decode(text.as_bytes()).unwrap(), manifest);
    let changed = [
        text.replace("pars-recording/1", "pars-recording/2"),
        text.replace("65536", "65535"),
        text.replace("unixfs-v1-2025", "unixfs"),
        text.replacen('{', "{\"more\":1,", 1),
        text.replace(&"01".repeat(32), &"01".repeat(31)),
        text.replace(&"02".repeat(32), &"0A".repeat(32)),
    ];
    assert!(changed.iter().all(|text| Manifest::decode(text.as_bytes()).is_err()));
}

#[tokio::test]
async fn saved_means_two_confirmed_copies_where_two_stores_are() {
    let dir = tempfile::tempdir().unwrap();
    let (store, Imported { root, .. }) = imported(dir.path()).await;
    let second = blobs(&dir.path().join("second"));
    let copies = confirm(&[&store], root.cid).await;
    assert_eq!((copies, copies.is_saved()), (Copies { confirmed: 1, asked: 1 }, true));
    let copies = confirm(&[&store, &second], root.cid).await;
    assert_eq!((copies, copies.is_saved()), (Copies { confirmed: 1, asked: 2 }, false));
    let folder = pars_recorder::store::Folder::open(&dir.path().join("span")).unwrap();
    import(&folder, &second, Profile::UNIXFS_V1_2025).await.unwrap();
    assert!(confirm(&[&store, &second], root.cid).await.is_saved());
    // A block is lost: the daily look says so.
    let lost = second.get(root.cid).await.unwrap().cid().to_string();
    std::fs::remove_file(dir.path().join("second/blocks").join(&lost[lost.len() - 2..]).join(&lost)).unwrap();
    assert_eq!(confirm(&[&store, &second], root.cid).await, Copies { confirmed: 1, asked: 2 });
}

#[tokio::test]
async fn forgetting_destroys_the_key_first_and_then_lets_the_blocks_go() {
    let dir = tempfile::tempdir().unwrap();
    let (store, Imported { root, .. }) = imported(dir.path()).await;
    let kept = all(&store, root.cid).await;
    let refused = play::forget(|| Err(BlobError::System("vault")), &store, root.cid).await;
    assert!(refused.is_err() && play::verify(&store, root.cid).await.is_ok());
    let mut vault = Some(key());
    play::forget::<BlobError>(
        || {
            vault = None;
            Ok(())
        },
        &store,
        root.cid,
    )
    .await
    .unwrap();
    assert!(vault.is_none() && store.used() == 0 && store.pins().await.unwrap().is_empty());
    // Somebody else kept every block: no file of it opens with what is left, its wraps and its manifest.
    let other = blobs(&dir.path().join("other"));
    for block in kept {
        other.put(block).await.unwrap();
    }
    let recording = play::open(&other, root.cid).await.unwrap();
    for left in [recording.manifest().recording, recording.manifest().span, recording.manifest().consent, [4; 32]] {
        assert!(recording.timeline(&other, &RecordingKey::from_bytes(left)).await.is_err());
    }
}

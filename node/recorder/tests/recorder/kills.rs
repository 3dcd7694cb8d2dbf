//! A process that is killed, and a disk that is full: what was finished stays, what was torn is called so.

use pars_blocks::Profile;
use pars_crypto::chunks::{CHUNK, TEXT};
use pars_recorder::import::{ImportError, import};
use pars_recorder::play;
use pars_recorder::seal::Ending;
use pars_recorder::span::{SEGMENT_MS, Span, SpanError};
use pars_recorder::store::{Folder, Name, Store, StoreError};
use pars_recorder::webm::{Codec, WebmError};

use crate::media::BEGAN_MS;
use crate::spans::{begun, blobs, key, large, opening, recorded, seeded, source};

/// A span with one track of so many frames of 1,000 bytes, dropped as a kill drops it.
fn killed(folder: &std::path::Path, frames: usize) -> Folder {
    let mut rng = seeded(3);
    let mut span = begun(Folder::open(folder).unwrap());
    let track = span.track(&source(3, Codec::Opus), 0).unwrap();
    for i in 0..frames {
        span.frame(track, large(i).0, &mut rng).unwrap();
    }
    drop(span);
    Folder::open(folder).unwrap()
}

#[tokio::test]
async fn what_a_kill_leaves_verifies_and_plays_up_to_the_tear() {
    // 95 s of 50 frames of 1,000 bytes: one finished segment, and a torn one of whole chunks.
    let dir = tempfile::tempdir().unwrap();
    let (folder, store) = (killed(&dir.path().join("span"), 4_750), blobs(&dir.path().join("blobs")));
    let imported = import(&folder, &store, Profile::UNIXFS_V1_2025).await.unwrap();
    assert_eq!(imported.manifest.ending, Ending::Torn);
    let endings: Vec<_> = imported.manifest.tracks[0].segments.iter().map(|segment| segment.ending).collect();
    assert_eq!(endings, [Ending::Whole, Ending::Torn]);
    assert_eq!(imported.manifest.tracks[0].segments[1].size % CHUNK as u64, 0);
    let verified = play::verify(&store, imported.root.cid).await.unwrap();
    assert_eq!((verified.segments, verified.torn), (2, 1));
    let recording = play::open(&store, imported.root.cid).await.unwrap();
    assert_eq!(recording.timeline(&store, &key()).await.unwrap(), None);
    let [played] = &recording.play(&store, &key(), dir.path()).await.unwrap()[..] else { panic!("one track") };
    assert_eq!((played.ending, played.summary.first_ms), (Ending::Torn, 0));
    // At most one chunk of text and two clusters are gone: one that was open, one that the tear cut.
    let lost = 4_750 - usize::try_from(played.summary.frames).unwrap();
    assert!(lost <= TEXT / 1_000 + 2 * 250 && played.summary.last_ms > SEGMENT_MS, "{lost} lost");
}

#[tokio::test]
async fn a_segment_that_was_cut_is_torn_there_and_nothing_else_is() {
    let dir = tempfile::tempdir().unwrap();
    let folder = killed(&dir.path().join("span"), 4_750);
    let torn = folder.segments().unwrap().into_iter().find(|stored| !stored.is_whole).unwrap();
    let path = folder.place().join(format!("{}.part", torn.name));
    let file = std::fs::read(&path).unwrap();
    let mut last = u64::MAX;
    // The sealed chunks are cut at each border in `seal`; here the way from a torn file to a played one.
    for cut in [file.len(), 3 * CHUNK + 40_000, 2 * CHUNK, 2 * CHUNK - 1, CHUNK + 1, 1, 0] {
        std::fs::write(&path, &file[..cut]).unwrap();
        let store = blobs(&dir.path().join("blobs"));
        let imported = import(&folder, &store, Profile::UNIXFS_V1_2025).await.unwrap();
        let recording = play::open(&store, imported.root.cid).await.unwrap();
        let out = tempfile::tempdir().unwrap();
        let [played] = &recording.play(&store, &key(), out.path()).await.unwrap()[..] else { panic!("one track") };
        assert_eq!(played.ending, Ending::Torn);
        assert!(played.summary.frames <= last && played.summary.last_ms >= SEGMENT_MS - 5_000, "{cut}");
        last = played.summary.frames;
    }
}

#[tokio::test]
async fn a_missing_segment_or_timeline_makes_a_span_torn() {
    let dir = tempfile::tempdir().unwrap();
    let folder = recorded(&dir.path().join("span"));
    let store = blobs(&dir.path().join("blobs"));
    for (track, segment) in [(0, 0), (1, 0)] {
        let gone = folder.segments().unwrap().into_iter().find(|s| (s.name.track, s.name.segment) == (track, segment));
        std::fs::remove_file(folder.place().join(format!("{}.seg", gone.unwrap().name))).unwrap();
        let imported = import(&folder, &store, Profile::UNIXFS_V1_2025).await.unwrap();
        assert_eq!(imported.manifest.ending, Ending::Torn);
    }
    let root = import(&folder, &store, Profile::UNIXFS_V1_2025).await.unwrap().root;
    let recording = play::open(&store, root.cid).await.unwrap();
    let played = recording.play(&store, &key(), dir.path()).await.unwrap();
    // Track 1 has lost its beginning, and with it everything; without the timeline nobody knows whether track 2 went on.
    assert!(played.iter().map(|played| (played.track, played.ending)).eq([(2, Ending::Torn)]));
}

#[tokio::test]
async fn a_folder_is_used_once_and_two_segments_of_one_place_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let folder = killed(&dir.path().join("span"), 300);
    let again = Span::begin(folder.clone(), &opening(), key(), BEGAN_MS);
    assert!(matches!(again, Err(SpanError::Store(StoreError::Exists(_)))));
    let stored = folder.segments().unwrap()[0];
    let twin = Name { id: pars_crypto::chunks::FileId([9; 16]), ..stored.name };
    folder.clone().append(twin, b"x").unwrap();
    let store = blobs(&dir.path().join("blobs"));
    let refused = import(&folder, &store, Profile::UNIXFS_V1_2025).await;
    assert!(matches!(refused, Err(ImportError::Twice { track: 1, segment: 0 })));
}

/// A disk with room for so many bytes.
#[derive(Debug)]
struct Small(Folder, usize);

impl Store for Small {
    fn open_span(&mut self, opening: &[u8]) -> Result<(), StoreError> {
        self.0.open_span(opening)
    }

    fn append(&mut self, name: Name, bytes: &[u8]) -> Result<(), StoreError> {
        let fits = bytes.len().min(self.1);
        self.1 -= fits;
        self.0.append(name, &bytes[..fits])?;
        if fits < bytes.len() { Err(StoreError::DiskFull(self.0.place().to_owned())) } else { Ok(()) }
    }

    fn finish(&mut self, name: Name) -> Result<(), StoreError> {
        self.0.finish(name)
    }
}

#[tokio::test]
async fn a_full_disk_ends_the_span_and_keeps_what_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(&dir.path().join("span")).unwrap();
    // Room for the first segment of 3 MB and a chunk and a half.
    let mut span = begun(Small(folder.clone(), 3_100_000 + CHUNK + CHUNK / 2));
    let mut rng = seeded(3);
    let track = span.track(&source(3, Codec::Opus), 0).unwrap();
    let stopped = (0..6_000).find_map(|i| span.frame(track, large(i).0, &mut rng).err());
    assert!(matches!(stopped, Some(SpanError::Store(StoreError::DiskFull(_)))));
    // Nothing is sealed after it: the chunk that did not fit is never made again.
    assert!(matches!(span.frame(track, large(6_001).0, &mut rng), Err(SpanError::Ended)));
    assert!(matches!(span.track(&source(4, Codec::Opus), 0), Err(SpanError::Ended)));
    assert!(matches!(span.tick(200_000, &mut rng), Err(SpanError::Ended)));
    assert!(matches!(span.close(200_000, &mut rng), Err(SpanError::Ended)));
    let store = blobs(&dir.path().join("blobs"));
    let imported = import(&folder, &store, Profile::UNIXFS_V1_2025).await.unwrap();
    let recording = play::open(&store, imported.root.cid).await.unwrap();
    let [played] = &recording.play(&store, &key(), dir.path()).await.unwrap()[..] else { panic!("one track") };
    assert!(played.ending == Ending::Torn && played.summary.last_ms >= SEGMENT_MS - 5_000);
}

#[test]
fn a_silent_track_is_sealed_as_time_passes() {
    let dir = tempfile::tempdir().unwrap();
    let mut rng = seeded(3);
    let mut span = begun(Folder::open(dir.path()).unwrap());
    let track = span.track(&source(3, Codec::Opus), 0).unwrap();
    span.frame(track, large(0).0, &mut rng).unwrap();
    let finished = || Folder::open(dir.path()).unwrap().segments().unwrap().iter().filter(|s| s.is_whole).count();
    span.tick(5_000, &mut rng).unwrap();
    assert_eq!(finished(), 0);
    span.tick(5_000 + SEGMENT_MS, &mut rng).unwrap();
    assert_eq!(finished(), 1);
    // A frame that is too large is left out, and the span goes on.
    let huge = vec![0; 3 << 20];
    let frame = pars_recorder::webm::Frame { rtp: 96_000, arrived_ms: 70_000, bytes: &huge };
    let refused = span.frame(track, frame, &mut rng);
    assert!(matches!(refused, Err(SpanError::Webm(WebmError::TooLarge(_)))));
    assert!(span.frame(track, large(4_000).0, &mut rng).is_ok());
    assert!(matches!(span.frame(9, large(1).0, &mut rng), Err(SpanError::NoTrack(9))));
}

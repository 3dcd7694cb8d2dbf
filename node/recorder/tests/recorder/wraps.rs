//! From a participant's recording key to plain files, as the anchor binds them.

use pars_blocks::Profile;
use pars_crypto::hkem::Xw768Secret;
use pars_crypto::secret::RecordingKey;
use pars_crypto::suite::Libcrux;
use pars_proto::room::recording::{FileKey, RecordingTag, WrapError, Wraps};
use pars_recorder::import::import;
use pars_recorder::play;
use pars_recorder::span::{Opening, Span};
use pars_recorder::store::Folder;
use pars_recorder::webm::Codec;
use pars_recorder::wraps::{UnwrapError, unwrap};
use pars_wire::codec::Wire;

use crate::media::BEGAN_MS;
use crate::spans::{blobs, fed, opening, seeded, source};

#[tokio::test]
async fn each_participants_recording_key_opens_the_anchored_recording_and_no_other_key_does() {
    let mut rng = seeded(21);
    let secrets: Vec<_> = (0..3).map(|_| Xw768Secret::generate(&Libcrux, &mut rng)).collect();
    let stranger = Xw768Secret::generate(&Libcrux, &mut rng);
    let publics: Vec<_> = secrets.iter().map(Xw768Secret::public).collect();
    let file = FileKey::generate(&mut rng);
    let tag = RecordingTag(opening().recording.into());
    let wraps = Wraps::seal(&Libcrux, &mut rng, tag, &file, &publics).unwrap();

    let dir = tempfile::tempdir().unwrap();
    let opening = Opening { wraps: wraps.encode(), ..opening() };
    let key = RecordingKey::from_bytes(*file.expose());
    let folder = Folder::open(&dir.path().join("span")).unwrap();
    let mut span = Span::begin(folder, &opening, key, BEGAN_MS).unwrap();
    let track = span.track(&source(3, Codec::Opus), 700).unwrap();
    fed(&mut span, (track, Codec::Opus), 0..100, &mut rng);
    let folder = span.close(3_000, &mut rng).unwrap();
    let store = blobs(&dir.path().join("blobs"));
    let root = import(&folder, &store, Profile::UNIXFS_V1_2025).await.unwrap().root.cid;

    let recording = play::open(&store, root).await.unwrap();
    let anchored = wraps.hash().0;
    for (at, secret) in secrets.iter().enumerate() {
        let key = unwrap(&Libcrux, &recording, anchored, secret).unwrap();
        let out = dir.path().join(at.to_string());
        std::fs::create_dir(&out).unwrap();
        let played = recording.play(&store, &key, &out).await.unwrap();
        assert_eq!(played.iter().map(|played| played.summary.frames).collect::<Vec<_>>(), [100]);
    }
    let refused = |anchored, secret| unwrap(&Libcrux, &recording, anchored, secret).unwrap_err();
    assert_eq!(refused(anchored, &stranger), UnwrapError::Wrap(WrapError::Sealed));
    assert_eq!(refused([0; 32], &secrets[0]), UnwrapError::NotAnchored);
}

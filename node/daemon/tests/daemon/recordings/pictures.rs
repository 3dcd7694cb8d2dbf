//! A camera's track.

use super::*;

#[tokio::test]
async fn a_cameras_pictures_are_kept_as_they_were_sealed_from_the_first_key_frame_on() {
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let (recording, _) = draft(0xb6, &[1, 2], 2_000_000_000);
    ana.library.keep(recording.tag, (ROOM, FAR), seed(1)).await.unwrap();
    let mut capture = ana.library.begin(ana.begin(recording, &[1, 2])).await.unwrap();
    let (epoch, seats) = keys(1, &[1, 2]);
    capture.keys(&[epoch], &seats);
    for (name, owner) in [("TR_a", 1), ("TR_v", 2)] {
        capture.heard(track(name, owner), BEGAN_MS).unwrap();
    }
    Voice::new(1, 1).speak(&mut capture, "TR_a", 20);
    let (mut camera, mut third, mut kept) = (Voice::new(1, 2), Voice::new(1, 3), Vec::new());
    for at in 0..60_u64 {
        let now_ms = BEGAN_MS + at * 33;
        let (shown, picture) = camera.show("TR_v", at % 20 == 5);
        // Of another seat; then with one bit changed of what is sealed, of what stands clear before it, and as sound.
        let mut wrong = vec![third.show("TR_v", true).0];
        if let Heard::Frame { track, rtp, bytes, .. } = &shown {
            let frame = |codec, bytes| Heard::Frame { track: track.clone(), codec, rtp: *rtp, bytes };
            let flipped =
                |place: usize| bytes.iter().enumerate().map(|(i, byte)| byte ^ u8::from(i == place)).collect();
            wrong.extend([1, 1_500].map(|place| frame(Codec::Vp8, flipped(place))));
            wrong.push(frame(Codec::Opus, bytes.clone()));
        }
        for heard in wrong.into_iter().chain([shown]) {
            capture.heard(heard, now_ms).unwrap();
        }
        if at >= 5 {
            kept.push(picture);
        }
    }
    capture.seal(BEGAN_MS + 6_000).await.unwrap();
    let tracks = ana.library.tracks(recording.span()).await.unwrap().tracks;
    let told: Vec<_> = tracks.iter().map(|track| (track.seat, track.frames, track.ending)).collect();
    assert_eq!(told, [(Some(1), 20, Ending::Whole), (Some(2), 55, Ending::Whole)]);
    let plain = read(&ana, recording.span(), 2).await;
    let mut rest = &plain[..];
    for picture in kept {
        let at = rest.windows(picture.len()).position(|bytes| bytes == picture).expect("a picture, in its order");
        rest = &rest[at + picture.len()..];
    }
}

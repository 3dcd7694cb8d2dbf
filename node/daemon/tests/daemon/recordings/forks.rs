//! Two stewards that acted at once: two epochs have one number, and so one index.

use pars_daemon::recordings::Capture;
use pars_engine::room::EpochKeys;

use super::*;

#[tokio::test]
async fn of_two_epochs_with_one_index_the_one_that_counts_is_heard_whatever_becomes_of_the_other() {
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let (recording, _) = draft(0xb5, &[1, 2], 2_000_000_000);
    ana.library.keep(recording.tag, (ROOM, FAR), seed(1)).await.unwrap();
    let mut capture = ana.library.begin(ana.begin(recording, &[1, 2])).await.unwrap();
    let epoch = |material: u32| EpochKeys { epoch: 1, index: 1, ..keys(material, &[1, 2]).0 };
    let seats = keys(1, &[1, 2]).1;
    capture.heard(track("TR_a", 1), BEGAN_MS).unwrap();
    let mut voice = Voice::new(1, 1);
    let mut speak = |capture: &mut Capture, material: Option<u32>| {
        material.into_iter().for_each(|material| voice.go_on(1, material));
        voice.speak(capture, "TR_a", 10);
    };
    // The other's secret comes later, and goes after its ten seconds.
    for kept in [vec![epoch(1)], vec![epoch(1), epoch(2)], vec![epoch(1)]] {
        capture.keys(&kept, &seats);
        speak(&mut capture, None);
    }
    // The other one counts, now that its steward's seat is the lower one that is there.
    capture.keys(&[epoch(2), epoch(1)], &seats);
    speak(&mut capture, Some(2));
    capture.seal(BEGAN_MS + 6_000).await.unwrap();
    let tracks = ana.library.tracks(recording.span()).await.unwrap().tracks;
    assert_eq!(tracks.iter().map(|track| track.frames).collect::<Vec<_>>(), [40]);
}

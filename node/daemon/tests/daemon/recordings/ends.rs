//! How a recording ends when its daemon does, and when the time is over for which everybody agreed that it is kept.

use futures::FutureExt;

use super::*;

#[tokio::test]
async fn what_a_clean_end_closed_is_whole_at_the_next_start() {
    let studio = Studio::start().await;
    let (recording, _) = draft(0xb1, &[1, 2], 2_000_000_000);
    let span = recording.span();
    {
        let ana = studio.member("ana", (&[], &[]));
        ana.library.keep(recording.tag, (ROOM, FAR), seed(1)).await.unwrap();
        let mut capture = ana.library.begin(ana.begin(recording, &[1, 2])).await.unwrap();
        let (epoch, seats) = keys(1, &[1, 2]);
        capture.keys(&[epoch], &seats);
        capture.heard(track("TR_a", 1), BEGAN_MS).unwrap();
        Voice::new(1, 1).speak(&mut capture, "TR_a", 200);
        assert!(ana.library.idle().now_or_never().is_none(), "it is waited for");
        capture.close(BEGAN_MS + 5_000).await;
        ana.library.idle().await;
    }
    let ana = studio.member("ana", (&[], &[]));
    ana.library.look(0).await;
    let sealed = row(&ana, span).await;
    assert_eq!((sealed.state, sealed.ended_at), (RowState::Sealed, Some(BEGAN_MS / 1_000 + 5)));
    let verified = ana.library.verify(span).await.unwrap();
    assert_eq!((verified.ending, verified.torn), (Ending::Whole, 0));
    assert_eq!(ana.library.tracks(span).await.unwrap().tracks[0].frames, 200);
}

#[tokio::test]
async fn what_everybody_agreed_to_keep_no_longer_is_destroyed_when_its_time_is_over() {
    const UNTIL: u64 = 1_800_000_000;
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let [first, second] = [[1, 2], [1, 3]].map(|of| draft(0xb2, &of, UNTIL - 60).0);
    let (other, _) = draft(0xb3, &[1, 2], UNTIL - 60);
    for (tag, until) in [(first.tag, UNTIL), (other.tag, FAR)] {
        ana.library.keep(tag, (ROOM, until), seed(1)).await.unwrap();
    }
    for recording in [first, second, other] {
        sealed(&ana, recording).await;
    }
    // The second's file key is kept then, in place of the recording key.
    ana.library.forget(Forget::Span(first.span())).await.unwrap();
    assert_eq!(ana.library.expire(UNTIL - 1).await, Some(UNTIL));
    assert_eq!(ana.library.tracks(second.span()).await.unwrap().tracks.len(), 1);
    let used = ana.blobs.used();
    assert_eq!(ana.library.expire(UNTIL).await, Some(FAR));
    assert!(matches!(ana.library.tracks(second.span()).await, Err(LibraryError::Unknown)));
    let folder = studio.world.datadir("ana").join("recordings");
    assert!(files(&folder.join("files")).is_empty() && ana.blobs.used() < used);
    assert_eq!((files(&folder.join("keys")).len(), files(&folder.join("rows")).len()), (1, 1));
    assert_eq!(ana.library.tracks(other.span()).await.unwrap().tracks.len(), 1, "its time is not over");
    assert_eq!(ana.library.expire(FAR).await, None);
    assert!(files(&folder).is_empty() && ana.blobs.used() == 0);
}

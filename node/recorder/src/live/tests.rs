use super::*;

#[test]
fn a_track_of_another_codec_than_opus_and_vp8_is_refused() {
    let track = |name: &str| lk::TrackInfo { mime_type: name.to_owned(), ..Default::default() };
    for name in ["audio/opus", "video/VP8", ""] {
        assert_eq!(recorded(&track(name)), Ok(()));
    }
    for name in ["video/H264", "video/AV1", "audio/red"] {
        assert_eq!(recorded(&track(name)), Err(CodecError(name.to_owned())));
    }
}

/// A runner whose server says nothing, and the other end of a queue of this length.
async fn runner(queue: usize) -> (Runner, mpsc::Receiver<Heard>) {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let peer = Peer::new(instant(), udp.local_addr().unwrap()).unwrap();
    let line = Line::Opens(std::future::pending().boxed());
    let target = Target { url: String::new(), token: String::new(), fingerprint: [0; 32] };
    let (reporter, heard) = mpsc::channel(queue);
    let (tracks, sid, lost, word) = (BTreeMap::new(), None, None, instant());
    (Runner { line, udp, peer, reporter, tracks, target, sid, lost, word, ping: PING }, heard)
}

fn participant(tracks: &[(&str, &str)]) -> lk::ParticipantInfo {
    let info = |(sid, mime): &(&str, &str)| lk::TrackInfo {
        sid: (*sid).to_owned(),
        mime_type: (*mime).to_owned(),
        ..Default::default()
    };
    let tracks = tracks.iter().map(info).collect();
    lk::ParticipantInfo { identity: "seat".to_owned(), tracks, ..Default::default() }
}

#[tokio::test]
async fn a_queue_that_frames_have_filled_loses_frames_and_no_word_of_a_track() {
    let (mut runner, mut heard) = runner(1).await;
    let frame = |rtp| Heard::Frame { track: "a".to_owned(), codec: Codec::Opus, rtp, bytes: Vec::new() };
    for rtp in 0..3 {
        runner.tell(frame(rtp)).await.unwrap();
    }
    let follow = async {
        runner.follow(vec![participant(&[("a", "audio/opus"), ("b", "video/H264")])]).await.unwrap();
        runner.follow(vec![participant(&[("b", "video/H264")])]).await.unwrap();
        drop(runner);
    };
    let drain = async {
        let mut all = Vec::new();
        while let Some(heard) = heard.recv().await {
            all.push(heard);
        }
        all
    };
    let ((), all) = tokio::join!(follow, drain);
    let owner = || "seat".to_owned();
    let told = [
        frame(0),
        Heard::Track { track: "a".to_owned(), owner: owner() },
        Heard::Refused { track: "b".to_owned(), owner: owner(), error: CodecError("video/H264".to_owned()) },
        Heard::Gone { track: "a".to_owned() },
    ];
    assert_eq!(all, told);
}

/// What a server may ask for has no bound of its own.
#[tokio::test]
async fn a_server_that_asks_for_more_than_a_room_has_is_left() {
    let (mut runner, _heard) = runner(MAX_TRACKS + 1).await;
    let all: Vec<_> = (0..=MAX_TRACKS).map(|at| (format!("{at}"), "audio/opus")).collect();
    let all: Vec<_> = all.iter().map(|(track, mime)| (track.as_str(), *mime)).collect();
    runner.follow(vec![participant(&all)]).await.unwrap();
    assert_eq!(runner.tracks.len(), MAX_TRACKS);
    runner.follow(vec![participant(&all)]).await.unwrap();
    assert_eq!(runner.tracks.len(), MAX_TRACKS, "those that are known stay");
    let asks = |num_audios, num_videos| {
        Message::MediaSectionsRequirement(lk::MediaSectionsRequirement { num_audios, num_videos })
    };
    assert_eq!(runner.signal(asks(2, 1)).await, Ok(()));
    for (audios, videos) in [(u32::MAX, 0), (u32::MAX, u32::MAX), (4_094, 0)] {
        assert!(matches!(runner.signal(asks(audios, videos)).await, Err(ListenError::Media(_))));
    }
}

#[tokio::test]
async fn a_listener_whose_task_is_gone_without_a_word_has_ended() {
    let (reporter, heard) = mpsc::channel(1);
    let task = tokio::spawn(async move {
        let _reporter = reporter;
        panic!("as a fault would");
    });
    let mut listener = Listener { heard, task, has_ended: false };
    assert_eq!(listener.next().await, Some(Heard::Ended(ListenError::Broken)));
    assert_eq!(listener.next().await, None);
}

#[test]
fn an_answer_names_one_fingerprint_or_none() {
    let line = |byte: &str| format!("a=fingerprint:sha-256 {}\r\n", vec![byte; 32].join(":"));
    assert_eq!(named(&format!("v=0\r\n{}{}", line("AB"), line("ab"))), Some([0xab; 32]));
    assert_eq!(named(&format!("{}{}", line("ab"), line("ac"))), None);
    assert_eq!(named("v=0\r\na=fingerprint:sha-1 AB\r\n"), None);
    assert_eq!(named("v=0\r\n"), None);
}

//! Descriptions as browsers write them, shortened.

use super::*;

const SESSION: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2 3\r\n";
const TRANSPORTED: &str = "a=ice-ufrag:theirs\r\na=ice-pwd:secret\r\na=fingerprint:sha-256 AA\r\na=setup:actpass\r\n";
const VOICE: &str =
    "a=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10\r\n";
const PICTURE: &str = "a=rtcp-mux\r\n\
    a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 goog-remb\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n\
    a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
    a=rtpmap:102 H264/90000\r\na=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n\
    a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n\
    a=rtpmap:108 H264/90000\r\na=fmtp:108 packetization-mode=0;profile-level-id=42e01f\r\n\
    a=rtpmap:112 H264/90000\r\na=fmtp:112 packetization-mode=1;profile-level-id=42E01F\r\na=rtcp-fb:* ccm fir\r\n";

/// Receiving sound and picture, sending sound, and data: in the order in which a browser offers them.
fn offer() -> String {
    let section = |media: &str, mid: u8, rest: &str| {
        format!("m={media}\r\nc=IN IP4 0.0.0.0\r\n{TRANSPORTED}a=mid:{mid}\r\n{rest}")
    };
    [
        SESSION.to_owned(),
        section("audio 9 UDP/TLS/RTP/SAVPF 111", 0, &format!("a=recvonly\r\n{VOICE}")),
        section("video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 108 112", 1, &format!("a=recvonly\r\n{PICTURE}")),
        section("audio 9 UDP/TLS/RTP/SAVPF 111", 2, &format!("a=sendonly\r\na=msid:- cid\r\n{VOICE}")),
        section("application 9 UDP/DTLS/SCTP webrtc-datachannel", 3, "a=sctp-port:5000\r\n"),
    ]
    .concat()
}

/// What the library answers to the two that it is shown.
const LOCAL: &str = "v=0\r\no=- 3 4 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 BB\r\na=ice-lite\r\n\
    a=group:BUNDLE 2 3\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=setup:passive\r\na=mid:2\r\na=ice-ufrag:ours\r\na=ice-pwd:word\r\na=recvonly\r\n\
    a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=setup:passive\r\na=mid:3\r\n";

fn receives(section: &Section<'_>) -> bool {
    section.has("a=recvonly")
}

fn own(section: &Section<'_>, source: Option<&str>) -> Own {
    let (formats, codecs) = section.codecs(&section.agreed());
    let (kind, mid) = (section.kind().unwrap(), section.mid().to_owned());
    Own { kind, mid, formats, codecs, source: source.map(str::to_owned) }
}

#[test]
fn the_library_is_shown_all_but_our_sections() {
    let offer = offer();
    let (session, sections) = split(&offer);
    let text = shown(&session, &sections, receives).unwrap();
    let (start, rest) = text.split_at(SESSION.len());
    assert_eq!(start, SESSION);
    assert!(offer.ends_with(rest) && rest.starts_with("m=audio"), "{rest}");
    assert_eq!(rest.matches("m=").count(), 2);
    assert_eq!(shown(&session, &sections[..2], receives), None, "nothing is left");
}

#[test]
fn what_one_of_ours_said_for_the_whole_bundle_is_said_all_the_same() {
    // A browser that bundles from the start says it in the first section only.
    let text = offer();
    let (first, second) = text.split_at(text.find("m=video").unwrap());
    let text = [first, &second.replace(TRANSPORTED, "")].concat();
    let (session, sections) = split(&text);
    let text = shown(&session, &sections, receives).unwrap();
    for line in ["a=ice-ufrag:theirs", "a=ice-pwd:secret", "a=fingerprint:sha-256 AA"] {
        assert_eq!(text.lines().filter(|other| *other == line).count(), 1, "{text}");
        assert!(text.find(line) < text.find("m="), "{text}");
    }
}

#[test]
fn of_codecs_those_that_publishers_send_are_agreed() {
    let offer = offer();
    let (_, sections) = split(&offer);
    let opus = Agreed { codec: Codec::Opus, payload_type: 111, repeat: None, asks: false };
    assert_eq!(sections[0].agreed(), [opus]);
    let vp8 = Agreed { codec: Codec::Vp8, payload_type: 96, repeat: Some(97), asks: true };
    let h264 = Agreed { codec: Codec::H264, payload_type: 112, repeat: None, asks: false };
    assert_eq!(sections[1].agreed(), [vp8, h264]);
    let (formats, lines) = sections[1].codecs(&[vp8, h264]);
    assert_eq!(formats, "96 97 112");
    assert_eq!(
        lines,
        "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\n\
         a=fmtp:97 apt=96\r\na=rtpmap:112 H264/90000\r\n\
         a=fmtp:112 packetization-mode=1;profile-level-id=42E01F\r\na=rtcp-fb:* ccm fir\r\n"
    );
    let (_, lines) = sections[0].codecs(&[opus]);
    assert_eq!(lines, "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n", "nothing is asked about sound");
    assert!(sections[3].agreed().is_empty());
}

#[test]
fn the_client_is_shown_every_section_in_its_place_and_one_bundle() {
    let offer = offer();
    let (_, sections) = split(&offer);
    let [voice, picture, microphone, data] = sections.as_slice() else { panic!("four sections") };
    let places = [
        Place::Own(own(voice, Some("a=msid:PA|TR TR\r\n"))),
        Place::Own(own(picture, None)),
        Place::Library(microphone),
        Place::Library(data),
    ];
    let text = weave(LOCAL, &places);
    let (session, written) = split(&text);
    assert_eq!(session.last(), Some(&"a=group:BUNDLE 0 1 2 3"));
    assert!(session.contains(&"a=ice-lite") && session.contains(&"a=fingerprint:sha-256 BB"));
    assert_eq!(
        written[0].text(),
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=setup:passive\r\na=ice-ufrag:ours\r\na=ice-pwd:word\r\n\
         a=mid:0\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n\
         a=msid:PA|TR TR\r\na=sendonly\r\n"
    );
    assert!(written[1].has("a=inactive") && !text.contains("goog-remb"));
    let (_, local) = split(LOCAL);
    assert_eq!((written[2].text(), written[3].text()), (local[0].text(), local[1].text()));
    // Candidates stand once, in the first section of the bundle.
    let candidates = |section: &Section<'_>| section.0.iter().filter(|line| is_candidate(line)).count();
    assert_eq!(written.iter().map(candidates).collect::<Vec<_>>(), [2, 0, 0, 0]);
}

#[test]
fn what_is_refused_keeps_its_place_and_is_not_in_the_bundle() {
    let offer =
        offer().replace("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice", "m=audio 0 X 111\r\na=ice");
    let (_, sections) = split(&offer);
    assert!(sections[0].agreed().is_empty());
    let (ours, theirs) = sections.split_at(2);
    let places: Vec<_> = ours.iter().map(Place::Refused).chain(theirs.iter().map(Place::Library)).collect();
    // Of the library's two it wrote one only.
    let local = LOCAL.replace("a=mid:2", "a=mid:9");
    let text = weave(&local, &places);
    let (session, written) = split(&text);
    assert_eq!(session.last(), Some(&"a=group:BUNDLE 3"));
    assert_eq!(written.len(), 4);
    for (n, refused) in written[..3].iter().enumerate() {
        assert!(refused.is_refused() && refused.mid() == n.to_string(), "{refused:?}");
    }
    assert!(written[3].0.iter().any(|line| is_candidate(line)));
}

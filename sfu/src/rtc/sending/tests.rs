//! One client that receives.

use pars_sfu_core::{Codec, Run};
use rtc::rtcp::transport_feedbacks::transport_layer_nack::NackPair;

use super::*;
use crate::clock::instant;

const LIBRARY: &str = "v=0\r\ns=-\r\na=group:BUNDLE 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=setup:actpass\r\n\
    a=mid:0\r\na=ice-ufrag:ours\r\na=ice-pwd:word\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n";

fn attach(slot: u32, kind: Kind) -> Attach {
    let codec = if kind == Kind::Audio { Codec::Opus } else { Codec::Vp8 };
    Attach { slot: Slot(slot), track: format!("TR_{slot}").into(), owner: "PA_a".into(), kind, codec }
}

/// A client's description of data and these sections: kind, id, direction.
fn theirs(sections: &[(Kind, &str, &str)]) -> String {
    let mut text = LIBRARY.to_owned();
    for (kind, mid, direction) in sections {
        text += match kind {
            Kind::Audio => "m=audio 9 UDP/TLS/RTP/SAVPF 109\r\na=rtpmap:109 opus/48000/2\r\n",
            Kind::Video => {
                "m=video 9 UDP/TLS/RTP/SAVPF 120 121\r\na=rtpmap:120 VP8/90000\r\na=rtcp-fb:120 nack\r\n\
                 a=rtpmap:121 rtx/90000\r\na=fmtp:121 apt=120\r\n"
            }
        };
        text += &format!("a=mid:{mid}\r\na={direction}\r\n");
    }
    text
}

fn offer(outgoing: &mut Outgoing, text: &str, attach: Vec<Attach>) -> String {
    let (_, sections) = split(text);
    outgoing.take_offer(&sections, attach);
    outgoing.answer(LIBRARY, &sections)
}

fn carried(outgoing: &Outgoing) -> Vec<(String, String)> {
    outgoing.carried().into_iter().map(|(mid, track)| (mid, track.to_string())).collect()
}

fn put(outgoing: &mut Outgoing, now: Instant, (slot, codec): (u32, Codec), sequence: u16) -> Option<Packet> {
    let head = RtpHead { ssrc: 7, payload_type: 1, sequence, timestamp: u32::from(sequence) * 960, marker: true };
    let write = Write { peer: pars_sfu_core::PeerId(1), slot: Slot(slot), codec, run: Run { stream: 7, part: 0 } };
    outgoing.packet(now, &write, (&head, &Bytes::from_static(b"sealed")))
}

#[test]
fn new_sections_of_a_clients_offer_get_the_tracks_in_their_order_once() {
    let mut outgoing = Outgoing::default();
    let (audio, video) = (Kind::Audio, Kind::Video);
    let first =
        [(audio, "1", "recvonly"), (video, "2", "recvonly"), (audio, "3", "sendonly"), (audio, "4", "recvonly")];
    let tracks = vec![attach(0, audio), attach(1, audio), attach(2, audio), attach(3, video)];
    let answer = offer(&mut outgoing, &theirs(&first), tracks);
    let expected = [("1", "TR_0"), ("2", "TR_3"), ("4", "TR_1")].map(|(mid, track)| (mid.to_owned(), track.to_owned()));
    assert_eq!(carried(&outgoing), expected);
    let (_, sections) = split(&answer);
    let sends: Vec<_> = sections.iter().map(|section| section.has("a=sendonly")).collect();
    // The client's own section is the library's, which left it out.
    assert_eq!(sends, [false, true, true, false, true]);
    assert!(answer.contains("a=msid:PA_a|TR_0 TR_0\r\n") && answer.contains("a=ssrc-group:FID "), "{answer}");
    let now = instant();
    let sent = put(&mut outgoing, now, (0, Codec::Opus), 5).unwrap();
    assert_eq!((sent.header.payload_type, outgoing.slot(sent.header.ssrc)), (109, Some(Slot(0))));
    assert!(put(&mut outgoing, now, (2, Codec::Opus), 5).is_none(), "no section was left for it");
    assert!(put(&mut outgoing, now, (0, Codec::Vp8), 6).is_none(), "no such codec is agreed there");
    // A section that was used is not used again; who is sent no longer is told of no longer.
    outgoing.detach(Slot(0));
    let second = [first.as_slice(), &[(audio, "5", "recvonly")]].concat();
    let answer = offer(&mut outgoing, &theirs(&second), vec![attach(4, audio)]);
    let expected = [("2", "TR_3"), ("4", "TR_1"), ("5", "TR_4")].map(|(mid, track)| (mid.to_owned(), track.to_owned()));
    assert_eq!((carried(&outgoing), outgoing.slot(sent.header.ssrc)), (expected.to_vec(), None));
    assert!(!answer.contains("TR_0") && put(&mut outgoing, now, (0, Codec::Opus), 7).is_none());
    let (_, sections) = split(&answer);
    assert!(sections[1].has("a=inactive"));
}

#[test]
fn a_section_in_which_the_client_begins_to_send_is_the_librarys() {
    let mut outgoing = Outgoing::default();
    let audio = Kind::Audio;
    offer(&mut outgoing, &theirs(&[(audio, "1", "recvonly")]), vec![attach(0, audio)]);
    for (direction, ours, sent) in
        [("inactive", true, false), ("recvonly", true, true), ("sendrecv", false, false), ("sendonly", false, false)]
    {
        let text = theirs(&[(audio, "1", direction)]);
        offer(&mut outgoing, &text, Vec::new());
        let (_, sections) = split(&text);
        assert_eq!(outgoing.has(&sections[1]), ours, "{direction}");
        assert_eq!(put(&mut outgoing, instant(), (0, Codec::Opus), 9).is_some(), sent, "{direction}");
    }
}

#[test]
fn what_the_server_offers_is_sent_once_the_client_has_agreed_and_as_it_numbers_it() {
    let mut outgoing = Outgoing::default();
    outgoing.attach(attach(0, Kind::Audio));
    outgoing.attach(attach(1, Kind::Video));
    let text = outgoing.offer(LIBRARY);
    let (session, sections) = split(&text);
    assert!(session.contains(&"a=group:BUNDLE 0 1 2"));
    assert!(sections[1].has("a=sendonly") && sections[1].has("a=setup:actpass"));
    // What is offered is what would be agreed.
    assert_eq!(sections[1].agreed().len() + sections[2].agreed().len(), 3);
    assert!(sections[2].agreed().iter().all(|one| one.asks && one.repeat == Some(one.payload_type + 1)));
    assert!(put(&mut outgoing, instant(), (0, Codec::Opus), 1).is_none());
    let answer = theirs(&[(Kind::Audio, "1", "recvonly"), (Kind::Video, "2", "inactive")]);
    outgoing.take_answer(&split(&answer).1);
    assert!(put(&mut outgoing, instant(), (0, Codec::Opus), 2).is_some_and(|sent| sent.header.payload_type == 109));
    assert!(put(&mut outgoing, instant(), (1, Codec::Vp8), 1).is_none(), "the client does not want it");
    outgoing.detach(Slot(1));
    let text = outgoing.offer(LIBRARY);
    assert!(split(&text).1[2].has("a=inactive") && !text.contains("TR_1"));
}

fn lost(ssrc: u32, numbers: impl IntoIterator<Item = u16>) -> TransportLayerNack {
    let nacks = numbers.into_iter().map(|packet_id| NackPair { packet_id, lost_packets: 0 }).collect();
    TransportLayerNack { sender_ssrc: 9, media_ssrc: ssrc, nacks }
}

#[test]
fn lost_video_is_repeated_under_its_old_number_in_a_stream_of_its_own_and_sound_is_not() {
    let mut outgoing = Outgoing::default();
    let both = theirs(&[(Kind::Audio, "1", "recvonly"), (Kind::Video, "2", "recvonly")]);
    offer(&mut outgoing, &both, vec![attach(0, Kind::Audio), attach(1, Kind::Video)]);
    let now = instant();
    let voice = put(&mut outgoing, now, (0, Codec::Opus), 7).unwrap();
    let sent: Vec<_> = (7..27).map(|number| put(&mut outgoing, now, (1, Codec::Vp8), number).unwrap()).collect();
    let ssrc = sent[0].header.ssrc;
    assert!(outgoing.repeated(&lost(voice.header.ssrc, [7])).is_empty());
    assert!(
        outgoing.repeated(&lost(ssrc ^ 0xff00, [7])).is_empty() && outgoing.repeated(&lost(ssrc, [6, 600])).is_empty()
    );
    // Number 8, and by the bits 9 and 24.
    let nacks = vec![NackPair { packet_id: 8, lost_packets: 1 | 1 << 15 }];
    let repeated = outgoing.repeated(&TransportLayerNack { sender_ssrc: 9, media_ssrc: ssrc, nacks });
    let told = |packet: &Packet| {
        let (number, payload) = packet.payload.split_at(2);
        (u16::from_be_bytes(number.try_into().unwrap()), payload.to_vec(), packet.header.sequence_number)
    };
    let expected = [(8, 0), (9, 1), (24, 2)].map(|(number, next)| (number, b"sealed".to_vec(), next));
    assert_eq!(repeated.iter().map(told).collect::<Vec<_>>(), expected);
    for (packet, of) in repeated.iter().zip([1, 2, 17]) {
        let (header, original) = (&packet.header, &sent[of].header);
        assert_eq!((header.payload_type, header.timestamp, header.marker), (121, original.timestamp, true));
        assert!(header.version == 2 && header.ssrc != ssrc && outgoing.slot(header.ssrc).is_none());
    }
}

#[test]
fn who_asks_for_all_again_and_again_gets_no_more_than_was_sent() {
    let mut outgoing = Outgoing::default();
    offer(&mut outgoing, &theirs(&[(Kind::Video, "1", "recvonly")]), vec![attach(0, Kind::Video)]);
    let now = instant();
    let sent: Vec<_> = (0..1_000).filter_map(|number| put(&mut outgoing, now, (0, Codec::Vp8), number)).collect();
    let ssrc = sent[999].header.ssrc;
    // The oldest are not kept.
    assert!(outgoing.repeated(&lost(ssrc, 0..488)).is_empty());
    let all = || lost(ssrc, (0..10).flat_map(|_| 488..1_000));
    assert_eq!((outgoing.repeated(&all()).len(), outgoing.repeated(&all()).len()), (REPEATED, 0));
    for number in 1_000..1_005 {
        put(&mut outgoing, now, (0, Codec::Vp8), number);
    }
    assert_eq!(outgoing.repeated(&all()).len(), 5);
}

#[test]
fn every_stream_that_was_sent_is_reported_on_once_a_second() {
    let mut outgoing = Outgoing::default();
    let sections: Vec<_> = ["1", "2", "3"].into_iter().map(|mid| (Kind::Audio, mid, "recvonly")).collect();
    offer(&mut outgoing, &theirs(&sections), (0..3).map(|slot| attach(slot, Kind::Audio)).collect());
    assert_eq!(outgoing.deadline(), None, "nothing was sent");
    let now = instant();
    let sent: Vec<_> = [0, 2].map(|slot| put(&mut outgoing, now, (slot, Codec::Opus), 50).unwrap().header.ssrc).into();
    put(&mut outgoing, now + REPORT / 2, (0, Codec::Opus), 52);
    // What comes late is counted, and does not turn the clock back.
    put(&mut outgoing, now + REPORT / 2, (0, Codec::Opus), 51);
    let due = outgoing.deadline().unwrap();
    assert_eq!((due, outgoing.reports(due - Duration::from_millis(1)).len()), (now + REPORT, 0));
    let reports = outgoing.reports(due);
    let told: Vec<_> = reports.iter().map(|one| (one.ssrc, one.packet_count, one.octet_count, one.rtp_time)).collect();
    assert_eq!(told, [(sent[0], 3, 18, 52 * 960 + 24_000), (sent[1], 1, 6, 50 * 960 + 48_000)]);
    assert_eq!((reports[0].ntp_time, outgoing.deadline()), (reports[1].ntp_time, Some(due + REPORT)));
    for slot in 0..3 {
        outgoing.detach(Slot(slot));
    }
    assert!(outgoing.reports(due + REPORT).is_empty());
    assert_eq!(outgoing.deadline(), None);
}

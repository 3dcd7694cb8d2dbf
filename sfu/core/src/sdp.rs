//! What the control plane reads from a client's description (RFC 8866) before it is applied, and what it takes out.
//!
//! - Candidates: the server is ICE-lite and answers checks, so a client's are of no use and are never handed on (TH-J8).
//! - Payload types that the server would not agree to: a browser offers about ten for a voice and forty for a camera, and what is
//!   applied is kept as text and parsed for as long as the client is there, for everybody whom it hears.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::{
    limits::{MAX_NAME, MAX_SDP, MAX_SDP_LINES, MAX_SECTIONS},
    rights::Kind,
    table::Codec,
};

/// One media section of audio or video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its id.
    pub mid: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether the client sends here.
    pub sends: bool,
    /// Whether the client receives here.
    pub receives: bool,
    /// The client's id of the track it sends.
    pub cid: Option<String>,
}

/// Why a description is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SdpError {
    /// Longer than 64 KiB or 4,096 lines.
    #[error("the description is longer than 64 KiB or 4,096 lines")]
    Long,
    /// More than 64 media sections.
    #[error("the description has more than 64 media sections")]
    Sections,
    /// An id of a media section is longer than 256 characters.
    #[error("the id of a media section is longer than 256 characters")]
    Mid,
    /// A line that no description has.
    #[error("the description holds a line that is not `letter=value`")]
    Line,
}

/// A checked description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its text without candidates, and without payload types of unknown codecs where there are known ones.
    pub text: String,
    /// Its audio and video sections, in order.
    pub sections: Vec<Section>,
    /// All its media sections, data included.
    pub count: usize,
}

/// Reads and bounds a description.
pub fn read(sdp: &str) -> Result<Description, SdpError> {
    if sdp.len() > MAX_SDP || sdp.lines().count() > MAX_SDP_LINES {
        return Err(SdpError::Long);
    }
    let (mut text, mut lines, mut sections, mut count) = (String::with_capacity(sdp.len()), Vec::new(), Vec::new(), 0);
    let mut current: Option<Section> = None;
    for line in sdp.lines() {
        let value = line.get(2..).filter(|_| line.as_bytes().get(1) == Some(&b'=')).ok_or(SdpError::Line)?;
        if line.chars().any(char::is_control) {
            return Err(SdpError::Line);
        }
        if line.starts_with("m=") {
            count += 1;
            write(&mut text, &lines, current.as_ref());
            lines.clear();
            sections.extend(current.take());
            current = begin(value);
        }
        if let Some(section) = current.as_mut() {
            attribute(section, line);
            if section.mid.len() > MAX_NAME {
                return Err(SdpError::Mid);
            }
        }
        if !line.starts_with("a=candidate:") && line != "a=end-of-candidates" {
            lines.push(line);
        }
    }
    write(&mut text, &lines, current.as_ref());
    sections.extend(current);
    if count > MAX_SECTIONS {
        return Err(SdpError::Sections);
    }
    Ok(Description { text, sections, count })
}

/// Writes a section's lines, or those before the first one, without the payload types of unknown codecs. A section with none of
/// ours stays as it is: whoever applies it refuses it.
fn write(text: &mut String, lines: &[&str], section: Option<&Section>) {
    let ours = section.map(|section| payload_types(lines, section.kind)).filter(|ours| !ours.is_empty());
    for line in lines {
        match (&ours, line.strip_prefix("m=")) {
            (Some(ours), Some(media)) => {
                // Kind, port and protocol stand before the payload types.
                let kept = media.split(' ').enumerate().filter(|(place, word)| *place < 3 || ours.contains(word));
                let kept: Vec<_> = kept.map(|(_, word)| word).collect();
                text.push_str("m=");
                text.push_str(&kept.join(" "));
            }
            (Some(ours), None) if of_payload_type(line).is_some_and(|of| of != "*" && !ours.contains(of)) => continue,
            _ => text.push_str(line),
        }
        text.push_str("\r\n");
    }
}

/// The payload types of our codecs in a section, and of what repeats them (RFC 4588).
fn payload_types<'a>(lines: &[&'a str], kind: Kind) -> BTreeSet<&'a str> {
    let names = || lines.iter().filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '));
    let bare = |name: &'a str| name.split('/').next().unwrap_or_default();
    let mut ours: BTreeSet<&str> = names()
        .filter(|(_, name)| Codec::from_name(bare(name)).is_some_and(|codec| codec.kind() == kind))
        .map(|(of, _)| of)
        .collect();
    let repeating: BTreeSet<&str> =
        names().filter(|(_, name)| bare(name).eq_ignore_ascii_case("rtx")).map(|(of, _)| of).collect();
    let repeats = lines.iter().filter_map(|line| {
        let (of, parameters) = line.strip_prefix("a=fmtp:")?.split_once(' ')?;
        let what = parameters.split(';').find_map(|parameter| parameter.trim_start().strip_prefix("apt="))?;
        (repeating.contains(of) && ours.contains(what)).then_some(of)
    });
    let repeats: Vec<_> = repeats.collect();
    ours.extend(repeats);
    ours
}

/// The payload type that a line tells of.
fn of_payload_type(line: &str) -> Option<&str> {
    let of = ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"].into_iter().find_map(|name| line.strip_prefix(name))?;
    of.split(' ').next()
}

fn begin(media: &str) -> Option<Section> {
    let kind = match media.split(' ').next()? {
        "audio" => Kind::Audio,
        "video" => Kind::Video,
        _ => return None,
    };
    Some(Section { mid: String::new(), kind, sends: true, receives: true, cid: None })
}

fn attribute(section: &mut Section, line: &str) {
    match line {
        "a=sendonly" => section.receives = false,
        "a=recvonly" => section.sends = false,
        "a=inactive" => (section.sends, section.receives) = (false, false),
        _ => {
            if let Some(mid) = line.strip_prefix("a=mid:") {
                mid.clone_into(&mut section.mid);
            } else if let Some(msid) = line.strip_prefix("a=msid:") {
                section.cid = msid.split(' ').nth(1).map(str::to_owned);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\na=msid:- cid-1\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\na=recvonly\r\n";

    #[test]
    fn sections_are_read_in_order_and_candidates_are_taken_out() {
        let read = read(OFFER).unwrap();
        assert_eq!(read.count, 3);
        let [audio, video] = read.sections.as_slice() else { panic!("two sections") };
        assert_eq!((audio.kind, audio.sends, audio.cid.as_deref()), (Kind::Audio, true, Some("cid-1")));
        assert_eq!((video.mid.as_str(), video.kind, video.sends, video.receives), ("2", Kind::Video, false, true));
        assert!(!read.text.contains("candidate") && read.text.contains("a=mid:1\r\n"));
    }

    #[test]
    fn of_payload_types_those_of_our_codecs_and_their_repetitions_stay() {
        let offer = "v=0\r\ns=-\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 63 111 0\r\na=mid:0\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n\
            a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=rtcp-fb:* nack\r\na=fmtp:111 minptime=10\r\n\
            a=rtpmap:0 PCMU/8000\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 98 99 96 97 41\r\na=mid:1\r\na=rtpmap:98 VP9/90000\r\na=rtcp-fb:98 nack pli\r\n\
            a=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\na=rtpmap:96 vp8/90000\r\na=rtpmap:97 rtx/90000\r\n\
            a=fmtp:97 rtx-time=3000; apt=96\r\na=rtpmap:41 opus/48000/2\r\na=fmtp:41 apt=96\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 45\r\na=mid:2\r\na=rtpmap:45 AV1/90000\r\n\
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:3\r\n";
        let kept = "v=0\r\ns=-\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n\
            a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=rtcp-fb:* nack\r\na=fmtp:111 minptime=10\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\n\
            a=rtpmap:96 vp8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 rtx-time=3000; apt=96\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 45\r\na=mid:2\r\na=rtpmap:45 AV1/90000\r\n\
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:3\r\n";
        assert_eq!(read(offer).unwrap().text, kept);
        // What stayed stays.
        assert_eq!(read(kept).unwrap().text, kept);
    }

    #[test]
    fn a_description_is_bounded_in_bytes_lines_and_sections() {
        let head = "v=0\r\n";
        let sections = |n: usize| format!("{head}{}", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(n));
        assert!(read(&sections(64)).is_ok());
        assert_eq!(read(&sections(65)), Err(SdpError::Sections));
        assert_eq!(read(&format!("{head}{}", "a=x\r\n".repeat(10_000))), Err(SdpError::Long));
        assert_eq!(read(&format!("a={}", "x".repeat(70_000))), Err(SdpError::Long));
        let named = |length: usize| format!("{}a=mid:{}\r\n", sections(1), "x".repeat(length));
        assert!(read(&named(MAX_NAME)).is_ok());
        assert_eq!(read(&named(MAX_NAME + 1)), Err(SdpError::Mid), "everybody is told of it");
    }

    /// Every cut, every flipped bit and every line left out or said twice: refused, or written so that it reads as itself.
    #[test]
    fn a_damaged_description_is_refused_or_reads_again_as_it_was_written() {
        let check = |damaged: &[u8]| {
            if let Ok(description) = read(&String::from_utf8_lossy(damaged)) {
                assert_eq!(read(&description.text).as_ref(), Ok(&description));
            }
        };
        let codecs = "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtcp-fb:* nack\r\n";
        let whole = format!("{OFFER}{codecs}");
        assert!(read(&whole).is_ok());
        for at in 0..whole.len() {
            check(&whole.as_bytes()[..at]);
            for bit in 0..8 {
                let mut damaged = whole.clone().into_bytes();
                damaged[at] ^= 1 << bit;
                check(&damaged);
            }
        }
        let lines: Vec<&str> = whole.split_inclusive("\r\n").collect();
        for at in 0..lines.len() {
            check([&lines[..at], &lines[at + 1..]].concat().concat().as_bytes());
            check([&lines[..=at], &lines[at..]].concat().concat().as_bytes());
        }
    }

    #[test]
    fn smuggled_line_ends_control_characters_and_rubbish_are_refused() {
        for bad in ["v=0\r\na=mid:0\ra=x\r\n", "v=0\r\na=\u{0}\r\n", "nonsense", "\r\n", "é=1"] {
            assert_eq!(read(bad), Err(SdpError::Line), "{bad:?}");
        }
    }
}

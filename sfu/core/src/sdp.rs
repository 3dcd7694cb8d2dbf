//! What the control plane reads from a client's description (RFC 8866) before it is applied, and what it takes out: the
//! server is ICE-lite and answers checks, so a client's candidates are of no use and are never handed on (TH-J8).

use thiserror::Error;

use crate::{
    limits::{MAX_SDP, MAX_SDP_LINES, MAX_SECTIONS},
    rights::Kind,
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
    /// A line that no description has.
    #[error("the description holds a line that is not `letter=value`")]
    Line,
}

/// A checked description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its text without candidates.
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
    let (mut text, mut sections, mut count) = (String::with_capacity(sdp.len()), Vec::new(), 0);
    let mut current: Option<Section> = None;
    for line in sdp.lines() {
        let value = line.get(2..).filter(|_| line.as_bytes().get(1) == Some(&b'=')).ok_or(SdpError::Line)?;
        if line.chars().any(char::is_control) {
            return Err(SdpError::Line);
        }
        if line.starts_with("m=") {
            count += 1;
            sections.extend(current.take());
            current = begin(value);
        }
        if let Some(section) = current.as_mut() {
            attribute(section, line);
        }
        if !line.starts_with("a=candidate:") && line != "a=end-of-candidates" {
            text.push_str(line);
            text.push_str("\r\n");
        }
    }
    sections.extend(current);
    if count > MAX_SECTIONS {
        return Err(SdpError::Sections);
    }
    Ok(Description { text, sections, count })
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
    fn a_description_is_bounded_in_bytes_lines_and_sections() {
        let head = "v=0\r\n";
        let sections = |n: usize| format!("{head}{}", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(n));
        assert!(read(&sections(64)).is_ok());
        assert_eq!(read(&sections(65)), Err(SdpError::Sections));
        assert_eq!(read(&format!("{head}{}", "a=x\r\n".repeat(10_000))), Err(SdpError::Long));
        assert_eq!(read(&format!("a={}", "x".repeat(70_000))), Err(SdpError::Long));
    }

    #[test]
    fn smuggled_line_ends_control_characters_and_rubbish_are_refused() {
        for bad in ["v=0\r\na=mid:0\ra=x\r\n", "v=0\r\na=\u{0}\r\n", "nonsense", "\r\n", "é=1"] {
            assert_eq!(read(bad), Err(SdpError::Line), "{bad:?}");
        }
    }
}

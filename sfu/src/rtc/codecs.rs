//! The codecs that are agreed: Opus, VP8 and H.264 constrained baseline, video with retransmission. Not the crate's
//! defaults: their profiles share payload types, which Chromium refuses. No audio level (TH-M7) and no redundant audio.

use std::fmt::Write as _;

use pars_sfu_core::{Codec, Kind};
use rtc::{
    peer_connection::configuration::media_engine::MediaEngine,
    rtp_transceiver::rtp_sender::{
        RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability, RtpCodecKind,
    },
    shared::error::Error,
};

const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
const CODECS: [Codec; 3] = [Codec::Opus, Codec::Vp8, Codec::H264];
/// How often each video frame may be repeated: requests of receivers.
const VIDEO_FEEDBACK: [(&str, &str); 4] = [("goog-remb", ""), ("ccm", "fir"), ("nack", ""), ("nack", "pli")];
/// What a receiver of video may ask of us.
pub(super) const FEEDBACK: [&str; 3] = ["ccm fir", "nack", "nack pli"];

fn rtc_kind(kind: Kind) -> RtpCodecKind {
    match kind {
        Kind::Audio => RtpCodecKind::Audio,
        Kind::Video => RtpCodecKind::Video,
    }
}

/// Our payload type of a codec; that of its retransmission is one higher.
fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Opus => 111,
        Codec::Vp8 => 96,
        Codec::H264 => 108,
    }
}

/// What is offered to send: payload types, and the lines of a description that tell of them.
pub(super) fn offered(kind: Kind) -> (String, String) {
    let (mut formats, mut lines) = (Vec::new(), String::new());
    for codec in CODECS.into_iter().filter(|codec| codec.kind() == kind) {
        let (of, repeat) = (payload_type(codec), payload_type(codec) + 1);
        let RTCRtpCodec { mime_type, clock_rate, channels, sdp_fmtp_line, .. } = rtc_codec(codec);
        let name = mime_type.split('/').next_back().unwrap_or_default();
        let channels = if channels > 0 { format!("/{channels}") } else { String::new() };
        formats.push(of.to_string());
        // Writing into a string does not fail.
        let _ = write!(lines, "a=rtpmap:{of} {name}/{clock_rate}{channels}\r\n");
        if !sdp_fmtp_line.is_empty() {
            let _ = write!(lines, "a=fmtp:{of} {sdp_fmtp_line}\r\n");
        }
        if kind == Kind::Video {
            for what in FEEDBACK {
                let _ = write!(lines, "a=rtcp-fb:{of} {what}\r\n");
            }
            formats.push(repeat.to_string());
            let _ = write!(lines, "a=rtpmap:{repeat} rtx/{clock_rate}\r\na=fmtp:{repeat} apt={of}\r\n");
        }
    }
    (formats.join(" "), lines)
}

fn rtc_codec(codec: Codec) -> RTCRtpCodec {
    let (clock_rate, channels, fmtp) = match codec {
        Codec::Opus => (48_000, 2, "minptime=10;useinbandfec=1"),
        Codec::Vp8 => (90_000, 0, ""),
        Codec::H264 => (90_000, 0, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
    };
    let feedback = |&(kind, parameter): &(&str, &str)| RTCPFeedback { typ: kind.into(), parameter: parameter.into() };
    let rtcp_feedback = match codec.kind() {
        Kind::Audio => Vec::new(),
        Kind::Video => VIDEO_FEEDBACK.iter().map(feedback).collect(),
    };
    RTCRtpCodec { mime_type: codec.mime().into(), clock_rate, channels, sdp_fmtp_line: fmtp.into(), rtcp_feedback }
}

/// The codecs and header extensions.
pub(super) fn media_engine() -> Result<MediaEngine, Error> {
    let mut engine = MediaEngine::default();
    for codec in CODECS {
        let (kind, payload_type) = (rtc_kind(codec.kind()), payload_type(codec));
        engine.register_codec(RTCRtpCodecParameters { rtp_codec: rtc_codec(codec), payload_type }, kind)?;
        if codec.kind() == Kind::Video {
            let rtp_codec = RTCRtpCodec {
                mime_type: "video/rtx".into(),
                clock_rate: 90_000,
                channels: 0,
                sdp_fmtp_line: format!("apt={payload_type}"),
                rtcp_feedback: Vec::new(),
            };
            engine.register_codec(RTCRtpCodecParameters { rtp_codec, payload_type: payload_type + 1 }, kind)?;
        }
    }
    for (uri, kind) in [(MID, RtpCodecKind::Audio), (SEND_TIME, RtpCodecKind::Video)] {
        engine.register_header_extension(RTCRtpHeaderExtensionCapability { uri: uri.into() }, kind, None)?;
    }
    Ok(engine)
}

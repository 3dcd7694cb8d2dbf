//! The codecs that are agreed: Opus, VP8 and H.264 constrained baseline, video with retransmission. Not the crate's
//! defaults: their profiles share payload types, which Chromium refuses. No audio level (TH-M7) and no redundant audio.

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

pub(crate) fn rtc_kind(kind: Kind) -> RtpCodecKind {
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

pub(crate) fn rtc_codec(codec: Codec) -> RTCRtpCodec {
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
pub(crate) fn media_engine() -> Result<MediaEngine, Error> {
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

//! One connection of signalling version 1, for both directions, without I/O: descriptions and datagrams in and out. What the
//! recorder and the clients of tests have in common; tracks, packets and events are their own affair.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use livekit_protocol as lk;
use rtc::data_channel::{RTCDataChannelId, RTCDataChannelInit};
use rtc::interceptor::Registry;
use rtc::peer_connection::configuration::media_engine::MediaEngine;
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::transport::{CandidateConfig, CandidateHostConfig, RTCIceCandidate};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtp_transceiver::rtp_sender::{RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RtpCodecKind};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};

/// SRTP profiles (RFC 7714).
pub use rtc::dtls::extension::extension_use_srtp::SrtpProtectionProfile as Srtp;

/// AES-GCM or nothing (TOWNHALL section 3).
pub const GCM: [Srtp; 2] = [Srtp::Srtp_Aead_Aes_256_Gcm, Srtp::Srtp_Aead_Aes_128_Gcm];
/// Payload type of Opus, as every client numbers it.
pub const OPUS: u8 = 111;
/// Payload type of VP8, as every client numbers it.
pub const VP8: u8 = 96;
/// Longest sleep.
const IDLE: Duration = Duration::from_millis(100);

/// The connection.
pub struct Connection {
    rtc: RTCPeerConnection,
    local: SocketAddr,
    data: RTCDataChannelId,
    /// An offer waits for its answer.
    is_waiting: bool,
    /// Something is to be offered.
    is_due: bool,
    offers: u32,
}

impl Connection {
    /// With a socket of this address, these codecs, and these SRTP profiles, the preferred one first.
    ///
    /// # Errors
    /// What the library refuses.
    pub fn new(
        now: Instant,
        local: SocketAddr,
        codecs: Vec<(RTCRtpCodecParameters, RtpCodecKind)>,
        srtp: Vec<Srtp>,
    ) -> Result<Self, Error> {
        let mut engine = MediaEngine::default();
        for (codec, kind) in codecs {
            engine.register_codec(codec, kind)?;
        }
        let mut rtc = RTCPeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_setting_engine(SettingEngineBuilder::new().with_srtp_protection_profiles(srtp).build())
            .with_interceptor_registry(Registry::new())
            .build(now)?;
        let base_config = CandidateConfig {
            network: "udp".into(),
            address: local.ip().to_string(),
            port: local.port(),
            component: 1,
            ..Default::default()
        };
        let candidate = CandidateHostConfig { base_config, ..Default::default() }.new_candidate_host()?;
        rtc.add_local_candidate(RTCIceCandidate::from(&candidate).to_json()?)?;
        // LiveKit's clients always open it: with it there is something to offer before the first track.
        let channel = RTCDataChannelInit { ordered: true, ..Default::default() };
        let data = rtc.create_data_channel("_reliable", Some(channel))?.id();
        Ok(Self { rtc, local, data, is_waiting: false, is_due: false, offers: 0 })
    }

    /// The library's connection.
    pub const fn rtc(&mut self) -> &mut RTCPeerConnection {
        &mut self.rtc
    }

    /// The address of the socket.
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// The data channel.
    pub const fn data(&self) -> RTCDataChannelId {
        self.data
    }

    /// Something is to be offered.
    pub const fn want_offer(&mut self) {
        self.is_due = true;
    }

    /// Whether an offer is due and may be made now.
    pub const fn wants_offer(&self) -> bool {
        self.is_due && !self.is_waiting
    }

    /// Whether an offer waits for its answer.
    pub const fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// What is offered.
    ///
    /// # Errors
    /// What the library refuses.
    pub fn offer(&mut self, now: Instant) -> Result<lk::SessionDescription, Error> {
        (self.is_waiting, self.is_due) = (true, false);
        self.offers += 1;
        let offer = self.rtc.create_offer(None)?;
        self.rtc.set_local_description(now, offer)?;
        let sdp = self.rtc.local_description().map(|description| description.sdp).unwrap_or_default();
        Ok(lk::SessionDescription { r#type: "offer".into(), sdp, id: self.offers, ..Default::default() })
    }

    /// The server's answer.
    ///
    /// # Errors
    /// What the library refuses.
    pub fn answer(&mut self, now: Instant, sdp: String) -> Result<(), Error> {
        self.is_waiting = false;
        self.rtc.set_remote_description(now, RTCSessionDescription::answer(sdp)?)
    }

    /// So many more receiving sections.
    ///
    /// # Errors
    /// What the library refuses.
    pub fn receive(&mut self, audios: u32, videos: u32) -> Result<(), Error> {
        for (kind, count) in [(RtpCodecKind::Audio, audios), (RtpCodecKind::Video, videos)] {
            for _ in 0..count {
                self.rtc.add_transceiver_from_kind(kind, only(RTCRtpTransceiverDirection::Recvonly))?;
                self.is_due = true;
            }
        }
        Ok(())
    }

    /// A datagram came. What a stranger sends is not taken, and is no failure.
    pub fn read(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let transport = TransportContext {
            local_addr: self.local,
            peer_addr: from,
            ecn: None,
            transport_protocol: TransportProtocol::UDP,
        };
        let _ = self.rtc.handle_read(TaggedBytesMut { now, transport, message: BytesMut::from(datagram) });
    }

    /// Time has passed.
    pub fn timeout(&mut self, now: Instant) {
        let _ = self.rtc.handle_timeout(now);
    }

    /// When it wants to be told that time has passed.
    pub fn deadline(&mut self, now: Instant) -> Instant {
        let idle = now + IDLE;
        self.rtc.poll_timeout().map_or(idle, |at| at.min(idle))
    }

    /// What is to be sent, and where.
    pub fn datagrams(&mut self) -> Vec<(SocketAddr, BytesMut)> {
        std::iter::from_fn(|| self.rtc.poll_write()).map(|write| (write.transport.peer_addr, write.message)).collect()
    }
}

/// A section of one direction.
pub fn only(direction: RTCRtpTransceiverDirection) -> Option<RTCRtpTransceiverInit> {
    Some(RTCRtpTransceiverInit { direction, streams: Vec::new(), send_encodings: Vec::new() })
}

/// Opus (RFC 7587).
pub fn opus() -> RTCRtpCodecParameters {
    let rtp_codec = RTCRtpCodec {
        mime_type: "audio/opus".into(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".into(),
        rtcp_feedback: Vec::new(),
    };
    RTCRtpCodecParameters { rtp_codec, payload_type: OPUS }
}

/// VP8 (RFC 7741), of which a receiver may ask for a key frame.
pub fn vp8() -> RTCRtpCodecParameters {
    let rtp_codec = RTCRtpCodec {
        mime_type: "video/VP8".into(),
        clock_rate: 90_000,
        channels: 0,
        sdp_fmtp_line: String::new(),
        rtcp_feedback: vec![RTCPFeedback { typ: "nack".into(), parameter: "pli".into() }],
    };
    RTCRtpCodecParameters { rtp_codec, payload_type: VP8 }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({}, {} offers)", self.local, self.offers)
    }
}

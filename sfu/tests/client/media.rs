//! The client's connection: what it says and hears.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use bytes::{Bytes, BytesMut};
use livekit_protocol as lk;
use pars_recorder::live::connection::{Connection, OPUS, VP8, only, opus, vp8};
use prost::Message as _;
use rtc::{
    media_stream::MediaStreamTrack,
    peer_connection::{
        event::RTCPeerConnectionEvent,
        message::{RTCMessage, TaggedRTCMessage},
        state::RTCPeerConnectionState,
    },
    rtp::{Header, Packet, codec::vp8::Vp8Payloader, packetizer::Payloader as _},
    rtp_transceiver::{
        RTCRtpSenderId, RTCRtpTransceiverDirection,
        rtp_sender::{RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind},
    },
    sansio::Protocol,
    shared::error::Error,
    statistics::StatsSelector,
};

use super::{Report, Srtp};

/// Samples of a packet of 20 ms.
const STEP: u32 = 960;
/// Ticks of VP8's clock between two pictures: 30 a second.
const PICTURE: u32 = 3_000;
/// Bytes of a picture's part at most, with what VP8 puts before it.
const PART: usize = 1_200;

#[expect(clippy::disallowed_methods, reason = "a client lives in real time; this is its one reading")]
pub fn instant() -> Instant {
    Instant::now()
}

/// Packets of a client's connection.
#[derive(Debug, Default)]
pub struct Counts {
    pub heard: AtomicU64,
    /// Numbers that were passed over in what was heard.
    pub skipped: AtomicU64,
    pub spoken: AtomicU64,
    /// Bytes of the longest datagram it sent.
    pub longest: AtomicU64,
}

/// A camera's track.
struct Camera {
    id: RTCRtpSenderId,
    ssrc: u32,
    sequence: u16,
    pictures: u32,
    payloader: Vp8Payloader,
}

/// The connection, its tracks, and what it heard.
pub(super) struct Media {
    pub(super) connection: Connection,
    track: Option<(RTCRtpSenderId, u32)>,
    sequence: u16,
    camera: Option<Camera>,
    /// Streams that were heard, each with its newest number.
    streams: BTreeMap<u32, u16>,
    pub(super) counts: Arc<Counts>,
    reports: Vec<Report>,
    fingerprint: String,
}

impl Media {
    pub(super) fn new(local: SocketAddr, srtp: Vec<Srtp>) -> Result<Self, Error> {
        let codecs = vec![(opus(), RtpCodecKind::Audio), (vp8(), RtpCodecKind::Video)];
        let connection = Connection::new(instant(), local, codecs, srtp)?;
        let (streams, counts, reports) = (BTreeMap::new(), Arc::default(), Vec::new());
        let (track, camera, fingerprint) = (None, None, String::new());
        Ok(Self { connection, track, sequence: 0, camera, streams, counts, reports, fingerprint })
    }

    pub(super) fn answer(&mut self, sdp: &str) -> Result<(), Error> {
        let named = sdp.lines().find_map(|line| line.strip_prefix("a=fingerprint:sha-256 "));
        self.fingerprint = named.unwrap_or_default().replace(':', "").to_lowercase();
        self.connection.answer(instant(), sdp.to_owned())
    }

    /// A microphone track; returns its id.
    pub(super) fn publish(&mut self) -> String {
        let ssrc = 0x5000_0000 | u32::from(self.connection.local().port());
        let (cid, added) = self.add("microphone", ssrc, (opus(), RtpCodecKind::Audio));
        self.track = added.map(|id| (id, ssrc));
        cid
    }

    /// A camera track; returns its id.
    pub(super) fn film(&mut self) -> String {
        let ssrc = 0x6000_0000 | u32::from(self.connection.local().port());
        let (cid, added) = self.add("camera", ssrc, (vp8(), RtpCodecKind::Video));
        let mut payloader = Vp8Payloader::default();
        payloader.enable_picture_id = true;
        self.camera = added.map(|id| Camera { id, ssrc, sequence: 0, pictures: 0, payloader });
        cid
    }

    fn add(
        &mut self,
        name: &str,
        ssrc: u32,
        (codec, kind): (RTCRtpCodecParameters, RtpCodecKind),
    ) -> (String, Option<RTCRtpSenderId>) {
        let cid = format!("{name}-{}", self.connection.local().port());
        let encoding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
            codec: codec.rtp_codec,
            active: true,
            ..Default::default()
        };
        let track = MediaStreamTrack::new("stream".into(), cid.clone(), cid.clone(), kind, vec![encoding]);
        let sends = only(RTCRtpTransceiverDirection::Sendonly);
        let added = self.connection.rtc().add_transceiver_from_track(track, sends);
        self.connection.want_offer();
        (cid, added.ok().map(RTCRtpSenderId::from))
    }

    /// One picture, in as many packets as it takes (RFC 7741).
    pub(super) fn show(&mut self, picture: &[u8]) {
        let Some(camera) = &mut self.camera else { return };
        let Some(mut sender) = self.connection.rtc().rtp_sender(camera.id) else { return };
        let Ok(parts) = camera.payloader.payload(PART, &Bytes::copy_from_slice(picture)) else { return };
        camera.pictures = camera.pictures.wrapping_add(1);
        let last = parts.len().saturating_sub(1);
        for (at, payload) in parts.into_iter().enumerate() {
            camera.sequence = camera.sequence.wrapping_add(1);
            self.counts.spoken.fetch_add(1, Ordering::Relaxed);
            let header = Header {
                version: 2,
                marker: at == last,
                payload_type: VP8,
                ssrc: camera.ssrc,
                sequence_number: camera.sequence,
                timestamp: camera.pictures.wrapping_mul(PICTURE),
                ..Default::default()
            };
            let _ = sender.write_rtp(instant(), Packet { header, payload });
        }
    }

    pub(super) fn speak(&mut self, bytes: &[u8]) {
        let Some((id, ssrc)) = self.track else { return };
        let Some(mut sender) = self.connection.rtc().rtp_sender(id) else { return };
        self.sequence = self.sequence.wrapping_add(1);
        self.counts.spoken.fetch_add(1, Ordering::Relaxed);
        let header = Header {
            version: 2,
            payload_type: OPUS,
            ssrc,
            sequence_number: self.sequence,
            timestamp: u32::from(self.sequence).wrapping_mul(STEP),
            ..Default::default()
        };
        let _ = sender.write_rtp(instant(), Packet { header, payload: Bytes::copy_from_slice(bytes) });
    }

    pub(super) fn send_data(&mut self, bytes: &[u8]) {
        let id = self.connection.data();
        if let Some(mut channel) = self.connection.rtc().data_channel(id) {
            let _ = channel.send(instant(), BytesMut::from(bytes));
        }
    }

    pub(super) fn read(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.connection.read(instant(), from, datagram);
        self.gather();
    }

    pub(super) fn timeout(&mut self) {
        self.connection.timeout(instant());
        self.gather();
    }

    pub(super) fn reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }

    /// The SRTP profile that the DTLS handshake agreed on (RFC 5764 4.1.2, RFC 7714 14.2).
    fn cipher(&mut self) -> String {
        let stats = self.connection.rtc().get_stats(instant(), StatsSelector::None);
        stats.transport().map(|transport| transport.srtp_cipher.clone()).unwrap_or_default()
    }

    fn gather(&mut self) {
        while let Some(event) = self.connection.rtc().poll_event() {
            if let RTCPeerConnectionEvent::OnConnectionStateChangeEvent(RTCPeerConnectionState::Connected) = event {
                let (fingerprint, cipher) = (self.fingerprint.clone(), self.cipher());
                self.reports.push(Report::Connected { fingerprint, cipher });
            }
        }
        while let Some(TaggedRTCMessage { message, .. }) = self.connection.rtc().poll_read() {
            match message {
                RTCMessage::RtpPacket(_, Packet { header, .. }) => {
                    self.counts.heard.fetch_add(1, Ordering::Relaxed);
                    match self.streams.insert(header.ssrc, header.sequence_number) {
                        None => self.reports.push(Report::Heard(header.ssrc)),
                        Some(last) => {
                            let ahead = header.sequence_number.wrapping_sub(last);
                            let skipped = if ahead < 1 << 15 { ahead.saturating_sub(1) } else { 0 };
                            self.counts.skipped.fetch_add(u64::from(skipped), Ordering::Relaxed);
                        }
                    }
                }
                RTCMessage::DataChannelMessage(_, message) => {
                    let Ok(packet) = lk::DataPacket::decode(message.data.as_ref()) else { continue };
                    if let Some(lk::data_packet::Value::User(user)) = packet.value {
                        self.reports.push(Report::Data(packet.participant_identity, user.payload));
                    }
                }
                _ => {}
            }
        }
    }
}

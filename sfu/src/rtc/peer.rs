//! A client's connection on `rtc`: [`MediaPeer`] and the way of datagrams.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::Instant,
};

use bytes::{Bytes, BytesMut};
use pars_sfu_core::{Attach, Channel, Codec, MediaPeer, PeerCommand, PeerEvent, PeerRole, RtpHead, Write};
use rtc::{
    data_channel::{RTCDataChannelId, RTCDataChannelInit},
    peer_connection::{
        RTCPeerConnection,
        event::{RTCDataChannelEvent, RTCPeerConnectionEvent, RTCTrackEvent},
        message::{RTCMessage, TaggedRTCMessage},
        sdp::RTCSessionDescription,
        state::RTCPeerConnectionState,
    },
    rtcp::{Packet as Report, payload_feedbacks::picture_loss_indication::PictureLossIndication},
    rtp::Packet,
    rtp_transceiver::RTCRtpReceiverId,
    sansio::Protocol,
    shared::{TaggedBytesMut, TransportContext, TransportProtocol, error::Error},
};

use super::{
    description::{shown, split},
    interceptors::{Asked, Inbox},
    sending::Outgoing,
    setup::Setup,
};

/// Data channels that a client opens in one connection's life. LiveKit's clients open three, and in some browsers open them
/// again when they resume. For each the library keeps state for good.
const MAX_CHANNELS: usize = 32;

/// Data that may wait for one slow receiver before packets to it are dropped.
const MAX_BUFFERED: usize = 1 << 20;

/// Reports that share a datagram: one without reception reports has 28 bytes (RFC 3550 section 6.4.1).
const TOGETHER: usize = 32;

/// A packet that a client sent.
pub(crate) struct Received {
    pub(crate) head: RtpHead,
    pub(crate) payload: Bytes,
    pub(crate) at: Instant,
}

/// A client's connection.
pub(crate) struct RtcPeer {
    connection: RTCPeerConnection,
    ufrag: String,
    local: SocketAddr,
    connected: bool,
    outgoing: Outgoing,
    inbox: Inbox,
    receivers: BTreeMap<u32, RTCRtpReceiverId>,
    channels: BTreeMap<Channel, RTCDataChannelId>,
    /// Data channels that were opened so far.
    opened: usize,
    events: VecDeque<PeerEvent>,
    received: VecDeque<Received>,
}

fn known(codecs: &[rtc::rtp_transceiver::rtp_sender::RTCRtpCodecParameters]) -> Vec<(u8, Codec)> {
    let codec = |mime: &str| Codec::from_name(mime);
    codecs.iter().filter_map(|c| Some((c.payload_type, codec(&c.rtp_codec.mime_type)?))).collect()
}

fn write(connection: &mut RTCPeerConnection, now: Instant, message: RTCMessage) {
    if let Err(error) = connection.handle_write(TaggedRTCMessage { now, message }) {
        tracing::debug!(%error, "not sent");
    }
}

impl RtcPeer {
    /// Begins a connection in its role. The subscriber's side opens the data channels.
    pub(crate) fn new(now: Instant, setup: &Setup, role: PeerRole) -> Result<Self, Error> {
        let (mut connection, ufrag, inbox) = setup.connection(now)?;
        let mut channels = BTreeMap::new();
        if role == PeerRole::Subscriber {
            for (channel, ordered, max_retransmits) in
                [(Channel::Reliable, true, None), (Channel::Lossy, false, Some(0))]
            {
                let init = RTCDataChannelInit { ordered, max_retransmits, ..Default::default() };
                channels.insert(channel, connection.create_data_channel(channel.label(), Some(init))?.id());
            }
        }
        Ok(Self {
            connection,
            ufrag,
            local: setup.address,
            connected: false,
            outgoing: Outgoing::default(),
            inbox,
            receivers: BTreeMap::new(),
            channels,
            opened: 0,
            events: VecDeque::new(),
            received: VecDeque::new(),
        })
    }

    /// Our ICE fragment; an ICE restart draws another.
    pub(crate) fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// A datagram from the client.
    pub(crate) fn read(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let transport = TransportContext {
            local_addr: self.local,
            peer_addr: from,
            ecn: None,
            transport_protocol: TransportProtocol::UDP,
        };
        let message = BytesMut::from(datagram);
        if let Err(error) = self.connection.handle_read(TaggedBytesMut { now, transport, message }) {
            tracing::debug!(%error, "datagram not taken");
        }
        self.gather();
        self.obey(now);
    }

    /// The next datagram to the client.
    pub(crate) fn datagram(&mut self) -> Option<(SocketAddr, BytesMut)> {
        let written = self.connection.poll_write()?;
        Some((written.transport.peer_addr, written.message))
    }

    /// The next packet of the client.
    pub(crate) fn packet(&mut self) -> Option<Received> {
        self.received.pop_front()
    }

    /// Time passed.
    pub(crate) fn timeout(&mut self, now: Instant) {
        if let Err(error) = self.connection.handle_timeout(now) {
            tracing::debug!(%error, "timeout not taken");
        }
        for together in self.outgoing.reports(now).chunks(TOGETHER) {
            let reports = together.iter().cloned().map(|report| Box::new(report) as Box<dyn Report>);
            write(&mut self.connection, now, RTCMessage::RtcpPacket(String::new(), reports.collect()));
        }
        self.gather();
    }

    /// When time matters next.
    pub(crate) fn deadline(&mut self) -> Option<Instant> {
        self.connection.poll_timeout().into_iter().chain(self.outgoing.deadline()).min()
    }

    /// Does what the client, as a receiver, asks for.
    fn obey(&mut self, now: Instant) {
        for asked in self.inbox.take() {
            match asked {
                Asked::KeyFrame(ssrc) => {
                    self.events.extend(self.outgoing.slot(ssrc).map(PeerEvent::KeyFrameWanted));
                }
                Asked::Repeat(lost) => {
                    for packet in self.outgoing.repeated(&lost) {
                        write(&mut self.connection, now, RTCMessage::RtpPacket(String::new(), packet));
                    }
                }
            }
        }
    }

    fn gather(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            self.take_event(event);
        }
        while let Some(TaggedRTCMessage { message, now }) = self.connection.poll_read() {
            match message {
                RTCMessage::RtpPacket(_, Packet { header, payload }) => {
                    let head = RtpHead {
                        ssrc: header.ssrc,
                        payload_type: header.payload_type,
                        sequence: header.sequence_number,
                        timestamp: header.timestamp,
                        marker: header.marker,
                    };
                    self.received.push_back(Received { head, payload, at: now });
                }
                RTCMessage::DataChannelMessage(id, message) => {
                    let channel = self.channels.iter().find(|(_, known)| **known == id).map(|(channel, _)| *channel);
                    let Some(channel) = channel else { continue };
                    self.events.push_back(PeerEvent::Data { channel, bytes: message.data.to_vec() });
                }
                _ => {}
            }
        }
    }

    fn take_event(&mut self, event: RTCPeerConnectionEvent) {
        match event {
            RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) => {
                let connected = state == RTCPeerConnectionState::Connected;
                if connected && !self.connected {
                    self.events.push_back(PeerEvent::Connected);
                } else if matches!(state, RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed) {
                    self.events.push_back(PeerEvent::Failed);
                }
                self.connected = connected;
            }
            RTCPeerConnectionEvent::OnDataChannel(RTCDataChannelEvent::OnOpen(id)) => {
                self.opened += 1;
                if self.opened > MAX_CHANNELS {
                    self.events.push_back(PeerEvent::Refused);
                    return;
                }
                let label = self.connection.data_channel(id).map(|channel| channel.label().to_owned());
                if let Some(channel) = label.and_then(|label| Channel::from_label(&label)) {
                    self.channels.insert(channel, id);
                }
            }
            RTCPeerConnectionEvent::OnTrack(RTCTrackEvent::OnOpen(init)) => {
                // Fires at the first packet of a stream, and again after a new description.
                self.receivers.insert(init.ssrc, init.receiver_id);
                let mid = self.connection.rtp_transceiver(init.receiver_id.into()).and_then(|t| t.mid().clone());
                let receiver = self.connection.rtp_receiver(init.receiver_id);
                let payloads = receiver.map(|mut r| known(&r.get_parameters().rtp_parameters.codecs));
                if let (Some(mid), Some(payloads)) = (mid, payloads) {
                    self.events.push_back(PeerEvent::Stream { mid, ssrc: init.ssrc, payloads });
                }
            }
            _ => {}
        }
    }

    /// Our description, with the ICE fragment that stands in it.
    fn local(&mut self) -> Result<String, Error> {
        let sdp = self.connection.local_description().map(|d| d.sdp);
        let sdp = sdp.ok_or_else(|| Error::Other("no local description".to_owned()))?;
        if let Some(ufrag) = sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")) {
            ufrag.clone_into(&mut self.ufrag);
        }
        Ok(sdp)
    }

    fn answer(&mut self, now: Instant, offer: &str, attach: Vec<Attach>) -> Result<String, Error> {
        let (session, sections) = split(offer);
        self.outgoing.take_offer(&sections, attach);
        let library = shown(&session, &sections, |section| self.outgoing.has(section));
        let library = library.ok_or_else(|| Error::Other("an offer of receiving sections alone".to_owned()))?;
        self.connection.set_remote_description(now, RTCSessionDescription::offer(library)?)?;
        let answer = self.connection.create_answer(None)?;
        self.connection.set_local_description(now, answer)?;
        let local = self.local()?;
        Ok(self.outgoing.answer(&local, &sections))
    }

    fn offer(&mut self, now: Instant) -> Result<String, Error> {
        let offer = self.connection.create_offer(None)?;
        self.connection.set_local_description(now, offer)?;
        let local = self.local()?;
        Ok(self.outgoing.offer(&local))
    }

    fn take_answer(&mut self, now: Instant, answer: &str) -> Result<(), Error> {
        let (session, sections) = split(answer);
        let library = shown(&session, &sections, |section| self.outgoing.has(section));
        let library = library.ok_or_else(|| Error::Other("an answer of receiving sections alone".to_owned()))?;
        self.connection.set_remote_description(now, RTCSessionDescription::answer(library)?)?;
        self.outgoing.take_answer(&sections);
        Ok(())
    }

    fn run(&mut self, now: Instant, command: PeerCommand) -> Result<(), Error> {
        match command {
            PeerCommand::Create(_) => {}
            PeerCommand::TakeOffer { id, sdp, attach } => {
                let sdp = self.answer(now, &sdp, attach)?;
                let sections = self.outgoing.carried();
                self.events.push_back(PeerEvent::Answered { id, sdp, sections });
            }
            PeerCommand::MakeOffer { id } => {
                let sdp = self.offer(now)?;
                let sections = self.outgoing.carried();
                self.events.push_back(PeerEvent::Offered { id, sdp, sections });
            }
            PeerCommand::TakeAnswer { sdp } => {
                self.take_answer(now, &sdp)?;
                self.events.push_back(PeerEvent::Settled);
            }
            PeerCommand::Attach(attach) => self.outgoing.attach(attach),
            PeerCommand::Detach(slot) => self.outgoing.detach(slot),
            PeerCommand::WantKeyFrame(ssrc) => {
                let receiver = self.receivers.get(&ssrc).and_then(|id| self.connection.rtp_receiver(*id));
                if let Some(mut receiver) = receiver {
                    let lost = PictureLossIndication { sender_ssrc: 0, media_ssrc: ssrc };
                    receiver.write_rtcp(now, vec![Box::new(lost)])?;
                }
            }
            PeerCommand::Close => self.connection.close()?,
        }
        Ok(())
    }
}

impl MediaPeer for RtcPeer {
    type Payload = Bytes;

    fn command(&mut self, now: Instant, command: PeerCommand) {
        let describes = matches!(
            command,
            PeerCommand::TakeOffer { .. } | PeerCommand::MakeOffer { .. } | PeerCommand::TakeAnswer { .. }
        );
        if let Err(error) = self.run(now, command) {
            tracing::debug!(%error, "peer command failed");
            if describes {
                self.events.push_back(PeerEvent::Refused);
            }
        }
        self.gather();
    }

    fn event(&mut self) -> Option<PeerEvent> {
        self.events.pop_front()
    }

    fn send(&mut self, now: Instant, write: &Write, (head, payload): (&RtpHead, &Bytes)) -> bool {
        if !self.connected {
            return false;
        }
        let Some(packet) = self.outgoing.packet(now, write, (head, payload)) else { return false };
        // The library's own way to send knows the tracks that it was told of; of these it knows nothing.
        let message = RTCMessage::RtpPacket(String::new(), packet);
        self.connection.handle_write(TaggedRTCMessage { now, message }).is_ok()
    }

    fn send_data(&mut self, now: Instant, channel: Channel, bytes: &[u8]) -> bool {
        let Some(id) = self.channels.get(&channel) else { return false };
        let Some(mut open) = self.connection.data_channel(*id) else { return false };
        open.outstanding_bytes() <= MAX_BUFFERED && open.send(now, BytesMut::from(bytes)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::instant;

    #[test]
    fn a_client_that_opens_data_channels_without_end_is_refused() {
        let setup = Setup::new("127.0.0.1:9".parse().unwrap()).unwrap();
        let mut peer = RtcPeer::new(instant(), &setup, PeerRole::Single).unwrap();
        let opened = |id| RTCPeerConnectionEvent::OnDataChannel(RTCDataChannelEvent::OnOpen(id));
        for id in 0..MAX_CHANNELS {
            peer.take_event(opened(id));
        }
        assert_eq!(peer.event(), None);
        peer.take_event(opened(MAX_CHANNELS));
        assert_eq!(peer.event(), Some(PeerEvent::Refused));
    }
}

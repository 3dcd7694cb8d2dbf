//! The data plane: which stream of which peer goes where. A packet of a stream that the control plane has not bound to a
//! published track goes nowhere, so a participant without a right cannot be heard or seen whatever it sends.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{
    id::{PeerId, Slot, TrackKey},
    rights::Kind,
};

/// Codecs that are forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    /// Opus, 48 kHz.
    Opus,
    /// VP8.
    Vp8,
    /// H.264, constrained baseline.
    H264,
}

impl Codec {
    /// Kind of its media.
    pub fn kind(self) -> Kind {
        match self {
            Self::Opus => Kind::Audio,
            Self::Vp8 | Self::H264 => Kind::Video,
        }
    }

    /// Units of its timestamps per second.
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Vp8 | Self::H264 => 90_000,
        }
    }

    /// Its media type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Opus => "audio/opus",
            Self::Vp8 => "video/VP8",
            Self::H264 => "video/H264",
        }
    }

    /// The codec of a media type (`video/VP8`) or of a bare name (`vp8`), in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Opus, Self::Vp8, Self::H264].into_iter().find(|codec| {
            let mime = codec.mime();
            mime.eq_ignore_ascii_case(name)
                || mime.split('/').nth(1).is_some_and(|bare| bare.eq_ignore_ascii_case(name))
        })
    }
}

/// What of an RTP header (RFC 3550) is passed on: extensions are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHead {
    /// Stream.
    pub ssrc: u32,
    /// Payload type, as agreed with the sender.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Marker bit.
    pub marker: bool,
}

/// One receiver of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sink {
    /// Its peer.
    pub peer: PeerId,
    /// The track's place there.
    pub slot: Slot,
    /// Whether it asked not to be sent anything for now.
    pub paused: bool,
    /// How often it went on after that.
    resumed: u32,
}

/// A stretch of one stream from which the server left nothing out: numbers of two stretches say nothing of what was lost
/// between them ([`Numbering`](crate::Numbering)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The publisher's SSRC.
    pub stream: u32,
    /// Changes whenever the track was opened again, or the receiver went on.
    pub part: u32,
}

/// A packet for one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write {
    /// Its peer.
    pub peer: PeerId,
    /// The track's place there.
    pub slot: Slot,
    /// What the payload holds; the receiver's own payload type belongs to it.
    pub codec: Codec,
    /// The stretch it belongs to.
    pub run: Run,
}

/// Why a packet went nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Dropped {
    /// No track of this peer owns the SSRC: not announced, not allowed, or another peer's.
    #[error("the stream belongs to no published track of this peer")]
    Stream,
    /// The payload type is not one of the track's kind.
    #[error("the payload is not of the track's kind")]
    Payload,
    /// The track is muted, or the right to it was withdrawn.
    #[error("the track is closed")]
    Closed,
}

#[derive(Debug)]
struct Stream {
    track: TrackKey,
    payloads: Vec<(u8, Codec)>,
}

#[derive(Debug)]
struct Route {
    kind: Kind,
    open: bool,
    /// How often it was opened again.
    opened: u32,
    /// The one stream that is forwarded.
    active: Option<(PeerId, u32)>,
    sinks: Vec<Sink>,
}

/// Streams, tracks and receivers.
#[derive(Debug, Default)]
pub struct Table {
    streams: BTreeMap<(PeerId, u32), Stream>,
    routes: BTreeMap<TrackKey, Route>,
}

/// Where a packet goes that peer `from` sent: the data plane, a pure function. One look-up for all receivers.
pub fn forward<'t>(
    table: &'t Table,
    from: PeerId,
    head: &RtpHead,
) -> Result<impl Iterator<Item = Write> + use<'t>, Dropped> {
    let (route, codec) = table.agreed(from, head)?;
    if !route.open {
        return Err(Dropped::Closed);
    }
    let sinks = if route.active == Some((from, head.ssrc)) { route.sinks.as_slice() } else { &[] };
    let (stream, opened) = (head.ssrc, route.opened);
    let write = move |sink: &Sink| {
        let run = Run { stream, part: opened.wrapping_add(sink.resumed) };
        Write { peer: sink.peer, slot: sink.slot, codec, run }
    };
    Ok(sinks.iter().filter(|sink| !sink.paused).map(write))
}

impl Table {
    /// Kind of the media in a packet that peer `from` sent, whether it is passed on or not; none if it belongs to no track.
    pub fn kind(&self, from: PeerId, head: &RtpHead) -> Option<Kind> {
        self.agreed(from, head).ok().map(|(route, _)| route.kind)
    }

    /// The track that a packet belongs to, and the codec of its payload.
    fn agreed(&self, from: PeerId, head: &RtpHead) -> Result<(&Route, Codec), Dropped> {
        let stream = self.streams.get(&(from, head.ssrc)).ok_or(Dropped::Stream)?;
        let route = self.routes.get(&stream.track).ok_or(Dropped::Stream)?;
        let agreed = stream.payloads.iter().find(|(payload_type, _)| *payload_type == head.payload_type);
        let codec = agreed.map(|(_, codec)| *codec).filter(|codec| codec.kind() == route.kind);
        codec.map(|codec| (route, codec)).ok_or(Dropped::Payload)
    }

    /// A published track, closed or open.
    pub(crate) fn publish(&mut self, track: TrackKey, kind: Kind, open: bool) {
        self.routes.insert(track, Route { kind, open, opened: 0, active: None, sinks: Vec::new() });
    }

    /// Opens or closes a track.
    pub(crate) fn set_open(&mut self, track: TrackKey, open: bool) {
        if let Some(route) = self.routes.get_mut(&track) {
            route.opened = route.opened.wrapping_add(u32::from(open && !route.open));
            route.open = open;
        }
    }

    /// The track is gone with its streams and receivers.
    pub(crate) fn unpublish(&mut self, track: TrackKey) {
        self.routes.remove(&track);
        self.streams.retain(|_, stream| stream.track != track);
    }

    /// A stream of this peer carries the track. Of layers the first that is bound is forwarded, else the newest: a
    /// client that began anew has another SSRC.
    pub(crate) fn bind(
        &mut self,
        (from, ssrc): (PeerId, u32),
        (track, layered): (TrackKey, bool),
        payloads: Vec<(u8, Codec)>,
    ) {
        if let Some(route) = self.routes.get_mut(&track) {
            route.active = route.active.filter(|_| layered).or(Some((from, ssrc)));
            self.streams.insert((from, ssrc), Stream { track, payloads });
        }
    }

    /// The stream that is forwarded.
    pub(crate) fn active(&self, track: TrackKey) -> Option<(PeerId, u32)> {
        self.routes.get(&track)?.active
    }

    /// A receiver.
    pub(crate) fn add_sink(&mut self, track: TrackKey, peer: PeerId, slot: Slot) {
        if let Some(route) = self.routes.get_mut(&track) {
            route.sinks.push(Sink { peer, slot, paused: false, resumed: 0 });
        }
    }

    /// Pauses or resumes a receiver; true if that changed something.
    pub(crate) fn set_paused(&mut self, track: TrackKey, peer: PeerId, paused: bool) -> bool {
        let Some(route) = self.routes.get_mut(&track) else { return false };
        let Some(sink) = route.sinks.iter_mut().find(|sink| sink.peer == peer) else { return false };
        sink.resumed = sink.resumed.wrapping_add(u32::from(sink.paused && !paused));
        std::mem::replace(&mut sink.paused, paused) != paused
    }

    /// The receiver is gone.
    pub(crate) fn remove_sink(&mut self, track: TrackKey, peer: PeerId) {
        if let Some(route) = self.routes.get_mut(&track) {
            route.sinks.retain(|sink| sink.peer != peer);
        }
    }

    /// Number of streams and tracks, for checks that nothing is left behind.
    pub fn size(&self) -> (usize, usize) {
        (self.streams.len(), self.routes.len())
    }
}

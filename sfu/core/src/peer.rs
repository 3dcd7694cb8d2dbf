//! The media end of a client's connection: what the control plane asks of it, what it reports, and the trait that hides
//! which WebRTC implementation does it. Sans-IO as well: datagrams go in and out beside this trait.

use std::{collections::BTreeMap, time::Instant};

use crate::{
    id::{ParticipantSid, Slot, TrackSid},
    rights::Kind,
    table::{Codec, RtpHead, Write},
};

/// Which side of a participant a peer serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerRole {
    /// The client sends media here and offers (signalling version 0).
    Publisher,
    /// The client receives media here and the server offers (version 0).
    Subscriber,
    /// Both in one, the client offers (version 1).
    Single,
}

/// A data channel by its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// Ordered, repeated until it arrives.
    Reliable,
    /// Unordered, sent once.
    Lossy,
}

impl Channel {
    /// The label by which LiveKit's clients know it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Reliable => "_reliable",
            Self::Lossy => "_lossy",
        }
    }

    /// The channel of a label.
    pub fn from_label(label: &str) -> Option<Self> {
        [Self::Reliable, Self::Lossy].into_iter().find(|channel| channel.label() == label)
    }
}

/// A track that a peer is to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attach {
    /// The place it is known by afterwards.
    pub slot: Slot,
    /// The published track.
    pub track: TrackSid,
    /// Who published it.
    pub owner: ParticipantSid,
    /// Its kind.
    pub kind: Kind,
    /// The codec that is sent, offered first.
    pub codec: Codec,
}

/// What the control plane asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerCommand {
    /// Begin to exist.
    Create(PeerRole),
    /// Attach these tracks, apply the client's offer and answer it: [`PeerEvent::Answered`].
    TakeOffer {
        /// Number of the offer.
        id: u32,
        /// The description.
        sdp: String,
        /// Tracks for its new receiving sections.
        attach: Vec<Attach>,
    },
    /// Make an offer: [`PeerEvent::Offered`].
    MakeOffer {
        /// Its number.
        id: u32,
    },
    /// Apply the client's answer: [`PeerEvent::Settled`].
    TakeAnswer {
        /// The description.
        sdp: String,
    },
    /// Send a track from the next description on.
    Attach(Attach),
    /// Send it no longer.
    Detach(Slot),
    /// Ask the client for a key frame of the stream with this SSRC.
    WantKeyFrame(u32),
    /// End.
    Close,
}

/// What a peer reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerEvent {
    /// The answer to a client's offer.
    Answered {
        /// Number of the offer.
        id: u32,
        /// The description.
        sdp: String,
        /// Media sections that carry our tracks.
        sections: BTreeMap<String, TrackSid>,
    },
    /// An offer of ours.
    Offered {
        /// Its number.
        id: u32,
        /// The description.
        sdp: String,
        /// Media sections that carry our tracks.
        sections: BTreeMap<String, TrackSid>,
    },
    /// The client's answer stands.
    Settled,
    /// A description could not be applied.
    Refused,
    /// Media can flow.
    Connected,
    /// It cannot any more.
    Failed,
    /// The client sends a stream.
    Stream {
        /// Its media section.
        mid: String,
        /// Its SSRC.
        ssrc: u32,
        /// Payload types of that section whose codec is known.
        payloads: Vec<(u8, Codec)>,
    },
    /// A receiver needs a key frame.
    KeyFrameWanted(Slot),
    /// Bytes of a data channel.
    Data {
        /// Which channel.
        channel: Channel,
        /// A message.
        bytes: Vec<u8>,
    },
}

/// A WebRTC connection of one client (TOWNHALL 5), on `rtc` in the product and plain values in tests.
pub trait MediaPeer {
    /// Payload of a packet, cheap to copy: one packet goes to many peers.
    type Payload;

    /// Carries out a command; what comes of it is among the next events. Nothing a client sent makes it fail: a
    /// description that cannot be applied is [`PeerEvent::Refused`].
    fn command(&mut self, now: Instant, command: PeerCommand);

    /// The next report.
    fn event(&mut self) -> Option<PeerEvent>;

    /// Sends a packet in a slot, under numbers of its own ([`Numbering`](crate::Numbering)). False if it was not taken:
    /// not connected, no codec agreed for it, a copy, or nothing in it.
    fn send(&mut self, now: Instant, write: &Write, packet: (&RtpHead, &Self::Payload)) -> bool;

    /// Sends a message on a data channel. False if it is not open.
    fn send_data(&mut self, now: Instant, channel: Channel, bytes: &[u8]) -> bool;
}

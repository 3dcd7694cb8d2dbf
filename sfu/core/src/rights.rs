//! What a token allows (TOWNHALL 2, table of rights). Nothing is allowed that was not said: LiveKit takes an absent
//! `canPublish` and an empty list of sources for "everything", this server takes them for nothing.

use std::collections::BTreeSet;

use livekit_protocol as lk;

/// Kind of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

/// What a track shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A microphone.
    Microphone,
    /// A camera.
    Camera,
    /// A shared screen.
    ScreenShare,
    /// Sound of a shared screen.
    ScreenShareAudio,
}

/// All sources.
pub const SOURCES: [Source; 4] = [Source::Microphone, Source::Camera, Source::ScreenShare, Source::ScreenShareAudio];

impl Source {
    /// The kind of media that this source gives.
    pub fn kind(self) -> Kind {
        match self {
            Self::Microphone | Self::ScreenShareAudio => Kind::Audio,
            Self::Camera | Self::ScreenShare => Kind::Video,
        }
    }

    /// From a protocol number; unknown ones are none.
    pub fn from_proto(number: i32) -> Option<Self> {
        SOURCES.into_iter().find(|source| source.proto() as i32 == number)
    }

    /// From the name that tokens use: `microphone`, `camera`, `screen_share`, `screen_share_audio`.
    pub fn from_name(name: &str) -> Option<Self> {
        SOURCES.into_iter().find(|source| source.proto().as_str_name().eq_ignore_ascii_case(name))
    }

    /// The protocol's value.
    pub fn proto(self) -> lk::TrackSource {
        match self {
            Self::Microphone => lk::TrackSource::Microphone,
            Self::Camera => lk::TrackSource::Camera,
            Self::ScreenShare => lk::TrackSource::ScreenShare,
            Self::ScreenShareAudio => lk::TrackSource::ScreenShareAudio,
        }
    }
}

/// What a participant may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// What it may publish.
    pub publish: BTreeSet<Source>,
    /// Whether it receives media.
    pub subscribe: bool,
    /// Whether its data packets are passed on.
    pub data: bool,
    /// Whether others are not told of it.
    pub hidden: bool,
}

impl Rights {
    /// From a permission of the protocol. `can_publish` without a source allows nothing.
    pub fn from_permission(permission: &lk::ParticipantPermission) -> Self {
        let sources = permission.can_publish_sources.iter().filter_map(|number| Source::from_proto(*number));
        Self {
            publish: if permission.can_publish { sources.collect() } else { BTreeSet::new() },
            subscribe: permission.can_subscribe,
            data: permission.can_publish_data,
            hidden: permission.hidden,
        }
    }

    /// As clients are told.
    pub fn permission(&self) -> lk::ParticipantPermission {
        lk::ParticipantPermission {
            can_subscribe: self.subscribe,
            can_publish: !self.publish.is_empty(),
            can_publish_data: self.data,
            can_publish_sources: self.publish.iter().map(|source| source.proto() as i32).collect(),
            hidden: self.hidden,
            ..Default::default()
        }
    }
}

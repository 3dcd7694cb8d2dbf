//! WebRTC peers on the sans-IO crate `rtc`.

mod codecs;
mod description;
mod interceptors;
mod media;
mod peer;
mod sending;
mod setup;
mod stun;

pub(crate) use media::{is_media, sender_ssrc};
pub(crate) use peer::{Received, RtcPeer};
pub(crate) use setup::Setup;
pub(crate) use stun::{is_stun, is_success, local_ufrag};

//! WebRTC peers on the sans-IO crate `rtc`.

mod codecs;
mod interceptors;
mod peer;
mod setup;
mod stun;

pub(crate) use peer::{Received, RtcPeer};
pub(crate) use setup::Setup;
pub(crate) use stun::{is_stun, is_success, local_ufrag};

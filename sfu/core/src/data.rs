//! Data packets: passed on for whoever may send them, under the sender's own name, whatever the packet claims.

use livekit_protocol as lk;
use lk::data_packet::Value;
use prost::Message as _;

use crate::{
    id::ParticipantSid,
    io::Output,
    limits::{MAX_DATA, MAX_DESTINATIONS},
    peer::Channel,
    room::{Participant, Room},
    sfu::Cx,
};

/// The packet under its sender's name, and whom it is for; none for everybody.
#[expect(deprecated, reason = "older clients read the names inside the user packet")]
fn readdress(packet: &mut lk::DataPacket, sender: &Participant) -> Option<Vec<String>> {
    packet.participant_identity = sender.identity.to_string();
    packet.participant_sid = sender.sid.to_string();
    let mut named = std::mem::take(&mut packet.destination_identities);
    match packet.value.as_mut()? {
        Value::User(user) => {
            user.participant_identity.clone_from(&packet.participant_identity);
            user.participant_sid.clone_from(&packet.participant_sid);
            named.append(&mut user.destination_identities);
            if !std::mem::take(&mut user.destination_sids).is_empty() && named.is_empty() {
                return None;
            }
        }
        // What only a server says.
        Value::Speaker(_) | Value::Metrics(_) => return None,
        _ => {}
    }
    (named.len() <= MAX_DESTINATIONS).then_some(named)
}

impl Room {
    pub(crate) fn data(&mut self, cx: &mut Cx<'_>, sid: &ParticipantSid, (channel, bytes): (Channel, &[u8])) {
        let Some(sender) = self.participants.get_mut(sid) else { return };
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if !sender.rights.data || bytes.len() > MAX_DATA || !sender.data.take(cx.now) {
            return;
        }
        if !sender.data_bytes.take_many(cx.now, length) {
            return;
        }
        let Ok(mut packet) = lk::DataPacket::decode(bytes) else { return };
        let Some(named) = readdress(&mut packet, sender) else { return };
        let wanted = |other: &&Participant| {
            other.sid != *sid && (named.is_empty() || named.iter().any(|name| name == other.identity.as_str()))
        };
        let to: Vec<_> = self.participants.values().filter(wanted).map(|other| other.subscriber).collect();
        if !to.is_empty() {
            cx.out.push(Output::Data { to, channel, bytes: packet.encode_to_vec() });
        }
    }
}

//! The machine of a node: one packet in, at most one packet out, later (SESSION section 5 "node").
//!
//! | Input | Output |
//! |---|---|
//! | packet that opens, forward | after its delay [`RelayOut::Send`] with the next position |
//! | packet that opens, service | after its delay [`RelayOut::Service`] with the body |
//! | packet that opens, deliver | after its delay [`RelayOut::Deliver`] to the connection of the token |
//! | any other packet | [`RelayOut::Dropped`], for local counters only: upstream sees no difference |
//! | reply with its block | [`RelayOut::Send`] at once |
//! | a new day | [`RelayOut::Publish`]; what the restarted relay finds in [`Start`] decides whether keys survive |
//!
//! It holds no state of a packet after it left but the prefix of its replay tag. It never waits for anybody's storage.

use std::collections::BTreeMap;

use pars_crypto::Suite;
use pars_crypto::hkem::{Xw768Ciphertext, Xw768Public};
use pars_crypto::stream;
use pars_wire::NodeId;
use pars_wire::codec::{Day, Minute, Wire};
use pars_wire::limits::{ONION_HEADER, ONION_ROOM};
use pars_wire::machine::{Cx, Machine, Now, Tick};

use super::build::decrypt;
use super::epoch::{EXPIRY_GRAIN, EpochKey, EpochKeys, MAX_LIFE_MINUTES, SKEW_MINUTES};
use super::layer::{CIPHERTEXT, ForKey, HopKeys, Routing, Step, open};
use super::packet::{Body, DropReason, LAYER, Packet, body_of};
use super::replay::{Admission, ReplayCache};
use super::surb::Surb;

/// Packets held for their delay at most: 128 MiB.
pub const MAX_HELD: usize = 8_192;
/// How often a relay looks at the calendar, in ms: keys are erased and tables forgotten at most this late.
const CALENDAR_MS: u64 = 60_000;

/// What a relay finds when it starts.
#[derive(Default)]
pub enum Start {
    /// No log of replay tags, or a damaged one: keys of before are gone, new ones are made and published at once.
    #[default]
    Fresh,
    /// Keys and every tag that passed under them survived together. (A synced log that fills this is a later part.)
    Resumed(EpochKeys, ReplayCache),
}

/// What a relay is told.
pub enum RelayIn {
    /// Bytes from a link.
    Packet(Vec<u8>),
    /// A service of this node answers: the block as it came (4,800 bytes), and the padded answer.
    Reply {
        /// The block.
        surb: Vec<u8>,
        /// The answer.
        body: Body,
    },
    /// A deadline passed.
    Wake,
}

/// What a relay asks for.
pub enum RelayOut {
    /// Send these 16,384 bytes over the link to a registered node.
    Send {
        /// To whom.
        to: NodeId,
        /// The packet.
        packet: Vec<u8>,
    },
    /// Hand a command to the services of this node.
    Service(Body),
    /// Send these 16,384 bytes to the client whose connection has this token.
    Deliver {
        /// Which connection.
        token: [u8; 16],
        /// The packet.
        packet: Vec<u8>,
    },
    /// Sign and publish the keys of a day ([`super::Descriptor::sign`]).
    Publish {
        /// The day.
        day: Day,
        /// Its four keys.
        keys: [Xw768Public; 4],
    },
    /// A packet ended here.
    Dropped(DropReason),
}

/// A node's onion half.
pub struct Relay {
    suite: &'static dyn Suite,
    node: NodeId,
    keys: EpochKeys,
    replay: ReplayCache,
    admission: Admission,
    held: BTreeMap<(Tick, u64), RelayOut>,
    arrived: u64,
    calendar: Tick,
}

/// A packet after this node's layer.
struct Peeled {
    routing: Routing,
    packet: Packet,
    replay: [u8; 16],
}

impl Relay {
    /// A relay; the first [`RelayIn::Wake`], due at once, makes the keys that are missing.
    pub fn new(suite: &'static dyn Suite, node: NodeId, start: Start, now: Now) -> Self {
        let (keys, replay) = match start {
            Start::Fresh => (EpochKeys::default(), ReplayCache::default()),
            Start::Resumed(keys, replay) => (keys, replay),
        };
        let admission = Admission::new(now.tick);
        Self { suite, node, keys, replay, admission, held: BTreeMap::new(), arrived: 0, calendar: now.tick }
    }

    fn receive(&mut self, now: Now, bytes: &[u8]) -> Result<(), DropReason> {
        if !self.admission.admit(now.tick) {
            return Err(DropReason::Overload);
        }
        let packet = Packet::decode(bytes)?;
        let Peeled { routing, packet, replay } = self.peel(&packet, now)?;
        check_expiry(routing.expiry, now)?;
        if !self.replay.record(&replay, routing.expiry) {
            return Err(DropReason::Overload);
        }
        let out = self.after(routing.step, packet)?;
        self.arrived += 1;
        self.held.insert((now.tick.after(routing.delay_ms.into()), self.arrived), out);
        self.bound_held()
    }

    /// When there is no room, what is due last goes: whoever asks for the longest delays cannot keep everybody else out.
    fn bound_held(&mut self) -> Result<(), DropReason> {
        if self.held.len() <= MAX_HELD {
            return Ok(());
        }
        self.held.pop_last();
        Err(DropReason::Overload)
    }

    /// Try the accepted keys in turn: two only in the hour after an epoch began, or in its last minutes.
    fn peel(&self, packet: &Packet, now: Now) -> Result<Peeled, DropReason> {
        let mut reason = DropReason::Header;
        for key in self.keys.accepted(now.wall) {
            match self.peel_with(packet, key) {
                Err(DropReason::Header) => {}
                Err(other) => reason = other,
                Ok(peeled) => return Ok(peeled),
            }
        }
        Err(reason)
    }

    fn peel_with(&self, packet: &Packet, key: &EpochKey) -> Result<Peeled, DropReason> {
        let tail_length = LAYER * usize::from(packet.position);
        let counting = ONION_HEADER.checked_sub(tail_length).and_then(|count| packet.header.split_at_checked(count));
        let (head, tail) = counting.ok_or(DropReason::Format)?;
        let (ciphertext, sealed) = head.split_first_chunk::<CIPHERTEXT>().ok_or(DropReason::Format)?;
        let secret = key
            .secret
            .decapsulate(self.suite, &Xw768Ciphertext::from_bytes(ciphertext))
            .map_err(|_| DropReason::Encapsulation)?;
        let made_for = ForKey { public_hash: &key.public_hash, node: self.node, epoch: key.epoch };
        let keys = HopKeys::derive(&secret, ciphertext, &made_for);
        if self.replay.seen(&keys.replay) {
            return Err(DropReason::Replay);
        }
        let (routing, mut header) = open(keys.header, packet.position, sealed)?;
        let inner = header.len();
        header.extend_from_slice(tail);
        header.resize(ONION_HEADER, 0);
        stream::apply(&keys.pad, header.get_mut(inner..).unwrap_or_default());
        let header = Box::new(header.try_into().map_err(|_| DropReason::Format)?);
        let mut payload = packet.payload.clone();
        decrypt(&keys.payload, &mut payload[..]);
        Ok(Peeled { routing, packet: Packet { position: packet.position + 1, header, payload }, replay: keys.replay })
    }

    fn after(&self, step: Step, mut packet: Packet) -> Result<RelayOut, DropReason> {
        match step {
            Step::Forward(next) if next == self.node => Err(DropReason::Routing),
            Step::Forward(to) => Ok(RelayOut::Send { to, packet: packet.encode() }),
            Step::Service => body_of(&packet.payload).map(RelayOut::Service),
            Step::Deliver { token, surb } => {
                packet.header.iter_mut().zip(surb).for_each(|(to, from)| *to = from);
                Ok(RelayOut::Deliver { token, packet: packet.encode() })
            }
        }
    }

    fn reply(&self, surb: &[u8], body: &[u8; ONION_ROOM]) -> Result<RelayOut, DropReason> {
        let surb = Surb::decode(surb).map_err(|_| DropReason::Format)?;
        if surb.first == self.node {
            return Err(DropReason::Routing);
        }
        let to = surb.first;
        Ok(RelayOut::Send { to, packet: surb.reply(body).encode() })
    }

    /// Release what has waited long enough; look at the calendar.
    fn wake(&mut self, cx: &mut Cx<'_, RelayOut>) {
        while let Some(entry) = self.held.first_entry().filter(|entry| entry.key().0 <= cx.now.tick) {
            cx.out.push(entry.remove());
        }
        if self.calendar > cx.now.tick {
            return;
        }
        self.calendar = cx.now.tick.after(CALENDAR_MS);
        self.replay.forget_before(Minute::at(cx.now.wall));
        for day in self.keys.roll(self.suite, cx.now.wall, cx.rng) {
            if let Some(keys) = self.keys.publics(day).and_then(|keys| keys.to_vec().try_into().ok()) {
                cx.out.push(RelayOut::Publish { day, keys });
            }
        }
    }

    /// Tags held and bytes used by the replay cache, for metrics.
    pub fn replay(&self) -> &ReplayCache {
        &self.replay
    }
}

/// Expiries that no honest sender makes would tell packets apart: they end here.
fn check_expiry(expiry: Minute, now: Now) -> Result<(), DropReason> {
    let latest = now.wall.0.saturating_add(MAX_LIFE_MINUTES + SKEW_MINUTES);
    match expiry.0 {
        minute if minute % EXPIRY_GRAIN != 0 => Err(DropReason::Routing),
        minute if minute < now.wall.0 => Err(DropReason::Expired),
        minute if minute > latest => Err(DropReason::TooLong),
        _ => Ok(()),
    }
}

impl Machine for Relay {
    type In = RelayIn;
    type Out = RelayOut;

    fn handle(&mut self, cx: &mut Cx<'_, RelayOut>, input: RelayIn) {
        let done = match input {
            RelayIn::Packet(bytes) => self.receive(cx.now, &bytes),
            RelayIn::Reply { surb, body } => self.reply(&surb, &body).map(|out| cx.out.push(out)),
            RelayIn::Wake => Ok(()),
        };
        if let Err(reason) = done {
            cx.out.push(RelayOut::Dropped(reason));
        }
        self.wake(cx);
    }

    fn deadline(&self) -> Option<Tick> {
        let held = self.held.keys().next().map(|(tick, _)| *tick);
        Some(held.map_or(self.calendar, |tick| tick.min(self.calendar)))
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::SeedableRng;
    use pars_crypto::hkem::Xw768Secret;
    use pars_crypto::suite::Libcrux;
    use pars_wire::machine::UnixMinute;

    use super::super::build::{Hop, forward};
    use super::super::epoch::{Epoch, expiry_at};
    use super::*;

    const NOW: Now = Now { tick: Tick(0), wall: UnixMinute(20_000 * 1_440 + 131) };

    fn node(i: u8) -> NodeId {
        NodeId([i; 32].into())
    }

    #[test]
    fn packets_with_the_longest_delays_give_way_and_keep_nobody_out() {
        println!("seed 70");
        let mut rng = ChaCha20Rng::seed_from_u64(70);
        let (epoch, secret) = (Epoch::at(NOW.wall), Xw768Secret::generate(&Libcrux, &mut rng));
        let key = secret.public();
        let mut keys = EpochKeys::default();
        keys.insert(epoch, secret);
        let mut relay = Relay::new(&Libcrux, node(0), Start::Resumed(keys, ReplayCache::default()), NOW);
        // A flood that wants to be held for a minute has taken every place.
        for i in 0..MAX_HELD as u64 {
            relay.held.insert((Tick(60_000), i), RelayOut::Dropped(DropReason::Noise));
        }
        relay.arrived = MAX_HELD as u64;
        let mut packet = |delay_ms| {
            let hop = |i| Hop { node: node(i), epoch, key: key.clone(), delay_ms };
            let path = [hop(0), hop(1), hop(2), hop(3)];
            forward(&Libcrux, &path, &[0; ONION_ROOM], expiry_at(NOW.wall), &mut rng).unwrap().encode()
        };
        let (quick, slow) = (packet(100), packet(60_000));
        // Of the flood one was given up for it; what would wait as long as the flood does finds no room itself.
        assert_eq!(relay.receive(NOW, &quick), Err(DropReason::Overload));
        assert_eq!(relay.receive(NOW, &slow), Err(DropReason::Overload));
        assert_eq!(relay.held.len(), MAX_HELD);
        let first = relay.held.first_key_value().unwrap();
        assert!(matches!(first, ((Tick(100), _), RelayOut::Send { .. })));
        assert!(relay.held.last_key_value().unwrap().0.1 < MAX_HELD as u64, "the slow one is not among them");
    }
}

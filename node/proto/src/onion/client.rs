//! The machine of a client: commands out under reply blocks, answers in, one first relay (SESSION section 5).
//!
//! | State | Input | State, outputs |
//! |---|---|---|
//! | no first relay | request | waits (at most [`MAX_WAITING`]); [`ClientOut::Connect`] to a drawn relay |
//! | connecting | connected | connected; everything that waits goes out |
//! | connecting, connected | disconnected | the relay is suspected, what is open fails, another relay is drawn for what comes |
//! | connected | request | [`ClientOut::Send`]; open until every block is used or its time is over |
//! | connected | packet with an open index | [`ClientOut::Reply`]; the block is closed for ever |
//! | connected | noise under an open index | [`ClientOut::Dropped`], the block is closed; [`ClientOut::Failed`] with the request's last block |
//! | connected | packet with any other index | [`ClientOut::Dropped`] |
//! | any | a request's time is over | [`ClientOut::Failed`]; its nodes are suspected; after [`DEAD_AFTER`] in a row without any answer, lost in [`DEAD_BURSTS`] bursts, the first relay is replaced |
//!
//! Not here: guards kept over restarts, backups, loops, a clock for sending (cover): they wrap or replace `first`.

use std::collections::{BTreeMap, VecDeque};

use pars_crypto::Suite;
use pars_crypto::hash::random;
use pars_wire::NodeId;
use pars_wire::codec::Wire;
use pars_wire::limits::{ONION_ROOM, SURB};
use pars_wire::machine::{Cx, Machine, Now, Tick};

use super::build::{BadHop, forward};
use super::delay::Delay;
use super::descriptor::Verified;
use super::epoch::{Epoch, expiry_at};
use super::packet::{Body, DropReason, HOPS, Packet};
use super::path::{PathError, Relays};
use super::surb::{ReplyTo, Surb, SurbSecret};

/// Requests that may wait for a first relay: a bound of memory (11 KiB each).
pub const MAX_WAITING: usize = 256;
/// Reply blocks open at once: a bound of memory (700 bytes each).
pub const MAX_OPEN: usize = 4_096;
/// Reply blocks of one request: more do not leave room for a command.
pub const MAX_SURBS: usize = 2;
/// Requests in a row without any answer after which the first relay counts as dead.
pub const DEAD_AFTER: u32 = 6;
/// And these were sent at so many times, each after the one before was given up.
pub const DEAD_BURSTS: u32 = 2;
/// How long a connection to a first relay may take, in ms.
const CONNECT_MS: u64 = 10_000;

/// Names a request to the one who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(
    /// Chosen by the engine, never reused.
    pub u64,
);

/// A command for a service node.
#[derive(Clone, Debug)]
pub struct Request {
    /// Comes back with each answer.
    pub id: RequestId,
    /// The service node.
    pub to: NodeId,
    /// The command without reply blocks and padding; its own count of blocks is already inside.
    pub command: Vec<u8>,
    /// How many reply blocks to append: 0 to 2.
    pub surbs: usize,
    /// How long to wait for answers, in ms.
    pub timeout_ms: u64,
    /// How long each hop shall hold the packets.
    pub delay: Delay,
}

/// What a client is told.
pub enum ClientIn {
    /// A verified descriptor.
    Relay(Box<Verified>),
    /// A node left the registry.
    Gone(NodeId),
    /// A command to send.
    Request(Request),
    /// The link stands; `token` names it at the relay and nowhere else.
    Connected {
        /// The relay.
        node: NodeId,
        /// The connection's delivery token.
        token: [u8; 16],
    },
    /// The link broke, or never stood.
    Disconnected(NodeId),
    /// Bytes from the first relay.
    Packet(Vec<u8>),
    /// A deadline passed.
    Wake,
}

/// What a client asks for.
#[derive(Debug)]
pub enum ClientOut {
    /// Open a link to this relay; answer with Connected or Disconnected.
    Connect(NodeId),
    /// Close the link to this relay: it is replaced.
    Disconnect(NodeId),
    /// Send these 16,384 bytes to the first relay.
    Send {
        /// The first relay.
        to: NodeId,
        /// The packet.
        packet: Vec<u8>,
    },
    /// One answer.
    Reply {
        /// To which request.
        id: RequestId,
        /// The padded answer.
        body: Body,
    },
    /// The request will get no further answer.
    Failed {
        /// Which.
        id: RequestId,
        /// Why.
        error: RequestError,
    },
    /// A packet from the first relay ended here; for local counters.
    Dropped(DropReason),
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The command and its reply blocks do not fit a packet.
    #[error("a command with {surbs} reply blocks holds at most {room} bytes, this one has {length}")]
    TooLong {
        /// Bytes of the command.
        length: usize,
        /// Bytes there are.
        room: usize,
        /// Blocks asked for.
        surbs: usize,
    },
    /// No path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A node's key is malformed.
    #[error(transparent)]
    Hop(#[from] BadHop),
    /// The first relay went: answers under way over its link are lost, ask again.
    #[error("the link to the first relay broke before an answer came")]
    LinkLost,
    /// A relay changed an answer: ask again over another path.
    #[error("an answer was changed on its way")]
    Changed,
    /// No (further) answer in time: ask again over another path or another node.
    #[error("no answer came in time")]
    Timeout,
    /// Too many requests wait or too many blocks are open: try later.
    #[error("too many requests are open; try again when some have ended")]
    Busy,
}

/// Bytes that a command may have beside so many reply blocks.
const fn room_beside(surbs: usize) -> usize {
    ONION_ROOM.saturating_sub(surbs.saturating_mul(SURB))
}

enum First {
    None,
    Connecting(NodeId, Tick),
    Connected(NodeId, [u8; 16]),
}

struct Open {
    sent: Tick,
    deadline: Tick,
    surbs: Vec<[u8; 16]>,
    /// The way of the command.
    forward: [NodeId; HOPS],
    /// The ways of its reply blocks.
    replies: Vec<[NodeId; HOPS]>,
    answered: bool,
    /// One of its answers came as noise.
    damaged: bool,
}

/// A reply block that has not come back.
struct Waiting {
    request: RequestId,
    secret: SurbSecret,
    path: [NodeId; HOPS],
}

/// Requests without an answer, since the last answer.
#[derive(Default)]
struct Silence {
    requests: u32,
    /// Times out of which each was sent after the one before had been noticed: a burst that is lost together is one.
    bursts: u32,
    noticed: Tick,
}

impl Silence {
    fn add(&mut self, sent: Tick, now: Tick) {
        self.requests += 1;
        if self.bursts == 0 || sent >= self.noticed {
            self.bursts += 1;
            self.noticed = now;
        }
    }

    const fn is_death(&self) -> bool {
        self.requests >= DEAD_AFTER && self.bursts >= DEAD_BURSTS
    }
}

/// A client's onion half.
pub struct Client {
    suite: &'static dyn Suite,
    relays: Relays,
    first: First,
    waiting: VecDeque<Request>,
    open: BTreeMap<RequestId, Open>,
    surbs: BTreeMap<[u8; 16], Waiting>,
    silence: Silence,
}

type Context<'a, 'b> = &'a mut Cx<'b, ClientOut>;

impl Client {
    /// A client that knows these relays (none is fine).
    pub fn new(suite: &'static dyn Suite, relays: Relays) -> Self {
        Self {
            suite,
            relays,
            first: First::None,
            waiting: VecDeque::new(),
            open: BTreeMap::new(),
            surbs: BTreeMap::new(),
            silence: Silence::default(),
        }
    }

    /// The relays it knows.
    pub const fn relays(&self) -> &Relays {
        &self.relays
    }

    /// Never draw this node: it runs on the same machine.
    pub const fn avoid(&mut self, own: NodeId) {
        self.relays.avoid(own);
    }

    /// The first relay, if a link stands.
    pub const fn first(&self) -> Option<NodeId> {
        match self.first {
            First::Connected(node, _) => Some(node),
            _ => None,
        }
    }

    fn request(&mut self, cx: Context<'_, '_>, request: Request) {
        let (id, length, surbs) = (request.id, request.command.len(), request.surbs);
        let room = room_beside(surbs);
        let error = if surbs > MAX_SURBS || length > room {
            Some(RequestError::TooLong { length, room, surbs })
        } else if self.waiting.len() >= MAX_WAITING || self.surbs.len() + surbs > MAX_OPEN {
            Some(RequestError::Busy)
        } else {
            self.waiting.push_back(request);
            None
        };
        cx.out.extend(error.map(|error| ClientOut::Failed { id, error }));
    }

    /// Draw a first relay if there is none and something waits; send what waits if there is one.
    fn advance(&mut self, cx: Context<'_, '_>) {
        match self.first {
            First::None if !self.waiting.is_empty() => match self.relays.pick(&[], Epoch::at(cx.now.wall), cx.rng) {
                Ok(node) => {
                    self.first = First::Connecting(node, cx.now.tick.after(CONNECT_MS));
                    cx.out.push(ClientOut::Connect(node));
                }
                Err(error) => {
                    let waiting = std::mem::take(&mut self.waiting);
                    cx.out.extend(waiting.into_iter().map(|r| ClientOut::Failed { id: r.id, error: error.into() }));
                }
            },
            First::Connected(first, token) => {
                for request in std::mem::take(&mut self.waiting) {
                    let id = request.id;
                    if let Err(error) = self.send(cx, request, first, token) {
                        cx.out.push(ClientOut::Failed { id, error });
                    }
                }
            }
            _ => {}
        }
    }

    fn send(
        &mut self,
        cx: Context<'_, '_>,
        request: Request,
        first: NodeId,
        token: [u8; 16],
    ) -> Result<(), RequestError> {
        let (epoch, expiry) = (Epoch::at(cx.now.wall), expiry_at(cx.now.wall));
        let way = self.relays.forward(first, request.to, epoch, cx.rng)?;
        // The service node answers at once; the three relays before it hold the packet.
        let delays = [request.delay, request.delay, request.delay, Delay::FAST];
        let hops = self.relays.hops(way, epoch, delays, cx.rng)?;
        let mut waiting = Vec::new();
        let (mut body, surbs) = (request.command, request.surbs);
        let (length, room) = (body.len(), room_beside(surbs));
        body.resize(room.max(length), 0);
        for _ in 0..surbs {
            let path = self.relays.reply(request.to, first, epoch, cx.rng)?;
            let hops = self.relays.hops(path, epoch, [request.delay; HOPS], cx.rng)?;
            let index = random(cx.rng);
            let (surb, secret) = Surb::make(self.suite, &hops, ReplyTo { token, surb: index }, expiry, cx.rng)?;
            body.extend_from_slice(&surb.encode());
            waiting.push((index, Waiting { request: request.id, secret, path }));
        }
        // Whoever takes a request in has compared its length with the room.
        let body = body.try_into().map_err(|_| RequestError::TooLong { length, room, surbs })?;
        let body: Body = Box::new(body);
        let packet = forward(self.suite, &hops, &body, expiry, cx.rng)?;
        cx.out.push(ClientOut::Send { to: first, packet: packet.encode() });
        if !waiting.is_empty() {
            let surbs = waiting.iter().map(|(index, _)| *index).collect();
            let replies = waiting.iter().map(|(_, block)| block.path).collect();
            let (sent, deadline) = (cx.now.tick, cx.now.tick.after(request.timeout_ms));
            let (answered, damaged) = (false, false);
            self.open.insert(request.id, Open { sent, deadline, surbs, forward: way, replies, answered, damaged });
            self.surbs.extend(waiting);
        }
        Ok(())
    }

    /// Open what the first relay delivers. Noise closes its block: a request whose last block it was gets no further answer, and
    /// whoever made it hears so, because nobody else could tell.
    fn receive(&mut self, cx: Context<'_, '_>, bytes: &[u8]) -> Result<(), DropReason> {
        let packet = Packet::decode(bytes)?;
        if usize::from(packet.position) != HOPS {
            return Err(DropReason::Routing);
        }
        let index = packet.header.first_chunk::<16>().ok_or(DropReason::Format)?;
        let Waiting { request: id, secret, path } = self.surbs.remove(index).ok_or(DropReason::Surb)?;
        let Some(open) = self.open.get_mut(&id) else { return Err(DropReason::Surb) };
        open.surbs.retain(|open| open != index);
        let body = secret.open(packet.payload);
        open.answered |= body.is_ok();
        open.damaged |= body.is_err();
        if body.is_ok() {
            self.silence = Silence::default();
            // Only what the answer passed: another block of the request may be lost at a dead node.
            self.relays.trust(&[open.forward, path].concat(), cx.now.tick);
        }
        let (ended, damaged) = (open.surbs.is_empty(), open.damaged);
        if ended {
            self.close(id, cx.now.tick);
        }
        let outcome = body.map(|body| cx.out.push(ClientOut::Reply { id, body }));
        if ended && damaged {
            cx.out.push(ClientOut::Failed { id, error: RequestError::Changed });
        }
        outcome
    }

    /// Forget a request and settle what its nodes deserve.
    fn close(&mut self, id: RequestId, now: Tick) {
        let Some(open) = self.open.remove(&id) else { return };
        for index in &open.surbs {
            self.surbs.remove(index);
        }
        // A half-answered request says nothing certain of the path that stayed silent.
        if !open.answered {
            self.silence.add(open.sent, now);
            let mut nodes = [&open.forward[..], open.replies.as_flattened()].concat();
            nodes.sort_unstable();
            nodes.dedup();
            self.relays.suspect(&nodes, open.sent);
        }
    }

    /// Forget the first relay, if it is this one. Answers under way would come over its link: they are lost, and nobody on
    /// their paths is to blame.
    fn drop_first(&mut self, cx: Context<'_, '_>, node: NodeId) {
        if matches!(self.first, First::Connecting(n, _) | First::Connected(n, _) if n == node) {
            self.relays.suspect(&[node], cx.now.tick);
            self.first = First::None;
            self.silence = Silence::default();
            self.surbs.clear();
            let lost = std::mem::take(&mut self.open).into_keys();
            cx.out.extend(lost.map(|id| ClientOut::Failed { id, error: RequestError::LinkLost }));
        }
    }

    fn wake(&mut self, cx: Context<'_, '_>, now: Now) {
        let late: Vec<RequestId> =
            self.open.iter().filter(|(_, open)| open.deadline <= now.tick).map(|(id, _)| *id).collect();
        for id in late {
            self.close(id, now.tick);
            cx.out.push(ClientOut::Failed { id, error: RequestError::Timeout });
        }
        self.relays.expire(now.wall);
        let dead = match self.first {
            First::Connecting(node, deadline) if deadline <= now.tick => Some(node),
            First::Connected(node, _) if self.silence.is_death() => Some(node),
            _ => None,
        };
        if let Some(node) = dead {
            self.drop_first(cx, node);
            cx.out.push(ClientOut::Disconnect(node));
        }
    }
}

impl Machine for Client {
    type In = ClientIn;
    type Out = ClientOut;

    fn handle(&mut self, cx: &mut Cx<'_, ClientOut>, input: ClientIn) {
        match input {
            ClientIn::Relay(verified) => self.relays.learn(*verified),
            ClientIn::Gone(node) => self.relays.forget(node),
            ClientIn::Request(request) => self.request(cx, request),
            ClientIn::Connected { node, token } => {
                if matches!(self.first, First::Connecting(wanted, _) if wanted == node) {
                    self.first = First::Connected(node, token);
                }
            }
            ClientIn::Disconnected(node) => self.drop_first(cx, node),
            ClientIn::Packet(bytes) => {
                if let Err(reason) = self.receive(cx, &bytes) {
                    cx.out.push(ClientOut::Dropped(reason));
                }
            }
            ClientIn::Wake => {}
        }
        self.wake(cx, cx.now);
        self.advance(cx);
    }

    fn deadline(&self) -> Option<Tick> {
        let open = self.open.values().map(|open| open.deadline).min();
        let connecting = match self.first {
            First::Connecting(_, deadline) => Some(deadline),
            _ => None,
        };
        open.into_iter().chain(connecting).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_that_is_lost_together_is_no_death_and_what_is_lost_after_it_is() {
        let mut silence = Silence::default();
        (0..50).for_each(|_| silence.add(Tick(1_000), Tick(4_000)));
        assert!(!silence.is_death());
        silence.add(Tick(3_000), Tick(6_000));
        assert!(!silence.is_death(), "sent before the first was noticed");
        silence.add(Tick(4_000), Tick(7_000));
        assert!(silence.is_death());
    }

    #[test]
    fn a_few_requests_without_an_answer_are_no_death() {
        let mut silence = Silence::default();
        for burst in 1..u64::from(DEAD_AFTER) {
            silence.add(Tick(burst * 1_000), Tick(burst * 1_000 + 500));
            assert!(!silence.is_death());
        }
        silence.add(Tick(60_000), Tick(63_000));
        assert!(silence.is_death());
    }
}

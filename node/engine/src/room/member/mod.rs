//! One seat of a room: joins, pairs, verifies everybody itself, follows or makes epochs, and says under which keys may be sent.
//!
//! | Phase | Input | Phase, outputs |
//! |---|---|---|
//! | Proving | prepare | question: prove |
//! | Proving | proven | Joining; the join, until there is a reply |
//! | Joining | reply: grant | Admitted; attach, a connection |
//! | Joining | reply: refusal | Gone; refused |
//! | Admitted | seat | question: verify; pair channels with steward and next steward |
//! | Admitted | verdict | the seat counts, or nothing is sent in an epoch with it, and it is named |
//! | Admitted | record, wrap | keys; sends in it once every seat of it is verified |
//! | Admitted | seat gone, kicked or banned | nothing is sent in an epoch with it 5 s after; the steward makes one without it |
//! | Admitted | seat of somebody banned | it is not verified |
//! | Admitted | nothing told for 5 s | stopped: somebody may have left |
//! | Admitted | 40 answers of the host without a channel with somebody who is here | it is named; stopped if keys are shared with nobody |
//! | any | leave, end, own seat gone | Gone; keys are wiped |
//!
//! | As steward | When |
//! |---|---|
//! | a beat | every 2 s |
//! | an epoch | seats came (verified, channel stands) or went, or another steward made the last one; at most one a second |
//!
//! The steward is the lowest live seat that has not declined, signed two records of one number, been silent for 5 s, or left an
//! epoch that is owed unmade for as long (10 s if only seats came): who beats and makes none keeps no room from rotating.
//!
//! Recordings, and when a recorder's seat may be in an epoch: [`recording`].
//!
//! Not here: whether a statement is in order (a question to the own index), media, pages.

mod epochs;
mod join;
mod keys;
mod messages;
pub mod recording;
mod roster;
mod steward;
#[cfg(test)]
mod tests;
mod unshared;

use std::collections::BTreeMap;

use alloy_primitives::B256;
use pars_crypto::Suite;
use pars_proto::room::recording::{ConsentDomain, ConsentKey};
use pars_proto::room::{
    AwaitingReply, Body, ConsentSigner, Grant, HostEntry, SeatNo, SeatSecrets, SequenceGate, SignedConnection, Sitting,
    Statement, StatementHash, pseudonym, seat_hash,
};
use pars_wire::codec::Wire;
use pars_wire::machine::{Cx, Machine, Tick};

pub use self::messages::RoomError;

use self::keys::Told;
use self::recording::Recordings;
use self::roster::Roster;
use self::steward::Duty;
use self::unshared::Unshared;
use super::clock::Clock;
use super::epoch::Chain;
use super::io::{EndReason, MemberEvent, MemberIn, MemberOut, MemberQuestion, QuestionId, StopReason};
use super::link::Link;
use super::packet::{Frame, Packet, packet};
use super::pairs::Pairs;

type Context<'a, 'b> = &'a mut Cx<'b, MemberOut>;

/// How long somebody may go on sending after something that may not have been told, in ms.
pub const FRESH_MS: u64 = 5_000;
/// How often the host is asked whether everything is told, in ms.
const PING_MS: u64 = 1_000;
/// How often a join or attach is repeated, in ms.
const REPEAT_MS: u64 = 2_000;
/// How long the host may not be reached before the seat is lost, in ms: it keeps a seat without a link for 30 s.
const LOST_MS: u64 = 35_000;

/// A member of a sitting.
pub struct MemberConfig {
    /// The post-quantum back end.
    pub suite: &'static dyn Suite,
    /// The sitting, from the own final index.
    pub sitting: Sitting,
    /// The host, from the pinned metadata.
    pub host: HostEntry,
    /// The fresh key that consents to recordings; every seat but a recorder's has one.
    pub consent: Option<ConsentKey>,
    /// The contract that holds consents, from the own index; without one nothing is agreed to.
    pub recordings: Option<ConsentDomain>,
    /// Unix seconds at tick 0.
    pub clock: u64,
}

/// What a member is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its statement is made.
    Proving,
    /// It is on its way to the host.
    Joining,
    /// It has a seat.
    Admitted,
    /// It has none any more.
    Gone,
}

/// The seat that the host granted.
struct Place {
    seat: SeatNo,
    st: StatementHash,
    grant: Grant,
    resume: [u8; 16],
    /// The host took the attach of this connection.
    attached: bool,
    /// Everything from before was told.
    synced: bool,
}

/// What is under way to the host.
#[derive(Default)]
struct Road {
    connected: bool,
    /// When join or attach is repeated, or a new connection is tried.
    retry: Option<Tick>,
    /// The last time the host was heard, or it was begun to reach it.
    heard: Tick,
    ping: u32,
    pinged: Option<Tick>,
    next_ping: Tick,
    /// All that the host knew at this moment has been told.
    fresh: Option<Tick>,
}

/// What stays the same.
struct Config {
    suite: &'static dyn Suite,
    sitting: Sitting,
    host: HostEntry,
    consent: Option<ConsentSigner>,
}

/// One seat.
pub struct Member {
    config: Config,
    clock: Clock,
    secrets: SeatSecrets,
    phase: Phase,
    proving: Option<(QuestionId, Body)>,
    statement: Option<Statement>,
    join: Option<(Vec<u8>, AwaitingReply)>,
    /// No seat is wanted while somebody records.
    asks: bool,
    place: Option<Place>,
    road: Road,
    line: Link,
    roster: Roster,
    pairs: Pairs,
    chain: Chain,
    duty: Duty,
    told: Told,
    unshared: Unshared,
    connection: Option<SignedConnection>,
    sequence: u32,
    /// Over the host and over the SFU: the same message must not use up the other's number.
    heard: (SequenceGate, SequenceGate),
    questions: BTreeMap<QuestionId, SeatNo>,
    asked: u64,
    recordings: Recordings,
}

impl Member {
    /// A member with fresh seat keys.
    pub fn new(cx: &mut Cx<'_, MemberOut>, config: MemberConfig) -> Self {
        let MemberConfig { suite, sitting, host, consent: key, recordings, clock } = config;
        let consent = key.as_ref().map(ConsentKey::signer);
        let secrets = SeatSecrets::generate(suite, cx.rng);
        Self {
            clock: Clock::new(clock),
            config: Config { suite, sitting, host, consent },
            secrets,
            phase: Phase::Proving,
            proving: None,
            statement: None,
            join: None,
            asks: false,
            place: None,
            road: Road::default(),
            line: Link::default(),
            roster: Roster::default(),
            pairs: Pairs::default(),
            chain: Chain::default(),
            duty: Duty::default(),
            told: Told::default(),
            unshared: Unshared::default(),
            connection: None,
            sequence: 0,
            heard: Default::default(),
            questions: BTreeMap::new(),
            asked: 0,
            recordings: Recordings::new(key, recordings),
        }
    }

    /// What a proof and a wallet's signature are bound to.
    pub fn seat_hash(&self) -> B256 {
        seat_hash(&self.secrets.x_pk(), &self.secrets.s_vk(), self.config.consent.as_ref())
    }

    /// The seat's name at the SFU: 16 hexadecimal digits.
    pub fn identity(&self) -> String {
        pseudonym(&self.seat_hash())
    }

    /// What it is doing.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether to be told, and to get no seat, if the room is recorded when the join comes: to be said before
    /// [`MemberIn::Proven`].
    pub const fn ask_first(&mut self, asks: bool) {
        self.asks = asks;
    }

    /// Its seat.
    pub fn seat(&self) -> Option<SeatNo> {
        self.place.as_ref().map(|place| place.seat)
    }

    /// The host's grant: SFU, fingerprint, tunnel.
    pub fn grant(&self) -> Option<&Grant> {
        self.place.as_ref().map(|place| &place.grant)
    }

    fn ask(&mut self, cx: Context<'_, '_>, question: MemberQuestion) -> QuestionId {
        self.asked += 1;
        let id = QuestionId(self.asked);
        cx.out.push(MemberOut::Question { id, question });
        id
    }

    /// Queue a frame for the host.
    fn tell(&mut self, cx: Context<'_, '_>, frame: &Frame) {
        if self.line.push(frame.encode()).is_err() {
            self.end(cx, EndReason::LinkLost);
        }
    }

    fn event(cx: Context<'_, '_>, event: MemberEvent) {
        cx.out.push(MemberOut::Event(event));
    }

    fn receive(&mut self, cx: Context<'_, '_>, bytes: &[u8]) {
        let Ok(packet) = packet(bytes) else { return };
        match packet {
            Packet::Reply(reply) => self.replied(cx, &reply),
            Packet::Attached(stands) => self.attached(cx, stands),
            Packet::Data { number, acknowledged, frame } if self.is_attached() => {
                self.line.acknowledged(acknowledged);
                for bytes in self.line.receive(number, frame) {
                    if self.phase == Phase::Admitted
                        && let Ok(frame) = Frame::decode(&bytes)
                    {
                        self.frame(cx, frame);
                    }
                }
            }
            Packet::Acknowledge { acknowledged } if self.is_attached() => self.line.acknowledged(acknowledged),
            // What only members send, and late packets.
            Packet::Join(_) | Packet::Ask(_) | Packet::Attach(_) | Packet::Data { .. } | Packet::Acknowledge { .. } => {
            }
        }
    }

    fn is_attached(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.attached)
    }

    fn frame(&mut self, cx: Context<'_, '_>, frame: Frame) {
        match frame {
            Frame::Seat(seat, statement) => self.seated(cx, seat, *statement),
            Frame::Gone(seat, reason) => self.gone(cx, seat, reason),
            Frame::Pair(envelope) => self.envelope(cx, envelope),
            Frame::Record(record, seats) => self.record(cx, *record, seats),
            Frame::Wrap(from, rh, wrapped) => self.wrapped(cx, (from, rh), &wrapped),
            Frame::Connection(connection) => self.connected_seat(cx, *connection),
            Frame::Message(bytes) => self.message(cx, bytes),
            Frame::Pong(count) => {
                if count == self.road.ping
                    && let Some(at) = self.road.pinged.take()
                {
                    (self.road.fresh, self.road.heard) = (Some(at), cx.now.tick);
                    self.miss(cx);
                }
            }
            Frame::Synced => {
                if let Some(place) = &mut self.place {
                    place.synced = true;
                }
            }
            Frame::Refused(target, reason) => self.order_refused(cx, target, reason),
            Frame::Ended(reason) => self.end(cx, reason),
            // What only members say.
            Frame::Ping(_) => {}
        }
    }

    /// It is over: nothing is kept.
    fn end(&mut self, cx: Context<'_, '_>, reason: EndReason) {
        if self.phase == Phase::Gone {
            return;
        }
        self.phase = Phase::Gone;
        self.recordings_over(cx);
        self.chain.wipe();
        self.pairs = Pairs::default();
        self.stop(cx, StopReason::Ended, None);
        Self::event(cx, MemberEvent::Ended(reason));
        cx.out.push(MemberOut::Disconnect);
    }

    /// What follows from the input and the time: duties, keys, packets.
    fn settle(&mut self, cx: Context<'_, '_>) {
        if self.phase == Phase::Gone {
            return self.recordings_left(cx);
        }
        self.travel(cx);
        if self.phase == Phase::Admitted && self.is_attached() {
            self.ping(cx);
            self.serve(cx);
        }
        if self.phase == Phase::Admitted {
            self.recordings_due(cx);
            self.keys_due(cx);
        }
        self.flush(cx);
    }

    fn flush(&mut self, cx: Context<'_, '_>) {
        if self.road.connected && self.is_attached() {
            for packet in self.line.flush(cx.now.tick) {
                cx.out.push(MemberOut::Send(packet.encode()));
            }
        }
    }

    fn ping(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        if self.road.pinged.is_none() && self.road.next_ping <= now {
            self.road.ping = self.road.ping.wrapping_add(1);
            (self.road.pinged, self.road.next_ping) = (Some(now), now.after(PING_MS));
            let ping = Frame::Ping(self.road.ping);
            self.tell(cx, &ping);
        }
    }

    /// Whether all that the host knew up to so many ms ago has been told.
    fn is_fresh(&self, now: Tick, ms: u64) -> bool {
        self.road.fresh.is_some_and(|at| now < at.after(ms))
    }
}

impl Machine for Member {
    type In = MemberIn;
    type Out = MemberOut;

    fn handle(&mut self, cx: &mut Cx<'_, MemberOut>, input: MemberIn) {
        match input {
            MemberIn::Clock(seconds) => self.clock.set(seconds, cx.now.tick),
            MemberIn::Recording(input) => self.recording(cx, input),
            _ if self.phase == Phase::Gone => return self.recordings_left(cx),
            MemberIn::Prepare(claim) => self.prepare(cx, claim),
            MemberIn::Proven { id, support } => self.proven(cx, id, support),
            MemberIn::GoIn => self.go_in(cx),
            MemberIn::Connected => self.connected(cx),
            MemberIn::Disconnected => self.disconnected(cx),
            MemberIn::Recv(bytes) => self.receive(cx, &bytes),
            MemberIn::Verified { id, verdict } => self.verified(cx, id, verdict),
            MemberIn::Access(seat, has) => self.access(cx, seat, has),
            MemberIn::Leads(seat, leads) => self.leads(cx, seat, leads),
            MemberIn::NewConnection => self.new_connection(cx),
            MemberIn::Order(order) => self.say(cx, pars_proto::room::Content::Order(order)),
            MemberIn::Accept(yes) => self.say(cx, pars_proto::room::Content::Answer(yes)),
            MemberIn::Decline => self.say(cx, pars_proto::room::Content::Decline),
            MemberIn::Leave => self.leave(cx),
            MemberIn::SittingOver => self.end(cx, EndReason::SittingOver),
            MemberIn::Wake => {}
        }
        self.settle(cx);
    }

    fn deadline(&self) -> Option<Tick> {
        if self.phase == Phase::Gone {
            return self.recordings.last_deadline();
        }
        let attached = self.is_attached();
        let line = self.line.deadline().filter(|_| attached && self.road.connected);
        let ping = (attached && self.road.pinged.is_none()).then_some(self.road.next_ping);
        let lost = (self.phase != Phase::Proving).then(|| self.road.heard.after(LOST_MS));
        let duty = self.duty.deadline(self.seat()).filter(|_| attached);
        let recordings = self.recordings.deadline().filter(|_| self.phase == Phase::Admitted);
        [line, ping, lost, duty, self.road.retry, self.chain.deadline(), self.told.deadline(), recordings]
            .into_iter()
            .flatten()
            .min()
    }
}

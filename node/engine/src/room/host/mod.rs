//! The host's half of a room: gate, roster, carrier of what seats tell each other, executor of orders at the SFU. It never
//! holds an epoch's secret, and what it says of a seat every member verifies itself.
//!
//! | Input | State | Outputs |
//! |---|---|---|
//! | join packet | it is verified, or refused at once | question, or reply |
//! | verdict | a seat, granted for two minutes; an older one of the same member goes | reply; `Gone` |
//! | verdict on who asks first, while somebody records | none | reply that says so |
//! | attach packet | the seat stands; the first one announces it | roster, records, orders to it; it to all others |
//! | frame for a seat | – | carried |
//! | record, connection | remembered for newcomers | to all others |
//! | order by one who leads | role, mute, floor, lock | to all; SFU |
//! | who leads has changed on chain | the seat's orders are carried out, or no more | SFU |
//! | link gone for 30 s, leave, kick, ban, access lost | the seat is gone for good | to all others; SFU |
//! | sitting over, order to close | closed | to all; SFU |
//!
//! Not here: whether a statement is in order and tokens (questions), reachability over the onion.

mod admit;
mod carry;
mod moderate;
mod recheck;
mod records;
mod seat;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::Suite;
use pars_proto::room::grant::MAX_TUNNEL;
use pars_proto::room::{
    HostEntry, HostSecrets, JoinRefusal, Line, SeatIdentity, SeatNo, SequenceGate, Sitting, Statement, StatementHash,
};
use pars_wire::codec::Wire;
use pars_wire::machine::{Cx, Machine, Tick};

use self::recheck::Recheck;
use self::records::Records;
use self::seat::Seat;
use super::clock::Clock;
use super::gate::{Door, Gate};
use super::io::{
    EndReason, GoneReason, HostEvent, HostIn, HostOut, HostQuestion, LinkId, QuestionId, SeatView, SfuOrder,
};
use super::packet::{Frame, Packet, packet};
use super::pairs::Pairs;
use super::state::{RoomInput, RoomState};

type Context<'a, 'b> = &'a mut Cx<'b, HostOut>;

/// How long a seat without a link stays, in ms.
pub const LINK_MS: u64 = 30_000;

/// A room's host.
pub struct HostConfig {
    /// The post-quantum back end.
    pub suite: &'static dyn Suite,
    /// The sitting.
    pub sitting: Sitting,
    /// The host's entry in the pinned metadata.
    pub entry: HostEntry,
    /// Its secrets.
    pub secrets: HostSecrets,
    /// Seats at most; never above the cap of the room's kind.
    pub capacity: u16,
    /// Which SFU of the metadata.
    pub sfu: u8,
    /// SHA-256 of its DTLS certificate.
    pub dtls_fingerprint: [u8; 32],
    /// Where signalling goes.
    pub tunnel: Line<MAX_TUNNEL>,
    /// Who may not come.
    pub bans: Vec<SeatIdentity>,
    /// Unix seconds at tick 0.
    pub clock: u64,
}

/// The host of one sitting.
pub struct Host {
    config: HostConfig,
    st: StatementHash,
    clock: Clock,
    state: RoomState,
    gate: Gate,
    seats: BTreeMap<SeatNo, Seat>,
    /// Seats that went, with the reason, for who comes back too late.
    gone: BTreeMap<SeatNo, GoneReason>,
    /// Statements of seats that went and whose orders still hold: newcomers must be able to check them.
    past: BTreeMap<SeatNo, Statement>,
    last_seat: u16,
    links: BTreeMap<LinkId, SeatNo>,
    /// Seats whose link has something to send.
    due: BTreeSet<SeatNo>,
    pairs: Pairs,
    messages: SequenceGate,
    /// Orders and answers that still hold: by whom, about whom, the bytes.
    orders: Vec<moderate::Standing>,
    records: Records,
    floor_closed: bool,
    recheck: Recheck,
    questions: u64,
    tokens: BTreeMap<QuestionId, SeatNo>,
}

impl Host {
    /// A host whose sitting is not final yet.
    pub fn new(config: HostConfig) -> Self {
        let (st, clock) = (config.entry.hash(), Clock::new(config.clock));
        let gate = Gate::new(config.bans.iter().copied());
        Self {
            config,
            st,
            clock,
            state: RoomState::Announced,
            gate,
            seats: BTreeMap::new(),
            gone: BTreeMap::new(),
            past: BTreeMap::new(),
            last_seat: 0,
            links: BTreeMap::new(),
            due: BTreeSet::new(),
            pairs: Pairs::default(),
            messages: SequenceGate::default(),
            orders: Vec::new(),
            records: Records::default(),
            floor_closed: false,
            recheck: Recheck::default(),
            questions: 0,
            tokens: BTreeMap::new(),
        }
    }

    /// What the room is.
    pub const fn state(&self) -> RoomState {
        self.state
    }

    /// The seats that are in the room.
    pub fn seats(&self) -> impl Iterator<Item = SeatView> {
        self.seats.iter().filter(|(_, seat)| seat.announced).map(|(number, seat)| seat.view(*number))
    }

    /// Seats that present.
    pub fn presenters(&self) -> usize {
        self.seats.values().filter(|seat| seat.presents()).count()
    }

    /// Seats taken, those granted and not yet attached among them.
    pub fn taken(&self) -> usize {
        self.seats.len()
    }

    fn question(&mut self) -> QuestionId {
        self.questions += 1;
        QuestionId(self.questions)
    }

    fn door(&self, now: Tick) -> Door {
        let refuses = match self.state {
            RoomState::Announced => Some(JoinRefusal::NotYet),
            RoomState::Closed => Some(JoinRefusal::RoomClosed),
            RoomState::Open | RoomState::Live => None,
        };
        let capacity = self.config.capacity.min(self.config.sitting.kind.cap()).into();
        Door { refuses, seconds: self.clock.seconds(now), capacity }
    }

    fn enter(&mut self, cx: Context<'_, '_>, input: RoomInput) {
        let after = self.state.after(input);
        if after != self.state {
            self.state = after;
            cx.out.push(HostOut::Event(HostEvent::State(after)));
        }
    }

    /// Queue a frame for a seat.
    fn tell(&mut self, to: SeatNo, frame: &Frame) {
        if let Some(seat) = self.seats.get_mut(&to)
            && seat.line.push(frame.encode()).is_ok()
        {
            self.due.insert(to);
        } else if let Some(seat) = self.seats.get_mut(&to) {
            // Whoever does not read for so long is taken as gone when its time is over.
            seat.stalled = true;
        }
    }

    /// Queue a frame for every seat that is in the room, but one.
    fn tell_all(&mut self, but: Option<SeatNo>, frame: &Frame) {
        let to: Vec<_> = self.seats.iter().filter(|(_, seat)| seat.announced).map(|(number, _)| *number).collect();
        for seat in to.into_iter().filter(|seat| Some(*seat) != but) {
            self.tell(seat, frame);
        }
    }

    fn receive(&mut self, cx: Context<'_, '_>, link: LinkId, bytes: &[u8]) {
        let parsed = packet(bytes);
        let seat = self.links.get(&link).copied();
        match (parsed, seat) {
            (Ok(Packet::Join(bytes)), _) => self.join(cx, (link, false), &bytes),
            (Ok(Packet::Ask(bytes)), _) => self.join(cx, (link, true), &bytes),
            (Ok(Packet::Attach(attach)), _) => self.attach(cx, link, attach),
            (Ok(Packet::Data { number, acknowledged, frame }), Some(seat)) => {
                self.data(cx, seat, (number, acknowledged, frame));
            }
            (Ok(Packet::Acknowledge { acknowledged }), Some(number)) => {
                if let Some(seat) = self.seats.get_mut(&number) {
                    seat.line.acknowledged(acknowledged);
                    self.due.insert(number);
                }
            }
            // Late packets of a seat that went.
            (Ok(Packet::Data { .. } | Packet::Acknowledge { .. }), None) => {}
            (Ok(Packet::Reply(_) | Packet::Attached(_)), _) => cx.out.push(HostOut::Disconnect(link)),
            (Err(error), _) => {
                cx.out.push(HostOut::Event(HostEvent::Malformed(error)));
                cx.out.push(HostOut::Disconnect(link));
            }
        }
    }

    fn disconnected(&mut self, cx: Context<'_, '_>, link: LinkId) {
        if let Some(seat) = self.links.remove(&link).and_then(|seat| self.seats.get_mut(&seat))
            && seat.link == Some(link)
        {
            (seat.link, seat.lost) = (None, cx.now.tick);
        }
    }

    /// Send what links have ready.
    fn flush(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        for number in std::mem::take(&mut self.due) {
            let Some(seat) = self.seats.get_mut(&number) else { continue };
            let Some(to) = seat.link else { continue };
            for packet in seat.line.flush(now) {
                cx.out.push(HostOut::Send { to, bytes: packet.encode() });
            }
        }
    }

    fn wake(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        let over = |seat: &Seat| seat.link.is_none() && seat.until() <= now || seat.stalled;
        let lost: Vec<_> = self.seats.iter().filter(|(_, seat)| over(seat)).map(|(number, _)| *number).collect();
        for seat in lost {
            self.remove(cx, seat, GoneReason::LinkLost);
        }
        self.due.extend(
            self.seats.iter().filter(|(_, seat)| seat.line.deadline().is_some_and(|at| at <= now)).map(|(n, _)| *n),
        );
        if self.state != RoomState::Closed && self.clock.seconds(now) >= self.config.sitting.ends_at {
            self.over(cx, EndReason::SittingOver);
        }
        self.recheck_due(cx);
    }

    /// The end: everybody is told, nobody joins.
    fn over(&mut self, cx: Context<'_, '_>, reason: EndReason) {
        if self.state == RoomState::Closed {
            return;
        }
        self.enter(cx, RoomInput::Over);
        for pending in self.gate.close() {
            self.refuse(cx, (pending.link, pending.replier), JoinRefusal::RoomClosed);
        }
        let frame = Frame::Ended(reason);
        let seats: Vec<_> = self.seats.keys().copied().collect();
        seats.iter().for_each(|seat| self.tell(*seat, &frame));
        self.flush(cx);
        let links: Vec<_> = self.links.keys().copied().collect();
        cx.out.extend(links.into_iter().map(HostOut::Disconnect));
        cx.out.push(HostOut::Sfu(SfuOrder::Close));
        // Nullifiers and accounts live no longer than the sitting (ELIGIBILITY 2.7).
        (self.links, self.seats, self.past) = Default::default();
        (self.orders, self.records, self.pairs) = Default::default();
        self.gate = Gate::new([]);
    }
}

impl Machine for Host {
    type In = HostIn;
    type Out = HostOut;

    fn handle(&mut self, cx: &mut Cx<'_, HostOut>, input: HostIn) {
        match input {
            HostIn::Clock(seconds) => self.clock.set(seconds, cx.now.tick),
            HostIn::Opened => self.enter(cx, RoomInput::Opened),
            HostIn::Recv { from, bytes } => self.receive(cx, from, &bytes),
            HostIn::Disconnected(link) => self.disconnected(cx, link),
            HostIn::Verified { id, verdict } => self.verified(cx, id, verdict),
            HostIn::Token { id, token } => self.token(id, &token),
            HostIn::Rechecked { id, outcome } => self.rechecked(cx, id, outcome),
            HostIn::ChainChanged => self.chain_changed(),
            HostIn::Leads(seat, leads) => self.leads(cx, seat, leads),
            HostIn::SittingOver => self.over(cx, EndReason::SittingOver),
            HostIn::Wake => {}
        }
        self.wake(cx);
        self.flush(cx);
    }

    fn deadline(&self) -> Option<Tick> {
        if self.state == RoomState::Closed {
            return None;
        }
        let seats = self.seats.values().filter_map(|seat| match seat.link {
            Some(_) => seat.line.deadline(),
            None => Some(seat.until()),
        });
        let end = self.clock.tick(self.config.sitting.ends_at);
        seats.chain(self.recheck.deadline(!self.seats.is_empty())).chain([end]).min()
    }
}

impl Host {
    /// Ask the shell.
    fn ask(&mut self, cx: Context<'_, '_>, question: HostQuestion) -> QuestionId {
        let id = self.question();
        cx.out.push(HostOut::Question { id, question });
        id
    }
}

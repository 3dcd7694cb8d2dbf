//! From a join to a seat: verified, granted, attached, announced; and how a seat goes. A recorder's seat is there while the seat
//! of its member is.

use pars_crypto::hash::equal;
use pars_crypto::sign::Ed25519Public;
use pars_proto::room::{Admission, Claim, Form, Grant, JoinRefusal, Replier, Role, SeatNo, StatementHash};
use pars_wire::codec::Wire;

use crate::room::gate::{self, Joining};
use crate::room::io::{GoneReason, HostEvent, HostOut, HostQuestion, LinkId, QuestionId, SfuOrder, Standing};
use crate::room::packet::{Attach, Frame, Packet};
use crate::room::state::RoomInput;

use super::seat::Seat;
use super::{Context, Host};

impl Host {
    /// A join packet.
    pub(super) fn join(&mut self, cx: Context<'_, '_>, (link, asks): (LinkId, bool), bytes: &[u8]) {
        let door = self.door(cx.now.tick);
        let (scope, entry, secrets) = (self.config.sitting.scope, self.config.entry.clone(), &self.config.secrets);
        let keys = pars_proto::room::HostGate { scope: &scope, entry: &entry, secrets };
        match self.gate.open(self.config.suite, &keys, (link, asks, bytes), door) {
            Joining::Again(reply) => self.reply(cx, link, reply),
            Joining::Silence => {}
            Joining::Unreadable => cx.out.push(HostOut::Disconnect(link)),
            Joining::Refuse(replier, refusal) => self.refuse(cx, (link, replier), refusal),
            Joining::Verify(pending) => {
                let id = self.ask(cx, HostQuestion::Verify(Box::new(pending.statement.clone())));
                self.gate.ask(id, *pending);
            }
        }
    }

    fn reply(&self, cx: Context<'_, '_>, to: LinkId, reply: Vec<u8>) {
        cx.out.push(HostOut::Send { to, bytes: Packet::Reply(reply).encode() });
    }

    pub(super) fn refuse(&mut self, cx: Context<'_, '_>, (link, replier): (LinkId, Replier), refusal: JoinRefusal) {
        let reply = gate::refuse(&mut self.gate, cx.now.tick, cx.rng, replier, refusal);
        self.reply(cx, link, reply);
        cx.out.push(HostOut::Event(HostEvent::Refused(refusal)));
    }

    /// The verdict of chain and signatures; every other rule is looked at again, because other joins came between.
    pub(super) fn verified(&mut self, cx: Context<'_, '_>, id: QuestionId, verdict: Result<Standing, JoinRefusal>) {
        let Some(pending) = self.gate.answered(id) else { return };
        let judged = verdict.and_then(|standing| {
            let admission = self.gate.judge(&pending.statement, self.door(cx.now.tick))?;
            if let Claim::Recorder { seat } = pending.statement.body().claim
                && self.seat_key(seat).is_none()
            {
                return Err(JoinRefusal::NotAuthentic);
            }
            // Before anything changes, and to nobody who could not have a seat: the chain does not show which room is recorded.
            if pending.asks && self.is_recorded() {
                return Err(JoinRefusal::Recorded);
            }
            let seat = self.last_seat.checked_add(1).map(SeatNo).ok_or(JoinRefusal::Full)?;
            Ok((standing, admission, seat))
        });
        let (standing, admission, number) = match judged {
            Ok(judged) => judged,
            Err(refusal) => return self.refuse(cx, (pending.link, pending.replier), refusal),
        };
        if let Admission::Replaces(old) = admission {
            self.remove(cx, old, GoneReason::Replaced);
        }
        if let Err(refusal) = self.gate.distinct.admit(number, &pending.statement) {
            return self.refuse(cx, (pending.link, pending.replier), refusal.into());
        }
        self.last_seat = number.0;
        let role = match pending.statement.body().form() {
            Form::Recorder => Role::Recorder,
            _ if standing.leads => Role::Moderator,
            _ => Role::Member,
        };
        let (grant_id, expires_at) = self.gate.grants.issue(cx.rng, number, self.clock.seconds(cx.now.tick));
        let grant = Grant {
            scope: self.config.sitting.scope,
            seat: number,
            st: pending.statement.hash(),
            role,
            id: grant_id,
            expires_at,
            sfu: self.config.sfu,
            dtls_fingerprint: self.config.dtls_fingerprint,
            tunnel: self.config.tunnel.clone(),
        };
        let join = *pending.replier.join();
        let reply = pending.replier.grant(cx.rng, &grant.sign(self.config.secrets.s()));
        self.gate.replied(cx.now.tick, join, reply.clone());
        self.reply(cx, pending.link, reply);
        self.seats.insert(number, Seat::new(pending.statement, role, standing.leads, cx.now.tick));
    }

    /// The signing key of a member's seat that is in the room, by its statement: it vouches for the seat that records for it.
    pub fn seat_key(&self, st: StatementHash) -> Option<Ed25519Public> {
        let mut bodies = self.seats.values().filter(|seat| seat.announced).map(|seat| seat.statement.body());
        bodies.find(|body| body.form() != Form::Recorder && body.hash() == st).map(|body| body.s_vk)
    }

    /// Whether somebody records here, or was given the seat for it.
    fn is_recorded(&self) -> bool {
        self.seats.values().any(|seat| seat.statement.body().form() == Form::Recorder)
    }

    /// The seat that records for one, by its statement.
    fn recorder_for(&self, st: StatementHash) -> Option<SeatNo> {
        let records = |seat: &Seat| seat.statement.body().claim == Claim::Recorder { seat: st };
        self.seats.iter().find(|(_, seat)| records(seat)).map(|(number, _)| *number)
    }

    /// A connection says which seat it is.
    pub(super) fn attach(&mut self, cx: Context<'_, '_>, link: LinkId, attach: Attach) {
        let seconds = self.clock.seconds(cx.now.tick);
        let stands = match self.seats.get_mut(&attach.seat) {
            None => Err(self.gone.get(&attach.seat).copied().unwrap_or(GoneReason::LinkLost)),
            Some(Seat { resume: Some(resume), .. }) if equal(resume, &attach.resume) => Ok(()),
            Some(Seat { resume: Some(_), .. }) => Err(GoneReason::LinkLost),
            Some(seat) => match self.gate.grants.redeem(attach.grant, seconds) {
                Ok(granted) if granted == attach.seat => {
                    seat.resume = Some(attach.resume);
                    Ok(())
                }
                _ => Err(GoneReason::LinkLost),
            },
        };
        cx.out.push(HostOut::Send { to: link, bytes: Packet::Attached(stands).encode() });
        if stands.is_err() {
            return cx.out.push(HostOut::Disconnect(link));
        }
        let Some(seat) = self.seats.get_mut(&attach.seat) else { return };
        let old = seat.link.replace(link).filter(|old| *old != link);
        if let Some(old) = old {
            self.links.remove(&old);
            cx.out.push(HostOut::Disconnect(old));
        }
        seat.line.connected();
        let new = !std::mem::replace(&mut seat.announced, true);
        // A connection is one seat's: the end of this one would never be heard for another.
        let other = self.links.insert(link, attach.seat).filter(|other| *other != attach.seat);
        if let Some(other) = other.and_then(|other| self.seats.get_mut(&other)).filter(|it| it.link == Some(link)) {
            (other.link, other.lost) = (None, cx.now.tick);
        }
        self.due.insert(attach.seat);
        if new {
            self.announce(cx, attach.seat);
        }
    }

    /// A seat is in the room: it learns everything, everybody learns of it.
    fn announce(&mut self, cx: Context<'_, '_>, number: SeatNo) {
        let Some(seat) = self.seats.get(&number) else { return };
        let newcomer = Frame::Seat(number, Box::new(seat.statement.clone()));
        let role = seat.role();
        self.enter(cx, RoomInput::Attached);
        self.tell_all(Some(number), &newcomer);
        for frame in self.everything() {
            self.tell(number, &frame);
        }
        self.begin_pair(cx, number);
        self.permit(cx, number);
        cx.out.push(HostOut::Event(HostEvent::Admitted { seat: number, role }));
    }

    /// What a newcomer must know: seats, orders that hold, connections, the last records.
    fn everything(&self) -> Vec<Frame> {
        let live = || self.seats.iter().filter(|(_, seat)| seat.announced);
        let signers = self.past.iter().flat_map(|(number, statement)| {
            let reason = self.gone.get(number).copied().unwrap_or(GoneReason::Left);
            [Frame::Seat(*number, Box::new(statement.clone())), Frame::Gone(*number, reason)]
        });
        let seats = live().map(|(number, seat)| Frame::Seat(*number, Box::new(seat.statement.clone())));
        let orders = self.orders.iter().map(|order| Frame::Message(order.bytes.clone()));
        let connections = live().filter_map(|(_, seat)| seat.connection).map(|one| Frame::Connection(Box::new(one)));
        let records = self.records.iter().map(|(record, seats)| Frame::Record(Box::new(*record), seats.to_vec()));
        signers.chain(seats).chain(orders).chain(connections).chain(records).chain([Frame::Synced]).collect()
    }

    /// A seat is gone for good, and who records for it.
    pub(super) fn remove(&mut self, cx: Context<'_, '_>, number: SeatNo, reason: GoneReason) {
        let recorder = self.seats.get(&number).map(|seat| seat.statement.hash());
        let recorder = recorder.and_then(|st| self.recorder_for(st));
        for seat in recorder.into_iter().chain([number]) {
            self.remove_one(cx, seat, reason);
        }
    }

    fn remove_one(&mut self, cx: Context<'_, '_>, number: SeatNo, reason: GoneReason) {
        self.tell(number, &Frame::Gone(number, reason));
        self.flush(cx);
        let Some(seat) = self.seats.remove(&number) else { return };
        self.gate.release(number);
        for other in self.seats.values_mut() {
            other.carried.remove(&number);
        }
        self.pairs.forget(number);
        self.messages.forget(number);
        self.gone.insert(number, reason);
        if let Some(link) = seat.link {
            self.links.remove(&link);
            cx.out.push(HostOut::Disconnect(link));
        }
        if !seat.announced {
            return;
        }
        self.orders.retain(|order| order.by != number || !order.is_own());
        self.forget_orders_about(number);
        if self.orders.iter().any(|order| order.by == number) {
            self.past.insert(number, seat.statement);
        }
        self.tell_all(None, &Frame::Gone(number, reason));
        cx.out.push(HostOut::Sfu(SfuOrder::Remove { seat: number, identity: seat.pseudonym }));
        cx.out.push(HostOut::Event(HostEvent::Gone { seat: number, reason }));
        if !self.seats.values().any(|seat| seat.announced) {
            self.enter(cx, RoomInput::Emptied);
        }
    }
}

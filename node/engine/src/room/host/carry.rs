//! Frames of seats: carried to other seats unseen, remembered for newcomers, answered.

use pars_proto::room::{SeatNo, SignedConnection, SignedRecord};
use pars_proto::signal::Envelope;
use pars_proto::signal::envelope::Cargo;
use pars_wire::codec::Wire;

use crate::room::clock::Allowance;
use crate::room::io::{HostEvent, HostOut, HostQuestion, QuestionId};
use crate::room::packet::Frame;
use crate::room::pairs::{Heard, Own, Peer};

use super::seat::Seat;
use super::{Context, Host};

/// Frames of pair channels and wrapped secrets from one seat to one other at once, and each second: a steward wraps one secret a
/// second for each.
const CARRIED: (u64, u64) = (32, 4);
/// How long nothing more is said of a seat that sends too much, in ms.
const NAMED_MS: u64 = 10_000;

impl Host {
    /// A numbered frame of a seat, and what it has received.
    pub(super) fn data(
        &mut self,
        cx: Context<'_, '_>,
        from: SeatNo,
        (number, acknowledged, frame): (u32, u32, Vec<u8>),
    ) {
        let Some(seat) = self.seats.get_mut(&from) else { return };
        seat.line.acknowledged(acknowledged);
        self.due.insert(from);
        for bytes in seat.line.receive(number, frame) {
            match Frame::decode(&bytes) {
                Ok(frame) => self.frame(cx, from, frame),
                Err(error) => cx.out.push(HostOut::Event(HostEvent::Malformed(error))),
            }
        }
    }

    fn frame(&mut self, cx: Context<'_, '_>, from: SeatNo, frame: Frame) {
        match frame {
            Frame::Pair(envelope) => self.envelope(cx, from, envelope),
            Frame::Wrap(to, rh, wrapped) => self.carry(cx, (from, to), &Frame::Wrap(from, rh, wrapped)),
            Frame::Record(record, seats) => self.record(cx, from, *record, seats),
            Frame::Connection(connection) => self.connection(cx, from, *connection),
            Frame::Message(bytes) => self.message(cx, from, bytes),
            Frame::Ping(count) => self.tell(from, &Frame::Pong(count)),
            // What only a host says.
            Frame::Seat(..)
            | Frame::Gone(..)
            | Frame::Pong(_)
            | Frame::Synced
            | Frame::Refused(..)
            | Frame::Ended(_) => {}
        }
    }

    /// From one seat to another, as often as an honest one needs it: whoever does not take what waits for it is let go, so that a
    /// seat could throw any other out of the room by what it sends it.
    fn carry(&mut self, cx: Context<'_, '_>, (from, to): (SeatNo, SeatNo), frame: &Frame) {
        if !self.seats.get(&to).is_some_and(|seat| seat.announced) {
            return;
        }
        let now = cx.now.tick;
        let new = || Allowance::new(now, CARRIED.0, CARRIED.1);
        if self.allowed(cx, from, |seat| seat.carried.entry(to).or_insert_with(new)) {
            self.tell(to, frame);
        }
    }

    fn envelope(&mut self, cx: Context<'_, '_>, from: SeatNo, envelope: Envelope) {
        if envelope.from != from.0 {
            return;
        }
        if envelope.to != SeatNo::HOST.0 {
            return self.carry(cx, (from, SeatNo(envelope.to)), &Frame::Pair(envelope));
        }
        match envelope.cargo {
            Cargo::Hello(ciphertext) => {
                self.pairs.ask(from, ciphertext);
                self.begin_pair(cx, from);
            }
            Cargo::Sealed(frame) => match self.pairs.open(from, &frame) {
                Heard::Confirmed => self.send_token(from),
                Heard::Nothing if self.pairs.is_broken(from) => self.begin_pair(cx, from),
                Heard::Nothing | Heard::Text(_) | Heard::Failed => {}
            },
        }
    }

    /// Begin or go on with the pair channel of a seat with the host.
    pub(super) fn begin_pair(&mut self, cx: Context<'_, '_>, with: SeatNo) {
        let Some(seat) = self.seats.get(&with) else { return };
        let (st, key) = (seat.statement.hash(), seat.statement.body().x_pk.clone());
        let (suite, scope, secret) = (self.config.suite, self.config.sitting.scope, self.config.secrets.x());
        let own = Own { suite, scope: &scope, seat: SeatNo::HOST, st: self.st, secret };
        let out = self.pairs.go_on(&own, &Peer { seat: with, st, key: &key }, cx.rng);
        out.into_iter().for_each(|envelope| self.tell(with, &Frame::Pair(envelope)));
    }

    fn record(&mut self, cx: Context<'_, '_>, from: SeatNo, record: SignedRecord, seats: Vec<SeatNo>) {
        let said = record.record();
        if said.steward != from || said.scope != self.config.sitting.scope {
            return;
        }
        if !self.allowed(cx, from, |seat| &mut seat.records) {
            return;
        }
        let signed = self.seats.get(&from).is_some_and(|seat| record.is_signed_by(&seat.statement.body().s_vk));
        if signed && self.records.take(record, seats.clone()) {
            self.tell_all(Some(from), &Frame::Record(Box::new(record), seats));
        }
    }

    /// Records that newcomers are told, the oldest first.
    #[cfg(test)]
    pub(in crate::room) fn records(&self) -> impl Iterator<Item = &pars_proto::room::EpochRecord> {
        self.records.iter().map(|(kept, _)| kept.record())
    }

    fn connection(&mut self, cx: Context<'_, '_>, from: SeatNo, signed: SignedConnection) {
        if !self.allowed(cx, from, |seat| &mut seat.connections) {
            return;
        }
        let (scope, kind, floor) = (self.config.sitting.scope, self.config.sitting.kind, self.floor_closed);
        let Some(seat) = self.seats.get_mut(&from) else { return };
        let last = seat.connection.map(|last| last.connection().seq);
        if signed.check(&scope, (from, &seat.statement.body().s_vk), last).is_err() {
            return;
        }
        seat.connection = Some(signed);
        let (identity, role, rights) = (seat.pseudonym.clone(), seat.role(), seat.rights(kind, floor));
        self.tell_all(Some(from), &Frame::Connection(Box::new(signed)));
        let id = self.ask(cx, HostQuestion::Token { seat: from, identity, role, rights });
        self.tokens.insert(id, from);
    }

    /// Whether a seat may send one more of something now; each kind by itself: a record that is not carried is missed by all that
    /// follow on it. A seat that sends too much is named once in a while, or whoever writes that down would be flooded too.
    pub(super) fn allowed(
        &mut self,
        cx: Context<'_, '_>,
        from: SeatNo,
        of: impl FnOnce(&mut Seat) -> &mut Allowance,
    ) -> bool {
        let now = cx.now.tick;
        let Some(seat) = self.seats.get_mut(&from) else { return false };
        let allowed = of(seat).take(now);
        if !allowed && seat.named.is_none_or(|at| at.after(NAMED_MS) <= now) {
            seat.named = Some(now);
            cx.out.push(HostOut::Event(HostEvent::Flood(from)));
        }
        allowed
    }

    /// A token came: it goes through the pair channel, because whoever holds it is the seat at the SFU.
    pub(super) fn token(&mut self, id: QuestionId, token: &str) {
        let Some(to) = self.tokens.remove(&id) else { return };
        let Some(seat) = self.seats.get_mut(&to) else { return };
        seat.token = Some(token.to_owned());
        self.send_token(to);
    }

    fn send_token(&mut self, to: SeatNo) {
        let Some(seat) = self.seats.get_mut(&to) else { return };
        if let Some(token) = &seat.token
            && let Some(envelope) = self.pairs.seal(SeatNo::HOST, to, token.as_bytes())
        {
            seat.token = None;
            self.tell(to, &Frame::Pair(envelope));
        }
    }
}

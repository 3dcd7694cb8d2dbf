//! Frames of seats: carried to other seats unseen, remembered for newcomers, answered.

use pars_proto::room::{EpochRecord, Previous, SeatNo, SignedConnection, SignedRecord};
use pars_proto::signal::Envelope;
use pars_proto::signal::envelope::Cargo;
use pars_wire::codec::Wire;

use crate::room::clock::Allowance;
use crate::room::io::{HostEvent, HostOut, HostQuestion, QuestionId};
use crate::room::packet::Frame;
use crate::room::pairs::{Heard, Own, Peer};

use super::seat::Seat;
use super::{Context, Host};

/// Records kept for newcomers.
const MAX_RECORDS: usize = 64;

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
            Frame::Wrap(to, rh, wrapped) => self.carry(to, &Frame::Wrap(from, rh, wrapped)),
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

    fn carry(&mut self, to: SeatNo, frame: &Frame) {
        if self.seats.get(&to).is_some_and(|seat| seat.announced) {
            self.tell(to, frame);
        }
    }

    fn envelope(&mut self, cx: Context<'_, '_>, from: SeatNo, envelope: Envelope) {
        if envelope.from != from.0 {
            return;
        }
        if envelope.to != SeatNo::HOST.0 {
            return self.carry(SeatNo(envelope.to), &Frame::Pair(envelope));
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
        // One that follows on nothing would be the end of all counting to whoever comes later.
        let signed = self.seats.get(&from).is_some_and(|seat| record.is_signed_by(&seat.statement.body().s_vk));
        if !signed || !self.follows(said) {
            return;
        }
        self.tell_all(Some(from), &Frame::Record(Box::new(record), seats.clone()));
        if self.records.len() >= MAX_RECORDS {
            self.records.pop_front();
        }
        self.records.push_back((record, seats));
    }

    /// Records that newcomers are told, the oldest first.
    #[cfg(test)]
    pub(in crate::room) fn records(&self) -> impl Iterator<Item = &EpochRecord> {
        self.records.iter().map(|(kept, _)| kept.record())
    }

    /// Whether a record stands behind one that was carried, or is a first one.
    fn follows(&self, said: &EpochRecord) -> bool {
        let before = self.records.iter().map(|(kept, _)| kept.record());
        let known = |kept: &EpochRecord| Previous::Known { n: kept.n, hash: kept.hash() };
        said.follows(Previous::First).is_ok() || before.map(known).any(|previous| said.follows(previous).is_ok())
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

    /// Whether a seat may send one more record, or connection, now. Each by itself: a record that is not carried is missed by all
    /// that follow on it.
    fn allowed(&mut self, cx: Context<'_, '_>, from: SeatNo, of: impl Fn(&mut Seat) -> &mut Allowance) -> bool {
        let now = cx.now.tick;
        let allowed = self.seats.get_mut(&from).is_some_and(|seat| of(seat).take(now));
        if !allowed {
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

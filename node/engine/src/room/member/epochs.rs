//! Records, wraps and pair channels as they come.

use pars_proto::room::{EpochHash, SeatNo, SignedRecord, StatementHash, WRAP};
use pars_proto::signal::Envelope;
use pars_proto::signal::envelope::Cargo;

use crate::room::epoch::Taken;
use crate::room::io::{EndReason, Forgery, MemberEvent};
use crate::room::packet::Frame;
use crate::room::pairs::{Heard, Own, Peer};

use super::{Context, Member};

/// Wraps that came before their record or channel.
const MAX_EARLY: usize = 16;

impl Member {
    /// An epoch record.
    pub(super) fn record(&mut self, cx: Context<'_, '_>, signed: SignedRecord, seats: Vec<SeatNo>) {
        let steward = signed.record().steward;
        let newcomer = self.place.as_ref().is_none_or(|place| !place.synced);
        let previous = self.chain.previous(&signed, newcomer);
        let Some((entry, roster)) = self.roster.get(steward).zip(self.roster.of(&seats)) else {
            // With seats that went before we came: it cannot be checked, and later records follow on it.
            if newcomer || previous.is_some_and(|previous| signed.record().follows(previous).is_ok()) {
                return self.chain.remember(signed, seats);
            }
            return Self::event(cx, MemberEvent::Forged(Forgery::Record));
        };
        if entry.declined {
            return;
        }
        let Some(previous) = previous else {
            return Self::event(cx, MemberEvent::Forged(Forgery::Record));
        };
        let Ok(rh) = signed.check(&self.config.sitting.scope, &roster, &entry.s_vk, previous) else {
            return Self::event(cx, MemberEvent::Forged(Forgery::Record));
        };
        match self.chain.take(rh, signed, seats) {
            Taken::New => self.beat(steward, cx.now.tick),
            Taken::Known => {}
            Taken::Twice(steward) => {
                if let Some(entry) = self.roster.seats.get_mut(&steward) {
                    entry.declined = true;
                }
                Self::event(cx, MemberEvent::Forged(Forgery::TwoRecords));
            }
        }
        self.told.roster = true;
    }

    /// A wrapped epoch secret.
    pub(super) fn wrapped(&mut self, cx: Context<'_, '_>, (from, rh): (SeatNo, EpochHash), wrapped: &[u8; WRAP]) {
        let (epoch, key) = (self.chain.get(&rh).filter(|epoch| epoch.checked), self.pairs.wrap_key(from));
        match (epoch, key) {
            (Some(epoch), _)
                if epoch.secret.is_some()
                    || epoch.superseded.is_some_and(|at| at.after(super::FRESH_MS) <= cx.now.tick) => {}
            (Some(epoch), Some(key)) => match key.unwrap(epoch.signed.record(), wrapped) {
                Ok(secret) => self.chain.unlock(&rh, secret),
                Err(_) => {
                    if from == epoch.steward() {
                        self.chain.deny(&rh);
                    }
                    Self::event(cx, MemberEvent::Forged(Forgery::Wrap));
                }
            },
            _ => {
                if self.told.early.len() >= MAX_EARLY {
                    self.told.early.pop_front();
                }
                self.told.early.push_back((from, rh, *wrapped));
            }
        }
    }

    /// Wraps whose record or channel was missing.
    pub(super) fn retry_wraps(&mut self, cx: Context<'_, '_>) {
        for (from, rh, wrapped) in std::mem::take(&mut self.told.early) {
            self.wrapped(cx, (from, rh), &wrapped);
        }
    }

    /// Something of a pair channel.
    pub(super) fn envelope(&mut self, cx: Context<'_, '_>, envelope: Envelope) {
        let from = SeatNo(envelope.from);
        // Nothing is kept for seats that nobody was told of.
        let known = from == SeatNo::HOST || self.roster.get(from).is_some_and(|entry| entry.is_live());
        if self.seat() != Some(SeatNo(envelope.to)) || !known {
            return;
        }
        let frame = match envelope.cargo {
            Cargo::Hello(ciphertext) => {
                self.pairs.ask(from, ciphertext);
                return self.pair(cx, from);
            }
            Cargo::Sealed(frame) => frame,
        };
        match self.pairs.open(from, &frame) {
            Heard::Confirmed => {
                self.shares(from);
                self.retry_wraps(cx);
            }
            Heard::Text(token) if from == SeatNo::HOST => {
                if let Ok(token) = str::from_utf8(&token) {
                    Self::event(cx, MemberEvent::Token(token.to_owned()));
                }
            }
            Heard::Failed if from == SeatNo::HOST => self.end(cx, EndReason::HostKeyMismatch),
            Heard::Failed => Self::event(cx, MemberEvent::PairFailed(from)),
            Heard::Nothing if self.pairs.is_broken(from) => self.pair(cx, from),
            Heard::Nothing | Heard::Text(_) => {}
        }
    }

    /// Begin or go on with a pair channel, if we know who the other end is.
    pub(super) fn pair(&mut self, cx: Context<'_, '_>, with: SeatNo) {
        let Some(place) = &self.place else { return };
        let host = || (self.config.host.hash(), self.config.host.x_pk.clone());
        let peer: Option<(StatementHash, _)> = match self.roster.get(with) {
            _ if with == SeatNo::HOST => Some(host()),
            Some(entry) if entry.is_verified() && entry.is_live() => Some((entry.st, entry.x_pk.clone())),
            _ => None,
        };
        let Some((st, key)) = peer else { return };
        let (suite, scope, secret) = (self.config.suite, self.config.sitting.scope, self.secrets.x());
        let own = Own { suite, scope: &scope, seat: place.seat, st: place.st, secret };
        let out = self.pairs.go_on(&own, &Peer { seat: with, st, key: &key }, cx.rng);
        out.into_iter().for_each(|envelope| self.tell(cx, &Frame::Pair(envelope)));
        self.retry_wraps(cx);
    }
}

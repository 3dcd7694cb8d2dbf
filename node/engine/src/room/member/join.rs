//! From seat keys to a seat, and the road to the host.

use pars_crypto::hash::random;
use pars_proto::room::{
    Body, Claim, Connection, JoinRefusal, ReplyError, SignedConnection, Statement, Support, seal_join,
};
use pars_wire::codec::Wire;

use crate::room::io::{EndReason, GoneReason, MemberEvent, MemberOut, MemberQuestion, QuestionId};
use crate::room::packet::{Attach, Frame, Packet};

use super::{Context, LOST_MS, Member, Phase, Place, REPEAT_MS};

/// Seconds a statement lives.
const STATEMENT_SECONDS: u64 = 120;

impl Member {
    /// Make the body of a statement, and have it proven.
    pub(super) fn prepare(&mut self, cx: Context<'_, '_>, claim: Claim) {
        if self.phase != Phase::Proving {
            return;
        }
        let issued_at = self.clock.seconds(cx.now.tick);
        let body = Body {
            scope: self.config.sitting.scope,
            issued_at,
            expires_at: issued_at.saturating_add(STATEMENT_SECONDS),
            x_pk: self.secrets.x_pk(),
            s_vk: self.secrets.s_vk(),
            consent: self.config.consent.clone(),
            claim,
        };
        let id = self.ask(cx, MemberQuestion::Prove(Box::new(body.clone())));
        self.proving = Some((id, body));
    }

    /// Seal the statement to the host's key.
    pub(super) fn proven(&mut self, cx: Context<'_, '_>, id: QuestionId, support: Support) {
        let Some((_, body)) = self.proving.take_if(|(asked, _)| *asked == id) else { return };
        self.statement = Statement::new(body, support).ok();
        self.seal(cx);
    }

    /// The room is recorded, and the user goes in: the same statement, sealed anew, because a host answers each join once.
    pub(super) fn go_in(&mut self, cx: Context<'_, '_>) {
        if self.phase == Phase::Proving && self.statement.is_some() {
            self.asks = false;
            self.seal(cx);
        }
    }

    fn seal(&mut self, cx: Context<'_, '_>) {
        let (statement, host) = (self.statement.as_ref(), &self.config.host);
        let sealed = statement.and_then(|it| seal_join(self.config.suite, cx.rng, host, it).ok());
        let Some(join) = sealed else { return self.end(cx, EndReason::HostKeyMismatch) };
        (self.join, self.phase) = (Some(join), Phase::Joining);
        self.road.heard = cx.now.tick;
        Self::event(cx, MemberEvent::Sealed);
        self.connect(cx);
    }

    fn connect(&mut self, cx: Context<'_, '_>) {
        self.road.retry = None;
        if self.road.connected { self.hail(cx) } else { cx.out.push(MemberOut::Connect) }
    }

    pub(super) fn connected(&mut self, cx: Context<'_, '_>) {
        self.road.connected = true;
        self.hail(cx);
    }

    /// What a connection begins with, and what is repeated until it is answered.
    fn hail(&mut self, cx: Context<'_, '_>) {
        let packet = match (&self.place, &self.join) {
            (Some(place), _) if !place.attached => {
                let Place { seat, resume, .. } = *place;
                Packet::Attach(Attach { seat, grant: place.grant.id, resume })
            }
            (None, Some((join, _))) if self.asks => Packet::Ask(join.clone()),
            (None, Some((join, _))) => Packet::Join(join.clone()),
            _ => return,
        };
        cx.out.push(MemberOut::Send(packet.encode()));
        self.road.retry = Some(cx.now.tick.after(REPEAT_MS));
    }

    pub(super) fn disconnected(&mut self, cx: Context<'_, '_>) {
        self.road.connected = false;
        // A ping on the old connection is sent again on the new one: its answer still says since when all is told.
        if let Some(place) = &mut self.place {
            place.attached = false;
        }
        self.road.retry = (self.phase != Phase::Proving).then(|| cx.now.tick.after(REPEAT_MS / 4));
    }

    /// Repeat what was not answered; give up in the end.
    pub(super) fn travel(&mut self, cx: Context<'_, '_>) {
        let now = cx.now.tick;
        if self.phase != Phase::Proving && self.road.heard.after(LOST_MS) <= now {
            return self.end(cx, EndReason::LinkLost);
        }
        if self.road.retry.is_some_and(|at| at <= now) {
            self.connect(cx);
        }
    }

    pub(super) fn replied(&mut self, cx: Context<'_, '_>, reply: &[u8]) {
        if self.phase != Phase::Joining {
            return;
        }
        let Some((_, awaiting)) = &self.join else { return };
        match awaiting.open(reply, self.clock.seconds(cx.now.tick)) {
            Ok(grant) => {
                let (seat, role, st) = (grant.seat, grant.role, grant.st);
                let resume = random(cx.rng);
                self.place = Some(Place { seat, st, grant, resume, attached: false, synced: false });
                (self.phase, self.join, self.road.heard) = (Phase::Admitted, None, cx.now.tick);
                Self::event(cx, MemberEvent::Admitted { seat, role });
                self.new_connection(cx);
                self.hail(cx);
            }
            Err(ReplyError::Refused(JoinRefusal::Recorded)) if self.asks => {
                // Nothing is under way any more: how long the user thinks is no concern of the road.
                (self.phase, self.join, self.road.retry) = (Phase::Proving, None, None);
                Self::event(cx, MemberEvent::Recorded);
            }
            Err(ReplyError::Refused(refusal)) => {
                self.phase = Phase::Gone;
                Self::event(cx, MemberEvent::Refused(refusal));
                cx.out.push(MemberOut::Disconnect);
            }
            Err(ReplyError::Grant(_)) => self.end(cx, EndReason::HostKeyMismatch),
            // Bytes of somebody between: the true reply may still come.
            Err(_) => {}
        }
    }

    pub(super) fn attached(&mut self, cx: Context<'_, '_>, stands: Result<(), GoneReason>) {
        let Some(place) = &mut self.place else { return };
        match stands {
            Ok(()) if !place.attached => {
                place.attached = true;
                (self.road.retry, self.road.heard) = (None, cx.now.tick);
                self.line.connected();
            }
            Ok(()) => {}
            Err(reason) => self.end(cx, reason.into()),
        }
    }

    /// A fresh nonce: the page's connection to the SFU is a new one.
    pub(super) fn new_connection(&mut self, cx: Context<'_, '_>) {
        let Some(place) = &self.place else { return };
        let seq = self.connection.map_or(1, |last| last.connection().seq.saturating_add(1));
        let fresh = Connection::fresh(cx.rng, self.config.sitting.scope, place.seat, seq);
        let signed = SignedConnection::sign(fresh, self.secrets.s());
        self.connection = Some(signed);
        self.told.begin_connection();
        self.tell(cx, &Frame::Connection(Box::new(signed)));
    }

    /// Say so, and be gone.
    pub(super) fn leave(&mut self, cx: Context<'_, '_>) {
        self.say(cx, pars_proto::room::Content::Leave);
        self.flush(cx);
        self.end(cx, EndReason::Left);
    }
}

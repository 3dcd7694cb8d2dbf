//! What the machine says happened.

use std::sync::atomic::Ordering;

use pars_engine::room::{MemberEvent, StopReason};
use pars_proto::room::{Order, SeatNo};
use pars_rpc::event::Event;
use pars_rpc::room::{Form, Joined, Prefixed};
use pars_rpc::room_event as told;

use super::{Task, tell};

impl Task {
    pub(super) fn event(&mut self, event: MemberEvent) {
        match event {
            MemberEvent::Sealed => {
                self.progress(told::Stage::Proof, 100);
                self.progress(told::Stage::Sealed, 100);
                // The host ends what the same member had before: that page is not to be told.
                self.inner.supersede(self.begin.running.sitting.scope.room, &self.quiet);
            }
            MemberEvent::Admitted { role, .. } => {
                self.role = role;
                self.progress(told::Stage::Admitted, 100);
                self.progress(told::Stage::Verifying, 0);
            }
            MemberEvent::Token(token) => self.got_token(token),
            MemberEvent::Refused(refusal) => self.fail(tell::join_refused(refusal, self.begin.form)),
            MemberEvent::Recorded => self.told_recorded(),
            MemberEvent::Roster => {
                self.note_recorder();
                self.roster_changed();
            }
            MemberEvent::Keys(keys) => self.show(Event::RoomKeys(tell::keys(self.room(), &keys))),
            MemberEvent::Stopped { reason, seat } => {
                if reason != StopReason::Ended {
                    let (room, reason) = (self.room(), tell::stopped(reason));
                    self.show(Event::RoomStopped(told::Stopped { room, reason, seat: seat.map(|seat| seat.0) }));
                }
            }
            MemberEvent::Order { order, by } => self.ordered(order, by),
            MemberEvent::OrderRefused { target, reason } => {
                self.orders.refused(self.member.seat(), target, reason);
            }
            MemberEvent::Ended(reason) => self.ended(reason),
            MemberEvent::Recording(event) => self.recording_told(event),
            MemberEvent::Unverified { seat, refusal } => tracing::warn!(%seat, %refusal, "a seat does not verify"),
            MemberEvent::PairFailed(seat) => tracing::warn!(%seat, "no pair channel with a seat"),
            MemberEvent::Unshared(seat) => tracing::warn!(%seat, "a seat that has long been here shares no keys"),
            MemberEvent::Forged(what) => tracing::warn!(?what, "something forged came over the host"),
            MemberEvent::Expired { .. } | MemberEvent::Offered | MemberEvent::Steward(_) => {}
        }
    }

    fn got_token(&mut self, token: String) {
        self.token.send_replace(Some(token.clone()));
        let Some(grant) = self.member.grant() else { return };
        let joined = Joined {
            room: self.room(),
            seat: grant.seat.0,
            identity: self.member.identity(),
            role: tell::role(self.role),
            anonymous: self.begin.form == Form::Anonymous,
            token: token.into(),
            signal_url: format!("ws://{}", self.inner.address),
            dtls_fingerprint: Prefixed(grant.dtls_fingerprint),
            ends_at: self.begin.running.sitting.ends_at,
            text_only: self.begin.text_only,
            recorder: None,
        };
        let first = self.join.take();
        if let Some(reply) = first {
            let joined = Joined { recorder: self.recorded.there.clone(), ..joined };
            self.progress(told::Stage::Verifying, 100);
            self.admitted.store(true, Ordering::Release);
            self.inner.seated(&self.begin.attempt, self.begin.running.sitting.scope.room);
            let _ = reply.send(Ok(joined));
            return self.show_all();
        }
        if let Some(reply) = self.connection.take() {
            let _ = reply.send(Ok(joined));
        }
    }

    fn ordered(&mut self, order: Order, by: SeatNo) {
        if self.member.seat() == Some(by) {
            self.orders.passed_on(order);
        }
        if let Some((kind, seat)) = tell::order(order) {
            let seat = seat.map(|seat| seat.0);
            self.show(Event::RoomOrder(told::Ordered { room: self.room(), kind, seat, by: by.0 }));
        }
    }

    fn ended(&mut self, reason: pars_engine::room::EndReason) {
        self.over = true;
        let gone = tell::not_joined(reason);
        self.orders.end(&gone);
        if let Some(reply) = self.join.take() {
            return drop(reply.send(Err(gone)));
        }
        if let Some(reply) = self.connection.take() {
            drop(reply.send(Err(gone)));
        }
        let (room, detail) = (self.room(), Some(reason.to_string()));
        self.show(Event::RoomEnded(told::Ended { room, reason: tell::ended(reason), detail }));
    }
}

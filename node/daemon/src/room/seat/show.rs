//! What the page of a seat is told.

use std::sync::atomic::Ordering;

use pars_proto::room::SeatNo;
use pars_rpc::event::Event;
use pars_rpc::room_event as told;

use super::{Task, tell};

impl Task {
    pub(super) fn progress(&self, stage: told::Stage, percent: u8) {
        let attempt = self.begin.attempt.clone();
        self.inner.tell(Event::RoomProgress(told::Progress { attempt, stage, percent }));
    }

    /// Tell the page of this seat, once it has one.
    pub(super) fn show(&self, event: Event) {
        if self.admitted.load(Ordering::Acquire) && !self.quiet.load(Ordering::Acquire) {
            self.inner.tell(event);
        }
    }

    pub(super) fn show_roster(&mut self) {
        let view = self.member.view();
        let up = |seat: &SeatNo| view.seats.iter().any(|one| one.seat == *seat && one.hand);
        self.hands.retain(up);
        for seat in view.seats.iter().filter(|seat| seat.hand) {
            if !self.hands.contains(&seat.seat) {
                self.hands.push(seat.seat);
            }
        }
        self.show(Event::RoomRoster(tell::roster(self.room(), &view, &self.hands)));
    }

    /// Roster, keys and recordings, for a page that begins anew.
    pub(super) fn show_all(&mut self) {
        self.show_roster();
        for keys in self.member.keys() {
            self.show(Event::RoomKeys(tell::keys(self.room(), &keys)));
        }
        let status = self.recording_status();
        self.show(Event::RoomRecording(status));
    }
}

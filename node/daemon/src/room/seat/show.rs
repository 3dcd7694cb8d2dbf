//! What the page of a seat is told.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pars_engine::room::View;
use pars_rpc::event::Event;
use pars_rpc::room_event as told;
use tokio::time::Instant;

use super::{Task, tell};

/// Rosters follow each other no closer than this: what comes between is told by the next. A room that fills at its beginning, or
/// a host that lets seats come and go, would crowd out what the page is told of other rooms.
const PACE: Duration = Duration::from_millis(100);

/// When the page is told of the roster.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Pace {
    /// It has changed; whether it is told at once.
    fn changed(&mut self, now: Instant) -> bool {
        let Some(next) = self.last.map(|last| last + PACE).filter(|next| now < *next) else { return true };
        self.due = Some(next);
        false
    }

    fn told(&mut self, now: Instant) {
        (self.last, self.due) = (Some(now), None);
    }

    /// When a change is told that was not told at once.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }
}

impl Task {
    pub(super) fn progress(&self, stage: told::Stage, percent: u8) {
        let attempt = self.begin.attempt.clone();
        self.inner.tell(Event::RoomProgress(told::Progress { attempt, stage, percent }));
    }

    /// Tell the page of this seat, once it has one. A roster that waits comes first, so that all is told in its order.
    pub(super) fn show(&mut self, event: Event) {
        if self.pace.due().is_some() {
            self.show_roster();
        }
        self.tell_page(event);
    }

    fn tell_page(&self, event: Event) {
        if self.admitted.load(Ordering::Acquire) && !self.quiet.load(Ordering::Acquire) {
            self.inner.tell(event);
        }
    }

    pub(super) fn roster_changed(&mut self) {
        if self.pace.changed(Instant::now()) {
            self.show_roster();
        } else {
            // Who raised a hand first stands first.
            let view = self.member.view();
            self.note_hands(&view);
        }
    }

    pub(super) fn show_roster(&mut self) {
        let view = self.member.view();
        self.note_hands(&view);
        self.pace.told(Instant::now());
        self.tell_page(Event::RoomRoster(tell::roster(self.room(), &view, &self.hands)));
    }

    fn note_hands(&mut self, view: &View) {
        self.hands.retain(|seat| view.seats.iter().any(|one| one.seat == *seat && one.hand));
        for seat in view.seats.iter().filter(|seat| seat.hand) {
            if !self.hands.contains(&seat.seat) {
                self.hands.push(seat.seat);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_changes_at_once_are_one_roster_and_the_last_is_told() {
        let (mut pace, begin) = (Pace::default(), Instant::now());
        let after = |ms| begin + Duration::from_millis(ms);
        assert!(pace.changed(begin), "the first at once");
        pace.told(begin);
        for ms in 1..100 {
            assert!(!pace.changed(after(ms)));
            assert_eq!(pace.due(), Some(after(100)), "but soon");
        }
        pace.told(after(100));
        assert_eq!(pace.due(), None);
        assert!(!pace.changed(after(199)) && pace.changed(after(200)));
    }
}

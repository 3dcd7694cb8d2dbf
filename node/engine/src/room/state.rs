//! The two state machines of a room, as pure functions. A room lives during one sitting; a seat never comes back: a rejoin is
//! a new seat.
//!
//! ```text
//! room                             ┌─────emptied──────┐
//!                                  ▼                  │
//!      Announced ────opened─────► Open ───attached──► Live
//!          │                       │                  │
//!          └─────────over──────────┴───────over───────┴────over────► Closed
//!
//! seat  Proving ──granted──► Admitted(Member | Moderator) ───promoted───► Admitted(Presenter)
//!          │                      │       ▲                                    │     │
//!          │                      │       └──────────────demoted───────────────┘     │
//!          └───refused───► Gone ◄─┴──────────────────────removed─────────────────────┘
//! ```
//!
//! Room, at its host; an input that is not listed changes nothing:
//!
//! | state | input | state | outputs |
//! |---|---|---|---|
//! | Announced | opened | Open | state |
//! | Announced | join | Announced | refused `NotYet` |
//! | Announced | over | Closed | state, SFU room closed |
//! | Open | join | Open | question: verify |
//! | Open | attached | Live | state, seat announced |
//! | Open | over | Closed | state, SFU room closed |
//! | Live | join | Live | question: verify |
//! | Live | attached | Live | seat announced |
//! | Live | emptied | Open | state |
//! | Live | over | Closed | state, all seats ended, SFU room closed |
//! | Closed | join | Closed | refused `RoomClosed` |
//!
//! Seat, at its host and in every member's roster; a moderator's is where a member's is, and a recorder's is never promoted:
//!
//! | state | input | state | outputs |
//! |---|---|---|---|
//! | Proving | granted | Admitted(Member) | grant, SFU permits |
//! | Proving | refused | Gone | refusal |
//! | Admitted(Member) | offered | Admitted(Member) | the order, to all |
//! | Admitted(Member) | promoted | Admitted(Presenter) | the acceptance, to all; SFU permits |
//! | Admitted(Member) | removed | Gone | SFU removes, all are told, new epoch |
//! | Admitted(Presenter) | demoted | Admitted(Member) | the order, to all; SFU permits less |
//! | Admitted(Presenter) | removed | Gone | SFU removes, all are told, new epoch |

use pars_proto::room::Role;
use pars_wire::Kind;

/// Presenters of a Town Hall or Open Forum, screen shares of a Committee: the card's limit.
pub const MAX_PRESENTERS: usize = 5;

/// What a room is at its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomState {
    /// Its sitting is not final yet: nobody joins.
    Announced,
    /// The sitting runs, and no seat is there.
    Open,
    /// Seats are there.
    Live,
    /// The sitting is over, or a moderator closed the room.
    Closed,
}

/// What changes a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomInput {
    /// The sitting's block is final.
    Opened,
    /// Somebody asks for a seat.
    Join,
    /// A seat's control link stands for the first time.
    Attached,
    /// The last seat went.
    Emptied,
    /// The sitting ended, or a moderator closed the room.
    Over,
}

impl RoomState {
    /// The state after an input.
    #[must_use]
    pub const fn after(self, input: RoomInput) -> Self {
        match (self, input) {
            (Self::Announced, RoomInput::Opened) | (Self::Live, RoomInput::Emptied) => Self::Open,
            (Self::Open, RoomInput::Attached) => Self::Live,
            (_, RoomInput::Over) => Self::Closed,
            _ => self,
        }
    }

    /// Whether seats may be asked for.
    pub const fn takes_joins(self) -> bool {
        matches!(self, Self::Open | Self::Live)
    }
}

/// What a seat is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatState {
    /// Its statement is being made or verified.
    Proving,
    /// It is in the room.
    Admitted(Role),
    /// It left for good.
    Gone,
}

/// What changes a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatInput {
    /// The host granted it.
    Granted(Role),
    /// The host refused it.
    Refused,
    /// One who leads offers that it presents.
    Offered,
    /// It accepted an offer.
    Promoted,
    /// One who leads took the presenting back, or the seat gave it up: it is again what it was granted as.
    Demoted(Role),
    /// It left, was removed, or lost its link for too long.
    Removed,
}

impl SeatState {
    /// The state after an input.
    #[must_use]
    pub const fn after(self, input: SeatInput) -> Self {
        match (self, input) {
            (Self::Proving, SeatInput::Granted(role)) => Self::Admitted(role),
            (Self::Proving, SeatInput::Refused) | (Self::Admitted(_), SeatInput::Removed) => Self::Gone,
            (Self::Admitted(Role::Member | Role::Moderator), SeatInput::Promoted) => Self::Admitted(Role::Presenter),
            (Self::Admitted(Role::Presenter), SeatInput::Demoted(role)) => Self::Admitted(role),
            _ => self,
        }
    }
}

/// What a seat may send (TOWNHALL section 2). Enforced in the token, at `add_track`, in forwarding and by every client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// A microphone track.
    pub microphone: bool,
    /// A camera track.
    pub camera: bool,
    /// A shared screen.
    pub screen: bool,
    /// Data: chat, reactions, hands.
    pub data: bool,
}

impl Rights {
    /// Of a seat by its room's kind and its role; `floor` is whether it may open its microphone by itself now: the floor is
    /// open, or the seat was called.
    pub const fn of(kind: Kind, role: Role, floor: bool) -> Self {
        let (presents, leads) = (matches!(role, Role::Presenter), matches!(role, Role::Moderator));
        if matches!(role, Role::Recorder) {
            return Self { microphone: false, camera: false, screen: false, data: false };
        }
        let (camera, screen) = match kind {
            Kind::TownHall => (presents, presents),
            Kind::Committee => (true, presents),
            Kind::OpenForum => (false, false),
        };
        Self { microphone: floor || presents || leads, camera, screen, data: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::table::{check_picture, check_walk, rows};

    const SOURCE: &str = include_str!("state.rs");
    /// Rows of the table of rooms; the other table is that of seats.
    const ROOM_ROWS: usize = 11;

    #[test]
    fn the_picture_shows_the_inputs_that_change_a_state_and_no_others() {
        check_picture(SOURCE, &["room", "seat"]);
    }

    #[test]
    fn the_room_does_what_its_table_says_and_nothing_else() {
        let states = [RoomState::Announced, RoomState::Open, RoomState::Live, RoomState::Closed];
        let inputs = [
            ("opened", RoomInput::Opened),
            ("join", RoomInput::Join),
            ("attached", RoomInput::Attached),
            ("emptied", RoomInput::Emptied),
            ("over", RoomInput::Over),
        ];
        assert_eq!(check_walk(SOURCE, (&states, &inputs), RoomState::after), ROOM_ROWS, "every row was walked");
    }

    #[test]
    fn a_seat_does_what_its_table_says_and_nothing_else() {
        let states = [
            SeatState::Proving,
            SeatState::Admitted(Role::Member),
            SeatState::Admitted(Role::Presenter),
            SeatState::Gone,
        ];
        let inputs = [
            ("granted", SeatInput::Granted(Role::Member)),
            ("refused", SeatInput::Refused),
            ("offered", SeatInput::Offered),
            ("promoted", SeatInput::Promoted),
            ("demoted", SeatInput::Demoted(Role::Member)),
            ("removed", SeatInput::Removed),
        ];
        let walked = check_walk(SOURCE, (&states, &inputs), SeatState::after);
        let seat_rows = rows(SOURCE).len() - ROOM_ROWS;
        assert_eq!(walked, seat_rows, "every row was walked");

        let of = |role: Role| {
            let inputs = inputs.map(|(word, input)| match input {
                SeatInput::Granted(_) => (word, SeatInput::Granted(role)),
                SeatInput::Demoted(_) => (word, SeatInput::Demoted(role)),
                other => (word, other),
            });
            (SOURCE.replace("Admitted(Member)", &format!("{:?}", SeatState::Admitted(role))), inputs)
        };
        let (source, inputs) = of(Role::Moderator);
        let states = [SeatState::Admitted(Role::Moderator), SeatState::Admitted(Role::Presenter), SeatState::Proving];
        assert_eq!(check_walk(&source, (&states, &inputs), SeatState::after), seat_rows);
        let (source, inputs) = of(Role::Recorder);
        let source: String =
            source.lines().filter(|row| !row.contains("| promoted |")).fold(String::new(), |all, row| all + row + "\n");
        let states = [SeatState::Admitted(Role::Recorder), SeatState::Proving];
        assert_eq!(check_walk(&source, (&states, &inputs), SeatState::after), 4, "granted, refused, offered, removed");
    }

    #[test]
    fn rights_follow_kind_and_role() {
        let all = |kind, role| {
            let Rights { microphone, camera, screen, data } = Rights::of(kind, role, false);
            [microphone, camera, screen, data]
        };
        assert_eq!(all(Kind::TownHall, Role::Member), [false, false, false, true]);
        assert_eq!(all(Kind::TownHall, Role::Presenter), [true, true, true, true]);
        assert_eq!(all(Kind::TownHall, Role::Moderator), [true, false, false, true]);
        assert_eq!(all(Kind::Committee, Role::Member), [false, true, false, true]);
        assert_eq!(all(Kind::Committee, Role::Presenter), [true, true, true, true]);
        assert_eq!(all(Kind::OpenForum, Role::Presenter), [true, false, false, true]);
        assert_eq!(all(Kind::TownHall, Role::Recorder), [false; 4]);
        assert!(Rights::of(Kind::OpenForum, Role::Member, true).microphone);
    }
}

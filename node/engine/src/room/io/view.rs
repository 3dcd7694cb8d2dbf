//! What a page is shown and given.

use alloy_primitives::Address;
use pars_proto::room::{EpochHash, Role, SeatNo, SenderKeys};

/// Keys of one epoch.
#[derive(Clone, Debug)]
pub struct EpochKeys {
    /// n.
    pub epoch: u32,
    /// n mod 256: the key index in frames.
    pub index: u8,
    /// rh_n: which record of this number.
    pub hash: EpochHash,
    /// The seats of its roster.
    pub seats: Vec<SeatNo>,
    /// Of each verified seat with a connection.
    pub keys: Vec<SeatKeys>,
    /// Our own, if we may send in this epoch now.
    pub own: Option<SeatKeys>,
}

/// Keys of one seat in one epoch.
#[derive(Clone, Debug)]
pub struct SeatKeys {
    /// The seat.
    pub seat: SeatNo,
    /// Its name at the SFU.
    pub identity: String,
    /// For media and data.
    pub keys: SenderKeys,
}

/// A seat as the roster shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatView {
    /// The seat.
    pub seat: SeatNo,
    /// Its name at the SFU.
    pub identity: String,
    /// Its account, if it is here by name.
    pub account: Option<Address>,
    /// Its role.
    pub role: Role,
    /// Whether it leads the room.
    pub leads: bool,
    /// Whether we verified it ourselves.
    pub verified: bool,
    /// Whether its hand is up.
    pub hand: bool,
    /// Whether one who leads muted it.
    pub muted: bool,
    /// Whether it is in the epoch of now.
    pub live: bool,
    /// Whether it has long been here and shares no keys with us: check codes should be compared.
    pub unshared: bool,
}

/// The room as a member sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The epoch of now; 0 before the first.
    pub epoch: u32,
    /// Its check code: equal at all honest members.
    pub check_code: Option<String>,
    /// Who makes epochs.
    pub steward: Option<SeatNo>,
    /// The recorder's seat in the epoch of now, from its roster and nobody's word: while there is one, the room is recorded.
    pub recording: Option<SeatNo>,
    /// Whether seats must be called to speak.
    pub floor_closed: bool,
    /// Seats by number.
    pub seats: Vec<SeatView>,
}

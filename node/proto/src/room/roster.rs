//! Who sits in an epoch: `roster_root = H("pars-room-roster-v1"; RS, { seat2 | st32 | recorder1 } by rising seat)`, each
//! entry a field of its own. On the wire `n2 | { seat2 | st32 | recorder1 }^n`.

use pars_crypto::hash::hash;
use pars_crypto::label::HashLabel;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::scope::{Scope, SeatNo, StatementHash};

/// Seats of a roster at most: a full Town Hall and its recorders.
pub const MAX_ROSTER: usize = 1_024;

/// One seat of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RosterEntry {
    /// The seat.
    pub seat: SeatNo,
    /// Its statement.
    pub st: StatementHash,
    /// Whether it records.
    pub recorder: bool,
}

impl RosterEntry {
    /// How many bytes.
    pub const SIZE: usize = 2 + 32 + 1;
}

impl Wire for RosterEntry {
    fn write(&self, out: &mut Writer) {
        out.u16(self.seat.0).bytes(&self.st.0).u8(self.recorder.into());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (seat, st) = (SeatNo(from.u16("seat")?), StatementHash(from.array("statement hash")?));
        let recorder = match from.u8("recorder")? {
            0 => false,
            1 => true,
            value => return Err(DecodeError::Value { what: "recorder", value: value.into() }),
        };
        Ok(Self { seat, st, recorder })
    }
}

/// Why seats are no roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// None, or more than 1,024.
    #[error("a roster has 1 to 1024 seats, this one has {0}")]
    Count(usize),
    /// The host, a repeated seat, or one out of order.
    #[error("seat {0} of the roster is the host's, stands twice, or out of order")]
    Order(SeatNo),
}

/// The seats of an epoch by rising number, the host not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster(Vec<RosterEntry>);

impl Roster {
    /// Check and take over seats.
    ///
    /// # Errors
    /// [`RosterError`].
    pub fn new(entries: Vec<RosterEntry>) -> Result<Self, RosterError> {
        if entries.is_empty() || entries.len() > MAX_ROSTER {
            return Err(RosterError::Count(entries.len()));
        }
        let mut last = SeatNo::HOST;
        for entry in &entries {
            if entry.seat <= last {
                return Err(RosterError::Order(entry.seat));
            }
            last = entry.seat;
        }
        Ok(Self(entries))
    }

    /// By rising seat.
    pub fn entries(&self) -> &[RosterEntry] {
        &self.0
    }

    /// One seat.
    pub fn get(&self, seat: SeatNo) -> Option<&RosterEntry> {
        self.0.binary_search_by_key(&seat, |entry| entry.seat).ok().and_then(|at| self.0.get(at))
    }

    /// `roster_root`.
    pub fn root(&self, scope: &Scope) -> [u8; 32] {
        let encoded: Vec<_> = self.0.iter().map(Wire::encode).collect();
        let scope = scope.to_bytes();
        let fields: Vec<&[u8]> = std::iter::once(&scope[..]).chain(encoded.iter().map(Vec::as_slice)).collect();
        hash(HashLabel::ROOM_ROSTER, &fields)
    }
}

impl Wire for Roster {
    fn write(&self, out: &mut Writer) {
        // At most 1,024.
        out.u16(self.0.len() as u16);
        self.0.iter().for_each(|entry| entry.write(out));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = from.u16("seats of a roster")?;
        if usize::from(count) > MAX_ROSTER {
            return Err(DecodeError::Value { what: "seats of a roster", value: count.into() });
        }
        let entries = (0..count).map(|_| RosterEntry::read(from)).collect::<Result<_, _>>()?;
        Self::new(entries).map_err(|_| DecodeError::Malformed { what: "order of a roster" })
    }
}

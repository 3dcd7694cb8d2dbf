//! Where a statement is made, and who holds a seat (TOWNHALL section 3).

use std::fmt;

use alloy_primitives::Address;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};
use pars_wire::{ChainId, Nullifier, RoomId, SittingId};

/// RS = `chain_id8 | town_hall20 | room_id32 | sitting8`: stands in everything that is signed or sealed in a room. 68 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The chain.
    pub chain: ChainId,
    /// Its TownHall contract.
    pub town_hall: Address,
    /// The room.
    pub room: RoomId,
    /// The sitting, counted per room from 1.
    pub sitting: SittingId,
}

impl Scope {
    /// How many bytes.
    pub const SIZE: usize = 8 + 20 + 32 + 8;

    /// RS.
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let (chain, sitting) = (self.chain.0.to_be_bytes(), self.sitting.0.to_be_bytes());
        let parts = chain.iter().chain(self.town_hall.iter()).chain(self.room.0.iter()).chain(&sitting);
        let mut bytes = [0; Self::SIZE];
        for (to, from) in bytes.iter_mut().zip(parts) {
            *to = *from;
        }
        bytes
    }
}

impl Wire for Scope {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.to_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            chain: ChainId(from.u64("chain id")?),
            town_hall: address(from, "address of the TownHall contract")?,
            room: RoomId(from.array::<32>("room")?.into()),
            sitting: SittingId(from.u64("sitting")?),
        })
    }
}

pub(super) fn address(from: &mut Reader<'_>, what: &'static str) -> Result<Address, DecodeError> {
    from.array::<20>(what).map(Address::from)
}

/// A place in a room: 0 is the host, members count from 1. Numbers are not given twice in a sitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatNo(
    /// The number.
    pub u16,
);

impl SeatNo {
    /// The host: no seat of the roster.
    pub const HOST: Self = Self(0);
}

impl fmt::Display for SeatNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `st` of a statement or `st_host` of a host: names one end of a pair. 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementHash(
    /// The hash.
    pub [u8; 32],
);

/// What a seat may do; the kind of room sets what each role publishes (TOWNHALL section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Speaks, writes, raises its hand.
    Member = 1,
    /// Also shows.
    Presenter = 2,
    /// Also gives orders.
    Moderator = 3,
    /// Only receives.
    Recorder = 4,
}

impl TryFrom<u8> for Role {
    type Error = DecodeError;

    fn try_from(number: u8) -> Result<Self, DecodeError> {
        match number {
            1 => Ok(Self::Member),
            2 => Ok(Self::Presenter),
            3 => Ok(Self::Moderator),
            4 => Ok(Self::Recorder),
            other => Err(DecodeError::Value { what: "role", value: other.into() }),
        }
    }
}

/// What makes a seat unique in its sitting. It lives in memory until the sitting closes and is never logged: `Debug`
/// shows only which of the three it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeatIdentity {
    /// The proof's nullifier, where there is a proof.
    Nullifier(Nullifier),
    /// Else the account.
    Account(Address),
    /// The member's seat for which a recorder works.
    Recorder(StatementHash),
}

impl fmt::Debug for SeatIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nullifier(_) => "Nullifier(redacted)",
            Self::Account(_) => "Account(redacted)",
            Self::Recorder(_) => "Recorder(redacted)",
        })
    }
}

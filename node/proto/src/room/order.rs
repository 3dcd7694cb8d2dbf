//! Moderators' orders: `order1 | seat2`, or `order1` alone for those to everybody. A client obeys only what a seat has signed
//! whose account is creator or moderator in its own index (TOWNHALL section 2, "Hands").

use alloy_primitives::Address;
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};

use super::scope::SeatNo;

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// Offer the seat to present; it confirms.
    Promote(SeatNo),
    /// End its presenting.
    Demote(SeatNo),
    /// Close its microphone.
    Mute(SeatNo),
    /// Ask it to open its microphone.
    AskUnmute(SeatNo),
    /// Give it the floor: the head of the hand queue, while the floor is closed.
    Call(SeatNo),
    /// Lower its hand.
    LowerHand(SeatNo),
    /// Out of the room.
    Kick(SeatNo),
    /// Out, and not again in this sitting.
    Ban(SeatNo),
    /// Close every microphone but the moderators'.
    MuteAll,
    /// Lower every hand.
    LowerAllHands,
    /// Only who is called may speak.
    CloseFloor,
    /// Everybody may open the own microphone.
    OpenFloor,
    /// Nobody new.
    Lock,
    /// The door is open again.
    Unlock,
    /// End for everybody.
    Close,
}

impl Order {
    /// Whom it is about; none: everybody.
    pub const fn target(self) -> Option<SeatNo> {
        match self {
            Self::Promote(seat)
            | Self::Demote(seat)
            | Self::Mute(seat)
            | Self::AskUnmute(seat)
            | Self::Call(seat)
            | Self::LowerHand(seat)
            | Self::Kick(seat)
            | Self::Ban(seat) => Some(seat),
            _ => None,
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Promote(_) => 1,
            Self::Demote(_) => 2,
            Self::Mute(_) => 3,
            Self::AskUnmute(_) => 4,
            Self::Call(_) => 5,
            Self::LowerHand(_) => 6,
            Self::Kick(_) => 7,
            Self::Ban(_) => 8,
            Self::MuteAll => 16,
            Self::LowerAllHands => 17,
            Self::CloseFloor => 18,
            Self::OpenFloor => 19,
            Self::Lock => 20,
            Self::Unlock => 21,
            Self::Close => 22,
        }
    }
}

impl Wire for Order {
    fn write(&self, out: &mut Writer) {
        out.u8(self.code());
        if let Some(seat) = self.target() {
            out.u16(seat.0);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let code = from.u8("order")?;
        let to = match code {
            1 => Self::Promote,
            2 => Self::Demote,
            3 => Self::Mute,
            4 => Self::AskUnmute,
            5 => Self::Call,
            6 => Self::LowerHand,
            7 => Self::Kick,
            8 => Self::Ban,
            16 => return Ok(Self::MuteAll),
            17 => return Ok(Self::LowerAllHands),
            18 => return Ok(Self::CloseFloor),
            19 => return Ok(Self::OpenFloor),
            20 => return Ok(Self::Lock),
            21 => return Ok(Self::Unlock),
            22 => return Ok(Self::Close),
            other => return Err(DecodeError::Value { what: "order", value: other.into() }),
        };
        match from.u16("seat of an order")? {
            0 => Err(DecodeError::Value { what: "seat of an order", value: 0 }),
            seat => Ok(to(SeatNo(seat))),
        }
    }
}

/// Why an order is not obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// Who gives it has no seat, or none with an account.
    #[error("seat {0} gives no orders: it is not seated by name")]
    Nameless(SeatNo),
    /// Neither creator nor moderator of the room.
    #[error("seat {0} gives no orders: its account is neither creator nor moderator of the room")]
    NoLead(SeatNo),
    /// Whom it is about is gone.
    #[error("seat {0} is not in the room")]
    NoTarget(SeatNo),
    /// A nameless seat does not present.
    #[error("seat {0} is anonymous; to present it joins again by name")]
    AnonymousTarget(SeatNo),
    /// A recorder only receives.
    #[error("seat {0} records and has no microphone, hand or picture")]
    RecorderTarget(SeatNo),
}

/// Who holds a seat, from the verified statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// None: anonymous, or a recorder.
    pub account: Option<Address>,
    /// Whether it records.
    pub recorder: bool,
}

/// Whether an order of `by` is obeyed. `holder` knows the verified seats, `leads` the own index: creator or moderator.
///
/// # Errors
/// [`OrderRefusal`].
pub fn obey(
    order: Order,
    by: SeatNo,
    holder: impl Fn(SeatNo) -> Option<Holder>,
    leads: impl Fn(Address) -> bool,
) -> Result<(), OrderRefusal> {
    let account = holder(by).and_then(|holder| holder.account).ok_or(OrderRefusal::Nameless(by))?;
    if !leads(account) {
        return Err(OrderRefusal::NoLead(by));
    }
    let Some(target) = order.target() else { return Ok(()) };
    let holder = holder(target).ok_or(OrderRefusal::NoTarget(target))?;
    match order {
        Order::Kick(_) | Order::Ban(_) => Ok(()),
        _ if holder.recorder => Err(OrderRefusal::RecorderTarget(target)),
        Order::Promote(_) if holder.account.is_none() => Err(OrderRefusal::AnonymousTarget(target)),
        _ => Ok(()),
    }
}

//! Why a seat is gone, an order came to nothing, or it is over: one byte on the wire, a name for interfaces, a sentence for
//! people.

use pars_wire::codec::{DecodeError, Reader};

macro_rules! reasons {
    ($(#[doc = $doc:literal])+ $name:ident, $what:literal {$($(#[doc = $each:literal])+ $variant:ident = $code:literal, $text:literal;)+}) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
        pub enum $name {
            $($(#[doc = $each])+ #[error($text)] $variant,)+
        }

        impl $name {
            /// The byte that stands for it.
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// Its name, for interfaces.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)+
                }
            }

            pub(in crate::room) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                match from.u8($what)? {
                    $($code => Ok(Self::$variant),)+
                    other => Err(DecodeError::Value { what: $what, value: other.into() }),
                }
            }
        }
    };
}

reasons! {
    /// Why a seat is gone.
    GoneReason, "reason of going" {
        /// It said so.
        Left = 1, "the seat left";
        /// Its control link was gone for 30 s, or it stopped reading.
        LinkLost = 2, "the seat's link to the host was lost for too long";
        /// One who leads removed it.
        Kicked = 3, "the seat was removed by one who leads the room";
        /// As kicked, and it may not come back.
        Banned = 4, "the seat was banned by one who leads the room";
        /// A newer statement of the same nullifier or account took its place.
        Replaced = 5, "a newer join of the same member replaced the seat";
        /// The chain says it may be here no more.
        LostEligibility = 6, "the seat's account lost its access on chain";
        /// The chain could not be asked for too long.
        ChainUnreachable = 7, "the chain could not be asked for too long, so named seats had to go";
    }
}

reasons! {
    /// Why an order or an acceptance came to nothing.
    OrderRefusal, "reason of refusal" {
        /// Who sent it leads nothing here.
        NotLeading = 1, "only the creator and moderators give orders; this seat's account is neither";
        /// Nobody sits there.
        NoSuchSeat = 2, "there is no such seat, or it has left";
        /// Five present already.
        PresentersFull = 3, "five present already; one of them must be demoted first";
        /// It was not offered.
        NotOffered = 4, "nobody offered this seat to present; ask one who leads";
        /// An anonymous seat cannot present.
        Anonymous = 5, "an anonymous seat cannot present; it may rejoin by name";
        /// The seat presents already, or does not present.
        NoChange = 6, "the seat is that already";
        /// Signed messages of this kind do not go over the host.
        Misplaced = 7, "a message of this kind does not travel over the host";
        /// More messages than a seat may send.
        TooMany = 8, "this seat sends too many messages; wait a moment";
        /// A recorder only receives.
        Recorder = 9, "a recorder has no microphone, hand or picture";
    }
}

reasons! {
    /// Why it is over for this member.
    EndReason, "reason of the end" {
        /// We left.
        Left = 1, "this seat left";
        /// We were removed.
        Kicked = 2, "one who leads the room removed this seat";
        /// We were banned.
        Banned = 3, "one who leads the room banned this seat";
        /// A newer join of ours took the seat.
        Replaced = 4, "a newer join of the same member took this seat's place";
        /// We lost our access on chain.
        LostEligibility = 5, "this seat's account lost its access on chain";
        /// The host could not ask the chain.
        ChainUnreachable = 6, "the host could not ask the chain for too long";
        /// The link was lost for too long.
        LinkLost = 7, "the link to the room's host was lost for too long; join again";
        /// The room was closed.
        Closed = 8, "the room was closed by one who leads it";
        /// The sitting ended.
        SittingOver = 9, "the sitting is over";
        /// The host does not hold the keys that the chain names.
        HostKeyMismatch = 10, "the host does not hold the keys that the room's metadata on chain name; do not join";
        /// The host put another statement on our seat.
        SeatSwapped = 11, "the host shows another statement in place of ours; do not join";
    }
}

impl From<pars_proto::room::OrderRefusal> for OrderRefusal {
    fn from(refusal: pars_proto::room::OrderRefusal) -> Self {
        use pars_proto::room::OrderRefusal as R;
        match refusal {
            R::Nameless(_) | R::NoLead(_) => Self::NotLeading,
            R::NoTarget(_) => Self::NoSuchSeat,
            R::AnonymousTarget(_) => Self::Anonymous,
            R::RecorderTarget(_) => Self::Recorder,
        }
    }
}

impl From<GoneReason> for EndReason {
    fn from(reason: GoneReason) -> Self {
        match reason {
            GoneReason::Left => Self::Left,
            GoneReason::LinkLost => Self::LinkLost,
            GoneReason::Kicked => Self::Kicked,
            GoneReason::Banned => Self::Banned,
            GoneReason::Replaced => Self::Replaced,
            GoneReason::LostEligibility => Self::LostEligibility,
            GoneReason::ChainUnreachable => Self::ChainUnreachable,
        }
    }
}

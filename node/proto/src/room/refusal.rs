//! Why a statement is refused, one variant for each rule, and the code in which a host says so.

use pars_wire::codec::DecodeError;

use super::scope::SeatNo;
use super::typed::WalletError;

/// Why a statement earns no seat, or a publisher does not send to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementRefusal {
    /// Made for another chain, contract, room or sitting.
    #[error("the statement is for another chain, room or sitting; make one for this sitting")]
    OtherScope,
    /// Issued before the sitting began or after its end.
    #[error("the statement was issued outside the sitting; check the clock and make a new one")]
    OutsideSitting,
    /// It expires before it begins, or lives longer than 120 s.
    #[error("a statement lives 1 to 120 seconds; make a new one")]
    LivesTooLong,
    /// At the gate only: its time has passed.
    #[error("the statement has expired; make a new one")]
    Expired,
    /// At the gate only: it comes from the future.
    #[error("the statement's time of issue lies ahead; set the clock")]
    NotYet,
    /// This kind of room has no seats of this form.
    #[error("this kind of room takes no statement of this form")]
    FormNotAllowed,
    /// The proof does not hold against the pinned root, threshold, end and seat.
    #[error("the eligibility proof does not hold for this sitting and seat")]
    Proof,
    /// The account has a leaf in the pinned tree, so its statement must carry a proof.
    #[error("this account stands in the sitting's tree, so its statement must carry a proof")]
    ProofMissing,
    /// The wallet's signature names nobody.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// Somebody else signed.
    #[error("the wallet's signature is neither the account's nor its seat delegate's")]
    OtherWallet,
    /// Nothing is known of the identity or its device.
    #[error("no identity record and device certificate are known for the statement; fetch them and verify again")]
    IdentityUnknown,
    /// The record does not list the device, belongs to another identity, or has expired.
    #[error("the device is not a valid one of the statement's identity")]
    Device,
    /// The device did not sign the body.
    #[error("the identity's signature does not verify")]
    IdentitySignature,
    /// No such seat records, or it did not sign.
    #[error("no seat of this sitting asked for this recorder")]
    Recorder,
    /// The chain gives the account no access.
    #[error("the account has no access to this sitting")]
    NoAccess,
    /// Banned.
    #[error("this seat is banned")]
    Banned,
    /// A seat with the same identity was stated later.
    #[error("a later statement holds seat {0}")]
    Superseded(SeatNo),
    /// Another seat has the account, a key or the consent signer.
    #[error("seat {0} already has this account, key or consent signer; every seat needs fresh ones")]
    Duplicate(SeatNo),
}

macro_rules! join_refusals {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $text:literal;)+) => {
        /// What a host answers instead of a grant: one byte, for a program; people read its text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
        #[repr(u8)]
        pub enum JoinRefusal {$(
            $(#[doc = $doc])+
            #[error($text)]
            $name = $number,
        )+}

        impl JoinRefusal {
            /// Every refusal by rising number.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name in the daemon's errors.
            pub const fn code(self) -> &'static str {
                match self {$(Self::$name => stringify!($name),)+}
            }
        }

        impl TryFrom<u8> for JoinRefusal {
            type Error = DecodeError;

            fn try_from(number: u8) -> Result<Self, DecodeError> {
                match number {
                    $($number => Ok(Self::$name),)+
                    other => Err(DecodeError::Value { what: "refusal of a join", value: other.into() }),
                }
            }
        }
    };
}

join_refusals! {
    /// The statement is no canonical encoding.
    Malformed = 1, "the host could not read the statement";
    /// Another chain, room or sitting.
    WrongRoom = 2, "the statement is for another room or sitting; join this one anew";
    /// Proof or account give no access.
    NotEligible = 3, "the chain gives no access to this sitting";
    /// A signature or proof does not hold.
    NotAuthentic = 4, "a proof or signature of the statement does not hold";
    /// Expired, or outside the sitting.
    Expired = 5, "the statement has expired; join again";
    /// From the future.
    NotYet = 6, "the statement's time of issue lies ahead; set the clock and join again";
    /// All seats are taken.
    Full = 7, "the room is full";
    /// All presenters' places are taken.
    PresentersFull = 8, "all places of presenters are taken";
    /// Another seat has the same identity or keys.
    AlreadySeated = 9, "another seat holds the same identity or keys; join anew with fresh keys";
    /// The sitting is over.
    RoomClosed = 10, "the sitting is over";
    /// The door is locked.
    Locked = 11, "a moderator has locked the room";
    /// Banned.
    Banned = 12, "this seat is banned";
    /// This form of statement has no seat here.
    FormNotAllowed = 13, "this kind of room takes no seat of this form";
    /// The account must prove its leaf.
    ProofMissing = 14, "this account stands in the sitting's tree, so joining needs a proof";
    /// The identity's records are missing.
    IdentityUnknown = 15, "the host knows no identity record of the statement; publish it and join again";
    /// The host does not verify now.
    Busy = 16, "the host cannot admit anybody at the moment; try again";
    /// Only to who asked to be told first: a recorder is there.
    Recorded = 17, "the room is recorded, and no seat was taken; join again to go in all the same";
}

impl From<StatementRefusal> for JoinRefusal {
    fn from(refusal: StatementRefusal) -> Self {
        use StatementRefusal as S;
        match refusal {
            S::OtherScope => Self::WrongRoom,
            S::OutsideSitting | S::LivesTooLong | S::Expired => Self::Expired,
            S::NotYet => Self::NotYet,
            S::FormNotAllowed => Self::FormNotAllowed,
            S::Proof | S::Wallet(_) | S::OtherWallet | S::Device | S::IdentitySignature | S::Recorder => {
                Self::NotAuthentic
            }
            S::ProofMissing => Self::ProofMissing,
            S::IdentityUnknown => Self::IdentityUnknown,
            S::NoAccess => Self::NotEligible,
            S::Banned => Self::Banned,
            S::Superseded(_) | S::Duplicate(_) => Self::AlreadySeated,
        }
    }
}

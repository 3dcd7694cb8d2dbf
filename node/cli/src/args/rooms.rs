//! `room …`

use alloy::primitives::{Address, B256, Bytes};
use clap::{Args, Subcommand, ValueEnum};
use pars_rpc::room::OrderKind;
use pars_wire::Kind;

use crate::decimal::Decimal;

/// `room …`
#[derive(Debug, Subcommand)]
pub enum RoomCommand {
    /// Create a room with the hourly slot of a lock.
    Create(CreateRoom),
    /// Lend the signer's hourly slot to a creator, such as a Safe: prints the signature that its call carries.
    Slot(SignSlot),
    /// List the rooms.
    List,
    /// Show a room and its running sitting.
    Show {
        /// The room.
        room: B256,
    },
    /// Open or close a sitting.
    #[command(subcommand)]
    Sitting(SittingCommand),
    /// Open a sitting and host it by the session daemon, which was started with --host.
    Host(HostRoom),
    /// Give an order in a room where the session daemon has a moderator's seat, or accept to present.
    Order(GiveOrder),
    /// Members of a Committee.
    #[command(subcommand)]
    Member(MemberCommand),
    /// Moderators of a room.
    #[command(subcommand)]
    Moderator(MemberCommand),
}

/// `room create`
#[derive(Debug, Args)]
pub struct CreateRoom {
    /// Kind of the room; it never changes.
    #[arg(long, value_enum)]
    pub kind: KindArg,
    /// Seats [default: the kind's cap, 1000, 25 or 500].
    #[arg(long, value_name = "SEATS")]
    pub capacity: Option<u16>,
    /// Town Hall: voting power a seat needs, in PARS.
    #[arg(long, value_name = "PARS", required_if_eq("kind", "town-hall"))]
    pub min_balance: Option<Decimal>,
    /// Committee: the Safe whose owners may join.
    #[arg(long, value_name = "ADDRESS", default_value_t = Address::ZERO, hide_default_value = true)]
    pub safe: Address,
    /// Committee: the contract whose members may join.
    #[arg(long, value_name = "ADDRESS", default_value_t = Address::ZERO, hide_default_value = true)]
    pub committee: Address,
    /// Hash of the metadata object (title, host keys, list of SFUs).
    #[arg(long, value_name = "HASH", default_value_t = B256::ZERO, hide_default_value = true)]
    pub metadata_hash: B256,
    /// A slot that somebody else lends.
    #[command(flatten)]
    pub slot: SlotLoan,
    /// Send nothing; print the call for a Safe proposal.
    #[arg(long)]
    pub calldata_only: bool,
}

/// The three parts of a lent slot, all or none.
#[derive(Debug, Args)]
pub struct SlotLoan {
    /// Holder whose hourly slot is used [default: the signer's own].
    #[arg(long, value_name = "ADDRESS", requires_all = ["slot_signature", "deadline"])]
    pub slot_of: Option<Address>,
    /// The holder's signature, from `room slot`.
    #[arg(long, value_name = "HEX", requires = "slot_of")]
    pub slot_signature: Option<Bytes>,
    /// Last second at which the signature may be used.
    #[arg(long, value_name = "SECONDS", requires = "slot_of")]
    pub deadline: Option<u64>,
}

/// `room slot`
#[derive(Debug, Args)]
pub struct SignSlot {
    /// Who may create one room with the signer's slot.
    #[arg(long, value_name = "ADDRESS")]
    pub creator: Address,
    /// The room's metadata hash.
    #[arg(long, value_name = "HASH", default_value_t = B256::ZERO, hide_default_value = true)]
    pub metadata_hash: B256,
    /// Last second at which the signature may be used [default: one hour after the head].
    #[arg(long, value_name = "SECONDS")]
    pub deadline: Option<u64>,
}

/// `room sitting …`
#[derive(Debug, Subcommand)]
pub enum SittingCommand {
    /// Open a sitting: pins the tree's root, the threshold and the metadata hash until its end.
    Open {
        /// The room.
        room: B256,
        /// Length in hours, at most 24 [default: 3].
        #[arg(long, value_name = "N", conflicts_with = "ends_at", value_parser = clap::value_parser!(u64).range(1..=24))]
        hours: Option<u64>,
        /// End in seconds since the Unix epoch, at most 24 hours ahead.
        #[arg(long, value_name = "SECONDS")]
        ends_at: Option<u64>,
    },
    /// Close the running sitting before its end.
    Close {
        /// The room.
        room: B256,
    },
}

/// `room host`
#[derive(Debug, Args)]
pub struct HostRoom {
    /// The room.
    pub room: B256,
    /// Its name.
    #[arg(long)]
    pub title: String,
    /// A point of the agenda, as MINUTES:TEXT; may be repeated.
    #[arg(long, value_name = "MINUTES:TEXT")]
    pub agenda: Vec<String>,
    /// A language spoken there (BCP 47), the main one first; may be repeated.
    #[arg(long, value_name = "TAG", default_value = "en")]
    pub language: Vec<String>,
    /// Length in hours, at most 24.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=24))]
    pub hours: u64,
}

/// `room order`
#[derive(Debug, Args)]
pub struct GiveOrder {
    /// The room.
    pub room: B256,
    /// The order.
    #[arg(value_enum)]
    pub order: OrderArg,
    /// To which seat; not with mute-all and accept, and lower-hand without it is for every hand.
    #[arg(long, value_name = "N", required_if_eq_any([
        ("order", "promote"), ("order", "demote"), ("order", "mute"), ("order", "unmute"), ("order", "kick"), ("order", "ban"),
    ]))]
    pub seat: Option<u16>,
}

/// An order as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderArg {
    /// Offer a seat to present.
    Promote,
    /// End its presenting.
    Demote,
    /// Close its microphone.
    Mute,
    /// Ask it to open its microphone.
    Unmute,
    /// Close every microphone but the moderators'.
    MuteAll,
    /// Out of the room.
    Kick,
    /// Out, and not again in this sitting.
    Ban,
    /// Lower its hand, or every hand.
    LowerHand,
    /// Accept to present, as it was offered to you.
    Accept,
}

impl From<OrderArg> for OrderKind {
    fn from(order: OrderArg) -> Self {
        match order {
            OrderArg::Promote => Self::Promote,
            OrderArg::Demote => Self::Demote,
            OrderArg::Mute => Self::Mute,
            OrderArg::Unmute => Self::Unmute,
            OrderArg::MuteAll => Self::MuteAll,
            OrderArg::Kick => Self::Kick,
            OrderArg::Ban => Self::Ban,
            OrderArg::LowerHand => Self::LowerHand,
            OrderArg::Accept => Self::Accept,
        }
    }
}

/// `room member …` and `room moderator …`
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum MemberCommand {
    /// Add an account.
    Add {
        /// The room.
        room: B256,
        /// The account.
        account: Address,
    },
    /// Strike an account off.
    Remove {
        /// The room.
        room: B256,
        /// The account.
        account: Address,
    },
}

/// Kind of a room as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    /// Up to 1,000 seats above a minimal voting power.
    TownHall,
    /// Up to 25 seats of a Safe's owners, a committee or listed members; never anonymous.
    Committee,
    /// Up to 500 seats for any holder of voting power.
    OpenForum,
}

impl From<KindArg> for Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::TownHall => Self::TownHall,
            KindArg::Committee => Self::Committee,
            KindArg::OpenForum => Self::OpenForum,
        }
    }
}

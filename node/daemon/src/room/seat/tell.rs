//! The machine's words in those of the RPC.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pars_engine::room as engine;
use pars_engine::room::{EpochKeys, OrderRefusal, RoomError, View};
use pars_proto::room::{self as proto, JoinRefusal, MessageError, Order, SeatNo};
use pars_rpc::room::{Form, OrderKind, Prefixed, Role, Room};
use pars_rpc::room_event::{EndReason, Keys, Roster, Seat, SeatKeys, StopReason};
use pars_rpc::secret::Secret;
use pars_rpc::{Code, RpcError};

pub(super) const fn role(role: proto::Role) -> Role {
    match role {
        proto::Role::Member | proto::Role::Recorder => Role::Member,
        proto::Role::Presenter => Role::Presenter,
        proto::Role::Moderator => Role::Moderator,
    }
}

fn base64(bytes: &[u8]) -> Secret {
    STANDARD.encode(bytes).into()
}

fn seat_keys(of: &engine::SeatKeys) -> SeatKeys {
    SeatKeys {
        identity: of.identity.clone(),
        media: base64(of.keys.media.expose()),
        data: base64(of.keys.data.expose()),
    }
}

pub(super) fn keys(room: Room, of: &EpochKeys) -> Keys {
    let keys = of.keys.iter().map(seat_keys).collect();
    Keys { room, epoch: of.epoch, index: of.index, keys, own: of.own.as_ref().map(seat_keys) }
}

pub(super) fn roster(room: Room, view: &View, hands: &[SeatNo]) -> Roster {
    let place =
        |seat: SeatNo| hands.iter().position(|hand| *hand == seat).and_then(|place| u16::try_from(place + 1).ok());
    let seat = |of: &engine::SeatView| Seat {
        seat: of.seat.0,
        identity: of.identity.clone(),
        anonymous: of.account.is_none(),
        role: role(of.role),
        account: of.account.map(|account| Prefixed(account.0.0)),
        verified: of.verified,
        hand: place(of.seat),
        muted: of.muted,
        live: of.live,
        recorder: of.role == proto::Role::Recorder,
        unshared: of.unshared,
    };
    let check_code = view.check_code.clone().unwrap_or_default();
    Roster { room, epoch: view.epoch, check_code, seats: view.seats.iter().map(seat).collect() }
}

pub(super) const fn stopped(reason: engine::StopReason) -> StopReason {
    match reason {
        engine::StopReason::NoEpoch => StopReason::NoSteward,
        engine::StopReason::NoSharedKeys => StopReason::NoSharedKeys,
        engine::StopReason::Verifying | engine::StopReason::NotRotated => StopReason::Rotation,
        engine::StopReason::NotConsented => StopReason::NotConsented,
        engine::StopReason::Unverified => StopReason::Unverified,
        engine::StopReason::HostSilent | engine::StopReason::Ended => StopReason::HostLost,
    }
}

pub(super) const fn ended(reason: engine::EndReason) -> EndReason {
    match reason {
        engine::EndReason::Left => EndReason::Left,
        engine::EndReason::Kicked => EndReason::Kicked,
        engine::EndReason::Banned => EndReason::Banned,
        engine::EndReason::Replaced => EndReason::Replaced,
        engine::EndReason::LostEligibility => EndReason::EligibilityLost,
        engine::EndReason::ChainUnreachable => EndReason::ChainUnreachable,
        engine::EndReason::Closed => EndReason::Closed,
        engine::EndReason::SittingOver => EndReason::SittingOver,
        engine::EndReason::LinkLost | engine::EndReason::HostKeyMismatch | engine::EndReason::SeatSwapped => {
            EndReason::HostLost
        }
    }
}

/// Why an attempt that had begun came to nothing.
pub(super) fn not_joined(reason: engine::EndReason) -> RpcError {
    let code = match reason {
        engine::EndReason::HostKeyMismatch | engine::EndReason::SeatSwapped => Code::HostKeyMismatch,
        engine::EndReason::Left => Code::Cancelled,
        engine::EndReason::Banned | engine::EndReason::Kicked => Code::Banned,
        engine::EndReason::Replaced => Code::Replaced,
        engine::EndReason::LostEligibility => Code::NotEligible,
        engine::EndReason::ChainUnreachable => Code::ChainUnreachable,
        engine::EndReason::Closed | engine::EndReason::SittingOver => Code::RoomClosed,
        engine::EndReason::LinkLost => Code::HostUnreachable,
    };
    RpcError::new(code, reason.to_string())
}

/// What the host answered instead of a grant.
pub(super) fn join_refused(refusal: JoinRefusal, form: Form) -> RpcError {
    let code = match refusal {
        JoinRefusal::WrongRoom => Code::WrongRoom,
        JoinRefusal::NotEligible => Code::NotEligible,
        JoinRefusal::NotAuthentic if form == Form::Known => Code::Signature,
        JoinRefusal::NotAuthentic | JoinRefusal::ProofMissing | JoinRefusal::Malformed => Code::ProofInvalid,
        JoinRefusal::Expired => Code::Expired,
        JoinRefusal::NotYet => Code::NotYet,
        JoinRefusal::Full => Code::Full,
        JoinRefusal::PresentersFull => Code::PresentersFull,
        JoinRefusal::AlreadySeated => Code::Replaced,
        JoinRefusal::RoomClosed | JoinRefusal::Locked => Code::RoomClosed,
        JoinRefusal::Banned => Code::Banned,
        JoinRefusal::FormNotAllowed => Code::AnonymousNotAllowed,
        JoinRefusal::IdentityUnknown => Code::IdentityUnknown,
        JoinRefusal::Busy => Code::Busy,
        JoinRefusal::Recorded => Code::Recorded,
    };
    RpcError::new(code, refusal.to_string())
}

pub(super) fn order_refused(refusal: OrderRefusal) -> RpcError {
    let code = match refusal {
        OrderRefusal::PresentersFull => Code::PresentersFull,
        OrderRefusal::TooMany => Code::Busy,
        _ => Code::NotAllowed,
    };
    RpcError::new(code, refusal.to_string())
}

/// Why something is not signed or not shown.
pub(super) fn refused(error: &RoomError) -> RpcError {
    let code = match error {
        RoomError::NoSeat | RoomError::Misplaced | RoomError::NotLeading(_) => Code::NotAllowed,
        RoomError::Message(MessageError::Replayed { .. }) => Code::Replayed,
        RoomError::Message(_) | RoomError::OtherSender { .. } | RoomError::Unverified(_) => Code::Forged,
    };
    RpcError::new(code, error.to_string())
}

/// What pages follow; none: of no concern for a page.
pub(super) const fn order(order: Order) -> Option<(OrderKind, Option<SeatNo>)> {
    match order {
        Order::Promote(seat) => Some((OrderKind::Promote, Some(seat))),
        Order::Demote(seat) => Some((OrderKind::Demote, Some(seat))),
        Order::Mute(seat) => Some((OrderKind::Mute, Some(seat))),
        Order::AskUnmute(seat) | Order::Call(seat) => Some((OrderKind::Unmute, Some(seat))),
        Order::LowerHand(seat) => Some((OrderKind::LowerHand, Some(seat))),
        Order::Kick(seat) => Some((OrderKind::Kick, Some(seat))),
        Order::Ban(seat) => Some((OrderKind::Ban, Some(seat))),
        Order::MuteAll => Some((OrderKind::MuteAll, None)),
        Order::LowerAllHands => Some((OrderKind::LowerHand, None)),
        Order::CloseFloor | Order::OpenFloor | Order::Lock | Order::Unlock | Order::Close => None,
    }
}

//! Signed messages that go over the host: orders, answers to them, beats, leave. The host carries out at the SFU what one who
//! leads has signed, and passes the signed bytes on: every member checks them itself.

use pars_proto::room::{Content, Holder, Order, Role, RoomMessage, SeatNo, SignedMessage, obey};
use pars_wire::codec::Wire;

use crate::room::io::{EndReason, GoneReason, HostEvent, HostOut, OrderRefusal, SfuOrder};
use crate::room::packet::Frame;
use crate::room::state::{MAX_PRESENTERS, SeatInput, SeatState};

use super::{Context, Host};

/// An order or answer that still holds, for newcomers.
pub(super) struct Standing {
    pub(super) by: SeatNo,
    about: Option<SeatNo>,
    /// None: an answer, or that the seat will not be steward.
    order: Option<Order>,
    pub(super) bytes: Vec<u8>,
}

impl Standing {
    /// What a seat said of itself: it holds no longer when the seat is gone.
    pub(super) const fn is_own(&self) -> bool {
        self.order.is_none()
    }

    const fn of_floor(&self) -> bool {
        matches!(self.order, Some(Order::Call(_) | Order::CloseFloor))
    }
}

impl Host {
    /// A signed message.
    pub(super) fn message(&mut self, cx: Context<'_, '_>, from: SeatNo, bytes: Vec<u8>) {
        if !self.allowed(cx, from, |seat| &mut seat.messages) {
            return;
        }
        let Some(key) = self.seats.get(&from).map(|seat| seat.statement.body().s_vk) else { return };
        let Ok(signed) = SignedMessage::decode(&bytes) else { return };
        if signed.claimed_seat() != from {
            return;
        }
        let Ok(message) = signed.open(&self.config.sitting.scope, Some(&key), &mut self.messages) else { return };
        let done = match message.content {
            // What one says of a recording concerns every other: its words are sealed, a withdrawal is not.
            Content::Beat { .. } | Content::Withdraw(_) | Content::Recording(_) => {
                self.tell_all(Some(from), &Frame::Message(bytes));
                Ok(())
            }
            Content::Decline => {
                self.records.leave_out(from);
                self.hold(Standing { by: from, about: None, order: None, bytes: bytes.clone() });
                self.tell_all(None, &Frame::Message(bytes));
                Ok(())
            }
            Content::Leave => {
                self.remove(cx, from, GoneReason::Left);
                Ok(())
            }
            Content::Answer(yes) => self.answer(cx, (from, yes), bytes),
            Content::Order(order) => self.order(cx, (from, order), bytes),
            Content::Chat(_) | Content::Reaction(_) | Content::Hand(_) | Content::Agenda { .. } => {
                Err(OrderRefusal::Misplaced)
            }
        };
        if let Err(reason) = done {
            self.tell(from, &Frame::Refused(target(&message), reason));
        }
    }

    /// An offer to present is accepted, or presenting is given up.
    fn answer(&mut self, cx: Context<'_, '_>, (from, yes): (SeatNo, bool), bytes: Vec<u8>) -> Result<(), OrderRefusal> {
        let full = self.presenters() >= MAX_PRESENTERS;
        let seat = self.seats.get_mut(&from).ok_or(OrderRefusal::NoSuchSeat)?;
        let input = match (yes, seat.offered, seat.presents()) {
            (true, true, false) if full => return Err(OrderRefusal::PresentersFull),
            (true, true, false) => SeatInput::Promoted,
            (true, ..) => return Err(OrderRefusal::NotOffered),
            (false, _, true) => SeatInput::Demoted(seat.granted),
            (false, true, false) => SeatInput::Offered,
            (false, false, false) => return Err(OrderRefusal::NoChange),
        };
        seat.offered = false;
        seat.state = seat.state.after(input);
        if yes {
            self.hold(Standing { by: from, about: Some(from), order: None, bytes: bytes.clone() });
        } else {
            self.forget_orders_about(from);
        }
        self.tell_all(None, &Frame::Message(bytes));
        self.permit(cx, from);
        Ok(())
    }

    /// The own index says that a seat's account leads the room now, or does no more.
    pub(super) fn leads(&mut self, cx: Context<'_, '_>, number: SeatNo, leads: bool) {
        let Some(seat) = self.seats.get_mut(&number).filter(|seat| seat.granted != Role::Recorder) else { return };
        (seat.leads, seat.granted) = (leads, if leads { Role::Moderator } else { Role::Member });
        if !seat.presents() {
            seat.state = SeatState::Proving.after(SeatInput::Granted(seat.granted));
        }
        self.permit(cx, number);
    }

    fn order(&mut self, cx: Context<'_, '_>, (by, order): (SeatNo, Order), bytes: Vec<u8>) -> Result<(), OrderRefusal> {
        let holder = |seat: SeatNo| {
            let seat = self.seats.get(&seat).filter(|seat| seat.announced)?;
            let account = seat.statement.body().claim.member().map(|member| member.account);
            Some(Holder { account, recorder: seat.granted == Role::Recorder })
        };
        let leads = self.seats.get(&by).is_some_and(|seat| seat.leads);
        obey(order, by, holder, |_| leads)?;
        self.may(order)?;
        self.tell_all(None, &Frame::Message(bytes.clone()));
        if matches!(order, Order::Promote(_) | Order::Call(_) | Order::CloseFloor) {
            self.hold(Standing { by, about: order.target(), order: Some(order), bytes });
        }
        self.execute(cx, order);
        Ok(())
    }

    /// Whether the order changes anything, and keeps the limit.
    fn may(&self, order: Order) -> Result<(), OrderRefusal> {
        let presents = |seat: SeatNo| self.seats.get(&seat).is_some_and(super::Seat::presents);
        match order {
            Order::Promote(seat) if presents(seat) => Err(OrderRefusal::NoChange),
            Order::Promote(_) if self.presenters() >= MAX_PRESENTERS => Err(OrderRefusal::PresentersFull),
            Order::Demote(seat) if !presents(seat) && !self.seats.get(&seat).is_some_and(|seat| seat.offered) => {
                Err(OrderRefusal::NoChange)
            }
            _ => Ok(()),
        }
    }

    pub(in crate::room) fn execute(&mut self, cx: Context<'_, '_>, order: Order) {
        match order {
            Order::Promote(seat) => self.change(seat, |seat| seat.offered = true),
            Order::Demote(seat) => {
                self.change(seat, |seat| {
                    (seat.offered, seat.state) = (false, seat.state.after(SeatInput::Demoted(seat.granted)));
                });
                self.forget_orders_about(seat);
                self.permit(cx, seat);
            }
            Order::Mute(seat) => self.mute(cx, seat),
            Order::AskUnmute(seat) => self.change(seat, |seat| seat.muted = false),
            Order::Call(seat) => {
                self.change(seat, |seat| (seat.called, seat.muted) = (true, false));
                self.permit(cx, seat);
            }
            Order::MuteAll => self.everybody(|seat| !seat.leads).into_iter().for_each(|seat| self.mute(cx, seat)),
            Order::CloseFloor | Order::OpenFloor => self.floor(cx, order == Order::CloseFloor),
            Order::Kick(seat) => self.remove(cx, seat, GoneReason::Kicked),
            Order::Ban(seat) => {
                if let Some(banned) = self.seats.get(&seat) {
                    let identities = self.gate.ban(&banned.statement);
                    cx.out.push(HostOut::Event(HostEvent::Banned(identities)));
                }
                self.remove(cx, seat, GoneReason::Banned);
            }
            Order::Lock => self.gate.locked = true,
            Order::Unlock => self.gate.locked = false,
            Order::Close => self.over(cx, EndReason::Closed),
            // Hands are the members' own affair.
            Order::LowerHand(_) | Order::LowerAllHands => {}
        }
    }

    fn change(&mut self, seat: SeatNo, with: impl FnOnce(&mut super::Seat)) {
        if let Some(seat) = self.seats.get_mut(&seat) {
            with(seat);
        }
    }

    fn everybody(&self, which: impl Fn(&super::Seat) -> bool) -> Vec<SeatNo> {
        self.seats.iter().filter(|(_, seat)| seat.announced && which(seat)).map(|(number, _)| *number).collect()
    }

    fn mute(&mut self, cx: Context<'_, '_>, number: SeatNo) {
        let Some(seat) = self.seats.get_mut(&number) else { return };
        seat.muted = true;
        cx.out.push(HostOut::Sfu(SfuOrder::Mute { seat: number, identity: seat.pseudonym.clone() }));
    }

    /// Who was called before keeps no floor.
    fn floor(&mut self, cx: Context<'_, '_>, closed: bool) {
        self.floor_closed = closed;
        if !closed {
            self.orders.retain(|order| !order.of_floor());
        }
        for seat in self.everybody(|_| true) {
            self.change(seat, |seat| seat.called = false);
            self.permit(cx, seat);
        }
    }

    /// Tell the SFU what a seat may send now.
    pub(super) fn permit(&self, cx: Context<'_, '_>, number: SeatNo) {
        let Some(seat) = self.seats.get(&number).filter(|seat| seat.announced) else { return };
        let rights = seat.rights(self.config.sitting.kind, self.floor_closed);
        let (identity, role) = (seat.pseudonym.clone(), seat.role());
        cx.out.push(HostOut::Sfu(SfuOrder::Permit { seat: number, identity, role, rights }));
    }

    /// Remember it for newcomers, in place of what it repeats: so there are at most a few for each seat.
    fn hold(&mut self, new: Standing) {
        let floor = new.order == Some(Order::CloseFloor);
        let repeated = |old: &Standing| {
            (old.by, old.about, old.order) == (new.by, new.about, new.order) || floor && old.of_floor()
        };
        self.orders.retain(|old| !repeated(old));
        self.orders.push(new);
    }

    /// What was ordered about a seat, or answered by it, holds no longer.
    pub(super) fn forget_orders_about(&mut self, seat: SeatNo) {
        self.orders.retain(|order| order.about != Some(seat));
        let signs = |number: &SeatNo| self.orders.iter().any(|order| order.by == *number);
        let done: Vec<_> = self.past.keys().filter(|number| !signs(number)).copied().collect();
        done.iter().for_each(|number| drop(self.past.remove(number)));
    }
}

/// Whom a message is about.
fn target(message: &RoomMessage) -> SeatNo {
    match message.content {
        Content::Order(order) => order.target().unwrap_or(message.seat),
        _ => message.seat,
    }
}

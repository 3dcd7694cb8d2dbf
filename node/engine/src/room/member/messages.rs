//! Signed messages: orders and answers over the host, chat, reactions and hands over the SFU.

use pars_crypto::sign::Ed25519Public;
use pars_proto::room::{Content, MessageError, Order, RoomMessage, SeatNo, SignedMessage, obey};
use pars_wire::codec::Wire;

use crate::room::io::{Forgery, GoneReason, MemberEvent, OrderRefusal};
use crate::room::packet::Frame;
use crate::room::state::{MAX_PRESENTERS, SeatInput};

use super::roster::Check;
use super::{Context, Member, Phase};

/// The kind byte of a beat, behind version, seat and number.
const BEAT: u8 = Content::Beat { epoch: 0 }.kind();
/// Messages of seats that are still being verified, and what came after them: they wait for the verdict.
const MAX_WAITING: usize = 256;

/// What waits, in the order in which the host told it.
#[derive(Debug)]
pub(super) enum Waiting {
    /// A signed message of a seat.
    Message(SeatNo, Vec<u8>),
    /// An order or acceptance of ours comes to nothing.
    Refused(SeatNo, OrderRefusal),
}

/// Why nothing is signed or shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// No seat.
    #[error("this member has no seat; join first")]
    NoSeat,
    /// It does not travel this way.
    #[error("messages of this kind travel over the host; give the order instead")]
    Misplaced,
    /// Not shown.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Another seat sent it than signed it.
    #[error("the message is signed by seat {signed}, and came from seat {sent}: a replay, or forged")]
    OtherSender {
        /// Who signed.
        signed: SeatNo,
        /// Who sent.
        sent: SeatNo,
    },
    /// Its sender's statement is not verified.
    #[error("seat {0} is not verified; nothing of it is shown")]
    Unverified(SeatNo),
    /// Its sender leads nothing.
    #[error("seat {0} leads nothing here; what it says is not obeyed")]
    NotLeading(SeatNo),
}

impl Member {
    fn signed(&mut self, content: Content) -> Option<Vec<u8>> {
        let seat = self.seat()?;
        self.sequence = self.sequence.checked_add(1)?;
        let message = RoomMessage { seat, seq: self.sequence, content };
        Some(message.sign(&self.config.sitting.scope, self.secrets.s()).encode())
    }

    /// Say something over the host.
    pub(super) fn say(&mut self, cx: Context<'_, '_>, content: Content) {
        if self.phase == Phase::Admitted
            && let Some(bytes) = self.signed(content)
        {
            self.tell(cx, &Frame::Message(bytes));
        }
    }

    /// Sign chat, a reaction, a hand, an agenda item or a withdrawal, for the data channel.
    ///
    /// # Errors
    /// [`RoomError::NoSeat`], [`RoomError::Misplaced`].
    pub fn sign(&mut self, content: Content) -> Result<Vec<u8>, RoomError> {
        if !over_data(&content) {
            return Err(RoomError::Misplaced);
        }
        if let (Content::Hand(up), Some(seat)) = (&content, self.seat()) {
            self.hand(seat, *up);
        }
        self.signed(content).ok_or(RoomError::NoSeat)
    }

    /// Open what came over the data channel, from the seat whose name at the SFU it bears. Nothing is shown that was not opened.
    ///
    /// # Errors
    /// [`RoomError`].
    pub fn open(&mut self, from: Option<SeatNo>, bytes: &[u8]) -> Result<RoomMessage, RoomError> {
        let signed = SignedMessage::decode(bytes).map_err(MessageError::from)?;
        let seat = signed.claimed_seat();
        if let Some(sent) = from.filter(|sent| *sent != seat) {
            return Err(RoomError::OtherSender { signed: seat, sent });
        }
        let entry = self.roster.get(seat).filter(|entry| entry.is_live());
        if entry.is_some_and(|entry| !entry.is_verified()) {
            return Err(RoomError::Unverified(seat));
        }
        let (key, leads) = (entry.map(|entry| entry.s_vk), entry.is_some_and(|entry| entry.leads));
        let message = signed.open(&self.config.sitting.scope, key.as_ref(), &mut self.heard.1)?;
        match message.content {
            Content::Hand(up) => self.hand(seat, up),
            Content::Agenda { .. } if !leads => return Err(RoomError::NotLeading(seat)),
            Content::Withdraw(span) => self.withdrew(None, seat, span),
            _ if !over_data(&message.content) => return Err(RoomError::Misplaced),
            _ => {}
        }
        Ok(message)
    }

    fn hand(&mut self, seat: SeatNo, up: bool) {
        if let Some(entry) = self.roster.seats.get_mut(&seat) {
            entry.hand = up;
            self.told.roster = true;
        }
    }

    /// A signed message over the host.
    pub(super) fn message(&mut self, cx: Context<'_, '_>, bytes: Vec<u8>) {
        let Ok(signed) = SignedMessage::decode(&bytes) else {
            return Self::event(cx, MemberEvent::Forged(Forgery::Message));
        };
        let seat = signed.claimed_seat();
        let Some(entry) = self.roster.get(seat) else {
            return Self::event(cx, MemberEvent::Forged(Forgery::Message));
        };
        // Orders and answers are obeyed in the order in which the host told them, or rosters would differ.
        let ordered = bytes.get(7) != Some(&BEAT);
        if entry.check == Check::Asked && !self.is_asked(seat) {
            // Its seat is gone for long: nothing would end the wait, and all later orders would wait behind it.
            return Self::event(cx, MemberEvent::Forged(Forgery::Message));
        }
        if entry.check == Check::Asked || ordered && !self.told.waiting.is_empty() {
            if ordered {
                self.wait(Waiting::Message(seat, bytes));
            }
            return;
        }
        self.hear(cx, signed, entry.s_vk);
    }

    fn hear(&mut self, cx: Context<'_, '_>, signed: SignedMessage, key: Ed25519Public) {
        match signed.open(&self.config.sitting.scope, Some(&key), &mut self.heard.0) {
            Ok(message) => self.obey(cx, message),
            Err(MessageError::Replayed { .. }) => {}
            Err(_) => Self::event(cx, MemberEvent::Forged(Forgery::Message)),
        }
    }

    fn wait(&mut self, what: Waiting) {
        if self.told.waiting.len() < MAX_WAITING {
            self.told.waiting.push_back(what);
        }
    }

    /// The host's answer to an order or acceptance of ours: told after what it passed on before, or who gave two orders about one
    /// seat would take it for that to the first.
    pub(super) fn order_refused(&mut self, cx: Context<'_, '_>, target: SeatNo, reason: OrderRefusal) {
        if self.told.waiting.is_empty() {
            Self::event(cx, MemberEvent::OrderRefused { target, reason });
        } else {
            self.wait(Waiting::Refused(target, reason));
        }
    }

    /// Whose messages wait for a verdict.
    pub(super) fn waiting_for(&self) -> impl Iterator<Item = SeatNo> {
        self.told.waiting.iter().filter_map(|waiting| match waiting {
            Waiting::Message(seat, _) => Some(*seat),
            Waiting::Refused(..) => None,
        })
    }

    /// Messages whose signer was being verified, and what came after them.
    pub(super) fn retry_messages(&mut self, cx: Context<'_, '_>) {
        let asked = |this: &Self, waiting: &Waiting| match waiting {
            Waiting::Message(seat, _) => this.roster.get(*seat).is_some_and(|entry| entry.check == Check::Asked),
            Waiting::Refused(..) => false,
        };
        while self.told.waiting.front().is_some_and(|first| !asked(self, first)) {
            match self.told.waiting.pop_front() {
                Some(Waiting::Message(_, bytes)) => self.heard_again(cx, &bytes),
                Some(Waiting::Refused(target, reason)) => {
                    Self::event(cx, MemberEvent::OrderRefused { target, reason });
                }
                None => {}
            }
        }
    }

    fn heard_again(&mut self, cx: Context<'_, '_>, bytes: &[u8]) {
        let Ok(signed) = SignedMessage::decode(bytes) else { return };
        if let Some(key) = self.roster.get(signed.claimed_seat()).map(|entry| entry.s_vk) {
            self.hear(cx, signed, key);
        }
    }

    fn obey(&mut self, cx: Context<'_, '_>, message: RoomMessage) {
        let RoomMessage { seat, seq, content } = message;
        self.told.roster |= !matches!(content, Content::Beat { .. } | Content::Recording(_));
        match content {
            Content::Beat { .. } => self.beat(seat, cx.now.tick),
            Content::Decline => self.change(seat, |entry| entry.declined = true),
            Content::Answer(yes) => self.answered(seat, yes),
            Content::Order(order) => self.order(cx, seat, order),
            Content::Withdraw(span) => self.withdrew(Some(cx), seat, span),
            Content::Recording(notice) => self.notice(cx, (seat, seq), notice),
            _ => {}
        }
    }

    fn change(&mut self, seat: SeatNo, with: impl FnOnce(&mut super::roster::Entry)) {
        if let Some(entry) = self.roster.seats.get_mut(&seat) {
            with(entry);
        }
    }

    /// Only who was offered presents, and never more than five.
    fn answered(&mut self, seat: SeatNo, yes: bool) {
        let full = self.roster.presenters() >= MAX_PRESENTERS;
        self.change(seat, |entry| {
            let input = match yes {
                true if entry.offered && !full => SeatInput::Promoted,
                true => return,
                false => SeatInput::Demoted(entry.granted()),
            };
            (entry.offered, entry.state) = (false, entry.state.after(input));
        });
    }

    /// An order, by one who leads in our own index.
    fn order(&mut self, cx: Context<'_, '_>, by: SeatNo, order: Order) {
        let holder = |seat: SeatNo| self.roster.get(seat).map(super::roster::Entry::holder);
        let leads = self.roster.get(by).is_some_and(|entry| entry.leads && entry.is_verified());
        if obey(order, by, holder, |_| leads).is_err() {
            return Self::event(cx, MemberEvent::Forged(Forgery::Message));
        }
        match order {
            Order::Promote(seat) => {
                self.change(seat, |entry| entry.offered = true);
                if self.seat() == Some(seat) {
                    Self::event(cx, MemberEvent::Offered);
                }
            }
            Order::Demote(seat) => self.change(seat, |entry| {
                (entry.offered, entry.state) = (false, entry.state.after(SeatInput::Demoted(entry.granted())));
            }),
            Order::Mute(seat) => self.change(seat, |entry| entry.muted = true),
            Order::AskUnmute(seat) => self.change(seat, |entry| entry.muted = false),
            Order::Call(seat) => self.change(seat, |entry| (entry.muted, entry.hand) = (false, false)),
            Order::MuteAll => {
                self.roster.seats.values_mut().filter(|entry| !entry.leads).for_each(|entry| entry.muted = true);
            }
            Order::LowerHand(seat) => self.change(seat, |entry| entry.hand = false),
            Order::LowerAllHands => self.roster.seats.values_mut().for_each(|entry| entry.hand = false),
            Order::CloseFloor => self.roster.floor_closed = true,
            Order::OpenFloor => self.roster.floor_closed = false,
            Order::Kick(seat) | Order::Ban(seat) => {
                Self::event(cx, MemberEvent::Order { order, by });
                return self.ordered_out(cx, seat, matches!(order, Order::Ban(_)));
            }
            // The host tells that it is over.
            Order::Lock | Order::Unlock | Order::Close => {}
        }
        Self::event(cx, MemberEvent::Order { order, by });
    }

    /// One who leads has removed a seat: it is gone whatever the host says of it, and nobody banned is verified again.
    fn ordered_out(&mut self, cx: Context<'_, '_>, seat: SeatNo, banned: bool) {
        let reason = if banned { GoneReason::Banned } else { GoneReason::Kicked };
        if banned {
            self.roster.ban(seat);
        }
        self.gone(cx, seat, reason);
    }
}

const fn over_data(content: &Content) -> bool {
    matches!(
        content,
        Content::Chat(_) | Content::Reaction(_) | Content::Hand(_) | Content::Agenda { .. } | Content::Withdraw(_)
    )
}

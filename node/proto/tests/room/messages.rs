//! Signed messages, and whose orders are obeyed.

use alloy_primitives::Address;
use pars_proto::room::{
    ChatText, Content, Holder, Line, MessageError, Order, OrderRefusal, RoomMessage, Scope, SeatNo, SequenceGate,
    SignedMessage, obey,
};
use pars_wire::SittingId;
use pars_wire::codec::Wire;

use crate::story::cast::{SCOPE, seat};
use crate::story::epochs::contents;

const FROM: SeatNo = SeatNo(300);

fn signed(seq: u32, content: Content) -> SignedMessage {
    RoomMessage { seat: FROM, seq, content }.sign(&SCOPE, seat(1).s())
}

fn open(message: SignedMessage, seen: &mut SequenceGate) -> Result<RoomMessage, MessageError> {
    message.open(&SCOPE, Some(&seat(1).s_vk()), seen)
}

fn chat(text: &str) -> Content {
    Content::Chat(ChatText::new(text).unwrap())
}

#[test]
fn messages_of_every_kind_are_read_as_they_were_written() {
    let mut seen = SequenceGate::default();
    for (content, seq) in contents().into_iter().zip(1..) {
        let message = signed(seq, content.clone());
        let read = SignedMessage::decode(&message.encode()).unwrap();
        assert_eq!((&read, read.claimed_seat()), (&message, FROM));
        assert_eq!(open(read, &mut seen).unwrap().content, content);
    }
}

#[test]
fn no_bit_of_a_message_can_be_changed() {
    for content in [chat("hello"), Content::Hand(true), Content::Order(Order::Kick(SeatNo(2)))] {
        let bytes = signed(1, content).encode();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let opened = SignedMessage::decode(&changed).map(|message| open(message, &mut SequenceGate::default()));
            assert!(!matches!(opened, Ok(Ok(_))), "bit {bit}");
        }
    }
}

#[test]
fn a_message_of_another_sitting_seat_or_nobody_is_refused() {
    let mut seen = SequenceGate::default();
    let message = signed(1, chat("hello"));
    let other = Scope { sitting: SittingId(4), ..SCOPE };
    let keys = seat(1).s_vk();
    assert_eq!(message.clone().open(&other, Some(&keys), &mut seen), Err(MessageError::Forged(FROM)));
    assert_eq!(message.clone().open(&SCOPE, Some(&seat(2).s_vk()), &mut seen), Err(MessageError::Forged(FROM)));
    assert_eq!(message.clone().open(&SCOPE, None, &mut seen), Err(MessageError::Unseated(FROM)));
    // What was refused has not used the number.
    assert!(open(message, &mut seen).is_ok());
}

#[test]
fn numbers_rise_for_each_seat_and_kind() {
    let mut seen = SequenceGate::default();
    let replayed = |seq| Err(MessageError::Replayed { seat: FROM, seq });
    assert!(open(signed(5, chat("a")), &mut seen).is_ok());
    assert_eq!(open(signed(5, chat("a")), &mut seen), replayed(5));
    assert_eq!(open(signed(4, chat("b")), &mut seen), replayed(4));
    // A beat came another road.
    assert!(open(signed(3, Content::Beat { epoch: 1 }), &mut seen).is_ok());
    assert_eq!(open(signed(3, Content::Beat { epoch: 1 }), &mut seen), replayed(3));
    assert!(open(signed(u32::MAX, chat("c")), &mut seen).is_ok());
    assert_eq!(open(signed(u32::MAX, chat("c")), &mut seen), replayed(u32::MAX));
    seen.forget(FROM);
    assert!(open(signed(0, chat("d")), &mut seen).is_ok());
}

#[test]
fn texts_are_bounded_and_carry_no_controls() {
    assert!(ChatText::new(&"x".repeat(4_096)).is_some() && ChatText::new(&"x".repeat(4_097)).is_none());
    assert!(ChatText::new("a\n\tb").is_some() && ChatText::new("").is_none());
    assert!(ChatText::new("a\u{1b}[2J").is_none() && ChatText::new("a\u{9b}").is_none());
    assert!(Line::<32>::new("👏").is_ok() && Line::<32>::new("a\nb").is_err());
}

#[test]
fn only_a_named_lead_is_obeyed() {
    let (lead, member) = (Address::repeat_byte(1), Address::repeat_byte(2));
    let holder = |seat: SeatNo| match seat.0 {
        1 => Some(Holder { account: Some(lead), recorder: false }),
        2 => Some(Holder { account: Some(member), recorder: false }),
        3 => Some(Holder { account: None, recorder: false }),
        4 => Some(Holder { account: None, recorder: true }),
        _ => None,
    };
    let obeyed = |order, by| obey(order, SeatNo(by), holder, |account| account == lead);
    assert_eq!(obeyed(Order::MuteAll, 1), Ok(()));
    assert_eq!(obeyed(Order::MuteAll, 2), Err(OrderRefusal::NoLead(SeatNo(2))));
    for nameless in [3, 4, 5] {
        assert_eq!(obeyed(Order::Close, nameless), Err(OrderRefusal::Nameless(SeatNo(nameless))));
    }
    assert_eq!(obeyed(Order::Promote(SeatNo(2)), 1), Ok(()));
    assert_eq!(obeyed(Order::Promote(SeatNo(3)), 1), Err(OrderRefusal::AnonymousTarget(SeatNo(3))));
    assert_eq!(obeyed(Order::AskUnmute(SeatNo(3)), 1), Ok(()));
    assert_eq!(obeyed(Order::Mute(SeatNo(4)), 1), Err(OrderRefusal::RecorderTarget(SeatNo(4))));
    assert_eq!(obeyed(Order::Kick(SeatNo(4)), 1), Ok(()));
    assert_eq!(obeyed(Order::Kick(SeatNo(9)), 1), Err(OrderRefusal::NoTarget(SeatNo(9))));
    assert!(Content::Order(Order::Lock).needs_lead() && !Content::Hand(true).needs_lead());
}

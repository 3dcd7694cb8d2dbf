//! `room.*`, `dev.*`: rooms for the page, and for whoever hosts one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pars_proto::room::{ChatText, Content, Line, Order, RoomMessage, SeatNo};
use pars_rpc::room::{
    Account, CancelJoin, DevAccounts, DevSign, DevSignature, GetLobby, GiveOrder, HostSitting, Hosted, JoinRoom,
    Joined, LeaveRoom, ListRooms, Lobby, MessageKind, NewConnection, OpenMessage, OpenedMessage, OrderKind,
    PrepareSeat, Prepared, RoomSummary, SignMessage, SignedBytes,
};
use pars_rpc::{Code, RpcError};

use super::Context;
use super::answer::Answers;
use crate::clock;
use crate::room::{Rooms, dev};

/// base64 characters of a message at most.
const MAX_MESSAGE: usize = 32 * 1_024;
/// Accounts of a wallet that are judged at once: each may be a call to the chain's node.
const MAX_ASKED: usize = 20;

pub(super) fn rooms(context: &Context) -> Result<&Rooms, RpcError> {
    context.rooms.as_ref().ok_or_else(|| Code::NotSupported.into())
}

pub(super) fn malformed(sentence: &str) -> RpcError {
    RpcError::new(Code::InvalidParams, sentence)
}

impl Answers for ListRooms {
    async fn answer(self, context: &Context) -> Result<Vec<RoomSummary>, RpcError> {
        rooms(context)?.list().await
    }
}

impl Answers for GetLobby {
    async fn answer(self, context: &Context) -> Result<Lobby, RpcError> {
        if self.accounts.len() > MAX_ASKED {
            return Err(malformed("at most 20 accounts are asked about at once"));
        }
        rooms(context)?.lobby(self.room, &self.accounts).await
    }
}

impl Answers for PrepareSeat {
    async fn answer(self, context: &Context) -> Result<Prepared, RpcError> {
        let (attempt, body) = rooms(context)?.prepare(self).await?;
        let typed = body.and_then(|body| body.typed_data()).as_ref().map(dev::typed_data).transpose()?;
        Ok(Prepared { attempt, typed_data: typed })
    }
}

impl Answers for JoinRoom {
    async fn answer(self, context: &Context) -> Result<Joined, RpcError> {
        let read = |text: String| -> Result<[u8; 65], RpcError> {
            let mut bytes = [0; 65];
            let digits = text.strip_prefix("0x").unwrap_or(&text);
            hex::decode_to_slice(digits, &mut bytes).map_err(|_| malformed("a wallet's signature has 65 bytes"))?;
            Ok(bytes)
        };
        let wallet = self.wallet_signature.map(read).transpose()?;
        rooms(context)?.join(&self.attempt, (wallet, self.even_if_recorded.unwrap_or_default())).await
    }
}

impl Answers for CancelJoin {
    async fn answer(self, context: &Context) -> Result<(), RpcError> {
        rooms(context)?.cancel(&self.attempt);
        Ok(())
    }
}

impl Answers for NewConnection {
    async fn answer(self, context: &Context) -> Result<Joined, RpcError> {
        rooms(context)?.connection(self.room).await
    }
}

impl Answers for SignMessage {
    async fn answer(self, context: &Context) -> Result<SignedBytes, RpcError> {
        let content = content(self.kind, self.body.reveal())?;
        let bytes = rooms(context)?.sign(self.room, content).await?;
        Ok(SignedBytes { bytes: STANDARD.encode(bytes) })
    }
}

fn content(kind: MessageKind, body: &str) -> Result<Content, RpcError> {
    match (kind, body) {
        (MessageKind::Chat, text) => {
            let sentence = "a chat message is not empty, not too long, and holds no control characters";
            ChatText::new(text).map(Content::Chat).ok_or_else(|| malformed(sentence))
        }
        (MessageKind::Reaction, text) => Line::new(text).map(Content::Reaction).map_err(|e| malformed(&e.to_string())),
        (MessageKind::Hand, "up") => Ok(Content::Hand(true)),
        (MessageKind::Hand, "down") => Ok(Content::Hand(false)),
        (MessageKind::Hand, _) => Err(malformed("a hand is up or down")),
        (MessageKind::Agenda, number) => {
            let item = number.parse().map_err(|_| malformed("an agenda item is a number from 0 to 255"))?;
            Ok(Content::Agenda { item, started_at: clock::milliseconds() / 1_000 })
        }
    }
}

impl Answers for OpenMessage {
    async fn answer(self, context: &Context) -> Result<OpenedMessage, RpcError> {
        let bytes = Some(&self.bytes).filter(|text| text.len() <= MAX_MESSAGE);
        let bytes = bytes.and_then(|text| STANDARD.decode(text).ok()).ok_or_else(|| malformed("bytes are base64"))?;
        opened(rooms(context)?.open(self.room, (self.identity, bytes)).await?)
    }
}

fn opened(message: RoomMessage) -> Result<OpenedMessage, RpcError> {
    let RoomMessage { seat: SeatNo(seat), seq, content } = message;
    let (kind, body) = match content {
        Content::Chat(text) => (MessageKind::Chat, text.as_str().to_owned()),
        Content::Reaction(mark) => (MessageKind::Reaction, mark.as_str().to_owned()),
        Content::Hand(up) => (MessageKind::Hand, if up { "up" } else { "down" }.to_owned()),
        Content::Agenda { item, .. } => (MessageKind::Agenda, item.to_string()),
        _ => return Err(RpcError::new(Code::NotSupported, "messages of this kind are not shown")),
    };
    Ok(OpenedMessage { seat, seq, kind, body: body.into() })
}

impl Answers for GiveOrder {
    async fn answer(self, context: &Context) -> Result<(), RpcError> {
        let order = order(self.kind, self.seat.map(SeatNo))?;
        rooms(context)?.order(self.room, order).await
    }
}

/// The order; none: accept what was offered.
fn order(kind: OrderKind, seat: Option<SeatNo>) -> Result<Option<Order>, RpcError> {
    let of = |order: fn(SeatNo) -> Order| {
        seat.map(|seat| Some(order(seat))).ok_or_else(|| malformed("this order needs a seat"))
    };
    match kind {
        OrderKind::Promote => of(Order::Promote),
        OrderKind::Demote => of(Order::Demote),
        OrderKind::Mute => of(Order::Mute),
        OrderKind::Unmute => of(Order::AskUnmute),
        OrderKind::Kick => of(Order::Kick),
        OrderKind::Ban => of(Order::Ban),
        OrderKind::LowerHand if seat.is_none() => Ok(Some(Order::LowerAllHands)),
        OrderKind::LowerHand => of(Order::LowerHand),
        OrderKind::MuteAll => Ok(Some(Order::MuteAll)),
        OrderKind::Accept => Ok(None),
    }
}

impl Answers for LeaveRoom {
    async fn answer(self, context: &Context) -> Result<(), RpcError> {
        rooms(context)?.leave(self.room).await
    }
}

impl Answers for HostSitting {
    async fn answer(self, context: &Context) -> Result<Hosted, RpcError> {
        rooms(context)?.host(&self).await
    }
}

impl Answers for DevAccounts {
    async fn answer(self, context: &Context) -> Result<Vec<Account>, RpcError> {
        dev::accounts(context.network.chain_id())
    }
}

impl Answers for DevSign {
    async fn answer(self, context: &Context) -> Result<DevSignature, RpcError> {
        dev::sign(context.network.chain_id(), self.account, &self.typed_data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_names_a_seat_unless_it_is_for_everybody() {
        assert_eq!(order(OrderKind::Kick, Some(SeatNo(3))), Ok(Some(Order::Kick(SeatNo(3)))));
        assert_eq!(order(OrderKind::Ban, Some(SeatNo(3))), Ok(Some(Order::Ban(SeatNo(3)))));
        assert_eq!(order(OrderKind::MuteAll, None), Ok(Some(Order::MuteAll)));
        assert_eq!(order(OrderKind::LowerHand, None), Ok(Some(Order::LowerAllHands)));
        assert_eq!(order(OrderKind::Accept, None), Ok(None));
        assert_eq!(order(OrderKind::Mute, None).unwrap_err().known(), Some(Code::InvalidParams));
    }

    #[test]
    fn bodies_are_texts_and_come_back_as_they_went() {
        for (kind, body) in [
            (MessageKind::Chat, "hello"),
            (MessageKind::Reaction, "👍"),
            (MessageKind::Hand, "up"),
            (MessageKind::Hand, "down"),
            (MessageKind::Agenda, "3"),
        ] {
            let content = content(kind, body).unwrap();
            let back = opened(RoomMessage { seat: SeatNo(1), seq: 2, content }).unwrap();
            assert_eq!((back.seat, back.seq, back.kind, back.body.reveal()), (1, 2, kind, body));
        }
        for (kind, body) in [(MessageKind::Chat, ""), (MessageKind::Hand, "maybe"), (MessageKind::Agenda, "300")] {
            assert_eq!(super::content(kind, body).unwrap_err().known(), Some(Code::InvalidParams));
        }
        assert!(opened(RoomMessage { seat: SeatNo(1), seq: 2, content: Content::Leave }).is_err());
    }
}

//! Which parameters a method takes and what it answers: one list that client, daemon and document share.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::event::{Ack, Subscribe};
use crate::identity::{CreateIdentity, Created, GetIdentity, GetRevocation, Identity, Revocation};
use crate::message::{ListMessages, MarkRead, Messages, SendMessage, Sent};
use crate::method::Method;
use crate::recording::{
    AnswerRecording, FetchRecording, Fetched, ForgetRecording, Forgotten, GetRecording, ListRecordings, ListTracks,
    PlayRecording, Played, ProposeRecording, ReadTrack, RecordingRow, RecordingStatus, StopRecording, TrackBytes,
    Tracks, Verified, VerifyRecording,
};
use crate::room::{
    Account, CancelJoin, DevAccounts, DevSign, DevSignature, GetLobby, GiveOrder, HostSitting, Hosted, JoinRoom,
    Joined, LeaveRoom, ListRooms, Lobby, NewConnection, OpenMessage, OpenedMessage, PrepareSeat, Prepared, RoomSummary,
    SignMessage, SignedBytes,
};
use crate::session::{CloseSession, CreateSession, ListSessions, Session};
use crate::status::{GetStatus, ListPeers, Peers, Status};
use crate::trigger::{Certificate, Certify, SendAction};

/// The parameters of a method, which name the method and its answer.
pub trait Call: Serialize + DeserializeOwned + JsonSchema {
    /// The method.
    const METHOD: Method;
    /// Its result.
    type Answer: Serialize + DeserializeOwned + JsonSchema;
}

/// Does something for every call.
pub trait Visitor {
    /// One call.
    fn visit<C: Call>(&mut self);
}

macro_rules! calls {
    ($($params:ty => $method:ident -> $answer:ty;)+) => {
        $(impl Call for $params {
            const METHOD: Method = Method::$method;
            type Answer = $answer;
        })+

        /// Visits every call, in the order of the methods.
        pub fn visit_all(visitor: &mut impl Visitor) {
            $(visitor.visit::<$params>();)+
        }
    };
}

calls! {
    CreateIdentity => IdentityCreate -> Created;
    GetIdentity => IdentityGet -> Identity;
    GetRevocation => IdentityRevocation -> Revocation;
    CreateSession => SessionCreate -> Session;
    ListSessions => SessionList -> Vec<Session>;
    CloseSession => SessionClose -> Session;
    SendMessage => MessageSend -> Sent;
    ListMessages => MessageList -> Messages;
    MarkRead => MessageMarkRead -> ();
    GetStatus => StatusGet -> Status;
    ListPeers => PeersList -> Peers;
    Subscribe => EventSubscribe -> ();
    Ack => EventAck -> ();
    Certify => TriggerCertify -> Certificate;
    SendAction => TriggerSend -> Sent;
    ListRooms => RoomList -> Vec<RoomSummary>;
    GetLobby => RoomLobby -> Lobby;
    PrepareSeat => RoomPrepare -> Prepared;
    JoinRoom => RoomJoin -> Joined;
    CancelJoin => RoomCancel -> ();
    NewConnection => RoomConnection -> Joined;
    SignMessage => RoomSign -> SignedBytes;
    OpenMessage => RoomOpen -> OpenedMessage;
    GiveOrder => RoomOrder -> ();
    LeaveRoom => RoomLeave -> ();
    HostSitting => RoomHost -> Hosted;
    ProposeRecording => RecordingPropose -> RecordingStatus;
    AnswerRecording => RecordingAnswer -> RecordingStatus;
    StopRecording => RecordingStop -> RecordingStatus;
    GetRecording => RecordingStatus -> RecordingStatus;
    ListRecordings => RecordingList -> Vec<RecordingRow>;
    FetchRecording => RecordingFetch -> Fetched;
    VerifyRecording => RecordingVerify -> Verified;
    PlayRecording => RecordingPlay -> Played;
    ListTracks => RecordingTracks -> Tracks;
    ReadTrack => RecordingRead -> TrackBytes;
    ForgetRecording => RecordingForget -> Forgotten;
    DevAccounts => DevAccounts -> Vec<Account>;
    DevSign => DevSign -> DevSignature;
}

impl Method {
    /// Whether this build does it. The others answer [`crate::Code::NotSupported`].
    pub const fn supported(self) -> bool {
        !matches!(self, Self::GroupCreate | Self::GroupJoin | Self::GroupLeave | Self::FileSend | Self::FileReceive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Methods(Vec<Method>);

    impl Visitor for Methods {
        fn visit<C: Call>(&mut self) {
            self.0.push(C::METHOD);
        }
    }

    #[test]
    fn every_supported_method_has_exactly_one_call() {
        let mut called = Methods(Vec::new());
        visit_all(&mut called);
        let supported: Vec<_> = Method::ALL.iter().copied().filter(|method| method.supported()).collect();
        assert_eq!(called.0, supported);
    }
}

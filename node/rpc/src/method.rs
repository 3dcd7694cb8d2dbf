//! The methods, by the name of the RPC and by that of the specification's interface (S-98 and following). Which types they take
//! and give stands in [`crate::call`].

macro_rules! first {
    () => {
        None
    };
    ($seed:literal) => {
        Some($seed)
    };
}

macro_rules! methods {
    ($($(#[doc = $doc:literal])+ $name:ident = $rpc:literal $(, $seed:literal)?;)+) => {
        /// A method.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Method {$(
            $(#[doc = $doc])+
            $name,
        )+}

        impl Method {
            /// Every method.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name in JSON-RPC.
            pub const fn name(self) -> &'static str {
                match self {$(Self::$name => $rpc,)+}
            }

            /// The name in the specification's interface, if it is in there.
            pub const fn seed_name(self) -> Option<&'static str> {
                match self {$(Self::$name => first!($($seed)?),)+}
            }

            /// What it does, in one line.
            pub const fn summary(self) -> &'static str {
                match self {$(Self::$name => concat!($($doc),+).trim_ascii(),)+}
            }

            /// The method of this name, or of this name in the specification's interface.
            pub fn find(name: &str) -> Option<Self> {
                match name {
                    $($rpc $(| $seed)? => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

methods! {
    /// Make the identity.
    IdentityCreate = "identity.create", "CreateIdentity";
    /// The identity.
    IdentityGet = "identity.get", "GetIdentity";
    /// The revocation secret, over the Unix socket only.
    IdentityRevocation = "identity.revocation";
    /// Look a recipient up and begin a session.
    SessionCreate = "session.create", "CreateSession";
    /// All sessions.
    SessionList = "session.list", "GetSessions";
    /// Close a session: it only receives.
    SessionClose = "session.close", "CloseSession";
    /// Send text.
    MessageSend = "message.send", "SendMessage";
    /// A page of messages.
    MessageList = "message.list", "GetMessages";
    /// Mark as read.
    MessageMarkRead = "message.markRead", "MarkRead";
    /// Not supported yet.
    GroupCreate = "group.create", "CreateGroup";
    /// Not supported yet.
    GroupJoin = "group.join", "JoinGroup";
    /// Not supported yet.
    GroupLeave = "group.leave", "LeaveGroup";
    /// Not supported yet.
    FileSend = "file.send", "SendFile";
    /// Not supported yet.
    FileReceive = "file.receive", "ReceiveFile";
    /// How the daemon does.
    StatusGet = "status.get", "GetStatus";
    /// Registered nodes.
    PeersList = "peers.list", "GetPeers";
    /// Tell events over this WebSocket, as notifications `event`.
    EventSubscribe = "event.subscribe";
    /// Durable events up to a cursor are dealt with.
    EventAck = "event.ack";
    /// Certify a trigger key.
    TriggerCertify = "trigger.certify";
    /// Send a signed action.
    TriggerSend = "trigger.send";
    /// All rooms.
    RoomList = "room.list";
    /// What is known of a room before joining it.
    RoomLobby = "room.lobby";
    /// Begin to join: what the wallet has to sign.
    RoomPrepare = "room.prepare";
    /// Join: prove, be admitted, get a token.
    RoomJoin = "room.join";
    /// End an attempt to join.
    RoomCancel = "room.cancel";
    /// A fresh connection of the same seat.
    RoomConnection = "room.connection";
    /// Sign a message for the room.
    RoomSign = "room.sign";
    /// Open a message of another seat.
    RoomOpen = "room.open";
    /// Give an order, or accept one.
    RoomOrder = "room.order";
    /// Leave a room.
    RoomLeave = "room.leave";
    /// Open a sitting and be its host.
    RoomHost = "room.host";
    /// Ask everybody in a room to record it.
    RecordingPropose = "recording.propose";
    /// Answer who asks to record, or take a yes back.
    RecordingAnswer = "recording.answer";
    /// Stop the own recording.
    RecordingStop = "recording.stop";
    /// How recording stands in a room.
    RecordingStatus = "recording.status";
    /// All recordings that this daemon has, or may open.
    RecordingList = "recording.list";
    /// Bring every block of a recording into the own store.
    RecordingFetch = "recording.fetch";
    /// See that a recording is whole, and is what the chain names.
    RecordingVerify = "recording.verify";
    /// Write a recording as plain files into a folder.
    RecordingPlay = "recording.play";
    /// The tracks of a recording.
    RecordingTracks = "recording.tracks";
    /// A piece of a track.
    RecordingRead = "recording.read";
    /// Destroy the key of a recording, then let its blocks go.
    RecordingForget = "recording.forget";
    /// Accounts of the built-in wallet, on the development chain only.
    DevAccounts = "dev.accounts";
    /// Sign a seat's statement by the built-in wallet, on the development chain only.
    DevSign = "dev.sign";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The interface of the specification (SESSION section 10).
    const SEED: [(&str, &str); 15] = [
        ("CreateIdentity", "identity.create"),
        ("GetIdentity", "identity.get"),
        ("CreateSession", "session.create"),
        ("GetSessions", "session.list"),
        ("CloseSession", "session.close"),
        ("SendMessage", "message.send"),
        ("GetMessages", "message.list"),
        ("MarkRead", "message.markRead"),
        ("CreateGroup", "group.create"),
        ("JoinGroup", "group.join"),
        ("LeaveGroup", "group.leave"),
        ("SendFile", "file.send"),
        ("ReceiveFile", "file.receive"),
        ("GetStatus", "status.get"),
        ("GetPeers", "peers.list"),
    ];

    #[test]
    fn every_method_of_the_specification_is_found_by_both_its_names() {
        for (seed, name) in SEED {
            let method = Method::find(name).unwrap();
            assert_eq!(Method::find(seed), Some(method));
            assert_eq!((method.name(), method.seed_name()), (name, Some(seed)));
        }
        assert_eq!(Method::ALL.iter().filter(|method| method.seed_name().is_some()).count(), SEED.len());
    }

    #[test]
    fn every_method_is_found_by_its_name_and_nothing_else_is() {
        for method in Method::ALL {
            assert_eq!(Method::find(method.name()), Some(*method));
        }
        for name in ["", "identity", "IDENTITY.GET", "identity.get ", "event"] {
            assert_eq!(Method::find(name), None, "{name:?}");
        }
    }
}

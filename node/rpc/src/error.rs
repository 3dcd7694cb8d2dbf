//! Errors: JSON-RPC's own numbers, and ours from -32000 downwards. A number never changes its meaning.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal;)+) => {
        /// What went wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(i32)]
        pub enum Code {$(
            $(#[doc = $doc])+
            $name = $number,
        )+}

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its stable name, such as `NoIdentity`.
            pub const fn name(self) -> &'static str {
                match self {$(Self::$name => stringify!($name),)+}
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self {$(Self::$name => concat!($($doc),+).trim_ascii(),)+}
            }

            /// The code of a number.
            pub fn find(number: i32) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| *code as i32 == number)
            }
        }
    };
}

codes! {
    /// No JSON.
    Parse = -32700;
    /// No JSON-RPC request.
    InvalidRequest = -32600;
    /// No such method.
    MethodNotFound = -32601;
    /// Parameters are missing, unknown or malformed.
    InvalidParams = -32602;
    /// A fault of the daemon.
    Internal = -32603;
    /// There is no identity: `identity.create` first.
    NoIdentity = -32000;
    /// There is an identity already; it is never replaced.
    IdentityExists = -32001;
    /// No such session: `session.create` first.
    UnknownSession = -32002;
    /// The recipient's records are not in the directory.
    RecipientNotFound = -32003;
    /// The recipient's records contradict what is pinned, or each other.
    RecipientRefused = -32004;
    /// Too much is on its way: try again later.
    Busy = -32005;
    /// The content is empty or too long.
    ContentSize = -32006;
    /// The session is closed, or waits for the other side's first answer.
    SessionState = -32007;
    /// This build does not do that yet.
    NotSupported = -32008;
    /// The client wants another network than the daemon's.
    WrongNetwork = -32009;
    /// The network is not reached yet.
    NotConnected = -32010;
    /// The time for the answer is over; what was asked goes on.
    Timeout = -32011;
    /// A certificate or an action is malformed or not ours.
    ActionRefused = -32012;
    /// The client id names another message already: draw a new one.
    ClientIdReused = -32013;
    /// As many messages were sent within 24 hours as requests are remembered: send again when the message says.
    RateLimited = -32014;
    /// The chain gives no access to this sitting.
    NotEligible = -32020;
    /// The proof does not hold, or is missing.
    ProofInvalid = -32021;
    /// All seats are taken.
    Full = -32022;
    /// All places of presenters are taken.
    PresentersFull = -32023;
    /// Another seat holds the same identity or keys.
    Replaced = -32024;
    /// The statement has expired: prepare again.
    Expired = -32025;
    /// The clock is ahead, or the sitting is not final yet.
    NotYet = -32026;
    /// No sitting of the room is running.
    RoomClosed = -32027;
    /// The statement is for another room or sitting.
    WrongRoom = -32028;
    /// This seat is banned.
    Banned = -32029;
    /// This kind of room has no seats of this form.
    AnonymousNotAllowed = -32030;
    /// A signature is missing or does not hold.
    Signature = -32031;
    /// No records of the identity are known: create it, or try again.
    IdentityUnknown = -32032;
    /// The room's host is not known or does not answer.
    HostUnreachable = -32033;
    /// The host does not hold the keys that the chain names: do not join.
    HostKeyMismatch = -32034;
    /// The chain does not answer.
    ChainUnreachable = -32035;
    /// The message is not what its sender signed.
    Forged = -32036;
    /// The message came before.
    Replayed = -32037;
    /// This seat may not do that.
    NotAllowed = -32038;
    /// The attempt was ended.
    Cancelled = -32039;
    /// Nothing is recorded: another recording of this seat is not over, or the terms do not fit the sitting.
    RecordingNotStarted = -32040;
    /// No executor for the calls of the contract: name one, and open a session with it.
    NoExecutor = -32041;
    /// No such recording, here or on chain.
    RecordingUnknown = -32042;
    /// This daemon holds no key that opens it: it never consented, or it was forgotten.
    RecordingKeyMissing = -32043;
    /// The chain does not name yet what was recorded.
    NotAnchored = -32044;
    /// The room is recorded, and no seat was taken: join once more with `evenIfRecorded` to go in.
    Recorded = -32045;
}

/// An error as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct RpcError {
    /// Stable number.
    pub code: i32,
    /// One sentence: what was wrong, what to do.
    pub message: String,
}

impl RpcError {
    /// An error.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code as i32, message: message.into() }
    }

    /// Its code, if this build knows it.
    pub fn known(&self) -> Option<Code> {
        Code::find(self.code)
    }
}

impl From<Code> for RpcError {
    /// The code's meaning as the sentence.
    fn from(code: Code) -> Self {
        Self::new(code, code.meaning())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers and names that clients have learnt. A line is never changed, only added.
    const LEARNT: [(i32, &str); 46] = [
        (-32700, "Parse"),
        (-32600, "InvalidRequest"),
        (-32601, "MethodNotFound"),
        (-32602, "InvalidParams"),
        (-32603, "Internal"),
        (-32000, "NoIdentity"),
        (-32001, "IdentityExists"),
        (-32002, "UnknownSession"),
        (-32003, "RecipientNotFound"),
        (-32004, "RecipientRefused"),
        (-32005, "Busy"),
        (-32006, "ContentSize"),
        (-32007, "SessionState"),
        (-32008, "NotSupported"),
        (-32009, "WrongNetwork"),
        (-32010, "NotConnected"),
        (-32011, "Timeout"),
        (-32012, "ActionRefused"),
        (-32013, "ClientIdReused"),
        (-32014, "RateLimited"),
        (-32020, "NotEligible"),
        (-32021, "ProofInvalid"),
        (-32022, "Full"),
        (-32023, "PresentersFull"),
        (-32024, "Replaced"),
        (-32025, "Expired"),
        (-32026, "NotYet"),
        (-32027, "RoomClosed"),
        (-32028, "WrongRoom"),
        (-32029, "Banned"),
        (-32030, "AnonymousNotAllowed"),
        (-32031, "Signature"),
        (-32032, "IdentityUnknown"),
        (-32033, "HostUnreachable"),
        (-32034, "HostKeyMismatch"),
        (-32035, "ChainUnreachable"),
        (-32036, "Forged"),
        (-32037, "Replayed"),
        (-32038, "NotAllowed"),
        (-32039, "Cancelled"),
        (-32040, "RecordingNotStarted"),
        (-32041, "NoExecutor"),
        (-32042, "RecordingUnknown"),
        (-32043, "RecordingKeyMissing"),
        (-32044, "NotAnchored"),
        (-32045, "Recorded"),
    ];

    #[test]
    fn numbers_and_names_are_those_that_clients_have_learnt() {
        let ours: Vec<_> = Code::ALL.iter().map(|code| (*code as i32, code.name())).collect();
        assert_eq!(ours, LEARNT);
    }

    #[test]
    fn every_number_is_unique_and_finds_its_code() {
        for code in Code::ALL {
            assert_eq!(Code::find(*code as i32), Some(*code));
        }
        assert_eq!(Code::find(0), None);
    }

    #[test]
    fn ours_lie_in_the_range_that_json_rpc_leaves_to_servers() {
        let predefined = [-32700, -32600, -32601, -32602, -32603];
        for number in Code::ALL.iter().map(|code| *code as i32).filter(|number| !predefined.contains(number)) {
            assert!((-32099..=-32000).contains(&number), "{number}");
        }
    }

    #[test]
    fn every_code_has_a_sentence() {
        for code in Code::ALL {
            assert!(code.meaning().ends_with('.') && !code.meaning().starts_with(' '), "{}", code.name());
        }
    }
}

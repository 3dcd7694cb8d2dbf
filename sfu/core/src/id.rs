//! Names and numbers of the server's things.

use std::fmt;

use rand_core::Rng;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// Name of a room, as tokens have it.
    RoomName
);
text_id!(
    /// Identity of a participant in a token: the pseudonym of a seat.
    Identity
);
text_id!(
    /// Id of one joining of a participant: `PA_` and 12 drawn characters.
    ParticipantSid
);
text_id!(
    /// Id of a published track: `TR_` and 12 drawn characters.
    TrackSid
);

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $type:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $type);
    };
}

number_id!(
    /// A signalling connection, numbered by the shell.
    ConnectionId,
    u64
);
number_id!(
    /// A media peer, numbered by the machine.
    PeerId,
    u64
);
number_id!(
    /// Place of a forwarded track at its receiving peer.
    Slot,
    u32
);
number_id!(
    /// A published track in the table.
    TrackKey,
    u64
);

/// 32 characters, so that five bits choose one without bias.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const DRAWN: usize = 12;

/// Draws `prefix` and 12 characters (60 bits).
pub(crate) fn draw<R: Rng + ?Sized>(prefix: &str, rng: &mut R) -> String {
    let mut bytes = [0u8; DRAWN];
    rng.fill_bytes(&mut bytes);
    let drawn = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)).copied()).map(char::from);
    prefix.chars().chain(drawn).collect()
}

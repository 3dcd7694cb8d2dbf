//! The registry of content types and message flags (SESSION section 4 "Registries", DECISIONS O-21).
//! Both stand in the encrypted header. A number outside the registry is refused by its receiver: nothing is guessed.

use crate::codec::DecodeError;

macro_rules! content_types {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $text:literal;)+) => {
        /// What the content of a message is. Two bytes on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum ContentType {$(
            $(#[doc = $doc])+
            $name = $number,
        )+}

        impl ContentType {
            /// Every type, by rising number.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name in JSON and on the command line.
            pub const fn name(self) -> &'static str {
                match self {$(Self::$name => $text,)+}
            }
        }

        impl TryFrom<u16> for ContentType {
            type Error = DecodeError;

            fn try_from(number: u16) -> Result<Self, DecodeError> {
                match number {
                    $($number => Ok(Self::$name),)+
                    other => Err(DecodeError::Value { what: "content type", value: u64::from(other) }),
                }
            }
        }
    };
}

content_types! {
    /// Text in UTF-8.
    Text = 1, "text";
    /// A file: its manifest, or the file itself while it is small.
    File = 2, "file";
    /// A voice message.
    Voice = 3, "voice";
    /// Group control.
    GroupControl = 4, "group control";
    /// An invitation to a room.
    RoomInvitation = 5, "room invitation";
    /// Signalling of a call or room.
    Signalling = 6, "signalling";
    /// A delivery or read receipt.
    Receipt = 7, "receipt";
    /// A signed action for the chain (ELIGIBILITY section 5).
    Action = 8, "action";
    /// What became of an action: block, hash, finality.
    ActionReceipt = 9, "action receipt";
    /// A new identity record of the sender.
    IdentityUpdate = 10, "identity update";
    /// A new mailbox secret for all devices of this contact.
    Mailbox = 11, "mailbox";
    /// Control among the devices of one identity.
    Device = 12, "device";
}

impl ContentType {
    /// Whether it waits until the other side's `pq_auth` is confirmed (SESSION section 3): files, invitations and actions.
    pub const fn needs_proof(self) -> bool {
        matches!(self, Self::File | Self::Voice | Self::RoomInvitation | Self::Action)
    }

    /// Whether it is part of a conversation; everything else is control between machines.
    pub const fn is_conversation(self) -> bool {
        matches!(self, Self::Text | Self::ActionReceipt) || self.needs_proof()
    }
}

/// The flags of a message: 32 bits, bit 0 the least significant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u32);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// Bit 0: the sender wants a delivery receipt.
    pub const RECEIPT_WANTED: Self = Self(1);
    /// Bit 1: a read receipt is wanted; off until switched on per conversation.
    pub const READ_RECEIPT: Self = Self(1 << 1);
    /// Bit 2: the message expires after reading.
    pub const EXPIRES: Self = Self(1 << 2);
    /// Bit 3: the content begins with a hybrid signature (`sign: true`).
    pub const SIGNED: Self = Self(1 << 3);
    /// Bit 31: an object of the responder's first chain; each carries `ct_auth`.
    pub const REPLY: Self = Self(1 << 31);

    const KNOWN: u32 = Self::RECEIPT_WANTED.0 | Self::READ_RECEIPT.0 | Self::EXPIRES.0 | Self::SIGNED.0 | Self::REPLY.0;

    /// The 32 bits as they stand on the wire.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every flag of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl TryFrom<u32> for Flags {
    type Error = DecodeError;

    fn try_from(bits: u32) -> Result<Self, DecodeError> {
        if bits & !Self::KNOWN == 0 {
            Ok(Self(bits))
        } else {
            Err(DecodeError::Value { what: "set of flags", value: u64::from(bits) })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `tests/vectors/session/registry.json`: what other implementations read.
    #[test]
    fn the_numbers_of_the_registry_never_change() {
        let published = include_str!("../../../tests/vectors/session/registry.json");
        let published: serde_json::Value = serde_json::from_str(published).unwrap();
        let types: Vec<_> = ContentType::ALL
            .iter()
            .map(|kind| {
                json!({"number": *kind as u16, "bytes": format!("{:04x}", *kind as u16), "name": kind.name(),
                "needsProof": kind.needs_proof(), "isConversation": kind.is_conversation()})
            })
            .collect();
        let flags = [
            ("receipt wanted", Flags::RECEIPT_WANTED),
            ("read receipt", Flags::READ_RECEIPT),
            ("expires", Flags::EXPIRES),
            ("signed", Flags::SIGNED),
            ("reply", Flags::REPLY),
        ]
        .map(|(name, flag)| json!({"name": name, "bytes": format!("{:08x}", flag.bits())}));
        assert_eq!(published, json!({"contentTypes": types, "flags": flags}));
    }

    #[test]
    fn a_number_outside_the_registry_is_refused() {
        for number in 0..=u16::MAX {
            assert_eq!(
                ContentType::try_from(number).map(|kind| kind as u16).ok(),
                (1..=12).contains(&number).then_some(number)
            );
        }
    }

    #[test]
    fn files_invitations_and_actions_wait_for_proof_and_text_does_not() {
        let all = |which: fn(ContentType) -> bool| {
            ContentType::ALL.iter().filter(|kind| which(**kind)).map(|kind| *kind as u16).collect::<Vec<_>>()
        };
        assert_eq!(all(ContentType::needs_proof), [2, 3, 5, 8]);
        assert_eq!(all(ContentType::is_conversation), [1, 2, 3, 5, 8, 9]);
    }

    #[test]
    fn only_the_five_named_flags_exist() {
        for bit in 0..32 {
            assert_eq!(Flags::try_from(1 << bit).is_ok(), matches!(bit, 0..=3 | 31), "bit {bit}");
        }
        let both = Flags::SIGNED.with(Flags::REPLY);
        assert_eq!(both.bits(), 0x8000_0008);
        assert!(both.has(Flags::SIGNED) && !both.has(Flags::EXPIRES) && Flags::NONE.bits() == 0);
    }
}

//! The three kinds of room (TOWNHALL section 2, CHAIN section 1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a room is. The discriminants are those of the Solidity enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Kind {
    /// Holders above a minimum; anonymous seats allowed.
    TownHall = 0,
    /// Named members, a Safe's owners or a committee contract; never anonymous.
    Committee = 1,
    /// Anybody with any locked balance; anonymous seats allowed.
    OpenForum = 2,
}

/// A word or number that is no room kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no room kind; use TownHall, Committee or OpenForum")]
pub struct KindError(
    /// What was given.
    pub String,
);

impl Kind {
    /// The most seats a room of this kind may have.
    pub const fn cap(self) -> u16 {
        match self {
            Self::TownHall => 1_000,
            Self::Committee => 25,
            Self::OpenForum => 500,
        }
    }

    /// Whether seats may be taken anonymously.
    pub const fn allows_anonymous(self) -> bool {
        !matches!(self, Self::Committee)
    }

    /// The name used in JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TownHall => "TownHall",
            Self::Committee => "Committee",
            Self::OpenForum => "OpenForum",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        [Self::TownHall, Self::Committee, Self::OpenForum]
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| KindError(text.to_owned()))
    }
}

impl From<Kind> for u8 {
    fn from(kind: Kind) -> Self {
        kind as Self
    }
}

impl TryFrom<u8> for Kind {
    type Error = KindError;

    fn try_from(number: u8) -> Result<Self, KindError> {
        match number {
            0 => Ok(Self::TownHall),
            1 => Ok(Self::Committee),
            2 => Ok(Self::OpenForum),
            other => Err(KindError(other.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_keep_their_numbers_names_and_caps() {
        for (number, name, cap) in [(0, "TownHall", 1_000), (1, "Committee", 25), (2, "OpenForum", 500)] {
            let kind = Kind::try_from(number).unwrap();
            assert_eq!((kind as u8, kind.name(), kind.cap()), (number, name, cap));
            assert_eq!(name.parse(), Ok(kind));
        }
        assert_eq!(Kind::try_from(3), Err(KindError("3".into())));
        assert!("townhall".parse::<Kind>().is_err());
    }
}

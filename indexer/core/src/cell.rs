//! How one field of a row becomes one column: integers to 63 bits as numbers, everything wider as big-endian bytes, so
//! that a database stores every value exactly and sorts it rightly (no float, no signed 64-bit wrap).

use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use pars_wire::{Kind, NodeId, RecordingId, RoomId, SignerId, SittingId};

/// The largest block number, time or sitting count that is accepted: a database integer is signed.
pub const MAX_INTEGER: u64 = i64::MAX as u64;

/// One column of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// No value.
    Null,
    /// A number of at most 63 bits, a truth value (0, 1) or an enum's number.
    Int(i64),
    /// An address, hash, wide number (big-endian) or opaque bytes.
    Blob(Vec<u8>),
}

/// A field type that fits one column, and comes back unchanged.
pub trait Column: Sized {
    /// The column that stores this value.
    fn to_cell(&self) -> Cell;
    /// The value of a column, or nothing when the column holds something else.
    fn from_cell(cell: &Cell) -> Option<Self>;
}

impl Column for u64 {
    /// Numbers above [`MAX_INTEGER`] are refused before they reach a row.
    fn to_cell(&self) -> Cell {
        Cell::Int(i64::try_from(*self).unwrap_or(i64::MAX))
    }

    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Int(number) => Self::try_from(*number).ok(),
            _ => None,
        }
    }
}

macro_rules! as_integer {
    ($($name:ty),+) => {$(
        impl Column for $name {
            fn to_cell(&self) -> Cell {
                Cell::Int(i64::from(*self))
            }

            fn from_cell(cell: &Cell) -> Option<Self> {
                u64::from_cell(cell).and_then(|number| Self::try_from(number).ok())
            }
        }
    )+};
}

as_integer!(u8, u16, u32);

impl Column for bool {
    fn to_cell(&self) -> Cell {
        Cell::Int(i64::from(*self))
    }

    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Int(0) => Some(false),
            Cell::Int(1) => Some(true),
            _ => None,
        }
    }
}

macro_rules! as_bytes {
    ($($name:ty, $to:expr, $from:expr;)+) => {$(
        impl Column for $name {
            fn to_cell(&self) -> Cell {
                let bytes: fn(&$name) -> Vec<u8> = $to;
                Cell::Blob(bytes(self))
            }

            fn from_cell(cell: &Cell) -> Option<Self> {
                let value: fn(&[u8]) -> Option<$name> = $from;
                match cell {
                    Cell::Blob(bytes) => value(bytes),
                    _ => None,
                }
            }
        }
    )+};
}

as_bytes! {
    Address, |v| v.to_vec(), |b| Address::try_from(b).ok();
    B256, |v| v.to_vec(), |b| B256::try_from(b).ok();
    RoomId, |v| v.0.to_vec(), |b| B256::try_from(b).ok().map(RoomId);
    NodeId, |v| v.0.to_vec(), |b| B256::try_from(b).ok().map(NodeId);
    SignerId, |v| v.0.to_vec(), |b| B256::try_from(b).ok().map(SignerId);
    RecordingId, |v| v.0.to_vec(), |b| B256::try_from(b).ok().map(RecordingId);
    U256, |v| v.to_be_bytes::<32>().to_vec(), |b| <[u8; 32]>::try_from(b).ok().map(U256::from_be_bytes);
    u128, |v| v.to_be_bytes().to_vec(), |b| <[u8; 16]>::try_from(b).ok().map(u128::from_be_bytes);
    Bytes, |v| v.to_vec(), |b| Some(Bytes::copy_from_slice(b));
}

impl Column for SittingId {
    fn to_cell(&self) -> Cell {
        self.0.to_cell()
    }

    fn from_cell(cell: &Cell) -> Option<Self> {
        u64::from_cell(cell).map(Self)
    }
}

impl Column for Kind {
    fn to_cell(&self) -> Cell {
        (*self as u8).to_cell()
    }

    fn from_cell(cell: &Cell) -> Option<Self> {
        u8::from_cell(cell).and_then(|number| Self::try_from(number).ok())
    }
}

impl<T: Column> Column for Option<T> {
    fn to_cell(&self) -> Cell {
        self.as_ref().map_or(Cell::Null, Column::to_cell)
    }

    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            other => T::from_cell(other).map(Some),
        }
    }
}

/// One permitted call of a trigger key's policy (ELIGIBILITY section 5).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rule {
    /// The contract that may be called.
    pub target: Address,
    /// The function of it, by its four selector bytes.
    pub selector: FixedBytes<4>,
}

impl Column for Vec<Rule> {
    fn to_cell(&self) -> Cell {
        Cell::Blob(self.iter().flat_map(|rule| [&rule.target[..], &rule.selector[..]].concat()).collect())
    }

    fn from_cell(cell: &Cell) -> Option<Self> {
        let Cell::Blob(bytes) = cell else { return None };
        let (rules, rest) = bytes.as_chunks::<24>();
        let rule = |chunk: &[u8; 24]| {
            let (target, selector) = chunk.split_at_checked(20)?;
            Some(Rule { target: Address::try_from(target).ok()?, selector: FixedBytes::try_from(selector).ok()? })
        };
        if rest.is_empty() { rules.iter().map(rule).collect() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn there_and_back<T: Column + PartialEq + std::fmt::Debug>(value: &T) {
        assert_eq!(T::from_cell(&value.to_cell()).as_ref(), Some(value));
    }

    proptest! {
        #[test]
        fn every_value_comes_back_exactly(a: u128, b: [u8; 32], c: u32, d in 0..=MAX_INTEGER, e: Vec<u8>, f: bool) {
            there_and_back(&a);
            there_and_back(&B256::from(b));
            there_and_back(&U256::from_be_bytes(b));
            there_and_back(&c);
            there_and_back(&d);
            there_and_back(&Bytes::from(e.clone()));
            there_and_back(&Some(f));
            there_and_back(&None::<bool>);
            let selector = FixedBytes::from(c.to_be_bytes());
            there_and_back(&vec![Rule { target: Address::from_word(B256::from(b)), selector }; e.len() % 7]);
        }
    }

    #[test]
    fn the_ends_of_the_ranges_come_back_exactly() {
        for value in [U256::ZERO, U256::MAX, U256::from(i64::MAX as u64) + U256::from(1)] {
            there_and_back(&value);
        }
        there_and_back(&u128::MAX);
        there_and_back(&MAX_INTEGER);
        assert_eq!(u16::from_cell(&Cell::Int(65_536)), None);
        assert_eq!(u64::from_cell(&Cell::Int(-1)), None);
        assert_eq!(Address::from_cell(&Cell::Blob(vec![0; 19])), None);
    }
}

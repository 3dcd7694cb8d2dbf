//! The encodings of ELIGIBILITY 1: what chain, circuit, node and page hash, byte for byte.
//!
//! Typed data is hashed with keccak-256 over `abi.encode` and shifted right by 8 bits, which leaves 248 bits and
//! therefore always a canonical scalar.

use std::fmt;

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue;
use ark_bn254::Fr;

use crate::{
    field::{self, FieldError},
    poseidon,
    secret::Secret,
};

/// Type string of the external nullifier.
pub const EXTERNAL_TYPE: &str =
    "ParsExternal(uint256 chainId,address townHall,bytes32 roomId,uint64 sittingId,uint8 purpose,bytes32 purposeId)";

/// Type string of the signal.
pub const SIGNAL_TYPE: &str = "ParsSignal(uint256 external,bytes32 payload,uint64 issuedAt)";

macro_rules! scalar_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(Fr);

        impl $name {
            /// Reads a 256-bit word; refuses one at or above the scalar order.
            pub fn from_word(word: U256) -> Result<Self, FieldError> {
                field::scalar(word).map(Self)
            }

            /// The canonical 256-bit word.
            pub fn word(self) -> U256 {
                field::word(self.0)
            }

            /// The canonical 32 big-endian bytes.
            pub fn bytes(self) -> B256 {
                field::bytes(self.0)
            }

            pub(crate) const fn scalar(self) -> Fr {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.bytes())
            }
        }
    };
}

scalar_newtype! {
    /// PoseidonT2 of an identity secret; public, stands in the registry.
    Commitment
}
scalar_newtype! {
    /// Root of the eligibility tree; zero for the empty tree.
    Root
}
scalar_newtype! {
    /// The external nullifier: which room, sitting and purpose a proof is for.
    External
}
scalar_newtype! {
    /// PoseidonT3(external, secret): the identity of a seat within one sitting, unlinkable to any other.
    Nullifier
}
scalar_newtype! {
    /// What a proof signs: payload and time of issue under one external nullifier.
    Signal
}

impl Commitment {
    pub(crate) const fn from_scalar(scalar: Fr) -> Self {
        Self(scalar)
    }
}

impl Root {
    pub(crate) const fn from_scalar(scalar: Fr) -> Self {
        Self(scalar)
    }
}

impl Nullifier {
    /// The nullifier of a secret under one external nullifier.
    pub fn of(external: External, secret: &Secret) -> Self {
        Self(poseidon::t3(external.0, secret.scalar()))
    }
}

/// What a proof is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Joining a sitting: code 1, purpose id zero.
    Join,
    /// Voting in the poll of this id: code 2.
    Poll(B256),
}

impl Purpose {
    /// The code that is hashed.
    pub const fn code(self) -> u8 {
        match self {
            Self::Join => 1,
            Self::Poll(_) => 2,
        }
    }

    /// The 32-byte id that is hashed.
    pub const fn id(self) -> B256 {
        match self {
            Self::Join => B256::ZERO,
            Self::Poll(id) => id,
        }
    }
}

/// Where and what for: everything the external nullifier commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the TownHall contract.
    pub town_hall: Address,
    /// Room id, see [`room_id`].
    pub room_id: B256,
    /// Sitting id, counted per room from 1.
    pub sitting_id: u64,
    /// Join or poll.
    pub purpose: Purpose,
}

impl Scope {
    /// The external nullifier of this scope.
    pub fn external(&self) -> External {
        let encoded = (
            keccak256(EXTERNAL_TYPE),
            U256::from(self.chain_id),
            self.town_hall,
            self.room_id,
            self.sitting_id,
            U256::from(self.purpose.code()),
            self.purpose.id(),
        )
            .abi_encode();
        External(field::scalar_of_248_bits(keccak256(encoded)))
    }
}

impl Signal {
    /// The signal of a payload issued at a time (seconds since the Unix epoch).
    pub fn of(external: External, payload: B256, issued_at: u64) -> Self {
        let encoded = (keccak256(SIGNAL_TYPE), external.word(), payload, issued_at).abi_encode();
        Self(field::scalar_of_248_bits(keccak256(encoded)))
    }
}

/// The id of a creator's room: `keccak256(abi.encode(chainid, townHall, creator, nonce))` (CHAIN 1).
pub fn room_id(chain_id: u64, town_hall: Address, creator: Address, nonce: u64) -> B256 {
    keccak256((U256::from(chain_id), town_hall, creator, U256::from(nonce)).abi_encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope {
            chain_id: 7072,
            town_hall: Address::repeat_byte(0x11),
            room_id: B256::repeat_byte(0x33),
            sitting_id: 1,
            purpose: Purpose::Join,
        }
    }

    /// The same bytes written out by hand: seven words, integers right-aligned.
    #[test]
    fn the_external_nullifier_hashes_seven_padded_words() {
        let mut bytes = keccak256(EXTERNAL_TYPE).to_vec();
        bytes.extend(U256::from(7072).to_be_bytes::<32>());
        bytes.extend([0; 12]);
        bytes.extend([0x11; 20]);
        bytes.extend([0x33; 32]);
        bytes.extend(U256::from(1).to_be_bytes::<32>());
        bytes.extend(U256::from(1).to_be_bytes::<32>());
        bytes.extend([0; 32]);
        assert_eq!(scope().external().word(), U256::from_be_bytes(keccak256(bytes).0) >> 8);
    }

    #[test]
    fn the_signal_hashes_four_padded_words() {
        let external = scope().external();
        let mut bytes = keccak256(SIGNAL_TYPE).to_vec();
        bytes.extend(external.bytes());
        bytes.extend([0x44; 32]);
        bytes.extend(U256::from(u64::MAX).to_be_bytes::<32>());
        let signal = Signal::of(external, B256::repeat_byte(0x44), u64::MAX);
        assert_eq!(signal.word(), U256::from_be_bytes(keccak256(bytes).0) >> 8);
    }

    #[test]
    fn every_field_of_the_scope_changes_the_external_nullifier() {
        let base = scope();
        let variants = [
            Scope { chain_id: 7070, ..base },
            Scope { town_hall: Address::repeat_byte(0x12), ..base },
            Scope { room_id: B256::repeat_byte(0x34), ..base },
            Scope { sitting_id: 2, ..base },
            Scope { purpose: Purpose::Poll(B256::ZERO), ..base },
            Scope { purpose: Purpose::Poll(B256::repeat_byte(1)), ..base },
        ];
        let mut seen: Vec<U256> = variants.iter().chain([&base]).map(|s| s.external().word()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), variants.len() + 1);
    }

    #[test]
    fn nullifiers_of_one_secret_in_ten_thousand_sittings_are_all_different() {
        let secret = Secret::from_bytes(&[5; 32]).unwrap();
        let of = |sitting_id| Nullifier::of(Scope { sitting_id, ..scope() }.external(), &secret).word();
        let mut seen: Vec<U256> = (1..=10_000).map(of).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 10_000);
    }
}

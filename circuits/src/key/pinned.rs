//! What this release expects: printed by `cargo run --example vectors`, compared by tests with what is computed.

use alloy_primitives::{B256, b256};

/// Digest of the constraint system at depth 24 (SHA3-256 over its matrices).
pub const CONSTRAINT_DIGEST: B256 = b256!("0x4d3dc2fd7fe6b4f6b9a6ca347f3323cb7c68da1b4a80a7377de5de95cd327534");

/// Hash of the development proving key's file.
pub const PINNED_DEV_KEY: B256 = b256!("0x96205cdf91040d7c36609b0d8b6e559e12de303f024cad240504fd559e72dbd5");

/// Hash of the development verifying key's file.
pub const PINNED_DEV_VERIFYING_KEY: B256 = b256!("0xaca9b0f130aadbc94ba2a273d3108a22509eb51390daab3ed755f4f2a31aa769");

/// The development verifying key's file, so that no verifier has to generate it.
pub(super) const DEV_VERIFYING_KEY_FILE: &[u8] = include_bytes!("../../keys/insecure-dev.vk");

/// Private variables of the circuit.
pub(super) const WITNESSES: usize = 6_972;

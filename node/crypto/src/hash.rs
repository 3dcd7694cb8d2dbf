//! SHA3-256, plain and with a label (SESSION SD9 "Encoding", FIPS 202).

use rand_core::CryptoRng;
use sha3::{Digest, Sha3_256};
use subtle::ConstantTimeEq;

use crate::label::HashLabel;

/// SHA3-256 of the parts one after the other, without a label: only where a seed or a standard fixes it (identity ids,
/// file ids, X-Wing, the link's `b`, Merkle trees, "SHA3-256(…)" written out in a layout). 32 bytes.
pub fn sha3(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = Sha3_256::new();
    for part in parts {
        state.update(part);
    }
    state.finalize().into()
}

/// `H(label; f1, f2, …)` = SHA3-256(lp(label) ‖ lp(f1) ‖ lp(f2) ‖ …). 32 bytes.
///
/// # Panics
/// If a field is longer than 65,535 bytes: every layout is far below, so this is a mistake of the caller.
pub fn hash(label: HashLabel, fields: &[&[u8]]) -> [u8; 32] {
    let mut state = Sha3_256::new();
    absorb(&mut state, label.as_bytes());
    for field in fields {
        absorb(&mut state, field);
    }
    state.finalize().into()
}

fn absorb(state: &mut Sha3_256, field: &[u8]) {
    state.update(prefix(field));
    state.update(field);
}

/// The two length bytes of `lp(field)`.
pub(crate) fn prefix(field: &[u8]) -> [u8; 2] {
    assert!(field.len() <= usize::from(u16::MAX), "a hashed field has at most 65,535 bytes");
    (field.len() as u16).to_be_bytes()
}

/// Compare in constant time: for tags, key commitments and anything derived from a secret.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// `N` fresh random bytes from the caller's source.
pub fn random<const N: usize>(rng: &mut (impl CryptoRng + ?Sized)) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

//! What targets have in common: the canonical-encoding check, and inputs of a fixed size.

use pars_wire::codec::Wire;

/// What the decoder said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It gave a value, which encodes to the same bytes.
    Accepted,
    /// It gave an error.
    Refused,
}

impl Outcome {
    pub(crate) const fn of(accepted: bool) -> Self {
        if accepted { Self::Accepted } else { Self::Refused }
    }
}

/// Panic unless the bytes are equal; names the first place where they differ.
pub(crate) fn same(encoded: &[u8], decoded: &[u8]) {
    let differs = encoded.iter().zip(decoded).position(|(left, right)| left != right);
    assert!(
        differs.is_none() && encoded.len() == decoded.len(),
        "a second encoding was accepted: {} bytes decode, {} bytes encode again, first difference at {differs:?}",
        decoded.len(),
        encoded.len(),
    );
}

/// THREATS P8 for a type with the one codec: `encode(decode(b)) = b` or a refusal.
pub(crate) fn wire<T: Wire>(bytes: &[u8]) -> Outcome {
    let decoded = T::decode(bytes);
    if let Ok(value) = &decoded {
        same(&value.encode(), bytes);
    }
    Outcome::of(decoded.is_ok())
}

/// The first `N` bytes, with zeros behind what is missing: for layouts whose size the layer above fixes.
pub(crate) fn fixed<const N: usize>(bytes: &[u8]) -> Box<[u8; N]> {
    let mut whole = Box::new([0; N]);
    whole.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    whole
}

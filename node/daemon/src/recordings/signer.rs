//! What signs an anchor after a restart.

use std::fmt;

use alloy::primitives::Address;
use pars_crypto::secret::{DsaSeed, Zeroizing};
use pars_crypto::trigger::TriggerSecret;
use pars_identity::id::IdentityId;
use pars_proto::room::recording::ConsentKey;

use crate::driver::SUITE;

/// Kinds of consent keys.
const SECP256K1: u8 = 1;
const ML_DSA: u8 = 2;

/// A consent key in the form in which it is kept: what signs an anchor after a restart.
#[derive(Clone)]
pub struct ConsentSecret(pub(super) Zeroizing<Vec<u8>>);

impl ConsentSecret {
    /// The secret of a key.
    pub fn of(key: &ConsentKey) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(53));
        match key {
            ConsentKey::Secp256k1(key) => {
                bytes.push(SECP256K1);
                bytes.extend_from_slice(Zeroizing::new(<[u8; 32]>::from(key.to_bytes())).as_slice());
            }
            ConsentKey::MlDsa87 { verifier, key } => {
                bytes.push(ML_DSA);
                bytes.extend_from_slice(verifier.as_slice());
                bytes.extend_from_slice(key.seed().expose());
            }
        }
        Self(bytes)
    }

    /// The key; none of bytes that are none.
    pub fn key(&self) -> Option<ConsentKey> {
        match self.0.split_first()? {
            (&SECP256K1, scalar) => ConsentKey::from_scalar(scalar.try_into().ok()?),
            (&ML_DSA, rest) => {
                let (verifier, seed) = rest.split_first_chunk::<20>()?;
                let seed = DsaSeed::from_bytes(*<&[u8; 32]>::try_from(seed).ok()?);
                let key = Box::new(TriggerSecret::from_seed(SUITE, seed));
                Some(ConsentKey::MlDsa87 { verifier: Address::from(*verifier), key })
            }
            _ => None,
        }
    }
}

impl fmt::Debug for ConsentSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsentSecret(redacted)")
    }
}

/// What signs an anchor, and who sends it.
#[derive(Clone, Debug)]
pub struct AnchorSigner {
    /// The consent key of who records.
    pub secret: ConsentSecret,
    /// The executor that was named; that of the settings if none was.
    pub through: Option<IdentityId>,
}

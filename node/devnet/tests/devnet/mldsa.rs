//! An ML-DSA-87 key of tests (FIPS 204): public keys of 2,592 bytes, signatures of 4,627.

use alloy::primitives::Bytes;
use ml_dsa::{Keypair, MlDsa87, SigningKey};

pub(crate) struct Key(SigningKey<MlDsa87>);

impl Key {
    pub(crate) fn from_seed(seed: u8) -> Self {
        Self(SigningKey::from_seed(&[seed; 32].into()))
    }

    pub(crate) fn public(&self) -> Bytes {
        self.0.verifying_key().encode().to_vec().into()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Bytes {
        self.0.expanded_key().sign_deterministic(message, &[]).unwrap().encode().to_vec().into()
    }
}

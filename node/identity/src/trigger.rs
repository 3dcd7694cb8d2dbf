//! The certificate of a trigger key: an identity says that a key acts for an account on one contract of one chain
//! (ELIGIBILITY section 5). It goes to an executor inside a session and never on chain, where no Session ID stands.
//!
//! `chain_id8 | trigger20 | account20 | signer_id32` = 80 ‖ HS("pars-trigger-cert-v1") by the identity = 4,771 bytes.

use alloy_primitives::Address;
use pars_crypto::label::HybridLabel;
use pars_crypto::sign::HybridSignature;
use pars_crypto::{CryptoRng, Suite};
use pars_wire::codec::{DecodeError, Reader, Wire, Writer};
use pars_wire::{ChainId, SignerId};

use crate::core::IdentityCore;
use crate::error::RecordError;
use crate::seed::IdentityKeys;

/// A trigger key in its place: which key, for which account, on which contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TriggerKey {
    /// The chain.
    pub chain: ChainId,
    /// The `SessionTrigger` contract.
    pub trigger: Address,
    /// The account that enrolled the key.
    pub account: Address,
    /// Keccak-256 of the key.
    pub signer: SignerId,
}

impl TriggerKey {
    /// How many bytes.
    pub const SIZE: usize = 8 + 20 + 20 + 32;
}

impl Wire for TriggerKey {
    fn write(&self, out: &mut Writer) {
        out.u64(self.chain.0).bytes(self.trigger.as_slice()).bytes(self.account.as_slice());
        out.bytes(self.signer.0.as_slice());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            chain: ChainId(from.u64("chain id")?),
            trigger: Address::new(from.array("trigger contract")?),
            account: Address::new(from.array("account")?),
            signer: SignerId(from.array::<32>("signer id")?.into()),
        })
    }
}

/// A certificate whose signature has verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerCertificate {
    key: TriggerKey,
    signature: HybridSignature,
}

impl TriggerCertificate {
    /// How many bytes.
    pub const SIZE: usize = TriggerKey::SIZE + HybridSignature::SIZE;

    /// Decode and verify with the identity that must have signed it.
    ///
    /// # Errors
    /// [`RecordError`] for layout or signature: also that of another identity.
    pub fn verify(suite: &dyn Suite, bytes: &[u8], by: &IdentityCore) -> Result<Self, RecordError> {
        let mut from = Reader::new(bytes);
        let key = TriggerKey::read(&mut from)?;
        let signature = HybridSignature::from_bytes(from.array_ref("signature")?);
        from.finish()?;
        by.keys().verify(suite, HybridLabel::TRIGGER_CERTIFICATE, &key.encode(), &signature)?;
        Ok(Self { key, signature })
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        [self.key.encode(), self.signature.to_bytes()].concat()
    }

    /// What it certifies.
    pub const fn key(&self) -> TriggerKey {
        self.key
    }
}

impl IdentityKeys {
    /// Certify a trigger key as this identity's.
    pub fn certify_trigger(
        &self,
        suite: &dyn Suite,
        key: TriggerKey,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> TriggerCertificate {
        let signature = self.signing.sign(suite, HybridLabel::TRIGGER_CERTIFICATE, &key.encode(), rng);
        TriggerCertificate { key, signature }
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::SeedableRng;
    use pars_crypto::secret::Entropy;
    use pars_crypto::suite::Libcrux;

    use super::*;

    const SUITE: &Libcrux = &Libcrux;

    fn keys(seed: u8) -> IdentityKeys {
        IdentityKeys::derive(SUITE, &Entropy::from_bytes([seed; 32]))
    }

    fn key() -> TriggerKey {
        TriggerKey {
            chain: ChainId(7_072),
            trigger: Address::repeat_byte(1),
            account: Address::repeat_byte(2),
            signer: SignerId([3; 32].into()),
        }
    }

    fn certificate() -> Vec<u8> {
        println!("seed 21");
        keys(1).certify_trigger(SUITE, key(), &mut ChaCha20Rng::seed_from_u64(21)).encode()
    }

    #[test]
    fn a_certificate_has_4771_bytes_and_reads_back_what_it_certifies() {
        let bytes = certificate();
        assert_eq!(bytes.len(), 4_771);
        let read = TriggerCertificate::verify(SUITE, &bytes, keys(1).core()).unwrap();
        assert_eq!((read.key(), read.encode()), (key(), bytes));
    }

    #[test]
    fn the_certificate_of_another_identity_is_refused() {
        let refused = TriggerCertificate::verify(SUITE, &certificate(), keys(2).core());
        assert!(matches!(refused, Err(RecordError::Signature(_))));
    }

    #[test]
    fn one_flipped_bit_anywhere_is_refused() {
        let bytes = certificate();
        for at in [0, 7, 8, 27, 28, 47, 48, 79, 80, 143, 144, 3_000, 4_770] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(TriggerCertificate::verify(SUITE, &flipped, keys(1).core()).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_certificate_cut_short_or_longer_is_refused() {
        let bytes = certificate();
        for damaged in [&bytes[..4_770], &[&bytes[..], &[0]].concat(), &[][..]] {
            assert!(matches!(TriggerCertificate::verify(SUITE, damaged, keys(1).core()), Err(RecordError::Decode(_))));
        }
    }
}

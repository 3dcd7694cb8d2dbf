//! One-time keys that consent for a seat (ELIGIBILITY section 4.1, 4.5): fresh for every statement, so that nobody outside the
//! room can tie a consent to a wallet.
//!
//! | Key | ERC-7913 signer | Signature over a digest |
//! |---|---|---|
//! | secp256k1 | the address, 20 | r32 ‖ s32 ‖ v1, low s (EIP-2), v 27 or 28 |
//! | ML-DSA-87 | verifier20 ‖ public key 2,592 | 4,627, pure, empty context, over `"pars-erc7913/1"14 ‖ 0x00 ‖ digest32` |

use std::fmt;

use alloy_primitives::{Address, B256, Signature, keccak256};
use k256::ecdsa::SigningKey;
use pars_crypto::secret::Zeroizing;
use pars_crypto::suite::{DSA87_PUBLIC, DSA87_SIGNATURE};
use pars_crypto::trigger::{Statement, TriggerPublic, TriggerSecret};
use pars_crypto::{CryptoRng, Suite};
use pars_wire::codec::{DecodeError, Reader, Writer};

use crate::room::seat::ConsentSigner;
use crate::room::statement::WALLET_SIGNATURE;
use crate::room::typed::canonical;

/// The secret half of a [`ConsentSigner`].
pub enum ConsentKey {
    /// An address' key.
    Secp256k1(SigningKey),
    /// A post-quantum key.
    MlDsa87 {
        /// The contract that verifies it.
        verifier: Address,
        /// The key.
        key: Box<TriggerSecret>,
    },
}

/// A consent, a withdrawal or an anchor, signed: 65 or 4,627 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentSignature(Vec<u8>);

impl ConsentSignature {
    /// Take over bytes of one of the two lengths.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        matches!(bytes.len(), WALLET_SIGNATURE | DSA87_SIGNATURE).then_some(Self(bytes))
    }

    /// The bytes, as the contract takes them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn write(&self, out: &mut Writer) {
        // At most 4,627 bytes, which fits its length.
        out.u16(self.0.len() as u16).bytes(&self.0);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = from.lp("signature of a consent")?;
        Self::new(bytes.to_vec()).ok_or(DecodeError::Malformed { what: "signature of a consent" })
    }
}

impl fmt::Debug for ConsentSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConsentSignature({} bytes)", self.0.len())
    }
}

fn address(key: &SigningKey) -> Address {
    let point = key.verifying_key().to_encoded_point(false);
    let coordinates = keccak256(point.as_bytes().get(1..).unwrap_or_default());
    Address::from_word(coordinates)
}

impl ConsentKey {
    /// A fresh secp256k1 key.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        loop {
            // One draw in 2^128 is no scalar.
            let secret = Zeroizing::new(pars_crypto::hash::random::<32>(rng));
            if let Some(key) = Self::from_scalar(&secret) {
                return key;
            }
        }
    }

    /// The secp256k1 key of these bytes, if they are a scalar: not zero, below the order.
    pub fn from_scalar(secret: &[u8; 32]) -> Option<Self> {
        SigningKey::from_slice(secret).ok().map(Self::Secp256k1)
    }

    /// A fresh ML-DSA-87 key for the contract that verifies such keys.
    pub fn generate_ml_dsa(suite: &dyn Suite, rng: &mut (impl CryptoRng + ?Sized), verifier: Address) -> Self {
        Self::MlDsa87 { verifier, key: Box::new(TriggerSecret::generate(suite, rng)) }
    }

    /// The ERC-7913 bytes that stand in the seat's statement.
    pub fn signer(&self) -> ConsentSigner {
        match self {
            Self::Secp256k1(key) => ConsentSigner::Address(address(key)),
            Self::MlDsa87 { verifier, key } => {
                let mut bytes = Box::new([0; ConsentSigner::ML_DSA]);
                let parts = verifier.iter().chain(key.public().as_bytes());
                bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
                ConsentSigner::MlDsa(bytes)
            }
        }
    }

    /// Sign a digest of [`super::ConsentDomain`]; none if the primitive refuses, which no digest makes it do.
    pub fn sign(
        &self,
        suite: &dyn Suite,
        rng: &mut (impl CryptoRng + ?Sized),
        digest: B256,
    ) -> Option<ConsentSignature> {
        let bytes = match self {
            Self::Secp256k1(key) => {
                // RFC 6979; the lower s.
                let (signature, id) = key.sign_prehash_recoverable(digest.as_slice()).ok()?;
                Signature::from_signature_and_parity(signature, id.is_y_odd()).as_bytes().to_vec()
            }
            Self::MlDsa87 { key, .. } => key.sign(suite, &Statement::erc7913(&digest.0), rng).to_vec(),
        };
        ConsentSignature::new(bytes)
    }
}

impl fmt::Debug for ConsentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsentKey(redacted)")
    }
}

impl ConsentSigner {
    /// keccak-256 of the ERC-7913 bytes: how rosters and the contract name it.
    pub fn hash(&self) -> B256 {
        keccak256(self.as_bytes())
    }

    /// Whether it signed the digest, as the contract judges. The verifier that an ML-DSA signer names is the contract's to
    /// check.
    pub fn signed(&self, suite: &dyn Suite, digest: B256, signature: &ConsentSignature) -> bool {
        match self {
            Self::Address(address) => {
                let bytes: Option<&[u8; WALLET_SIGNATURE]> = signature.as_bytes().try_into().ok();
                let parsed = bytes.and_then(|bytes| canonical(bytes).ok());
                parsed.and_then(|parsed| parsed.recover_address_from_prehash(&digest).ok()) == Some(*address)
            }
            Self::MlDsa(signer) => {
                let key: Option<&[u8; DSA87_PUBLIC]> = signer.last_chunk();
                let bytes: Option<&[u8; DSA87_SIGNATURE]> = signature.as_bytes().try_into().ok();
                let Some((key, bytes)) = key.zip(bytes) else { return false };
                TriggerPublic::from_bytes(key).verify(suite, &Statement::erc7913(&digest.0), bytes)
            }
        }
    }
}

//! The production back end: `libcrux-ml-kem` and `libcrux-ml-dsa` (formally verified, seeds and randomness by argument).
//! The working form is the standard's expanded key: it never leaves this process and is made here from a seed only.

use libcrux_ml_dsa::ml_dsa_87::{self, MLDSA87Signature, MLDSA87SigningKey, MLDSA87VerificationKey};
use libcrux_ml_kem::{MlKemCiphertext, MlKemPrivateKey, MlKemPublicKey, mlkem768, mlkem1024};
use zeroize::Zeroizing;

use super::{
    DSA87_PUBLIC, DSA87_SIGNATURE, Expanded, KEM768_CIPHERTEXT, KEM768_PUBLIC, KEM1024_CIPHERTEXT, KEM1024_PUBLIC,
    Suite,
};
use crate::label::HybridLabel;

const KEM768_WORKING: usize = 2_400;
const KEM1024_WORKING: usize = 3_168;
const DSA87_WORKING: usize = 4_896;

/// The production back end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Libcrux;

/// A working form of another back end is a mistake in this program, never something a peer can cause.
fn own<const N: usize>(working: &[u8]) -> &[u8; N] {
    #[expect(clippy::expect_used, reason = "working forms are made by this back end and never imported")]
    working.try_into().expect("a working form made by this back end")
}

impl Suite for Libcrux {
    fn name(&self) -> &'static str {
        "libcrux"
    }

    fn kem768_expand(&self, seed: &[u8; 64]) -> Expanded<KEM768_PUBLIC> {
        let pair = mlkem768::generate_key_pair(*seed);
        let working = Zeroizing::new(pair.private_key().as_slice().to_vec());
        Expanded { public: Box::new(*pair.public_key().as_slice()), working }
    }

    fn kem768_encapsulate(
        &self,
        public: &[u8; KEM768_PUBLIC],
        randomness: &[u8; 32],
    ) -> (Box<[u8; KEM768_CIPHERTEXT]>, [u8; 32]) {
        let (ciphertext, secret) = mlkem768::encapsulate(&MlKemPublicKey::from(public), *randomness);
        (Box::new(*ciphertext.as_slice()), secret)
    }

    fn kem768_decapsulate(&self, working: &[u8], ciphertext: &[u8; KEM768_CIPHERTEXT]) -> [u8; 32] {
        let key = MlKemPrivateKey::from(own::<KEM768_WORKING>(working));
        mlkem768::decapsulate(&key, &MlKemCiphertext::from(ciphertext))
    }

    fn kem1024_expand(&self, seed: &[u8; 64]) -> Expanded<KEM1024_PUBLIC> {
        let pair = mlkem1024::generate_key_pair(*seed);
        let working = Zeroizing::new(pair.private_key().as_slice().to_vec());
        Expanded { public: Box::new(*pair.public_key().as_slice()), working }
    }

    fn kem1024_encapsulate(
        &self,
        public: &[u8; KEM1024_PUBLIC],
        randomness: &[u8; 32],
    ) -> (Box<[u8; KEM1024_CIPHERTEXT]>, [u8; 32]) {
        let (ciphertext, secret) = mlkem1024::encapsulate(&MlKemPublicKey::from(public), *randomness);
        (Box::new(*ciphertext.as_slice()), secret)
    }

    fn kem1024_decapsulate(&self, working: &[u8], ciphertext: &[u8; KEM1024_CIPHERTEXT]) -> [u8; 32] {
        let key = MlKemPrivateKey::from(own::<KEM1024_WORKING>(working));
        mlkem1024::decapsulate(&key, &MlKemCiphertext::from(ciphertext))
    }

    fn dsa87_expand(&self, seed: &[u8; 32]) -> Expanded<DSA87_PUBLIC> {
        let pair = ml_dsa_87::generate_key_pair(*seed);
        let working = Zeroizing::new(pair.signing_key.as_slice().to_vec());
        Expanded { public: Box::new(*pair.verification_key.as_ref()), working }
    }

    fn dsa87_sign(
        &self,
        working: &[u8],
        label: HybridLabel,
        message: &[u8],
        randomness: &[u8; 32],
    ) -> Box<[u8; DSA87_SIGNATURE]> {
        let key = MLDSA87SigningKey::new(*own::<DSA87_WORKING>(working));
        #[expect(
            clippy::expect_used,
            reason = "a label is shorter than 256 bytes; 814 rejections in a row do not happen"
        )]
        let signature = ml_dsa_87::sign(&key, message, label.as_bytes(), *randomness).expect("an ML-DSA signature");
        Box::new(*signature.as_ref())
    }

    fn dsa87_verify(
        &self,
        public: &[u8; DSA87_PUBLIC],
        label: HybridLabel,
        message: &[u8],
        signature: &[u8; DSA87_SIGNATURE],
    ) -> bool {
        let public = MLDSA87VerificationKey::new(*public);
        ml_dsa_87::verify(&public, message, label.as_bytes(), &MLDSA87Signature::new(*signature)).is_ok()
    }
}

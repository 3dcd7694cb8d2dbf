//! The reference back end: RustCrypto `ml-kem` and `ml-dsa`. Its working form is the seed itself, so it is slower and
//! shares nothing with the production back end but the standard.

use ml_dsa::{ExpandedSigningKey, KeyInit as _, MlDsa87, Signature, SigningKey, VerifyingKey, signature::Keypair as _};
use ml_kem::kem::{Decapsulate as _, KeyExport as _};
use ml_kem::{ml_kem_768, ml_kem_1024};
use zeroize::Zeroizing;

use super::{
    DSA87_PUBLIC, DSA87_SIGNATURE, Expanded, KEM768_CIPHERTEXT, KEM768_PUBLIC, KEM1024_CIPHERTEXT, KEM1024_PUBLIC,
    Suite,
};
use crate::label::HybridLabel;

/// The reference back end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

/// A working form of another back end is a mistake in this program, never something a peer can cause.
fn own<const N: usize>(working: &[u8]) -> &[u8; N] {
    #[expect(clippy::expect_used, reason = "working forms are made by this back end and never imported")]
    working.try_into().expect("a working form made by this back end")
}

macro_rules! kem {
    ($module:ident, $expand:ident, $encapsulate:ident, $decapsulate:ident, $public:ident, $ciphertext:ident) => {
        fn $expand(&self, seed: &[u8; 64]) -> Expanded<$public> {
            let key = $module::DecapsulationKey::from_seed((*seed).into());
            let public = Box::new(key.encapsulation_key().to_bytes().0);
            Expanded { public, working: Zeroizing::new(seed.to_vec()) }
        }

        fn $encapsulate(&self, public: &[u8; $public], randomness: &[u8; 32]) -> (Box<[u8; $ciphertext]>, [u8; 32]) {
            // The typed keys have passed the modulus check, which is all that is refused here.
            let key = $module::EncapsulationKey::new(&(*public).into()).expect("a checked encapsulation key");
            let (ciphertext, secret) = key.encapsulate_deterministic(&(*randomness).into());
            (Box::new(ciphertext.0), secret.0)
        }

        fn $decapsulate(&self, working: &[u8], ciphertext: &[u8; $ciphertext]) -> [u8; 32] {
            let key = $module::DecapsulationKey::from_seed((*own::<64>(working)).into());
            key.decapsulate(&(*ciphertext).into()).0
        }
    };
}

impl Suite for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    kem!(ml_kem_768, kem768_expand, kem768_encapsulate, kem768_decapsulate, KEM768_PUBLIC, KEM768_CIPHERTEXT);
    kem!(ml_kem_1024, kem1024_expand, kem1024_encapsulate, kem1024_decapsulate, KEM1024_PUBLIC, KEM1024_CIPHERTEXT);

    fn dsa87_expand(&self, seed: &[u8; 32]) -> Expanded<DSA87_PUBLIC> {
        let key = SigningKey::<MlDsa87>::from_seed(&(*seed).into());
        Expanded { public: Box::new(key.verifying_key().encode().0), working: Zeroizing::new(seed.to_vec()) }
    }

    fn dsa87_sign(
        &self,
        working: &[u8],
        label: HybridLabel,
        message: &[u8],
        randomness: &[u8; 32],
    ) -> Box<[u8; DSA87_SIGNATURE]> {
        let key = ExpandedSigningKey::<MlDsa87>::from_seed(&(*own::<32>(working)).into());
        let context = label.as_bytes();
        // FIPS 204 algorithm 2, lines 10 and 11: M' = 0 ‖ |ctx| ‖ ctx ‖ M.
        let parts: [&[u8]; 4] = [&[0], &[context.len() as u8], context, message];
        Box::new(key.sign_internal(&parts, &(*randomness).into()).encode().0)
    }

    fn dsa87_verify(
        &self,
        public: &[u8; DSA87_PUBLIC],
        label: HybridLabel,
        message: &[u8],
        signature: &[u8; DSA87_SIGNATURE],
    ) -> bool {
        let public = VerifyingKey::<MlDsa87>::new(&(*public).into());
        Signature::<MlDsa87>::decode(&(*signature).into())
            .is_some_and(|signature| public.verify_with_context(message, label.as_bytes(), &signature))
    }
}

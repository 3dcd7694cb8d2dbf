//! The production and the reference back end are one function: same seeds and randomness, same bytes, in every
//! combination (SESSION SD9 "Back ends", THREATS P1, P3).

use crate::common::{SUITES, seeded};
use pars_crypto::hash::random;
use pars_crypto::hkem::{Xw768Ciphertext, Xw768Secret, Xw1024Ciphertext, Xw1024Secret};
use pars_crypto::kem::{Kem768Ciphertext, Kem768Secret, Kem1024Ciphertext, Kem1024Secret};
use pars_crypto::label::HybridLabel;
use pars_crypto::secret::{DsaSeed, Ed25519Seed, HybridKemSeed, KemSeed};
use pars_crypto::sign::HybridSecret;
use x_wing::{Decapsulate as _, KeyExport as _};

const CASES: usize = 64;

macro_rules! kem_agrees {
    ($test:ident, $secret:ident, $ciphertext:ident) => {
        #[test]
        fn $test() {
            let mut rng = seeded(203);
            for _ in 0..CASES {
                let seed = KemSeed::generate(&mut rng);
                let randomness = random::<32>(&mut rng);
                let keys = SUITES.map(|suite| $secret::from_seed(suite, seed.clone()));
                assert_eq!(keys[0].public(), keys[1].public());

                let sent = SUITES.map(|suite| keys[0].public().encapsulate_with(suite, &randomness));
                assert_eq!(sent[0], sent[1]);
                let (ciphertext, secret) = &sent[0];
                let mut changed = *ciphertext.as_bytes();
                let place = u32::from_le_bytes(random(&mut rng)) as usize % changed.len();
                changed[place] ^= 1 << (random::<1>(&mut rng)[0] % 8);
                let changed = $ciphertext::from_bytes(&changed);

                let opened = [0, 1].map(|i| keys[i].decapsulate(SUITES[i], ciphertext));
                assert_eq!(opened, [secret.clone(), secret.clone()]);
                let rejected = [0, 1].map(|i| keys[i].decapsulate(SUITES[i], &changed));
                assert_eq!(rejected[0], rejected[1], "implicit rejection gives the same other secret");
                assert_ne!(rejected[0], *secret);
            }
        }
    };
}

kem_agrees!(ml_kem_768_agrees_on_keys_ciphertexts_and_rejections, Kem768Secret, Kem768Ciphertext);
kem_agrees!(ml_kem_1024_agrees_on_keys_ciphertexts_and_rejections, Kem1024Secret, Kem1024Ciphertext);

macro_rules! hybrid_agrees {
    ($test:ident, $secret:ident, $ciphertext:ident) => {
        #[test]
        fn $test() {
            let mut rng = seeded(204);
            for _ in 0..CASES {
                let seed = HybridKemSeed::generate(&mut rng);
                let randomness = random::<64>(&mut rng);
                let keys = SUITES.map(|suite| $secret::from_seed(suite, seed.clone()));
                assert_eq!(keys[0].public(), keys[1].public());
                let sent = SUITES.map(|suite| keys[1].public().encapsulate_with(suite, &randomness).unwrap());
                assert_eq!(sent[0], sent[1]);
                let (ciphertext, secret) = &sent[0];
                let again = $ciphertext::from_bytes(&ciphertext.to_bytes());
                assert_eq!(
                    [0, 1].map(|i| keys[i].decapsulate(SUITES[i], &again).unwrap()),
                    [secret.clone(), secret.clone()]
                );

                for position in [0, $ciphertext::SIZE - 1] {
                    let mut changed = ciphertext.to_bytes();
                    changed[position] ^= 1;
                    let changed = $ciphertext::from_bytes(&changed);
                    assert_ne!(keys[0].decapsulate(SUITES[0], &changed).unwrap(), *secret);
                }
            }
        }
    };
}

hybrid_agrees!(xw768_agrees_and_a_change_in_either_half_changes_the_secret, Xw768Secret, Xw768Ciphertext);
hybrid_agrees!(xw1024_agrees_and_a_change_in_either_half_changes_the_secret, Xw1024Secret, Xw1024Ciphertext);

#[test]
fn xw768_is_x_wing() {
    let mut rng = seeded(205);
    for suite in SUITES {
        for _ in 0..CASES {
            let seed = HybridKemSeed::generate(&mut rng);
            let ours = Xw768Secret::from_seed(suite, seed.clone());
            let theirs = x_wing::DecapsulationKey::from(*seed.expose());
            let their_public = x_wing::EncapsulationKey::try_from(&ours.public().to_bytes()[..]).unwrap();
            assert_eq!(&their_public, x_wing::Decapsulator::encapsulation_key(&theirs));
            assert_eq!(their_public.to_bytes()[..], ours.public().to_bytes());

            let (ciphertext, secret) = ours.public().encapsulate(suite, &mut rng).unwrap();
            assert_eq!(theirs.decapsulate(&ciphertext.to_bytes().into())[..], secret.expose()[..]);
            let (ciphertext, secret) = x_wing::Encapsulate::encapsulate_with_rng(&their_public, &mut rng);
            let ciphertext = Xw768Ciphertext::from_bytes(&ciphertext.into());
            assert_eq!(ours.decapsulate(suite, &ciphertext).unwrap().expose()[..], secret[..]);
        }
    }
}

#[test]
fn ml_dsa_87_agrees_on_keys_and_signatures_and_each_verifies_the_other() {
    let mut rng = seeded(206);
    for case in 0..CASES {
        let seeds = (DsaSeed::generate(&mut rng), Ed25519Seed::generate(&mut rng));
        let keys = SUITES.map(|suite| HybridSecret::from_seeds(suite, seeds.0.clone(), seeds.1.clone()));
        assert_eq!(keys[0].public(), keys[1].public());
        // Every fourth case is the deterministic variant of FIPS 204.
        let hedge = if case % 4 == 0 { [0; 32] } else { random(&mut rng) };
        let message = random::<100>(&mut rng);
        let label = HybridLabel::IDENTITY_RECORD;
        let signatures = [0, 1].map(|i| keys[i].sign_with(SUITES[i], label, &message, &hedge));
        assert_eq!(signatures[0], signatures[1]);
        for suite in SUITES {
            assert_eq!(keys[0].public().verify(suite, label, &message, &signatures[0]), Ok(()));
        }
    }
}

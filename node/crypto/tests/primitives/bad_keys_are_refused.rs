//! Keys that an honest maker never makes (THREATS P2, P4).

use crate::common::{SUITES, seeded};
use pars_crypto::dh::{DhPublic, DhSecret, LowOrder};
use pars_crypto::hkem::{Xw768Ciphertext, Xw768Public, Xw768Secret, Xw1024Ciphertext, Xw1024Public, Xw1024Secret};
use pars_crypto::kem::{Kem768Public, Kem768Secret, Kem1024Public, Kem1024Secret, NotReduced};
use pars_crypto::sign::{Ed25519Public, SignatureError};
use pars_crypto::suite::Libcrux;

/// Write the 12-bit coefficient `index` of an encapsulation key.
fn set(key: &mut [u8], index: usize, value: u16) {
    let [low, middle, high] = &mut key[index / 2 * 3..index / 2 * 3 + 3] else { unreachable!() };
    if index.is_multiple_of(2) {
        *low = value as u8;
        *middle = *middle & 0xf0 | (value >> 8) as u8;
    } else {
        *middle = *middle & 0x0f | (value << 4) as u8;
        *high = (value >> 4) as u8;
    }
}

macro_rules! overflow {
    ($test:ident, $secret:ident, $public:ident, $rank:literal) => {
        #[test]
        fn $test() {
            let honest = *$secret::generate(&Libcrux, &mut seeded(72)).public().as_bytes();
            for index in 0..256 * $rank {
                for (value, verdict) in
                    [(0, Ok(())), (3_328, Ok(())), (3_329, Err(NotReduced)), (4_095, Err(NotReduced))]
                {
                    let mut key = honest;
                    set(&mut key, index, value);
                    assert_eq!($public::from_bytes(&key).map(|_| ()), verdict, "coefficient {index} = {value}");
                }
            }
        }
    };
}

overflow!(every_single_coefficient_at_or_above_q_is_refused_in_768, Kem768Secret, Kem768Public, 3);
overflow!(every_single_coefficient_at_or_above_q_is_refused_in_1024, Kem1024Secret, Kem1024Public, 4);

#[test]
fn a_hybrid_key_with_an_overflowing_coefficient_is_refused() {
    macro_rules! refused {
        ($secret:ident, $public:ident, $rank:literal) => {
            let honest = $secret::generate(&Libcrux, &mut seeded(73)).public().to_bytes();
            for index in [0, 5, 256 * $rank - 1] {
                let mut key = honest;
                set(&mut key, index, 3_328);
                assert!($public::from_bytes(&key).is_ok(), "coefficient {index}");
                set(&mut key, index, 3_329);
                assert_eq!($public::from_bytes(&key).unwrap_err(), NotReduced, "coefficient {index}");
            }
        };
    }
    refused!(Xw768Secret, Xw768Public, 3);
    refused!(Xw1024Secret, Xw1024Public, 4);
}

/// The points whose order divides 8, and their non-canonical forms; the highest bit is ignored (RFC 7748).
fn low_order() -> Vec<[u8; 32]> {
    let mut near_p = [0xff; 32];
    near_p[31] = 0x7f;
    let near = |first| {
        let mut point = near_p;
        point[0] = first;
        point
    };
    let mut one = [0; 32];
    one[0] = 1;
    let order_8 = [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ]
    .map(|text| hex::decode(text).unwrap().try_into().unwrap());
    let mut all = vec![[0; 32], one, near(0xec), near(0xed), near(0xee), order_8[0], order_8[1]];
    for mut point in all.clone() {
        point[31] |= 0x80;
        all.push(point);
    }
    all
}

#[test]
fn every_low_order_point_is_refused_by_x25519_and_by_both_ends_of_the_hybrid() {
    let mut rng = seeded(44);
    let secret = DhSecret::generate(&mut rng);
    macro_rules! refused {
        ($suite:ident, $secret:ident, $public:ident, $ciphertext:ident) => {
            let key = $secret::generate($suite, &mut rng);
            let (honest, _) = key.public().encapsulate($suite, &mut rng).unwrap();
            for point in low_order() {
                let mut public = key.public().to_bytes();
                public[$public::SIZE - 32..].copy_from_slice(&point);
                let public = $public::from_bytes(&public).unwrap();
                assert_eq!(public.encapsulate($suite, &mut rng), Err(LowOrder));

                let mut ciphertext = honest.to_bytes();
                ciphertext[$ciphertext::SIZE - 32..].copy_from_slice(&point);
                assert_eq!(key.decapsulate($suite, &$ciphertext::from_bytes(&ciphertext)), Err(LowOrder));
            }
        };
    }
    for point in low_order() {
        assert_eq!(secret.agree(&DhPublic(point)), Err(LowOrder));
    }
    for suite in SUITES {
        refused!(suite, Xw768Secret, Xw768Public, Xw768Ciphertext);
        refused!(suite, Xw1024Secret, Xw1024Public, Xw1024Ciphertext);
    }
}

#[test]
fn small_order_and_non_canonical_ed25519_keys_are_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    // y = p + 1, which stands for the identity in a form that no encoder writes; y = p + 3 is such a form of y = 3.
    let above = |first| {
        let mut key = [0xff; 32];
        (key[0], key[31]) = (first, 0x7f);
        key
    };
    let mut no_point = [0; 32];
    no_point[0] = 2;
    for key in [identity, above(0xee), above(0xf0), no_point, [0; 32]] {
        assert_eq!(Ed25519Public::from_bytes(&key), Err(SignatureError::Key), "{}", hex::encode(key));
    }
}

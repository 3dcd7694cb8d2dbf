//! Both halves, one label, no malleability (THREATS P6, P7; SESSION R11).

use crate::common::{SUITES, seeded};
use pars_crypto::label::{HybridLabel, SignatureLabel};
use pars_crypto::secret::{DsaSeed, Ed25519Seed};
use pars_crypto::sign::{Ed25519Secret, HybridSecret, HybridSignature, SignatureError};
use pars_crypto::suite::Libcrux;

const HYBRID: [HybridLabel; 12] = [
    HybridLabel::IDENTITY_RECORD,
    HybridLabel::DEVICE_CERTIFICATE,
    HybridLabel::PREKEY_BATCH,
    HybridLabel::SUCCESSOR,
    HybridLabel::RELAY_DESCRIPTOR,
    HybridLabel::INIT,
    HybridLabel::INIT_LASTING,
    HybridLabel::MESSAGE,
    HybridLabel::GROUP_COMMIT,
    HybridLabel::GROUP_LEAF,
    HybridLabel::ROOM_STATEMENT,
    HybridLabel::TRIGGER_CERTIFICATE,
];

#[test]
fn no_hybrid_signature_verifies_under_another_label() {
    let mut rng = seeded(6);
    for suite in SUITES {
        let key = HybridSecret::generate(suite, &mut rng);
        for signed in HYBRID {
            let signature = key.sign(suite, signed, b"text", &mut rng);
            for claimed in HYBRID {
                assert_eq!(key.public().verify(suite, claimed, b"text", &signature).is_ok(), signed == claimed);
            }
        }
    }
}

#[test]
fn a_label_and_a_message_cannot_trade_bytes() {
    // "pars-init-v1" and "pars-init3-v1" differ inside; the zero byte ends every label.
    let mut rng = seeded(7);
    let key = HybridSecret::generate(&Libcrux, &mut rng);
    let signature = key.sign(&Libcrux, HybridLabel::INIT, b"\0text", &mut rng);
    assert!(key.public().verify(&Libcrux, HybridLabel::INIT, b"text", &signature).is_err());
}

#[test]
fn stripping_or_replacing_either_half_fails_closed() {
    let mut rng = seeded(8);
    let label = HybridLabel::PREKEY_BATCH;
    for suite in SUITES {
        let key = HybridSecret::generate(suite, &mut rng);
        let good = key.sign(suite, label, b"text", &mut rng).to_bytes();
        // Another signer that shares one half of the key: what an attacker has who broke the other half.
        let classical = HybridSecret::from_seeds(suite, DsaSeed::generate(&mut rng), key.ed25519_seed().clone());
        let quantum = HybridSecret::from_seeds(suite, key.dsa_seed().clone(), Ed25519Seed::generate(&mut rng));
        for (forger, error) in [(classical, SignatureError::MlDsa), (quantum, SignatureError::Ed25519)] {
            let forged = forger.sign(suite, label, b"text", &mut rng);
            assert_eq!(key.public().verify(suite, label, b"text", &forged), Err(error));
        }
        for (half, error) in [(0..64, SignatureError::Ed25519), (64..good.len(), SignatureError::MlDsa)] {
            let mut stripped = good.clone();
            stripped[half].fill(0);
            let stripped = HybridSignature::from_bytes(&stripped.try_into().unwrap());
            assert_eq!(key.public().verify(suite, label, b"text", &stripped), Err(error));
        }
    }
}

#[test]
fn every_changed_byte_of_a_hybrid_signature_is_refused() {
    let mut rng = seeded(9);
    let key = HybridSecret::generate(&Libcrux, &mut rng);
    let label = HybridLabel::MESSAGE;
    let good = key.sign(&Libcrux, label, b"text", &mut rng).to_bytes();
    assert_eq!(good.len(), 4_691);
    for position in 0..good.len() {
        let mut changed = good.clone();
        changed[position] ^= 0x10;
        let changed = HybridSignature::from_bytes(&changed.try_into().unwrap());
        assert!(key.public().verify(&Libcrux, label, b"text", &changed).is_err(), "byte {position}");
    }
}

#[test]
fn an_ed25519_signature_with_a_scalar_plus_the_group_order_is_refused() {
    let key = Ed25519Secret::generate(&mut seeded(10));
    let label = SignatureLabel::COMMAND;
    let mut signature = key.sign(label, b"text");
    assert_eq!(key.public().verify(label, b"text", &signature), Ok(()));
    assert_eq!(key.public().verify(SignatureLabel::RECEIPT, b"text", &signature), Err(SignatureError::Ed25519));

    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(key.public().verify(label, b"text", &signature), Err(SignatureError::Ed25519));
}

//! The three nonce rules, and secrets at rest (THREATS P5; SESSION SD9 "AEAD", section 12).

use std::collections::BTreeSet;

use crate::common::seeded;
use pars_crypto::Sealed;
use pars_crypto::aead::{AeadError, HeaderKey, OneUse, OpeningCounter, RandomNonce, SealingCounter};
use pars_crypto::kdf::{NO_SALT, kdf};
use pars_crypto::label::KdfLabel;
use pars_crypto::sealed::Place;
use pars_crypto::secret::{Entropy, RootKey, StoreKey};

fn one_use() -> OneUse {
    kdf::<44>(NO_SALT, &[b"input"], KdfLabel::SEAL, &[]).one_use::<0>()
}

#[test]
fn a_one_use_key_seals_once_and_its_twin_opens() {
    let sealed = one_use().seal(b"head", b"text");
    assert_eq!(sealed.len(), 4 + 16);
    assert_eq!(one_use().open(b"head", &sealed).unwrap()[..], b"text"[..]);
    assert_eq!(one_use().open(b"dead", &sealed), Err(AeadError::Refused));
    assert_eq!(one_use().open(b"head", &sealed[..15]), Err(AeadError::Refused));

    let mut text = *b"text";
    let tag = one_use().seal_in_place(b"head", &mut text);
    assert_eq!([&text[..], &tag].concat(), sealed);
    assert_eq!(one_use().open_in_place(b"head", &mut text, &tag), Ok(()));
    assert_eq!(text, *b"text");
}

#[test]
fn counters_never_repeat_and_open_in_order_only() {
    let (mut out, mut into) = (SealingCounter::new([1; 32]), OpeningCounter::new([1; 32]));
    let texts: Vec<_> = (0..1_000).map(|_| out.seal(b"", b"same").unwrap()).collect();
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), texts.len(), "equal texts, different nonces");
    assert_eq!(into.open(b"", &texts[1]), Err(AeadError::Refused), "not before its turn");
    for text in &texts {
        assert_eq!(into.open(b"", text).unwrap()[..], b"same"[..]);
    }
    assert_eq!(into.open(b"", &texts[999]), Err(AeadError::Refused), "not twice");
}

#[test]
fn a_header_opens_under_its_own_key_nonce_and_associated_data_only() {
    let key = HeaderKey::from_bytes([2; 32]);
    let nonce = RandomNonce::of_object(&[3; 16]);
    let sealed = key.seal(nonce, b"aad", b"header");
    assert_eq!(key.open(nonce, b"aad", &sealed).unwrap()[..], b"header"[..]);
    assert!(HeaderKey::from_bytes([4; 32]).open(nonce, b"aad", &sealed).is_err());
    assert!(key.open(RandomNonce::generate(&mut seeded(3)), b"aad", &sealed).is_err());
    assert!(key.open(nonce, b"other", &sealed).is_err());
}

#[test]
fn a_sealed_secret_opens_only_with_its_store_key_and_in_its_own_place() {
    let mut rng = seeded(12);
    let store = StoreKey::generate(&mut rng);
    let place = Place { table: "sessions", key: b"one" };
    let secret = RootKey::generate(&mut rng);
    let sealed = Sealed::seal(&store, place, secret.expose(), &mut rng);
    assert_eq!(sealed.as_bytes().len(), 32 + Sealed::OVERHEAD);
    assert_eq!(sealed.open(&store, place).unwrap()[..], secret.expose()[..]);

    let elsewhere = [
        Place { table: "sessions", key: b"two" },
        Place { table: "identity", key: b"one" },
        Place { table: "sessionso", key: b"ne" },
    ];
    for place in elsewhere {
        assert_eq!(sealed.open(&store, place), Err(AeadError::Refused));
    }
    assert_eq!(sealed.open(&StoreKey::generate(&mut rng), place), Err(AeadError::Refused));
    for position in 0..sealed.as_bytes().len() {
        let mut changed = sealed.as_bytes().to_vec();
        changed[position] ^= 1;
        assert_eq!(Sealed::from_bytes(changed).open(&store, place), Err(AeadError::Refused));
    }
    assert_eq!(Sealed::from_bytes(vec![0; 15]).open(&store, place), Err(AeadError::Refused));
}

#[test]
fn sealing_twice_shares_nothing_and_survives_serialisation() {
    let mut rng = seeded(13);
    let (store, place) = (StoreKey::generate(&mut rng), Place { table: "t", key: b"k" });
    let secret = Entropy::generate(&mut rng);
    let [first, second] = [(); 2].map(|()| Sealed::seal(&store, place, secret.expose(), &mut rng));
    assert!(!first.as_bytes().windows(8).any(|part| second.as_bytes().windows(8).any(|other| part == other)));
    let back: Sealed = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
    assert_eq!(back, first);
}

#[test]
fn keys_print_their_names_only() {
    let mut rng = seeded(14);
    assert_eq!(format!("{:?}", HeaderKey::from_bytes([0xab; 32])), "HeaderKey(redacted)");
    assert_eq!(format!("{:?}", one_use()), "OneUse(redacted)");
    assert_eq!(format!("{:?}", SealingCounter::new([0xab; 32])), "SealingCounter(redacted)");
    assert_eq!(format!("{:?}", OpeningCounter::new([0xab; 32])), "OpeningCounter(redacted)");
    assert_eq!(format!("{:?}", kdf::<44>(NO_SALT, &[b"x"], KdfLabel::SEAL, &[])), "Okm<44>(redacted)");
    assert_eq!(format!("{:?}", pars_crypto::dh::DhSecret::generate(&mut rng)), "DhSecret(redacted)");
    assert_eq!(format!("{:?}", pars_crypto::sign::Ed25519Secret::generate(&mut rng)), "Ed25519Secret(redacted)");
    let suite = &pars_crypto::suite::Libcrux;
    assert_eq!(format!("{:?}", pars_crypto::sign::HybridSecret::generate(suite, &mut rng)), "HybridSecret(redacted)");
    assert_eq!(format!("{:?}", pars_crypto::kem::Kem768Secret::generate(suite, &mut rng)), "Kem768Secret(redacted)");
    assert_eq!(format!("{:?}", pars_crypto::kem::Kem1024Secret::generate(suite, &mut rng)), "Kem1024Secret(redacted)");
    assert_eq!(format!("{:?}", pars_crypto::hkem::Xw768Secret::generate(suite, &mut rng)), "Xw768Secret(redacted)");
    assert_eq!(format!("{:?}", pars_crypto::hkem::Xw1024Secret::generate(suite, &mut rng)), "Xw1024Secret(redacted)");
}

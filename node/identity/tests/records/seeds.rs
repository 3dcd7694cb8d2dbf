//! 24 words are 256 bits of entropy, and the entropy is the seed (SESSION R24).

use std::collections::BTreeSet;

use pars_crypto::secret::Entropy;
use pars_crypto::suite::{Libcrux, Reference};
use pars_identity::seed::{ContactKeys, IdentityKeys, WordsError, from_words, to_words};
use pars_wire::codec::Wire;

use crate::cast::{SUITE, seeded};

#[test]
fn words_are_those_of_bip_39() {
    // The 256-bit vectors of BIP-39 for entropy of one repeated byte.
    let cases = [
        (0x00, "abandon ".repeat(23) + "art"),
        (0xff, "zoo ".repeat(23) + "vote"),
        (0x7f, "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title".to_owned()),
        (0x80, "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless".to_owned()),
    ];
    for (byte, words) in cases {
        let entropy = Entropy::from_bytes([byte; 32]);
        assert_eq!(**to_words(&entropy), *words);
        assert_eq!(from_words(&words), Ok(entropy));
    }
}

#[test]
fn words_read_back_whatever_their_case_and_spaces() {
    let mut rng = seeded(24);
    for _ in 0..100 {
        let entropy = Entropy::generate(&mut rng);
        let words = to_words(&entropy);
        assert_eq!(from_words(&words), Ok(entropy.clone()));
        assert_eq!(from_words(&format!("  {}\n", words.to_uppercase().replace(' ', "\t "))), Ok(entropy));
    }
}

#[test]
fn wrong_words_are_named_by_their_place_only() {
    let words = to_words(&Entropy::from_bytes([3; 32])).to_string();
    let list: Vec<_> = words.split(' ').collect();
    assert_eq!(from_words(""), Err(WordsError::Count(0)));
    assert_eq!(from_words(&list[..12].join(" ")), Err(WordsError::Count(12)));
    let mut unknown = list.clone();
    unknown[4] = "parsnip";
    assert_eq!(from_words(&unknown.join(" ")), Err(WordsError::Unknown(5)));
    assert!(!WordsError::Unknown(5).to_string().contains("parsnip"));
    let mut wrong = list;
    wrong[23] = if wrong[23] == "zoo" { "zone" } else { "zoo" };
    assert_eq!(from_words(&wrong.join(" ")), Err(WordsError::Checksum));
}

#[test]
fn the_same_seed_gives_the_same_identity_on_both_back_ends() {
    let entropy = Entropy::generate(&mut seeded(25));
    let [one, other] =
        [&Libcrux as &dyn pars_crypto::Suite, &Reference].map(|suite| IdentityKeys::derive(suite, &entropy));
    assert_eq!(one.core(), other.core());
    let contacts = [ContactKeys::derive(&Libcrux, &entropy, 3), ContactKeys::derive(&Reference, &entropy, 3)];
    assert_eq!(contacts[0].public(), contacts[1].public());
}

#[test]
fn every_purpose_and_counter_gives_another_key() {
    let entropy = Entropy::generate(&mut seeded(26));
    let identity = IdentityKeys::derive(SUITE, &entropy);
    let mut seen = BTreeSet::from([
        identity.revocation().expose().to_vec(),
        identity.core().keys().ed25519().as_bytes().to_vec(),
        identity.core().encode(),
    ]);
    for counter in 0..4 {
        let keys = ContactKeys::derive(SUITE, &entropy, counter);
        seen.insert(keys.x25519.expose().to_vec());
        seen.insert(keys.mlkem.seed().expose()[..32].to_vec());
        seen.insert(keys.mlkem.seed().expose()[32..].to_vec());
        seen.insert(keys.inbox.seed().expose().to_vec());
    }
    assert_eq!(seen.len(), 3 + 4 * 4);
}

#[test]
fn keys_of_an_identity_print_no_secret() {
    let entropy = Entropy::from_bytes([0xab; 32]);
    let identity = IdentityKeys::derive(SUITE, &entropy);
    let printed = format!("{identity:?}");
    assert!(printed.contains("HybridSecret(redacted)") && printed.contains("RevocationSecret(redacted)"));
    let contact = ContactKeys::derive(SUITE, &entropy, 0);
    let expected =
        "ContactKeys { x25519: DhSecret(redacted), mlkem: Kem1024Secret(redacted), inbox: Ed25519Secret(redacted) }";
    assert_eq!(format!("{contact:?}"), expected);
}

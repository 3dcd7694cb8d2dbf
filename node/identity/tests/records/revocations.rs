//! Ending an identity, and naming another.

use pars_crypto::sign::SignatureError;
use pars_identity::RecordError;
use pars_identity::core::IdentityCore;
use pars_identity::pin::{Pin, PinError};
use pars_identity::revocation::{Revocation, Successor};
use pars_wire::codec::{DecodeError, Wire};

use crate::cast::{Person, SUITE, TODAY, noon};

#[test]
fn only_the_right_secret_revokes() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let bytes = alice.keys.revoke().encode();
    assert_eq!(bytes.len(), Revocation::SIZE);
    let revocation = Revocation::verify(&bytes, alice.keys.core()).unwrap();
    assert_eq!((revocation.identity(), revocation.encode()), (alice.keys.id(), bytes.clone()));
    assert_eq!(Revocation::verify(&bytes, bob.keys.core()), Err(RecordError::OtherIdentity));
    for position in 36..68 {
        let mut wrong = bytes.clone();
        wrong[position] ^= 1;
        assert_eq!(Revocation::verify(&wrong, alice.keys.core()), Err(RecordError::OtherRevocation));
    }
    let longer = [&bytes[..], &[0]].concat();
    let trailing = RecordError::Decode(DecodeError::Trailing(1));
    assert_eq!(Revocation::verify(&longer, alice.keys.core()), Err(trailing));
}

#[test]
fn a_revocation_made_for_another_core_of_the_same_key_ends_nothing() {
    let (alice, mallory) = (Person::new(1), Person::new(2));
    // The key that names her, his Ed25519 key and his revocation hash: a core needs no signature.
    let (hers, his) = (alice.keys.core().encode(), mallory.keys.core().encode());
    let (head, tail) = (&hers[..hers.len() - 64], &his[his.len() - 64..]);
    let core = IdentityCore::decode(&[head, tail].concat()).unwrap();
    let bytes = [&b"PSIV"[..], &alice.keys.id().0, mallory.keys.revocation().expose()].concat();
    let revocation = Revocation::verify(&bytes, &core).unwrap();
    assert_eq!(revocation.identity(), alice.keys.id());
    let mut pin = Pin::new(&alice.record);
    assert_eq!(pin.revoke(&revocation), Err(PinError::OtherCore));
    assert!(!pin.revoked());
}

#[test]
fn a_successor_needs_both_signatures_and_the_whole_new_core() {
    let (mut old, new, other) = (Person::new(1), Person::new(2), Person::new(3));
    let statement = old.keys.name_successor(SUITE, &new.keys, noon(TODAY), &mut old.rng);
    let bytes = statement.encode();
    assert_eq!(bytes.len(), Successor::SIZE);
    assert_eq!(Successor::verify(SUITE, &bytes, old.keys.core(), new.keys.core()), Ok(statement));
    let swapped = Successor::verify(SUITE, &bytes, new.keys.core(), old.keys.core());
    assert_eq!(swapped, Err(RecordError::OtherIdentity));
    let elsewhere = Successor::verify(SUITE, &bytes, old.keys.core(), other.keys.core());
    assert_eq!(elsewhere, Err(RecordError::OtherIdentity));

    for position in [100, Successor::SIGNED, Successor::SIGNED + 4_691] {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        let error = RecordError::Signature(SignatureError::Ed25519);
        assert_eq!(Successor::verify(SUITE, &changed, old.keys.core(), new.keys.core()), Err(error));
    }
    let itself = old.keys.name_successor(SUITE, &old.keys, noon(TODAY), &mut old.rng).encode();
    assert!(Successor::verify(SUITE, &itself, old.keys.core(), old.keys.core()).is_err());
}

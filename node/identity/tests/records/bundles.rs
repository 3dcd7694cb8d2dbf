//! A bundle stands or falls as one (THREATS I1).

use pars_identity::RecordError;
use pars_identity::bundle::{Bundle, BundleError};
use pars_identity::link::{Assurance, Link, MismatchError};
use pars_identity::prekey::BatchDraft;

use crate::cast::{Person, SUITE, TODAY, bundle_bytes, noon};

#[test]
fn a_bundle_of_one_device_verifies_and_says_how_sure_it_is() {
    let bob = Person::new(1);
    let parts = bob.parts(0);
    let link = Link::to(bob.keys.core());
    let bundle = Bundle::verify(SUITE, &link, &bundle_bytes(&parts), noon(TODAY)).unwrap();
    assert_eq!((bundle.assurance, bundle.reduced()), (Assurance::Checked, false));
    assert_eq!(bundle.prekey, *bob.leaf(0).prekey());

    let bare = Link { check: None, ..link };
    let bundle = Bundle::verify(SUITE, &bare, &bundle_bytes(&parts), noon(TODAY)).unwrap();
    assert_eq!(bundle.assurance, Assurance::FirstUse);
}

#[test]
fn all_fifteen_mixtures_of_two_bundles_are_refused() {
    let (bob, mallory) = (Person::new(1), Person::new(2));
    let (ours, theirs) = (bob.parts(0), mallory.parts(0));
    let link = Link::to(bob.keys.core());
    for mixture in 1..16_usize {
        let parts: [Vec<u8>; 4] =
            std::array::from_fn(
                |part| if mixture >> part & 1 == 1 { theirs[part].clone() } else { ours[part].clone() },
            );
        let error = Bundle::verify(SUITE, &link, &bundle_bytes(&parts), noon(TODAY)).unwrap_err();
        // The first part that does not fit is the one that is named.
        let expected = match mixture.trailing_zeros() {
            0 => BundleError::Mismatch(MismatchError::OtherIdentity),
            1 => BundleError::Certificate(RecordError::OtherIdentity),
            2 => BundleError::Batch(RecordError::OtherIdentity),
            _ => BundleError::Prekey(RecordError::NotInBatch),
        };
        assert_eq!(error, expected, "mixture {mixture:04b}");
    }
}

#[test]
fn a_certificate_that_the_record_does_not_list_is_refused() {
    let mut bob = Person::new(1);
    let removed = bob.next_record(|draft| draft.devices = [[0; 32]; 8]);
    let mut parts = bob.parts(0);
    parts[0] = removed.encode();
    let error = Bundle::verify(SUITE, &Link::to(bob.keys.core()), &bundle_bytes(&parts), noon(TODAY)).unwrap_err();
    assert_eq!(error, BundleError::Certificate(RecordError::NotListed));
}

#[test]
fn a_batch_made_for_other_identity_keys_is_refused() {
    let mut bob = Person::new(1);
    let draft = BatchDraft { batch: 2, first_day: TODAY, hashcash_bits: 20, identity_keys: [7; 32] };
    let (batch, prekeys) = bob.device.make_batch(SUITE, bob.keys.id(), draft, &mut bob.rng);
    (bob.batch, bob.prekeys) = (batch, prekeys);
    let parts = bob.parts(0);
    let error = Bundle::verify(SUITE, &Link::to(bob.keys.core()), &bundle_bytes(&parts), noon(TODAY)).unwrap_err();
    assert_eq!(error, BundleError::Batch(RecordError::OtherKeys));
}

#[test]
fn a_leaf_of_another_day_or_another_batch_is_refused() {
    let mut bob = Person::new(1);
    let link = Link::to(bob.keys.core());
    let tomorrow = bob.parts(1);
    let error = Bundle::verify(SUITE, &link, &bundle_bytes(&tomorrow), noon(TODAY)).unwrap_err();
    assert_eq!(error, BundleError::Prekey(RecordError::Expired));

    let draft =
        BatchDraft { batch: 2, first_day: TODAY, hashcash_bits: 20, identity_keys: bob.contact.public().hash() };
    let mut mixed = bob.parts(0);
    mixed[2] = bob.device.make_batch(SUITE, bob.keys.id(), draft, &mut bob.rng).0.encode();
    let error = Bundle::verify(SUITE, &link, &bundle_bytes(&mixed), noon(TODAY)).unwrap_err();
    assert_eq!(error, BundleError::Prekey(RecordError::NotInBatch));
}

#[test]
fn the_last_resort_serves_beyond_the_fourteen_days_and_is_reported() {
    let bob = Person::new(1);
    let link = Link::to(bob.keys.core());
    let parts = bob.parts(14);
    for days in [0, 20, 89] {
        let bundle = Bundle::verify(SUITE, &link, &bundle_bytes(&parts), noon(TODAY.plus(days))).unwrap();
        assert!(bundle.reduced());
    }
    let error = Bundle::verify(SUITE, &link, &bundle_bytes(&parts), noon(TODAY.plus(90))).unwrap_err();
    assert_eq!(error, BundleError::Prekey(RecordError::Expired));
}

#[test]
fn expired_records_and_certificates_are_refused() {
    let bob = Person::new(1);
    let error = Bundle::verify(SUITE, &Link::to(bob.keys.core()), &bundle_bytes(&bob.parts(14)), noon(TODAY.plus(366)));
    assert_eq!(error.unwrap_err(), BundleError::Record(RecordError::Expired));
}

#[test]
fn the_check_of_a_link_catches_another_core_under_the_same_id() {
    let bob = Person::new(1);
    let link = Link { check: Some([9; 16]), ..Link::to(bob.keys.core()) };
    let error = Bundle::verify(SUITE, &link, &bundle_bytes(&bob.parts(0)), noon(TODAY)).unwrap_err();
    assert_eq!(error, BundleError::Mismatch(MismatchError::OtherCore));
}

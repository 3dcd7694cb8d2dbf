//! Records as bytes: their sizes, their one canonical form, and every way to change one (THREATS P8, SESSION R11).

use pars_crypto::sign::SignatureError;
use pars_identity::RecordError;
use pars_identity::core::IdentityCore;
use pars_identity::device::DeviceCertificate;
use pars_identity::prekey::PrekeyBatch;
use pars_identity::prekey::leaf::{LeafWithPath, Prekey};
use pars_identity::record::IdentityRecord;
use pars_identity::revocation::{Revocation, Successor};
use pars_wire::codec::{DecodeError, Wire};

use crate::cast::{Person, SUITE};

#[test]
fn sizes_are_those_of_the_table() {
    let bob = Person::new(1);
    assert_eq!((IdentityCore::SIZE, bob.keys.core().encode().len()), (2_661, 2_661));
    assert_eq!((IdentityRecord::SIGNED, IdentityRecord::SIZE, bob.record.encode().len()), (4_604, 9_295, 9_295));
    assert_eq!(
        (DeviceCertificate::SIGNED, DeviceCertificate::SIZE, bob.certificate.encode().len()),
        (2_687, 7_378, 7_378)
    );
    assert_eq!((PrekeyBatch::SIGNED, PrekeyBatch::SIZE, bob.batch.encode().len()), (135, 4_826, 4_826));
    assert_eq!((Prekey::SIZE, bob.leaf(0).prekey().encode().len()), (1_616, 1_616));
    assert_eq!((LeafWithPath::SIZE, bob.leaf(14).encode().len()), (1_744, 1_744));
    assert_eq!(PrekeyBatch::SIZE + LeafWithPath::SIZE, 6_570);
    assert_eq!((Revocation::SIZE, Successor::SIGNED, Successor::SIZE), (68, 104, 9_486));
}

/// A verifier of one kind of record, on the people of one test.
type Verify<'a> = &'a dyn Fn(&[u8]) -> Result<Vec<u8>, RecordError>;

fn each_kind(bob: &Person, mut check: impl FnMut(&str, Vec<u8>, Verify<'_>)) {
    check("IR", bob.record.encode(), &|bytes| IdentityRecord::verify(SUITE, bytes).map(|record| record.encode()));
    check("DC", bob.certificate.encode(), &|bytes| {
        DeviceCertificate::verify(SUITE, bytes, bob.keys.core()).map(|certificate| certificate.encode())
    });
    check("PB", bob.batch.encode(), &|bytes| {
        PrekeyBatch::verify(SUITE, bytes, &bob.certificate).map(|batch| batch.encode())
    });
    check("REV", bob.keys.revoke().encode(), &|bytes| {
        Revocation::verify(bytes, bob.keys.core()).map(|revocation| revocation.encode())
    });
}

#[test]
fn what_verifies_encodes_to_the_same_bytes() {
    each_kind(&Person::new(1), |kind, bytes, verify| assert_eq!(verify(&bytes), Ok(bytes), "{kind}"));
}

#[test]
fn a_record_cut_short_or_prolonged_is_refused() {
    each_kind(&Person::new(1), |kind, bytes, verify| {
        for length in 0..bytes.len() {
            let refused = matches!(verify(&bytes[..length]), Err(RecordError::Decode(DecodeError::Short { .. })));
            assert!(refused, "{kind} of {length} bytes");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(verify(&longer), Err(RecordError::Decode(DecodeError::Trailing(1))), "{kind}");
    });
}

#[test]
fn a_record_with_any_byte_changed_is_refused() {
    each_kind(&Person::new(1), |kind, bytes, verify| {
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 0x40;
            assert!(verify(&changed).is_err(), "{kind} with byte {position} changed");
        }
    });
}

#[test]
fn other_suites_and_used_reserved_bytes_are_refused() {
    let bob = Person::new(1);
    each_kind(&bob, |kind, bytes, verify| {
        if kind == "REV" {
            return;
        }
        for suite in (0..=255).filter(|suite| *suite != 1) {
            let mut changed = bytes.clone();
            changed[4] = suite;
            let error = DecodeError::Value { what: "suite of an identity", value: suite.into() };
            assert_eq!(verify(&changed), Err(RecordError::Decode(error)), "{kind}");
        }
    });
    let mut record = bob.record.encode();
    record[IdentityRecord::SIGNED - 1] = 1;
    let error = RecordError::Decode(DecodeError::NotZero { what: "flags of an identity record" });
    assert_eq!(IdentityRecord::verify(SUITE, &record), Err(error));
    let mut certificate = bob.certificate.encode();
    certificate[4 + 1 + 32 + 16 + 8] = 1;
    let error = RecordError::Decode(DecodeError::NotZero { what: "flags of a device certificate" });
    assert_eq!(DeviceCertificate::verify(SUITE, &certificate, bob.keys.core()), Err(error));
}

#[test]
fn a_record_of_one_kind_never_passes_as_another() {
    let bob = Person::new(1);
    let mut kinds = Vec::new();
    each_kind(&bob, |kind, bytes, _| kinds.push((kind.to_owned(), bytes)));
    each_kind(&bob, |kind, _, verify| {
        for (other, bytes) in kinds.iter().filter(|(other, _)| other != kind) {
            assert!(matches!(verify(bytes), Err(RecordError::Decode(_))), "{other} as {kind}");
        }
    });
}

#[test]
fn a_certificate_or_batch_signed_by_somebody_else_is_refused() {
    let (bob, mallory) = (Person::new(1), Person::new(2));
    // Mallory signs with her own keys a certificate that names Bob: swap the signatures of two records.
    let mut forged = bob.certificate.encode();
    forged[DeviceCertificate::SIGNED..].copy_from_slice(&mallory.certificate.encode()[DeviceCertificate::SIGNED..]);
    let error = RecordError::Signature(SignatureError::Ed25519);
    assert_eq!(DeviceCertificate::verify(SUITE, &forged, bob.keys.core()), Err(error));
    let theirs = PrekeyBatch::verify(SUITE, &mallory.batch.encode(), &bob.certificate);
    assert_eq!(theirs, Err(RecordError::OtherIdentity));
}

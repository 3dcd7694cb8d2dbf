//! Layout and canonical form of statements.

use pars_proto::room::{
    Body, Claim, Form, SeatIdentity, Statement, StatementHash, Support, WrongSupport, pseudonym, seat_hash,
};
use pars_wire::codec::{DecodeError, Wire};

use crate::story::cast::{Person, anonymous, body, nullifier, seat, stated};

/// Where the fields of a body with an address as consent signer begin.
const FORM: usize = 69;
const TAIL: usize = 1_356;

#[test]
fn statements_have_the_sizes_of_the_page() {
    let person = Person::new(5);
    let member = person.named();
    assert_eq!(anonymous(1).body().encode().len(), 1_456);
    assert_eq!(anonymous(1).encode().len(), 1_718);
    let identified = stated(body(2, Claim::Identified { nullifier: Some(nullifier(2)), member }), Some(&person));
    assert_eq!(identified.encode().len(), 1_718 + 65 + 4_691);
    let committee = stated(body(2, Claim::Committee { member }), Some(&person));
    assert_eq!(committee.encode().len(), 1_718 - 256 + 65 + 4_691);
}

#[test]
fn what_a_form_does_not_use_must_be_zero_or_empty() {
    let good = anonymous(1).body().encode();
    assert_eq!(good[TAIL..TAIL + 32], nullifier(1).0[..]);
    for (at, what) in [(TAIL + 32, "account"), (TAIL + 52, "session"), (TAIL + 84, "device")] {
        let mut bytes = good.clone();
        bytes[at] = 1;
        assert_eq!(
            Body::decode(&bytes),
            Err(DecodeError::Malformed { what: "fields of a statement's form" }),
            "{what}"
        );
    }
    let mut nameless = good.clone();
    nameless[TAIL..TAIL + 32].fill(0);
    assert!(Body::decode(&nameless).is_err());
    for form in [0, 2, 3, 4, 5, 255] {
        let mut bytes = good.clone();
        bytes[FORM] = form;
        assert!(Body::decode(&bytes).is_err(), "form {form}");
    }
}

#[test]
fn a_consent_signer_is_an_address_or_an_ml_dsa_key_and_never_missing_or_zero() {
    let good = anonymous(1).body().encode();
    let with = |consent: &[u8]| {
        let length = u16::try_from(consent.len()).unwrap().to_be_bytes();
        Body::decode(&[&good[..TAIL - 22], &length, consent, &good[TAIL..]].concat())
    };
    assert!(with(&[7; 20]).is_ok() && with(&[7; 2_612]).is_ok());
    for wrong in [&[][..], &[0; 20], &[7; 19], &[7; 21], &[0; 2_612], &[7; 2_611]] {
        assert_eq!(with(wrong), Err(DecodeError::Malformed { what: "consent signer" }), "{} bytes", wrong.len());
    }
}

#[test]
fn body_and_support_must_be_of_one_form() {
    let (anonymous, person) = (anonymous(1), Person::new(5));
    let wrong = Support::Recorder { seat: [0; 64] };
    assert_eq!(Statement::new(anonymous.body().clone(), wrong), Err(WrongSupport(Form::Anonymous)));
    let claim = Claim::Identified { nullifier: None, member: person.named() };
    let Support::Named { wallet, identity, .. } = stated(body(2, claim), Some(&person)).support().clone() else {
        panic!("a named statement")
    };
    let proven = Support::Named { points: Some(Box::new([1; 256])), wallet, identity };
    assert_eq!(Statement::new(body(2, claim), proven), Err(WrongSupport(Form::Identified)));
}

#[test]
fn trailing_bytes_other_versions_and_cut_statements_are_refused() {
    let bytes = anonymous(1).encode();
    assert!(Statement::decode(&[&bytes[..], &[0]].concat()).is_err());
    for cut in 0..bytes.len() {
        assert!(Statement::decode(&bytes[..cut]).is_err(), "{cut} bytes");
    }
    let other = [&[2], &bytes[1..]].concat();
    assert_eq!(Statement::decode(&other), Err(DecodeError::Magic { what: "seat statement of version 1" }));
}

#[test]
fn a_seat_is_named_by_its_keys_and_counted_by_its_nullifier_or_account() {
    let (person, secrets) = (Person::new(5), seat(1));
    let statement = anonymous(1);
    let hash = seat_hash(&secrets.x_pk(), &secrets.s_vk(), statement.body().consent.as_ref());
    assert_eq!(statement.body().seat_hash(), hash);
    assert_eq!(pseudonym(&hash), hex::encode(&hash[..8]));
    assert_eq!(statement.body().identity(), SeatIdentity::Nullifier(nullifier(1)));
    let member = person.named();
    let by_account = body(2, Claim::Identified { nullifier: None, member });
    assert_eq!(by_account.identity(), SeatIdentity::Account(person.account));
    let proven = body(2, Claim::Identified { nullifier: Some(nullifier(9)), member });
    assert_eq!(proven.identity(), SeatIdentity::Nullifier(nullifier(9)));
}

#[test]
fn nothing_that_names_somebody_is_printed() {
    let person = Person::new(5);
    let statement = stated(body(2, Claim::Committee { member: person.named() }), Some(&person));
    let account = hex::encode(person.account);
    let printed = format!("{statement:?} {:?} {:?}", statement.body(), statement.body().identity());
    assert!(!printed.to_lowercase().contains(&account), "{printed}");
    assert_eq!(format!("{statement:?}"), "Statement(Committee)");
    assert_eq!(format!("{:?}", SeatIdentity::Recorder(StatementHash([1; 32]))), "Recorder(redacted)");
    assert_eq!(format!("{:?}", seat(1)), "SeatSecrets(redacted)");
}

//! Links, QR codes and NFC tags carry an identity unchanged (THREATS I7).

use pars_identity::id::IdError;
use pars_identity::link::{Assurance, Link, LinkError, MismatchError};
use pars_identity::qr;

use crate::cast::Person;

#[test]
fn a_full_link_has_116_characters_and_reads_back() {
    let link = Link::to(Person::new(1).keys.core());
    let text = link.to_string();
    assert_eq!(text.len(), 116);
    assert!(text.starts_with("pars://session/05") && text.is_ascii());
    assert_eq!(text.parse(), Ok(link));
    let bare = Link { check: None, ..link };
    assert_eq!(bare.to_string().parse(), Ok(bare));
}

#[test]
fn a_link_reads_an_id_in_checksum_case() {
    let link = Link::to(Person::new(1).keys.core());
    let text = link.to_string().replace(&link.id.to_string(), &link.id.to_checksum_case());
    assert_eq!(text.parse(), Ok(link));
}

#[test]
fn anything_but_a_link_is_refused() {
    let text = Link::to(Person::new(1).keys.core()).to_string();
    let (bare, check) = text.split_once("?b=").unwrap();
    let cases = [
        (text.replace("pars", "pass"), LinkError::Prefix),
        (format!(" {text}"), LinkError::Prefix),
        (text.replace("session", "room"), LinkError::Prefix),
        (format!("{bare}?"), LinkError::Check),
        (format!("{bare}?c={check}"), LinkError::Check),
        (format!("{bare}?b={}", &check[1..]), LinkError::Check),
        (format!("{text}0"), LinkError::Check),
        (format!("{text}&x=1"), LinkError::Check),
        (format!("{bare}?b=+{}", &check[1..]), LinkError::Check),
        (format!("{bare}?b={}", "AB".repeat(16)), LinkError::Check),
        (format!("{bare}/?b={check}"), LinkError::Id(IdError::Length(67))),
        (text.replace("/05", "/07"), LinkError::Id(IdError::Prefix)),
    ];
    for (case, error) in cases {
        assert_eq!(case.parse::<Link>(), Err(error), "{case}");
    }
}

#[test]
fn a_link_tells_cores_apart() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let link = Link::to(alice.keys.core());
    assert_eq!(link.compare(alice.keys.core()), Ok(Assurance::Checked));
    assert_eq!(link.compare(bob.keys.core()), Err(MismatchError::OtherIdentity));
    assert_eq!(Link { check: None, ..link }.compare(alice.keys.core()), Ok(Assurance::FirstUse));
    assert_eq!(Link { check: Some([0; 16]), ..link }.compare(alice.keys.core()), Err(MismatchError::OtherCore));
}

#[test]
fn a_tag_holds_one_uri_record_without_abbreviation() {
    let link = Link::to(Person::new(1).keys.core());
    let tag = link.to_ndef().unwrap();
    assert_eq!(tag[..5], [0xd1, 1, 117, b'U', 0]);
    assert_eq!(tag[5..], *link.to_string().as_bytes());
    assert_eq!(tag.len(), 121);
}

#[test]
fn a_code_of_a_link_is_a_square_of_at_most_version_7() {
    let text = Link::to(Person::new(1).keys.core()).to_string();
    let (modules, width) = qr::to_modules(&text).unwrap();
    assert_eq!(modules.len(), width * width);
    assert!(width <= 45, "version 7 has 45 modules a side, this one {width}");
    let svg = qr::to_svg(&text).unwrap();
    assert!(svg.contains("<svg") && svg.contains("</svg>"));
    assert!(qr::to_terminal(&text).unwrap().lines().count() >= width / 2);
    assert_eq!(qr::to_svg(&"x".repeat(3_000)), Err(qr::TooLong(3_000)));
}

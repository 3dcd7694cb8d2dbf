//! The text form of an identity (THREATS I7, DECISIONS O-20).

use pars_crypto::hash::random;
use pars_identity::IdentityId;
use pars_identity::id::IdError;

use crate::cast::seeded;

#[test]
fn an_id_reads_back_from_all_three_forms() {
    let mut rng = seeded(7);
    for _ in 0..200 {
        let id = IdentityId(random(&mut rng));
        let text = id.to_string();
        assert_eq!(text.len(), 66);
        for form in [text.clone(), text.to_uppercase(), id.to_checksum_case()] {
            assert_eq!(form.parse(), Ok(id), "{form}");
        }
    }
}

#[test]
fn mixed_case_that_is_not_the_checksum_is_refused() {
    let id = IdentityId(random(&mut seeded(8)));
    let right = id.to_checksum_case();
    let mut letters = 0;
    for (position, letter) in right.char_indices().filter(|(_, letter)| letter.is_ascii_alphabetic()) {
        let mut wrong = right.clone();
        let flipped =
            if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
        wrong.replace_range(position..=position, &flipped.to_string());
        assert_eq!(wrong.parse::<IdentityId>(), Err(IdError::Checksum), "{wrong}");
        letters += 1;
    }
    assert!(letters > 10);
}

#[test]
fn the_checksum_case_finds_mistyped_digits() {
    let mut rng = seeded(9);
    let mut missed = 0;
    for _ in 0..1_000 {
        let right = IdentityId(random(&mut rng)).to_checksum_case();
        let position = 2 + usize::from(random::<1>(&mut rng)[0] % 64);
        let mut wrong = right.clone();
        let digit = if &right[position..=position] == "7" { "8" } else { "7" };
        wrong.replace_range(position..=position, digit);
        missed += usize::from(wrong.parse::<IdentityId>().is_ok());
    }
    // About 24 letters agree by chance with probability 2^-24.
    assert_eq!(missed, 0);
}

#[test]
fn everything_else_is_refused_with_its_reason() {
    let digits = "ab".repeat(32);
    let cases = [
        (String::new(), IdError::Length(0)),
        (digits.clone(), IdError::Length(64)),
        (format!("05{digits}0"), IdError::Length(67)),
        (format!(" 05{digits}"), IdError::Length(67)),
        (format!("05{digits}\n"), IdError::Length(67)),
        (format!("05{digits}\0"), IdError::Length(67)),
        (format!("0x{digits}"), IdError::Prefix),
        (format!("15{digits}"), IdError::Prefix),
        (format!("03{digits}"), IdError::Prefix),
        (format!("07{digits}"), IdError::Prefix),
        (format!("О5{digits}"), IdError::Prefix),
        (format!("٠٥{digits}"), IdError::Prefix),
        (format!("05g{}", &digits[1..]), IdError::Digit(3)),
        (format!("05{} ", &digits[1..]), IdError::Digit(66)),
        (format!("05{}\0", &digits[1..]), IdError::Digit(66)),
        (format!("05а{}", &digits[1..]), IdError::Digit(3)),
        (format!("05{}５", &digits[1..]), IdError::Digit(66)),
    ];
    for (text, error) in cases {
        assert_eq!(text.parse::<IdentityId>(), Err(error), "{text:?}");
    }
}

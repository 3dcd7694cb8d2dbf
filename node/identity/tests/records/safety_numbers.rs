//! The safety number is the same on both sides and different for everybody else.

use std::collections::BTreeSet;

use pars_identity::safety::SafetyNumber;

use crate::cast::Person;

#[test]
fn both_sides_see_the_same_sixty_digits() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let number = SafetyNumber::of(alice.keys.core(), bob.keys.core());
    assert_eq!(number, SafetyNumber::of(bob.keys.core(), alice.keys.core()));
    let digits = number.digits();
    assert!(digits.len() == 60 && digits.bytes().all(|digit| digit.is_ascii_digit()));
    assert_eq!(number.to_string().split(' ').map(str::len).collect::<Vec<_>>(), [5; 12]);
    assert_eq!(number.to_string().replace(' ', ""), digits);
    assert!(digits[..30] <= digits[30..], "the halves are sorted");
}

#[test]
fn every_pair_of_people_has_another_number() {
    let people = [1, 2, 3].map(Person::new);
    let pairs = [(0, 1), (0, 2), (1, 2)];
    let numbers: BTreeSet<_> =
        pairs.iter().map(|(a, b)| SafetyNumber::of(people[*a].keys.core(), people[*b].keys.core()).digits()).collect();
    assert_eq!(numbers.len(), 3);
}

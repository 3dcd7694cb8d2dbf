//! What no two seats share, and who takes whose place.

use pars_proto::room::{Admission, Body, Claim, ConsentSigner, Distinct, SeatNo, Statement, StatementRefusal};
use pars_wire::Nullifier;

use crate::story::cast::{NOW, Person, anonymous, body, nullifier, seat, stated};

fn changed(statement: &Statement, change: impl FnOnce(&mut Body)) -> Statement {
    let mut body = statement.body().clone();
    change(&mut body);
    stated(body, None)
}

/// A statement of that nullifier with keys of that number, issued then.
fn issued(nullifier: Nullifier, keys: u8, issued_at: u64) -> Statement {
    let body = body(keys, Claim::Anonymous { nullifier });
    stated(Body { issued_at, expires_at: issued_at + 60, ..body }, None)
}

#[test]
fn a_later_statement_of_one_nullifier_takes_the_seat_over() {
    let mut seats = Distinct::default();
    let first = issued(nullifier(1), 1, NOW);
    assert_eq!(seats.admit(SeatNo(1), &first), Ok(Admission::New));
    assert_eq!(seats.admit(SeatNo(2), &first), Ok(Admission::Same(SeatNo(1))));
    for earlier in [NOW, NOW - 1] {
        let refused = seats.admit(SeatNo(2), &issued(nullifier(1), 2, earlier));
        assert_eq!(refused, Err(StatementRefusal::Superseded(SeatNo(1))));
    }
    assert_eq!(seats.admit(SeatNo(2), &issued(nullifier(1), 2, NOW + 1)), Ok(Admission::Replaces(SeatNo(1))));
    assert_eq!((seats.len(), seats.identity(SeatNo(1)).is_none()), (1, true));
    // The old statement does not come back, though it has not expired.
    assert_eq!(seats.admit(SeatNo(3), &first), Err(StatementRefusal::Superseded(SeatNo(2))));
}

#[test]
fn keys_and_consent_signers_are_fresh_for_every_seat() {
    let mut seats = Distinct::default();
    assert_eq!(seats.admit(SeatNo(1), &anonymous(1)), Ok(Admission::New));
    let other = anonymous(2);
    let refused = Err(StatementRefusal::Duplicate(SeatNo(1)));
    assert_eq!(seats.admit(SeatNo(2), &changed(&other, |body| body.s_vk = seat(1).s_vk())), refused);
    assert_eq!(seats.admit(SeatNo(2), &changed(&other, |body| body.x_pk = seat(1).x_pk())), refused);
    let consent = anonymous(1).body().consent.clone();
    assert_eq!(seats.admit(SeatNo(2), &changed(&other, |body| body.consent = consent)), refused);
    assert_eq!(seats.admit(SeatNo(1), &other), refused);
    // Not even the own old keys.
    assert_eq!(seats.admit(SeatNo(2), &issued(nullifier(1), 1, NOW + 1)), refused);
    assert_eq!((seats.len(), seats.admit(SeatNo(2), &other)), (1, Ok(Admission::New)));
    let post_quantum = ConsentSigner::MlDsa(Box::new([2; 2_612]));
    let third = changed(&anonymous(3), |body| body.consent = Some(post_quantum));
    assert_eq!(seats.admit(SeatNo(3), &third), Ok(Admission::New));
}

#[test]
fn an_account_has_one_seat_with_or_without_a_proof() {
    let person = Person::new(5);
    let member = person.named();
    let named = |keys, nullifier, issued_at| {
        let body = body(keys, Claim::Identified { nullifier, member });
        stated(Body { issued_at, expires_at: issued_at + 60, ..body }, Some(&person))
    };
    let mut seats = Distinct::default();
    assert_eq!(seats.admit(SeatNo(1), &named(1, None, NOW)), Ok(Admission::New));
    assert_eq!(seats.admit(SeatNo(2), &named(2, Some(nullifier(2)), NOW + 1)), Ok(Admission::Replaces(SeatNo(1))));
    // Nameless, then by name to present: the same nullifier, so the same member.
    assert_eq!(seats.admit(SeatNo(3), &issued(nullifier(2), 3, NOW + 2)), Ok(Admission::Replaces(SeatNo(2))));
    assert_eq!(seats.admit(SeatNo(4), &named(4, Some(nullifier(2)), NOW + 3)), Ok(Admission::Replaces(SeatNo(3))));
    // A leaf that somebody else holds a seat with does not go with this account.
    assert_eq!(seats.admit(SeatNo(5), &issued(nullifier(9), 5, NOW)), Ok(Admission::New));
    let refused = seats.admit(SeatNo(6), &named(6, Some(nullifier(9)), NOW + 9));
    assert_eq!(refused, Err(StatementRefusal::Duplicate(SeatNo(4))));
    assert_eq!(format!("{seats:?}"), "Distinct(2 seats)");
}

#[test]
fn a_seat_that_is_gone_leaves_its_place_and_its_keys() {
    let mut seats = Distinct::default();
    seats.admit(SeatNo(1), &anonymous(1)).unwrap();
    assert_eq!(seats.judge(&anonymous(1)), Ok(Admission::Same(SeatNo(1))));
    seats.remove(SeatNo(1));
    seats.remove(SeatNo(1));
    assert!(seats.is_empty());
    assert_eq!(seats.admit(SeatNo(2), &anonymous(1)), Ok(Admission::New));
}

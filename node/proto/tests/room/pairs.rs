//! The channel of two seats against a host that forwards it.

use pars_proto::room::StatementHash;
use pars_proto::signal::envelope::Cargo;
use pars_proto::signal::{End, Ends, Envelope, Half, MAX_TEXT, Opened, Pair, PairError};
use pars_wire::codec::Wire;

use crate::story::cast::{SCOPE, SUITE, anonymous, seat, source};

struct Sides {
    a: Pair,
    b: Pair,
    from_a: Vec<u8>,
    from_b: Vec<u8>,
}

fn end(seat: u16, st: StatementHash) -> End {
    End { seat, st: st.0 }
}

/// Seats 3 and 8 with keys 1 and 2, after `change` of what B believes.
fn sides(change: impl FnOnce(&mut Ends, &mut [u8; 1_120])) -> Sides {
    let (a, b, mut rng) = (seat(1), seat(2), source(5));
    let (end_a, end_b) = (end(3, anonymous(1).hash()), end(8, anonymous(2).hash()));
    let ends_a = Ends { scope: SCOPE.to_bytes(), own: end_a, peer: end_b };
    let mut ends_b = Ends { scope: SCOPE.to_bytes(), own: end_b, peer: end_a };
    let half_a = Half::make(SUITE, &mut rng, &b.x_pk()).unwrap();
    let half_b = Half::make(SUITE, &mut rng, &a.x_pk()).unwrap();
    let (mut ct_ab, ct_ba) = (*half_a.ciphertext(), *half_b.ciphertext());
    change(&mut ends_b, &mut ct_ab);
    let (pair_a, from_a) = half_a.finish(SUITE, a.x(), &ct_ba, &ends_a).unwrap();
    let (pair_b, from_b) = half_b.finish(SUITE, b.x(), &ct_ab, &ends_b).unwrap();
    Sides { a: pair_a, b: pair_b, from_a, from_b }
}

fn confirmed() -> Sides {
    let mut sides = sides(|_, _| {});
    assert_eq!((sides.a.is_confirmed(), sides.from_a.len()), (false, 16));
    assert_eq!(sides.a.open(&sides.from_b), Ok(Opened::Confirmed));
    assert_eq!(sides.b.open(&sides.from_a), Ok(Opened::Confirmed));
    assert!(sides.a.is_confirmed() && sides.b.is_confirmed());
    sides
}

fn text(opened: Result<Opened, PairError>) -> Vec<u8> {
    match opened {
        Ok(Opened::Text(text)) => text.to_vec(),
        other => panic!("a text, not {other:?}"),
    }
}

#[test]
fn both_ends_speak_after_a_confirmation_each_way() {
    let mut sides = confirmed();
    assert_eq!(sides.a.wrap_key(), sides.b.wrap_key());
    for n in 0..5_u8 {
        let (down, up) = (sides.a.seal(&[n, 1]).unwrap(), sides.b.seal(&[n, 2]).unwrap());
        assert_ne!(down, up);
        assert_eq!((text(sides.b.open(&down)), text(sides.a.open(&up))), (vec![n, 1], vec![n, 2]));
    }
}

#[test]
fn a_frame_dropped_repeated_moved_or_reflected_is_refused() {
    let mut sides = confirmed();
    let frames: Vec<_> = (0..3_u8).map(|n| sides.a.seal(&[n]).unwrap()).collect();
    assert_eq!(sides.b.open(&frames[1]), Err(PairError::Refused));
    assert_eq!(text(sides.b.open(&frames[0])), [0]);
    assert_eq!(sides.b.open(&frames[0]), Err(PairError::Refused));
    assert_eq!(sides.b.open(&frames[2]), Err(PairError::Refused));
    assert_eq!(sides.a.open(&frames[1]), Err(PairError::Refused));
    assert_eq!(sides.b.open(&sides.from_a), Err(PairError::Refused));
    // What does not open changes nothing.
    assert_eq!((text(sides.b.open(&frames[1])), text(sides.b.open(&frames[2]))), (vec![1], vec![2]));
}

#[test]
fn no_bit_of_a_frame_can_be_changed() {
    let mut sides = confirmed();
    let frame = sides.a.seal(b"session description").unwrap();
    for bit in 0..frame.len() * 8 {
        let mut changed = frame.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(sides.b.open(&changed), Err(PairError::Refused), "bit {bit}");
    }
    assert_eq!(sides.b.open(&frame[..frame.len() - 1]), Err(PairError::Refused));
    assert_eq!(text(sides.b.open(&frame)), b"session description");
}

#[test]
fn ends_that_believe_different_things_share_no_channel() {
    type Change = fn(&mut Ends, &mut [u8; 1_120]);
    let changes: [(&str, Change); 7] = [
        ("other sitting", |ends, _| ends.scope[67] ^= 1),
        ("other chain", |ends, _| ends.scope[7] ^= 1),
        ("other statement of A", |ends, _| ends.peer.st[0] ^= 1),
        ("other statement of B", |ends, _| ends.own.st[0] ^= 1),
        ("other seat of A", |ends, _| ends.peer.seat = 2),
        ("other order of seats", |ends, _| (ends.own.seat, ends.peer.seat) = (3, 8)),
        ("changed ciphertext", |_, ct| ct[0] ^= 1),
    ];
    for (what, change) in changes {
        let mut sides = sides(change);
        assert_eq!(sides.b.open(&sides.from_a), Err(PairError::Refused), "{what}");
        assert_eq!(sides.a.open(&sides.from_b), Err(PairError::Refused), "{what}");
    }
}

/// A host that puts its own ciphertext or key in the middle has keys with nobody.
#[test]
fn a_host_in_the_middle_reads_nothing() {
    let (member, middle, mut rng) = (seat(1), seat(9), source(6));
    let ends = Ends { scope: SCOPE.to_bytes(), own: end(3, anonymous(1).hash()), peer: end(8, anonymous(2).hash()) };
    let (real, fake) = (seat(2).x_pk(), middle.x_pk());
    // The member encapsulates to the verified key of seat 8; the host answers with a ciphertext of its own.
    let half = Half::make(SUITE, &mut rng, &real).unwrap();
    let forged = Half::make(SUITE, &mut rng, &member.x_pk()).unwrap();
    let (ct_member, ct_forged) = (*half.ciphertext(), *forged.ciphertext());
    let (mut pair, first) = half.finish(SUITE, member.x(), &ct_forged, &ends).unwrap();
    let as_seat_8 = Ends { own: ends.peer, peer: ends.own, ..ends };
    let (mut host, from_host) = forged.finish(SUITE, middle.x(), &ct_member, &as_seat_8).unwrap();
    assert_eq!(host.open(&first), Err(PairError::Refused));
    assert_eq!(pair.open(&from_host), Err(PairError::Refused));
    assert_ne!(real, fake);
}

#[test]
fn frames_have_bounds_and_only_the_first_is_empty() {
    let mut sides = sides(|_, _| {});
    assert_eq!(sides.a.seal(&[]), Err(PairError::Length(0)));
    assert_eq!(sides.a.seal(&vec![0; MAX_TEXT + 1]), Err(PairError::Length(MAX_TEXT + 1)));
    let early = sides.a.seal(b"early").unwrap();
    assert_eq!(sides.b.open(&early), Err(PairError::Refused));
    assert_eq!(sides.b.open(&sides.from_a), Ok(Opened::Confirmed));
    assert_eq!(text(sides.b.open(&early)), b"early");
    let largest = sides.a.seal(&vec![7; MAX_TEXT]).unwrap();
    assert_eq!(text(sides.b.open(&largest)).len(), MAX_TEXT);
    assert_eq!(sides.b.open(&vec![0; MAX_TEXT + 17]), Err(PairError::Length(MAX_TEXT + 17)));
}

#[test]
fn a_seat_makes_no_channel_to_itself() {
    let (a, mut rng) = (seat(1), source(7));
    let half = Half::make(SUITE, &mut rng, &a.x_pk()).unwrap();
    let ct = *half.ciphertext();
    let own = end(3, anonymous(1).hash());
    let ends = Ends { scope: SCOPE.to_bytes(), own, peer: own };
    assert_eq!(half.finish(SUITE, a.x(), &ct, &ends).unwrap_err(), PairError::SameSeat);
}

#[test]
fn envelopes_are_canonical() {
    let hello = Envelope { from: 3, to: 8, cargo: Cargo::Hello(Box::new([7; 1_120])) };
    let sealed = Envelope { from: 8, to: 3, cargo: Cargo::Sealed(vec![1; 16]) };
    for envelope in [hello.clone(), sealed.clone()] {
        assert_eq!(Envelope::decode(&envelope.encode()), Ok(envelope));
    }
    assert_eq!(hello.encode().len(), 1_125);
    let to_itself = Envelope { to: 3, ..hello.clone() };
    assert!(Envelope::decode(&to_itself.encode()).is_err());
    assert!(Envelope::decode(&[hello.encode(), vec![0]].concat()).is_err());
    assert!(Envelope::decode(&sealed.encode()[..20]).is_err());
    assert!(Envelope::decode(&vec![2; Envelope::MAX + 1]).is_err());
}

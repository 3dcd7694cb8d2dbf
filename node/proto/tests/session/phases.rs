//! The table of the module's documentation, cell by cell.

use pars_proto::session::{Phase, ReceiveError};

use crate::world::{End, called, open, people, seeded};

#[test]
fn every_cell_of_the_table_does_what_it_says() {
    let mut rng = seeded(70);
    let (alice, bob) = people(&mut rng);
    let (opening, answering) = called(&alice, &bob, &mut rng);
    let kind_sent = |end: &End<'_>| end.clone().send(1, b"x")[1];
    assert_eq!((opening.session.phase(), kind_sent(&opening)), (Phase::Opening, 2));
    assert_eq!((answering.session.phase(), kind_sent(&answering)), (Phase::Answering, 1));

    // Objects of each kind, by running the session on.
    let (mut at_alice, mut at_bob) = (opening.clone(), answering.clone());
    let init = at_alice.send(2, b"init");
    let (reply, late_reply) = (at_bob.send(1, b"reply"), at_bob.send(2, b"late reply"));
    at_alice.receive(&reply).unwrap();
    let message = at_alice.send(3, b"message");
    let open_alice = at_alice.clone();
    at_bob.receive(&message).unwrap();
    let open_bob = at_bob.clone();
    let answer = at_bob.send(3, b"answer");

    let row = |end: &End<'_>, object: &[u8]| {
        let mut end = end.clone();
        let before = end.bytes();
        let result = end.receive(object).map(|received| received.message.content.to_vec());
        if result.is_err() {
            assert_eq!(end.bytes(), before);
        }
        (result, end.session.phase())
    };
    let delivered = |text: &[u8], phase| (Ok(text.to_vec()), phase);

    assert_eq!(row(&opening, &answer), (Err(ReceiveError::Undecryptable), Phase::Opening), "MSG before REPLY");
    assert_eq!(row(&opening, &reply), delivered(b"reply", Phase::Open));
    assert_eq!(row(&opening, &init), (Err(ReceiveError::Undecryptable), Phase::Opening));

    assert_eq!(row(&answering, &message), (Err(ReceiveError::OutOfTurn), Phase::Answering), "nothing was answered yet");
    let mut answered = answering.clone();
    answered.send(1, b"reply");
    assert_eq!(row(&answered, &reply), (Err(ReceiveError::Undecryptable), Phase::Answering));
    assert_eq!(row(&answering, &init), delivered(b"init", Phase::Answering));
    assert_eq!(row(&at_bob_before(&answering), &init), delivered(b"init", Phase::Answering));

    assert_eq!(row(&open_alice, &answer), delivered(b"answer", Phase::Open));
    assert_eq!(row(&open_alice, &late_reply), delivered(b"late reply", Phase::Open));
    assert_eq!(row(&open_bob, &init), delivered(b"init", Phase::Open));
    assert_eq!(kind_sent(&open_alice), 1);
    assert_eq!(open_bob.session.phase(), Phase::Open);
}

/// Answering, with the answer out.
fn at_bob_before<'a>(answering: &End<'a>) -> End<'a> {
    let mut end = answering.clone();
    end.send(9, b"reply");
    end
}

#[test]
fn an_open_session_stays_open() {
    let mut rng = seeded(71);
    let (alice, bob) = people(&mut rng);
    let (mut at_alice, mut at_bob) = open(&alice, &bob, &mut rng);
    for n in 0..6 {
        let object = at_bob.send(n, b"x");
        assert!(!at_alice.receive(&object).unwrap().confirmed);
        let object = at_alice.send(n, b"x");
        assert!(!at_bob.receive(&object).unwrap().confirmed);
        assert_eq!((at_alice.session.phase(), at_bob.session.phase()), (Phase::Open, Phase::Open));
    }
}

//! By whom a withdrawal is sent to the contract.

use pars_proto::room::recording::ConsentSignature;

use super::*;

const WITHDRAWN: Authority = Authority { until: 0, is_final: true, withdrawn: true };

/// Somebody takes its consent to a recorded room back; how its room goes on.
fn taken_back(who: usize, change: impl FnOnce(&mut Room)) -> (Room, RecordingId) {
    let (mut room, span) = Room::recorded();
    change(&mut room);
    let recording = room.members[who].recordings.signed[&span].recording.tag;
    room.tell(who, RecordingIn::Answer { recording, yes: false });
    (room, span)
}

impl Room {
    /// By whom withdrawals were sent; all of one key of the roster, as the contract takes them.
    fn senders(&self, span: RecordingId, of: usize) -> Vec<usize> {
        let signed = &self.members[of].recordings.signed[&span];
        let consent = self.members[of].config.consent.as_ref().unwrap();
        for (_, withdrawal) in &self.withdrawals {
            let Withdrawal { recording, signer, proof, signature } = withdrawal;
            assert_eq!((*recording, signer), (signed.recording, consent));
            assert_eq!(signed.roster.proof(&signer.hash()).as_ref(), Some(proof));
            assert!(signer.signed(&Libcrux, DOMAIN.withdraw_digest(span), signature));
        }
        self.withdrawals.iter().map(|(who, _)| *who).collect()
    }
}

/// Its author's own executor is not asked: it would tie the author to the key.
#[test]
fn a_participants_withdrawal_goes_to_the_chain_through_who_records() {
    let (mut room, span) = taken_back(0, |_| {});
    assert_eq!(room.senders(span, 0), [M]);
    assert!(room.members[0].owes_chain());
    room.pass(30_000);
    room.authority(span, WITHDRAWN);
    room.pass(90_000);
    assert_eq!(room.senders(span, 0), [M], "own index shows it: nobody else sends it");
    assert!(!room.members[0].owes_chain());
}

/// It outlives the machines that see to it: what is to be sent is told before anything is waited for.
#[test]
fn who_sees_to_a_withdrawal_has_it_kept_first() {
    let (room, _) = taken_back(0, |_| {});
    let kept = |who: usize| -> Vec<_> {
        let owes = room.events(who).filter_map(|event| match event {
            RecordingEvent::Owes { withdrawal, waits } => Some((Withdrawal::clone(withdrawal), *waits)),
            _ => None,
        });
        owes.collect()
    };
    let [(_, sent)] = &room.withdrawals[..] else { panic!("one is sent") };
    assert_eq!(kept(0), [(sent.clone(), true)], "its author leaves it to who records for a minute");
    assert_eq!(kept(M), [(sent.clone(), false)]);
    assert!(kept(2).is_empty());
}

/// Nobody has to open a microphone again: the others are told that keys change, and go on in the epoch that follows.
#[test]
fn who_is_recorded_no_more_rests_until_the_next_epoch_and_is_not_told_that_consent_is_missing() {
    let (mut room, _) = taken_back(0, |room| room.pass(15_000));
    room.pass(5_000);
    assert!(room.nobody_recorded());
    assert_eq!(room.sends(), [true; 3]);
    let rested = |event: &MemberEvent| matches!(event, MemberEvent::Stopped { reason: StopReason::NotRotated, .. });
    assert!((0..3).any(|who| room.told[who].iter().any(rested)));
    assert!((0..3).all(|who| !room.stopped(who)));
}

/// What a block shows that is not final may be forgotten by the chain.
#[test]
fn a_withdrawal_is_owed_until_a_final_block_shows_it_and_not_sent_while_another_does() {
    let (mut room, span) = taken_back(0, |_| {});
    room.authority(span, Authority { is_final: false, ..WITHDRAWN });
    room.pass(90_000);
    assert_eq!(room.senders(span, 0), [M], "it is there, if not for ever");
    let owes = |room: &Room| [0, M].map(|who| room.members[who].recordings.owed().next().is_some());
    assert_eq!(owes(&room), [true; 2]);
    room.authority(span, FINAL);
    room.pass(30_000);
    assert_eq!(room.senders(span, 0), [M, M], "it is there no more, and who records sends it again before its author");
    room.authority(span, WITHDRAWN);
    assert_eq!(owes(&room), [false; 2]);
}

/// Another seat's withdrawal in the room may be one that the contract never hears of.
#[test]
fn a_no_reaches_the_chain_although_another_seat_took_its_consent_back_before() {
    let (mut room, span) = Room::recorded();
    let (now, mut out) = (room.now, Vec::new());
    room.members[2].say(&mut Cx { now, rng: &mut room.rng, out: &mut out }, Content::Withdraw(span));
    room.pass(500);
    assert!(room.members[0].recordings.signed[&span].ended && room.withdrawals.is_empty());
    let recording = room.members[0].recordings.signed[&span].recording.tag;
    room.tell(0, RecordingIn::Answer { recording, yes: false });
    assert_eq!(room.senders(span, 0), [M]);
}

#[test]
fn its_author_sends_it_when_own_index_has_not_shown_it_for_a_minute() {
    let (mut room, span) = taken_back(0, |room| room.dead = Some(M));
    room.pass(59_000);
    assert!(room.senders(span, 0).is_empty());
    room.pass(2_000);
    assert_eq!(room.senders(span, 0), [0]);
    room.pass(61_000);
    assert_eq!(room.senders(span, 0), [0, 0], "its executor says that it is done, and own index does not show it");
    room.authority(span, WITHDRAWN);
    assert!(!room.members[0].owes_chain());
}

/// The same if the author has left; a seat that is gone is not woken for ever.
#[test]
fn a_withdrawal_outlives_its_authors_seat() {
    let (mut room, span) = taken_back(0, |room| (room.dead, room.executes) = (Some(M), false));
    room.queue.push_back(To::Member(0, MemberIn::Leave));
    room.settle();
    assert_eq!(room.members[0].phase(), Phase::Gone);
    room.pass(59_000);
    assert!(room.senders(span, 0).is_empty());
    room.pass(32_000);
    assert_eq!(room.senders(span, 0), [0, 0], "what was not taken is sent again");
    room.authority(span, WITHDRAWN);
    assert!(!room.members[0].owes_chain() && room.members[0].deadline().is_none());
    assert!(room.members[0].recordings.key.is_none());
}

#[test]
fn no_withdrawal_is_owed_when_the_span_is_over_by_time() {
    let (mut room, span) = taken_back(0, |room| room.executes = false);
    assert!(room.members[0].owes_chain() && room.members[M].owes_chain());
    room.now.tick = room.now.tick.after(3_600_000);
    room.pass(1_000);
    let sent = room.senders(span, 0).len();
    room.pass(200_000);
    assert_eq!(room.senders(span, 0).len(), sent);
    assert!(!room.members[0].owes_chain());
}

#[test]
fn who_records_sends_its_own_withdrawal_and_again_if_it_is_not_taken() {
    let (mut room, span) = taken_back(M, |room| room.executes = false);
    assert_eq!(room.senders(span, M), [M]);
    room.pass(31_000);
    assert_eq!(room.senders(span, M), [M, M]);
    room.authority(span, WITHDRAWN);
    room.pass(90_000);
    assert_eq!(room.senders(span, M), [M, M]);
}

#[test]
fn two_withdrawals_from_one_span_are_sent_once() {
    let (mut room, span) = taken_back(0, |_| {});
    let recording = room.members[2].recordings.signed[&span].recording.tag;
    room.tell(2, RecordingIn::Answer { recording, yes: false });
    room.authority(span, WITHDRAWN);
    room.pass(90_000);
    assert_eq!(room.senders(span, 0), [M], "the first ends the span for ever");
}

/// What a seat gives to who records is its own withdrawal from that roster, signed, or nothing is sent.
#[test]
fn who_records_sends_nothing_that_the_contract_would_refuse() {
    let (mut room, span) = Room::recorded();
    let cx = (room.now, &mut room.rng, &mut Vec::new());
    let good = room.members[0].withdrawal(&mut Cx { now: cx.0, rng: cx.1, out: cx.2 }, span).unwrap();
    let other = room.members[2].config.consent.as_ref().unwrap().hash();
    let (signer, proof, signature) = (good.signer.hash(), good.proof, good.signature);
    let other_proof = room.members[0].recordings.signed[&span].roster.proof(&other).unwrap();
    let bad = ConsentSignature::new(vec![27; 65]).unwrap();
    let unknown = RecordingId(B256::repeat_byte(8));
    let lies = [
        (span, other, other_proof, signature.clone()),
        (span, signer, proof[1..].to_vec(), signature.clone()),
        (span, signer, proof.clone(), bad),
        (unknown, signer, proof.clone(), signature.clone()),
    ];
    for (span, signer, proof, signature) in lies {
        let forged = |room: &Room| room.told[M].iter().filter(|event| matches!(event, MemberEvent::Forged(_))).count();
        let before = forged(&room);
        room.lie(0, Notice::Withdraw { span, signer, proof, signature });
        assert_eq!(room.withdrawals, []);
        assert_eq!(forged(&room) - before, usize::from(span != unknown), "it is said to be forged");
    }
    room.lie(0, Notice::Withdraw { span, signer, proof, signature });
    assert_eq!(room.senders(span, 0), [M]);
}

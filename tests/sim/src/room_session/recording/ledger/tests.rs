//! No rule is vacuous: in a room that is recorded, each is fed what it forbids.

use pars_proto::room::recording::ConsentSignature;

use super::super::story::{LEADER, RECORDS};
use super::*;
use crate::faults::Faults;
use crate::log::Log;

/// Somebody who only consents.
const OTHER: PersonId = PersonId(2);

/// A calm room that is recorded, its span, and the epoch's recorder.
fn recorded() -> (World, RecordingId, PersonId) {
    let mut world = story::begin(1, Faults::NONE, Log::default());
    world.pass(40_000);
    let span = world.recordings.standing(world.now()).expect("a span stands");
    let recorder = *world.recordings.recorders.keys().next_back().expect("a recorder's seat");
    for who in [LEADER, RECORDS, OTHER] {
        let (epoch, _) = world.watch.sends_in(who).cloned().expect("it sends");
        assert!(world.watch.knows(recorder, &epoch), "what a recorder opens");
        assert_eq!(world.recorded_until_now(who), Ok(()));
    }
    (world, span, recorder)
}

/// Whether somebody may have sent until now.
fn may_send(world: &mut World, who: PersonId) -> bool {
    match world.recorded_until_now(who) {
        Ok(()) => true,
        Err(rule) => {
            assert!(rule.contains("without the final consent"), "{rule}");
            false
        }
    }
}

fn span(world: &mut World, id: RecordingId) -> &mut Span {
    world.recordings.spans.get_mut(&id).expect("the span")
}

#[test]
fn who_sends_what_a_recorder_opens_without_a_span_is_seen() {
    let (mut world, _, recorder) = recorded();
    world.recordings.spans.clear();
    assert!(!may_send(&mut world, OTHER) && !may_send(&mut world, RECORDS));
    assert!(may_send(&mut world, recorder), "it sends nothing");
    world.recordings.lies_to = Some(OTHER);
    assert!(may_send(&mut world, OTHER), "whose index lies may be wrong");
}

#[test]
fn a_span_that_is_not_of_all_and_of_them_alone_is_seen() {
    let changes: [fn(&mut Span); 5] = [
        |span| {
            span.complete.pop_first();
        },
        |span| span.is_lie = true,
        |span| span.recording.as_mut().expect("one").participants += 1,
        |span| span.recording.as_mut().expect("one").participants -= 1,
        |span| span.times.clear(),
    ];
    for change in changes {
        let (mut world, id, _) = recorded();
        // The first of those who signed may be a key that hides how many there are.
        let seats: BTreeSet<_> = world.recordings.signers.values().map(ConsentSigner::hash).collect();
        span(&mut world, id).complete.retain(|signer| seats.contains(signer));
        assert!(may_send(&mut world, OTHER));
        change(span(&mut world, id));
        assert!(!may_send(&mut world, OTHER));
    }
}

#[test]
fn a_consent_that_is_not_final_yet_or_was_taken_back_too_long_ago_is_seen() {
    let (mut world, id, _) = recorded();
    let now = world.now();
    let ago = |ms: u64| Tick(now.0 - ms);
    let stands = |world: &mut World, since: Tick, until: Option<Tick>| {
        span(world, id).times = vec![(since, until)];
        may_send(world, OTHER)
    };
    assert!(stands(&mut world, now, None) && !stands(&mut world, now.after(1), None));
    assert!(stands(&mut world, ago(9_000), Some(ago(5_000))));
    assert!(!stands(&mut world, ago(9_000), Some(ago(5_001))));
    // An index that is silent does not say so; 30 s later nobody goes by it.
    world.recordings.silence(OTHER, ago(35_000), 40_000);
    assert!(stands(&mut world, ago(39_000), Some(ago(30_000))));
    assert!(!stands(&mut world, ago(39_000), Some(ago(30_001))));
}

#[test]
fn who_goes_on_after_a_withdrawal_in_the_room_is_seen() {
    let (mut world, id, _) = recorded();
    world.recordings.told.insert((OTHER, id));
    assert!(!may_send(&mut world, OTHER), "who was told stops at once");
    world.recordings.told.clear();
    let now = world.now();
    world.recordings.hear(Tick(now.0 - 2_000), LEADER, id);
    assert!(may_send(&mut world, OTHER) && may_send(&mut world, RECORDS));
    world.recordings.heard.clear();
    world.recordings.hear(Tick(now.0 - 2_001), LEADER, id);
    assert!(!may_send(&mut world, OTHER) && !may_send(&mut world, RECORDS));
    world.break_link(OTHER);
    assert!(may_send(&mut world, OTHER), "who is cut off cannot know");
    assert!(!may_send(&mut world, RECORDS), "the others are not");
}

#[test]
fn a_recorder_with_keys_of_an_epoch_without_it_or_to_send_with_is_seen() {
    let (world, _, recorder) = recorded();
    let keys = world.people[&recorder].member.keys();
    assert!(!keys.is_empty() && keys.iter().all(|keys| world.recorder_keys(recorder, keys) == Ok(())));
    let mut without = keys[0].clone();
    let seat = world.people[&recorder].member.seat();
    without.seats.retain(|it| Some(*it) != seat);
    assert!(world.recorder_keys(recorder, &without).is_err());
    let others = world.people[&OTHER].member.keys();
    let sends = others.iter().find(|keys| keys.own.is_some()).expect("it sends");
    assert!(world.recorder_keys(recorder, sends).is_err());
    assert_eq!(world.recorder_keys(OTHER, sends), Ok(()));
}

#[test]
fn a_withdrawal_of_another_or_of_an_author_who_did_not_wait_is_seen() {
    let (mut world, id, _) = recorded();
    let (now, ledger) = (world.now(), &mut world.recordings);
    let what = Withdrawal {
        recording: ledger.spans[&id].recording.expect("one"),
        signer: ledger.signers[&OTHER].clone(),
        proof: Vec::new(),
        signature: ConsentSignature::new(vec![1; 65]).expect("65 bytes"),
    };
    assert_eq!(ledger.sent_by(now, RECORDS, id, &what), Ok(()));
    assert!(ledger.sent_by(now, LEADER, id, &what).unwrap_err().contains("sends a withdrawal of"));
    let author = |ledger: &mut Ledger, at: Tick| ledger.sent_by(at, OTHER, id, &what);
    assert!(author(ledger, now).unwrap_err().contains("its own withdrawal"), "it took nothing back");
    ledger.took_back.insert((OTHER, id), now);
    assert!(author(ledger, now.after(59_999)).unwrap_err().contains("its own withdrawal"), "before its minute");
    assert_eq!(author(ledger, now.after(60_000)), Ok(()));
    assert!(ledger.withdraw(now, RECORDS, &what).unwrap_err().contains("did not withdraw"), "it is not signed");
}

#[test]
fn a_withdrawal_that_the_contract_never_hears_of_is_seen() {
    let (mut world, id, _) = recorded();
    let (now, ledger) = (world.now(), &mut world.recordings);
    ledger.took_back.insert((OTHER, id), now);
    assert_eq!(ledger.unheard(now.after(1), |_| false), Some((OTHER, id)));
    assert_eq!(ledger.unheard(now.after(1), |who| who == OTHER), None);
    assert_eq!(ledger.unheard(now, |_| false), None);
    ledger.withdraw_on_chain(now, id);
    assert_eq!(ledger.unheard(now.after(1), |_| false), None);
}

#[test]
fn who_signs_a_lie_and_a_signature_of_nobody_are_seen() {
    let (mut world, id, _) = recorded();
    let (now, ledger) = (world.now(), &mut world.recordings);
    assert_eq!(ledger.signed(OTHER, id), Ok(()));
    let shown = ledger.spans[&id].recording.expect("one");
    let lie = Recording { policy: B256::repeat_byte(9), ..shown };
    ledger.lie(now, lie);
    assert!(ledger.signed(OTHER, lie.span()).unwrap_err().contains("which is a lie"));
    let chunk = Submission {
        recording: shown,
        signers: vec![ledger.signers[&OTHER].clone()],
        signatures: vec![ConsentSignature::new(vec![1; 65]).expect("65 bytes")],
        proof: Default::default(),
    };
    assert!(ledger.submit(now, &chunk).unwrap_err().contains("did not sign"));
}

//! What no seat sees to any more, and the chain is still to hear: anchors and withdrawals.

use std::collections::BTreeMap;

use pars_daemon::recordings::ToWithdraw;

use super::*;

/// How often each was to be sent.
#[derive(Default)]
struct Sent(Mutex<BTreeMap<RecordingId, usize>>);

impl Sent {
    /// Nothing comes of it.
    fn note(&self, span: RecordingId) -> std::future::Ready<bool> {
        *self.0.lock().unwrap().entry(span).or_default() += 1;
        std::future::ready(false)
    }

    fn times(&self, span: RecordingId) -> usize {
        self.0.lock().unwrap().get(&span).copied().unwrap_or_default()
    }

    async fn more(&self, span: RecordingId, than: usize) {
        while self.times(span) <= than {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

const PAUSE: Duration = Duration::from_millis(10);

/// Names of the withdrawals that are kept.
fn kept(studio: &Studio) -> Vec<PathBuf> {
    files(&studio.world.datadir("ana").join("recordings/withdrawals"))
}

/// THREATS K3: what was answered as taken back outlives every daemon, until the chain holds it for ever.
#[tokio::test]
async fn a_withdrawal_is_sent_after_a_restart_until_a_final_block_shows_it() {
    let studio = Studio::start().await;
    let (recording, roster) = draft(0xd1, &[1, 2], studio.in_an_hour().await);
    studio.consented(&recording, &roster, &[1, 2]).await;
    let (span, withdrawal) = (recording.span(), studio.withdrawal(&recording, &roster, (2, false)));
    studio.member("ana", (&[], &[])).library.keep_withdrawal(withdrawal.clone()).await.unwrap();

    let ana = studio.member("ana", (&[], &[]));
    let (sent, read) = (Sent::default(), Mutex::new(None));
    let send = |left: ToWithdraw| {
        *read.lock().unwrap() = Some(left.clone());
        sent.note(left.span)
    };
    let until_shown = async {
        sent.more(span, 2).await;
        // In a block that the chain may forget: it is owed still.
        studio.withdraw(&withdrawal).await;
        sent.more(span, sent.times(span) + 2).await;
        let before = kept(&studio).len();
        studio.settled().await;
        while !kept(&studio).is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
        before
    };
    let patience = Duration::from_secs(3_600);
    let before = tokio::select! {
        () = ana.library.finish_withdrawals((PAUSE, patience), send) => panic!("it goes on for ever"),
        before = until_shown => before,
    };
    assert_eq!((before, read.into_inner().unwrap()), (1, Some(withdrawal)));
}

#[tokio::test]
async fn a_withdrawal_waits_for_who_records_and_for_its_seat_and_not_beyond_the_consents_end() {
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let until = studio.in_an_hour().await;
    let [now, later, seen_to, over] =
        [(0xd2, until), (0xd3, until), (0xd4, until), (0xd5, 1)].map(|(of, until)| draft(of, &[1, 2], until));
    for ((recording, roster), waits) in [(&now, false), (&later, true), (&seen_to, false), (&over, false)] {
        ana.library.keep_withdrawal(studio.withdrawal(recording, roster, (2, waits))).await.unwrap();
    }
    let [now, later, seen_to, over] = [now, later, seen_to, over].map(|(recording, _)| recording.span());
    let seat = ana.library.hold(seen_to);
    let sent = Sent::default();
    let story = async {
        // Until a block after the end of the last is final.
        while kept(&studio).iter().any(|path| path.ends_with(hex::encode(over.0))) {
            studio.settled().await;
        }
        sent.more(now, sent.times(now) + 2).await;
        let before = [later, seen_to].map(|span| sent.times(span));
        let over_before = sent.times(over);
        drop(seat);
        sent.more(seen_to, 0).await;
        sent.more(now, sent.times(now) + 2).await;
        (before, sent.times(over) - over_before)
    };
    let patience = Duration::from_secs(3_600);
    let left = tokio::select! {
        () = ana.library.finish_withdrawals((PAUSE, patience), |left| sent.note(left.span)) => panic!("for ever"),
        left = story => left,
    };
    assert_eq!(left, ([0, 0], 0));
    assert_eq!(kept(&studio).len(), 3);
    // Who records had its time.
    tokio::select! {
        () = ana.library.finish_withdrawals((PAUSE, Duration::ZERO), |left| sent.note(left.span)) => panic!("for ever"),
        () = sent.more(later, 0) => {}
    }
}

/// An import that a full disk delayed, or one after its recorder broke down: no restart is waited for.
#[tokio::test]
async fn what_is_finished_late_is_anchored_when_its_seat_sees_to_it_no_more() {
    let studio = Studio::start().await;
    let ana = studio.member("ana", (&[], &[]));
    let until = studio.in_an_hour().await;
    let all = [0xd6, 0xd7].map(|of| draft(of, &[1, 2], until));
    for (recording, roster) in &all {
        studio.consented(recording, roster, &[1, 2]).await;
        ana.library.keep(recording.tag, (ROOM, FAR), seed(1)).await.unwrap();
    }
    ana.library.look(0).await;
    let [late, seen_to] = all.map(|(recording, _)| recording);
    let (sent, signer) =
        (Sent::default(), || AnchorSigner { secret: ConsentSecret::of(&Studio::signer(1)), through: None });
    let story = async {
        let seat = ana.library.hold(seen_to.span());
        for recording in [seen_to, late] {
            ana.library.keep_anchor_key(recording, signer()).await.unwrap();
            sealed(&ana, recording).await;
        }
        sent.more(late.span(), 2).await;
        let before = sent.times(seen_to.span());
        drop(seat);
        sent.more(seen_to.span(), 0).await;
        before
    };
    let before = tokio::select! {
        () = ana.library.finish_anchors(PAUSE, |left| sent.note(left.recording.span())) => panic!("for ever"),
        before = story => before,
    };
    assert_eq!(before, 0, "its seat sees to it");
}

//! Two members write to each other at the same moment, neither having heard of the other (THREATS I5). Each begins a session; in
//! the end there is exactly one, proven on both sides, and every text of both was told once. Where links have no faults that is
//! so within a minute of both being online: reading, and writing back what they like. A lost packet costs a request 6 s and a
//! reader 3 s, so under loss only the end is bounded, not its time.

use pars_proto::session::SessionId;
use pars_proto::session::machine::Standing;

use super::stage::{A, B, Stage};
use crate::host::HostId;

/// Messages that each may write before it reads anything.
const MOST: u64 = 4;
/// Within this time of both being online they have one session, in ms.
const AGREED_MS: u64 = 60_000;

/// From the first key to the one session.
///
/// # Panics
/// A broken rule or a stage that does not end: two sessions to the end are one.
pub fn run(stage: &mut Stage) {
    stage.publish(&[A]);
    stage.publish(&[B]);
    stage.open(A, B);
    stage.open(B, A);
    stage.next();
    // Nobody polls yet, so nobody hears of the other's call.
    let counts = [A, B].map(|_| 1 + stage.world.below(MOST) as u8);
    for number in 1..=MOST as u8 {
        for (from, to, count) in [(A, B, counts[0]), (B, A, counts[1])] {
            if number <= count {
                stage.send(from, to, number);
            }
        }
    }
    stage.partition();
    let online = stage.world.now().tick;
    stage.online_until("reading what the other wrote meanwhile", &[A, B], move |stage| read(stage, counts));
    // A word from each, read before the next, settles whose call it was.
    for (round, (from, to)) in (0..).zip([(A, B), (B, A), (A, B), (B, A)]) {
        let number = 10 + round;
        stage.send(from, to, number);
        let text = format!("message {number}");
        stage.online_until("reading a word", &[A, B], move |stage| stage.texts(to, from).contains(&text));
    }
    stage.confirmed(A, B);
    stage.until(
        "having one session",
        |_| {},
        |stage| {
            let (at_a, at_b) = (current(stage, A), current(stage, B));
            at_a.len() == 1 && at_a == at_b
        },
    );
    let ms = stage.world.now().tick.0 - online.0;
    assert!(!stage.world.is_calm() || ms <= AGREED_MS, "{}: {ms} ms until there was one session", stage.place());
}

fn read(stage: &Stage, counts: [u8; 2]) -> bool {
    stage.texts(B, A).len() == usize::from(counts[0]) && stage.texts(A, B).len() == usize::from(counts[1])
}

/// Sessions on which a member would write.
fn current(stage: &Stage, host: HostId) -> Vec<SessionId> {
    let Some(member) = stage.member(host) else { return Vec::new() };
    let all = member.sessions().all().filter(|(_, standing)| *standing == Standing::Current);
    all.map(|(session, _)| session.id()).collect()
}

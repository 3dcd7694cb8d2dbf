//! Two members write to each other at the same moment, neither having heard of the other (THREATS I5). Each begins a session; both
//! go on writing, and in the end there is exactly one, proven on both sides, and every text of both was told once.
//!
//! How long that takes from when both are online, in virtual time, is asserted: a minute where nothing goes wrong, and a minute from
//! the end of all faults. A lost packet costs a request 6 s and a reading 3 s, and both wait up to 24 s on a line that gives few
//! answers; so it takes longer while faults go on.

use pars_proto::session::SessionId;
use pars_proto::session::machine::Standing;

use super::stage::{A, B, Stage};
use crate::host::HostId;

/// Messages that each may write before it reads anything.
const MOST: u64 = 4;
/// Numbers of the words that each writes while they agree.
const FIRST_WORD: u8 = 10;
/// More than anybody says: there is one session long before.
const LAST_WORD: u8 = 190;
/// The longest time for which faults go on after both are online, in ms.
const MOST_FAULTY_MS: u64 = 120_000;
/// Within this time of both being online they have one session, in ms, where nothing goes wrong; seen: 31 s.
const CALM_MS: u64 = 60_000;
/// The same where every tenth packet is lost, hosts crash and some are cut off for half a minute; seen: 214 s.
const FAULTY_MS: u64 = 600_000;
/// The same, from when all that ends.
const SETTLED_MS: u64 = 60_000;

/// From the first key to the one session, under the world's faults to the end.
///
/// # Panics
/// A broken rule, a stage that does not end (two sessions to the end are one), or one that takes too long.
pub fn run(stage: &mut Stage) {
    let counts = call_each_other(stage);
    let most = if stage.world.is_calm() { CALM_MS } else { FAULTY_MS };
    agree(stage, counts, most);
}

/// The same, but all faults end while they try to agree.
///
/// # Panics
/// As [`run`].
pub fn settle(stage: &mut Stage) {
    let counts = call_each_other(stage);
    let faulty = stage.world.below(MOST_FAULTY_MS);
    stage.online_for(&[A, B], faulty);
    stage.world.settle();
    agree(stage, counts, SETTLED_MS);
}

/// Each writes to the other before it hears of it; how many messages.
fn call_each_other(stage: &mut Stage) -> [u8; 2] {
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
    counts
}

/// Both are online and go on writing, without waiting for each other, until there is one session and all is read: within `most` ms.
fn agree(stage: &mut Stage, counts: [u8; 2], most: u64) {
    let begun = stage.world.now().tick;
    let (mut turn, mut last) = (0, [FIRST_WORD; 2]);
    let talk = move |stage: &mut Stage| {
        for (word, (from, to)) in last.iter_mut().zip([(A, B), (B, A)]) {
            // Every other time a new one, if the last one was not lost by a crash.
            let more = turn % 2 == 1 && stage.was_queued(from, *word) && *word < LAST_WORD;
            *word += u8::from(more);
            stage.say(from, to, *word);
        }
        turn += 1;
    };
    stage.talk_until("having one session", &[A, B], talk, move |stage| {
        let (at_a, at_b) = (current(stage, A), current(stage, B));
        read(stage, counts) && at_a.len() == 1 && at_a == at_b && stage.are_confirmed(A, B)
    });
    let ms = stage.world.now().tick.0 - begun.0;
    stage.world.note(&format!("one session after {ms} ms"));
    assert!(ms <= most, "{}: {ms} ms until there was one session", stage.place());
}

fn read(stage: &Stage, counts: [u8; 2]) -> bool {
    stage.texts(B, A).len() >= usize::from(counts[0]) && stage.texts(A, B).len() >= usize::from(counts[1])
}

/// Sessions on which a member would write.
fn current(stage: &Stage, host: HostId) -> Vec<SessionId> {
    let Some(member) = stage.member(host) else { return Vec::new() };
    let all = member.sessions().all().filter(|(_, standing)| *standing == Standing::Current);
    all.map(|(session, _)| session.id()).collect()
}

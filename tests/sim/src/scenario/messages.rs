//! Journey 3 (ARCHITECTURE.md): A writes three messages to B, who is offline and was never seen; a node that holds them
//! dies; B starts, reads all three once, acknowledges two, is told of the third again after a crash, and answers; A reads, writes a
//! fourth; both are confirmed; A crashes in the middle of a fifth: nothing acknowledged is lost, nothing arrives twice.

use pars_engine::io::{Event, Received};

use super::stage::{A, B, Stage};

/// Messages of the journey.
pub const MESSAGES: usize = 6;

/// From the first key to the fifth message.
///
/// # Panics
/// A broken rule or a stage that does not end.
pub fn run(stage: &mut Stage) {
    stage.publish(&[B]);
    stage.world.crash(B);
    stage.publish(&[A]);
    stage.open(A, B);
    three_messages(stage);
    read_and_answer(stage);
    stage.send(A, B, 4);
    stage.poll_until("reading the fourth", |stage| stage.texts(B, A).len() >= 4);
    stage.confirmed(A, B);
    crash_in_a_send(stage);
}

fn three_messages(stage: &mut Stage) {
    stage.next();
    for number in 1..=3 {
        stage.send(A, B, number);
    }
    stage.all_stored(A);
    if let Some(holder) = stage.world.holders().first().copied() {
        stage.world.kill(holder);
    }
    stage.partition();
}

fn read_and_answer(stage: &mut Stage) {
    if !stage.world.runs(B) {
        stage.world.start(B, None);
    }
    stage.poll_until("reading three messages", |stage| stage.texts(B, A).len() >= 3);
    assert_eq!(stage.texts(B, A), ["message 1", "message 2", "message 3"], "{}", stage.place());
    told_again(stage);
    stage.send(B, A, 11);
    stage.all_stored(B);
    stage.poll_until("reading the answer", |stage| !stage.texts(A, B).is_empty());
    assert_eq!(stage.texts(A, B), ["message 11"], "{}", stage.place());
}

/// Two of the three are acknowledged: the watch breaks if one of them is told again, and the third has to be.
fn told_again(stage: &mut Stage) {
    let mut cursors: Vec<u64> = stage.received(B, A).iter().map(|message| message.cursor).collect();
    cursors.sort_unstable();
    let [_, second, third] = cursors[..] else { panic!("{}: {cursors:?}", stage.place()) };
    assert!(!stage.world.is_calm() || stage.received(B, A)[2].cursor == third, "{}: not in order", stage.place());
    stage.acknowledge(B, second);
    stage.world.crash(B);
    stage.next();
    stage.world.start(B, None);
    let is_third = |event: &Event| matches!(event, Event::Received(Received { cursor, .. }) if *cursor == third);
    stage.poll_until("being told again", |stage| stage.happened(B, is_third));
}

fn crash_in_a_send(stage: &mut Stage) {
    stage.world.crash_at_next_barrier(A);
    stage.send(A, B, 5);
    stage.poll_until("reading the fifth", |stage| stage.texts(B, A).len() >= 5);
    let expected = ["message 1", "message 2", "message 3", "message 4", "message 5"];
    assert_eq!(stage.texts(B, A), expected, "{}", stage.place());
}

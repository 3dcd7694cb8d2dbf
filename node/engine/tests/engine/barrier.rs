//! Nothing leaves before what it depends on is durable.

use pars_engine::io::{CommandError, CommandId};
use pars_engine::{BatchId, Command, Event, Input, Output};
use pars_identity::IdentityId;
use pars_wire::content::ContentType;

use crate::world::World;

const COMMAND: CommandId = CommandId([1; 16]);

#[test]
fn no_record_leaves_before_its_keys_are_durable() {
    let mut world = World::new(1);
    world.learn();
    let out = world.input(Input::Command { id: COMMAND, command: Command::Publish });
    let [Output::Persist(batch)] = out.as_slice() else { panic!("only a batch is expected: {out:?}") };
    let id = batch.id;
    assert!(world.input(Input::Wake).iter().all(|output| !matches!(output, Output::Work { .. })));
    let out = world.input(Input::Committed(id));
    let told = matches!(out.as_slice(), [Output::Event(Event::Done { .. }), Output::Work { .. }]);
    assert!(told, "the keys are durable, and the first record's work is asked for: {out:?}");
}

#[test]
fn a_commit_of_an_older_batch_frees_nothing() {
    let mut world = World::new(2);
    world.learn();
    world.input(Input::Command { id: COMMAND, command: Command::Publish });
    assert!(world.input(Input::Committed(BatchId(0))).is_empty());
}

#[test]
fn a_message_to_somebody_unknown_is_refused_and_changes_nothing() {
    let mut world = World::new(3);
    let (to, content_type) = (IdentityId([5; 32]), ContentType::Text);
    let command = Command::Send { to, content_type, content: b"hello".to_vec().into() };
    let out = world.input(Input::Command { id: COMMAND, command });
    let [Output::Event(Event::Refused { command, error })] = out.as_slice() else { panic!("{out:?}") };
    assert_eq!((*command, *error), (COMMAND, CommandError::UnknownContact));
}

#[test]
fn bytes_that_no_machine_takes_are_an_event() {
    let mut world = World::new(4);
    let from = pars_engine::Link::Client([0; 16]);
    for bytes in [Vec::new(), vec![0; 16_384], vec![1, 4], vec![2; 16_384]] {
        let out = world.input(Input::Recv { from, bytes });
        assert!(matches!(out.as_slice(), [Output::Event(Event::Malformed | Event::Dropped(_))]), "{out:?}");
    }
}

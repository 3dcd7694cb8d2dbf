//! Time is an argument: a day passes between two lines.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::secret::StoreKey;
use pars_crypto::suite::Libcrux;
use pars_proto::onion::delay::Delay;
use pars_wire::codec::Wire;
use pars_wire::content::ContentType;
use pars_wire::machine::{Cx, Machine, Now, Tick};

use super::*;
use crate::io::{Command, Event, Input, Output};
use crate::member::{Member, MemberConfig};
use crate::registry::Network;
use crate::store::Table;
use crate::{Node, Rows};

const TO: IdentityId = IdentityId([1; 32]);
const NOON: UnixMinute = UnixMinute(20_003 * 1_440 + 720);

fn id(number: u64) -> CommandId {
    CommandId((u128::from(number) << 64).to_be_bytes())
}

const fn later(minutes: u32) -> UnixMinute {
    UnixMinute(NOON.0 + minutes)
}

/// So many commands of this minute.
fn full(commands: &mut Commands, made: UnixMinute) {
    for cursor in 1_000.. {
        if commands.made.len() == MAX_COMMANDS {
            return;
        }
        commands.remember(id(cursor), Sent { cursor, id: MessageId([0; 16]), to: TO, digest: None, made });
    }
}

#[test]
fn rows_of_all_three_versions_are_read() {
    let sent = Sent { cursor: 9, id: MessageId([5; 16]), to: TO, digest: Some([6; 32]), made: NOON };
    let row = sent.encode();
    assert_eq!(Sent::decode(&row, later(7)), Ok(sent));
    assert_eq!(Sent::decode(&row[..88], later(7)), Ok(Sent { made: later(7), ..sent }));
    let first = Sent { digest: None, made: later(7), ..sent };
    assert_eq!(Sent::decode(&row[..56], later(7)), Ok(first));
    assert_eq!(first.encode(), row[..56]);
    for cut in [0, 55, 57, 87, 89, 91] {
        assert!(Sent::decode(&row[..cut], NOON).is_err(), "{cut} bytes");
    }
    assert!(Sent::decode(&[row, vec![0]].concat(), NOON).is_err());
}

#[test]
fn no_command_is_forgotten_within_a_day_and_when_all_places_are_taken_the_answer_says_for_how_long() {
    let mut commands = Commands::default();
    full(&mut commands, NOON);
    for (minutes, left) in [(0, 1_441), (1, 1_440), (1_439, 2), (1_440, 1)] {
        assert!(commands.forget(later(minutes)).is_empty(), "after {minutes} min");
        assert_eq!(commands.room(later(minutes)), Err(CommandError::RateLimited { minutes: left }));
    }
    assert!(commands.get(id(1_000)).is_some());
    assert_eq!(commands.room(later(1_441)), Ok(()));
    let gone: Vec<_> = (1_000..).map(id).take(FORGOTTEN_AT_ONCE).collect();
    assert_eq!(commands.forget(later(1_441)), gone, "the oldest, and no more than a batch takes");
    assert!(commands.get(id(1_000)).is_none() && commands.made.len() == commands.order.len());
    assert_eq!(commands.made.len(), MAX_COMMANDS - FORGOTTEN_AT_ONCE);
}

#[test]
fn one_place_below_the_bound_there_is_room_and_old_ones_go_also_then() {
    let mut commands = Commands::default();
    full(&mut commands, NOON);
    commands.made.remove(&id(1_000));
    commands.order.remove(&1_000);
    assert_eq!(commands.room(NOON), Ok(()));
    assert_eq!(commands.forget(later(1_441)).len(), FORGOTTEN_AT_ONCE);
}

#[test]
fn commands_of_the_future_count_from_when_the_clock_was_set_back() {
    let mut commands = Commands::default();
    full(&mut commands, later(10 * 365 * 1_440));
    assert_eq!(commands.room(NOON), Err(CommandError::RateLimited { minutes: 1_441 }));
    assert_eq!(commands.room(later(1_441)), Ok(()));
    assert_eq!(commands.forget(later(1_441)).len(), FORGOTTEN_AT_ONCE, "not one a day");
}

/// A member out of a golden file, whose memory of commands is full.
struct Desk(Node, ChaCha20Rng);

impl Desk {
    fn open() -> Self {
        let file = include_bytes!("../../../tests/golden/conversation-v2.bin");
        let rows = Rows::decode(file).unwrap();
        let (key, network) = (StoreKey::from_bytes([7; 32]), Network::Public);
        let config = MemberConfig { suite: &Libcrux, key, network, delay: Delay::FAST, poll: None };
        let mut member = Member::restore(config, &rows, Now { tick: Tick(0), wall: NOON }).unwrap();
        full(&mut member.desk.commands, NOON);
        Self(Node::new(&Libcrux, Some(member), None), ChaCha20Rng::seed_from_u64(3))
    }

    fn send(&mut self, wall: UnixMinute, command: CommandId, text: &str) -> Vec<Output> {
        let to = self.0.member().unwrap().conversations()[0].peer;
        let (content_type, content) = (ContentType::Text, text.as_bytes().to_vec().into());
        let input = Input::Command { id: command, command: Command::Send { to, content_type, content } };
        let mut out = Vec::new();
        let now = Now { tick: Tick(0), wall };
        self.0.handle(&mut Cx { now, rng: &mut self.1, out: &mut out }, input);
        out
    }
}

#[test]
fn a_member_that_sent_too_much_in_a_day_refuses_the_next_message_and_still_knows_every_request_of_the_day() {
    let mut desk = Desk::open();
    for minutes in [0, 1_440] {
        let out = desk.send(later(minutes), id(7), "one too many");
        let [Output::Event(Event::Refused { error, .. })] = &out[..] else { panic!("not refused after {minutes} min") };
        assert_eq!(*error, CommandError::RateLimited { minutes: 1_441 - minutes });
        let out = desk.send(later(minutes), CommandId([64; 16]), "on its way");
        assert!(matches!(&out[..], [Output::Event(Event::Queued { .. })]), "sent before, known all day");
    }
    let out = desk.send(later(1_441), id(7), "one too many");
    let batch = out.iter().find_map(|output| match output {
        Output::Persist(batch) => Some(batch),
        _ => None,
    });
    let counters = batch.unwrap().changes.iter().filter(|change| change.table == Table::Counter);
    let (kept, gone): (Vec<_>, Vec<_>) = counters.partition(|change| change.value.is_some());
    assert_eq!((kept.len(), gone.len()), (1, FORGOTTEN_AT_ONCE));
}

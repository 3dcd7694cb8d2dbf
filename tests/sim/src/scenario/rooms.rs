//! Journeys 1 and 2 (ARCHITECTURE.md). A creates a room on chain, opens a sitting and invites B by a message; every view of
//! the chain comes to show what the contract says, late or reorganised; B rebuilds the pinned tree from its own view, proves,
//! and the contract and its twin give the same verdict on the proof and on everything that is not quite it.

mod verdict;

use alloy_primitives::{Address, B256, Bytes, U256};
use pars_bindings::typed::seconds40;
use pars_bindings::{EligibilityRegistry, TownHall, VotingEscrow};
use pars_circuits::room_id;
use pars_crypto::hash::sha3;
use pars_indexer_core::{Room, Row, Sitting as SittingRow};
use pars_proto::session::MessageId;
use pars_wire::RoomId;

use super::stage::{A, B, Stage};
use crate::chain::setting::{CHAIN_ID, HOLDERS};
use crate::chain::{Outcome, View};
use crate::world::BEGIN;

/// The account of A: it pays with its slot.
const CREATOR: Address = HOLDERS[0].account;
/// The holder that B is.
const PROVER: usize = 1;
/// Seconds from the beginning to the end of the sitting.
const SITTING: u64 = 8 * 3_600;
/// `OpenForum`.
const KIND: u8 = 2;

/// From an empty Town Hall to a sitting that is closed.
///
/// # Panics
/// A broken rule, a stage that does not end, or a view or verdict that differs from the contract's.
pub fn run(stage: &mut Stage) {
    let room = create(stage);
    let row = open(stage, room);
    stage.publish(&[B, A]);
    stage.partition();
    stage.open(A, B);
    invite(stage, room);
    verdict::verdict(stage, room, &row);
    close(stage, room, &row);
}

fn town_hall(stage: &Stage) -> Address {
    stage.world.ledger.places.town_hall
}

fn done(stage: &mut Stage, what: &str, transaction: B256) {
    let outcome = stage.outcome(what, transaction);
    assert!(matches!(outcome, Outcome::Done(_)), "{}: {what}: {outcome:?}", stage.place());
}

fn rooms(view: &View) -> Vec<&Room> {
    view.rows().filter_map(|row| <&Room>::try_from(row).ok()).collect()
}

fn sitting(view: &View, room: RoomId) -> Option<&SittingRow> {
    let last = view.finalized()?.number;
    let mut all = view.rows().filter_map(|row: &Row| <&SittingRow>::try_from(row).ok());
    all.find(|sitting| sitting.room_id == room && sitting.at.block <= last)
}

/// Two rooms in one hour: the first stands, the second is reverted and leaves no trace in any view.
fn create(stage: &mut Stage) -> RoomId {
    let config = TownHall::RoomConfig {
        kind: KIND,
        capacity: 500,
        minBalance: 1,
        safe: Address::ZERO,
        committee: Address::ZERO,
        metadataHash: sha3(&[b"metadata of the room"]).into(),
    };
    let (deadline, slot) = (Default::default(), Bytes::new());
    let call = TownHall::createRoomCall { config: config.clone(), slotOf: CREATOR, deadline, slotSignature: slot };
    let hall = town_hall(stage);
    let [first, second] = [(); 2].map(|()| stage.world.ledger.call(CREATOR, hall, &call));
    done(stage, "creating a room", first);
    let refused = stage.outcome("a second room", second);
    assert!(
        matches!(&refused, Outcome::Reverted(words) if words.starts_with("SlotUsed")),
        "{}: a second room in the hour: {refused:?}",
        stage.place()
    );
    let id = RoomId(room_id(CHAIN_ID, hall, CREATOR, 0));
    stage.until(
        "every view shows the room",
        |_| {},
        |stage| stage.world.views.iter().all(|view| !rooms(view).is_empty()),
    );
    let ledger = &stage.world.ledger;
    let said = ledger.read(hall, &TownHall::roomOfCall { roomId: id.0 }, ledger.head()).expect("the room is there");
    assert_eq!((said.config, said.creator, said.closed), (config, CREATOR, false));
    for view in &stage.world.views {
        let shown: Vec<_> = rooms(view).iter().map(|row| (row.room_id, row.creator, row.min_balance)).collect();
        assert_eq!(shown, [(id, CREATOR, 1)], "{}: rooms in a view", stage.place());
    }
    id
}

/// The sitting pins the root of its moment; what a holder does later changes the registry and not the sitting.
fn open(stage: &mut Stage, room: RoomId) -> SittingRow {
    let hall = town_hall(stage);
    let joins = |stage: &Stage| {
        let ledger = &stage.world.ledger;
        let call = TownHall::canJoinCall { roomId: room.0, participant: HOLDERS[PROVER].account };
        ledger.read(hall, &call, ledger.head()).expect("a view answers")
    };
    assert!(!joins(stage), "{}: a seat without a sitting", stage.place());
    let ends = seconds40(BEGIN.unix_seconds() + SITTING).expect("before the year 36,812");
    let opened = stage.world.ledger.call(CREATOR, hall, &TownHall::openSittingCall { roomId: room.0, endsAt: ends });
    done(stage, "opening a sitting", opened);
    assert!(joins(stage), "{}: a holder's seat", stage.place());
    let escrow = stage.world.ledger.places.voting_escrow;
    let more = VotingEscrow::increaseAmountCall { amount: U256::from(7) };
    let more = stage.world.ledger.call(HOLDERS[2].account, escrow, &more);
    done(stage, "a larger lock", more);
    stage.until(
        "every view shows the sitting and the larger lock",
        |_| {},
        |stage| {
            let leaf = |row: &Row| matches!(row, Row::Leaf(leaf) if leaf.weight == u128::from(HOLDERS[2].amount) + 7);
            stage.world.views.iter().all(|view| sitting(view, room).is_some() && view.rows().any(leaf))
        },
    );
    let ledger = &stage.world.ledger;
    let said = ledger.read(hall, &TownHall::sittingOfCall { roomId: room.0 }, ledger.head()).expect("it answers");
    let registry = ledger.places.eligibility_registry;
    let root = ledger.read(registry, &EligibilityRegistry::rootCall {}, ledger.head()).expect("it answers");
    assert_ne!(root, said.root, "{}: the registry has moved on", stage.place());
    let mut rows = stage.world.views.iter().filter_map(|view| sitting(view, room));
    let row = rows.next().expect("it was there just now").clone();
    assert!(rows.all(|other| *other == row), "{}: views differ", stage.place());
    assert_eq!((row.root, row.threshold, row.sitting_id.0), (said.root, said.threshold, said.id));
    row
}

/// The room's id reaches B by the session layer.
fn invite(stage: &mut Stage, room: RoomId) {
    let text = format!("room {}", room.0).into_bytes();
    stage.send_content(A, B, 1, (pars_wire::content::ContentType::Text, text));
    stage.poll_until("reading the invitation", |stage| !stage.received(B, A).is_empty());
    let read: Vec<MessageId> = stage.received(B, A).iter().map(|message| message.id).collect();
    assert_eq!(read.len(), 1, "{}", stage.place());
    assert_eq!(stage.texts(B, A), [format!("room {}", room.0)], "{}", stage.place());
}

fn close(stage: &mut Stage, room: RoomId, row: &SittingRow) {
    let hall = town_hall(stage);
    let closed = stage.world.ledger.call(CREATOR, hall, &TownHall::closeSittingCall { roomId: room.0 });
    done(stage, "closing the sitting", closed);
    let gate = TownHall::canJoinCall { roomId: room.0, participant: HOLDERS[PROVER].account };
    let ledger = &stage.world.ledger;
    assert_eq!(ledger.read(hall, &gate, ledger.head()), Ok(false), "{}: a seat after the end", stage.place());
    stage.until(
        "every view shows the end",
        |_| {},
        |stage| {
            let over = |view: &View| sitting(view, room).is_some_and(|sitting| sitting.closed_at.is_some());
            stage.world.views.iter().all(over)
        },
    );
    assert_eq!(row.closed_at, None);
}

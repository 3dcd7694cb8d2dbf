//! TownHall: rooms, moderators, members, sittings, seat delegates.

use alloy_primitives::{Address, B256, Log, U256};
use alloy_sol_types::SolEvent;
use pars_bindings::TownHall::{RoomConfigured, RoomCreated, SittingOpened, TownHallEvents};
use pars_wire::{Kind, RoomId, SittingId};

use super::{bounded, unknown};
use crate::refusal::Inconsistency;
use crate::rows::{Key, Member, Moderator, Position, Room, SeatDelegate, Sitting};
use crate::state::Draft;

/// The Safe that a log's room configuration names.
pub(crate) fn named_safe(log: &Log) -> Option<Address> {
    let safe = match *log.topics().first()? {
        RoomCreated::SIGNATURE_HASH => RoomCreated::decode_log_data(&log.data).ok()?.config.safe,
        RoomConfigured::SIGNATURE_HASH => RoomConfigured::decode_log_data(&log.data).ok()?.config.safe,
        _ => return None,
    };
    (!safe.is_zero()).then_some(safe)
}

pub(super) fn reduce(
    draft: &mut Draft<'_>,
    event: TownHallEvents,
    at: Position,
    time: u64,
) -> Result<(), Inconsistency> {
    match event {
        TownHallEvents::RoomCreated(event) => create(draft, &event, at),
        TownHallEvents::RoomConfigured(event) => {
            let config = event.config;
            change(draft, event.roomId, at, |room| {
                room.capacity = config.capacity;
                room.min_balance = config.minBalance;
                room.safe = config.safe;
                room.committee = config.committee;
                room.metadata_hash = config.metadataHash;
            })
        }
        TownHallEvents::MetadataSet(event) => {
            change(draft, event.roomId, at, |room| room.metadata_hash = event.metadataHash)
        }
        TownHallEvents::RoomClosed(event) => change(draft, event.roomId, at, |room| room.closed = true),
        TownHallEvents::ModeratorSet(event) => {
            let (room_id, account) = (RoomId(event.roomId), event.account);
            match event.on {
                true => draft.put(Moderator { room_id, account, at }),
                false => draft.remove(Key::Moderator(room_id, account)),
            }
            Ok(())
        }
        TownHallEvents::MemberSet(event) => {
            let (room_id, account) = (RoomId(event.roomId), event.account);
            match event.on {
                true => draft.put(Member { room_id, account, at }),
                false => draft.remove(Key::Member(room_id, account)),
            }
            Ok(())
        }
        TownHallEvents::SittingOpened(event) => open(draft, &event, at, time),
        TownHallEvents::SittingClosed(event) => close(draft, RoomId(event.roomId), SittingId(event.sittingId), time),
        TownHallEvents::SeatDelegateSet(event) => {
            let (account, delegate, until) = (event.account, event.delegate, event.until.to());
            match delegate.is_zero() {
                true => draft.remove(Key::SeatDelegate(account)),
                false => draft.put(SeatDelegate { account, delegate, until, at }),
            }
            Ok(())
        }
    }
}

fn create(draft: &mut Draft<'_>, event: &RoomCreated, at: Position) -> Result<(), Inconsistency> {
    let config = &event.config;
    draft.put(Room {
        room_id: RoomId(event.roomId),
        creator: event.creator,
        slot_of: event.slotOf,
        kind: Kind::try_from(config.kind).map_err(|_| Inconsistency::Kind(config.kind))?,
        capacity: config.capacity,
        min_balance: config.minBalance,
        safe: config.safe,
        committee: config.committee,
        metadata_hash: config.metadataHash,
        closed: false,
        created_block: at.block,
        created_log_index: at.log_index,
        at,
    });
    Ok(())
}

fn change(draft: &mut Draft<'_>, id: B256, at: Position, with: impl FnOnce(&mut Room)) -> Result<(), Inconsistency> {
    let id = RoomId(id);
    let mut room = draft.state().get::<Room>(&Key::Room(id)).cloned().ok_or_else(|| unknown("room", id))?;
    with(&mut room);
    room.at = at;
    draft.put(room);
    Ok(())
}

/// The root that the contract pins has to be the one of the tree as the logs before this one left it: otherwise a leaf
/// is missing here, and every proof checked against this index would be wrong.
fn open(draft: &mut Draft<'_>, event: &SittingOpened, at: Position, time: u64) -> Result<(), Inconsistency> {
    let room_id = RoomId(event.roomId);
    if draft.state().get::<Room>(&Key::Room(room_id)).is_none() {
        return Err(unknown("room", room_id));
    }
    let sitting_id = SittingId(bounded("the sitting's number", U256::from(event.sittingId))?);
    let tree = draft.state().tree();
    let computed = tree.root().word();
    if computed != event.root {
        let (room, sitting, announced) = (room_id, sitting_id, event.root);
        return Err(Inconsistency::PinnedRoot { room, sitting, announced, computed });
    }
    let leaf_count = u32::try_from(tree.len()).map_err(|_| Inconsistency::OutOfRange("the number of leaves"))?;
    draft.put(Sitting {
        room_id,
        sitting_id,
        root: event.root,
        leaf_count,
        opened_at: time,
        ends_at: event.endsAt.to(),
        threshold: event.threshold,
        metadata_hash: event.metadataHash,
        closed_at: None,
        at,
    });
    Ok(())
}

/// `at` stays the opening: it is what decides which leaves the sitting has.
fn close(draft: &mut Draft<'_>, room: RoomId, id: SittingId, time: u64) -> Result<(), Inconsistency> {
    let key = Key::Sitting(room, id);
    let mut sitting = draft.state().get::<Sitting>(&key).cloned().ok_or_else(|| unknown("sitting", id))?;
    sitting.closed_at = Some(time);
    draft.put(sitting);
    Ok(())
}

//! Rooms and what decides about seats, as typed rows for the process that holds the index: nothing is asked of the chain's node,
//! and every answer is one consistent view.

use std::sync::Arc;

use alloy::primitives::Address;
use pars_indexer_core::{
    Cell, Column, Key, Leaf, LeafSet, Lock, Member, Moderator, Room, Safe, SafeOwner, SeatDelegate, Sitting,
    leaves_before,
};
use pars_wire::{RoomId, SittingId};

use crate::store::{Page, Reader, Store, StoreError};

/// Reads rooms.
#[derive(Clone, Debug)]
pub struct Rooms {
    store: Arc<Store>,
}

/// A room with everything that belongs to it, at one head.
#[derive(Clone, Debug)]
pub struct RoomView {
    /// The room.
    pub room: Room,
    /// Who leads it beside its creator.
    pub moderators: Vec<Address>,
    /// Listed members of a Committee.
    pub members: Vec<Address>,
    /// Owners of its Safe; none without a Safe, and where its logs do not tell them.
    pub safe_owners: Option<Vec<Address>>,
    /// The newest sitting, running or not.
    pub sitting: Option<Sitting>,
    /// Timestamp of the newest block, seconds.
    pub head_time: u64,
    /// Blocks up to this one are final.
    pub finalized: u64,
}

/// What an account's access to a room follows from, as the newest final block left it: what later blocks give may go again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Its lock.
    pub lock: Option<Lock>,
    /// Whether it is a listed member.
    pub listed: bool,
    /// Whether it owns the room's Safe.
    pub owner: bool,
}

impl RoomView {
    /// The sitting that runs at the head: opened last, not closed, and its end not reached (ELIGIBILITY section 2.1).
    pub fn running(&self) -> Option<&Sitting> {
        self.sitting.as_ref().filter(|sitting| sitting.closed_at.is_none() && self.head_time < sitting.ends_at)
    }

    /// The running sitting, if the block that opened it is final.
    pub fn running_final(&self) -> Option<&Sitting> {
        self.running().filter(|sitting| sitting.at.block <= self.finalized)
    }

    /// Whether an account is the room's creator or a moderator.
    pub fn leads(&self, account: Address) -> bool {
        self.room.creator == account || self.moderators.contains(&account)
    }
}

impl Rooms {
    pub(crate) const fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    /// Every room, in order of creation.
    ///
    /// # Errors
    /// The database failed.
    pub async fn all(&self) -> Result<Vec<RoomView>, StoreError> {
        let mut reader = self.store.read().await?;
        let order = "created_block, created_log_index";
        let rooms: Vec<Room> = reader.rows(Page { condition: "1 = 1", values: &[], order, limit: u32::MAX }).await?;
        let mut views = Vec::with_capacity(rooms.len());
        for room in rooms {
            views.push(view(&mut reader, room).await?);
        }
        Ok(views)
    }

    /// One room; none that is not indexed.
    ///
    /// # Errors
    /// The database failed.
    pub async fn room(&self, room: RoomId) -> Result<Option<RoomView>, StoreError> {
        let mut reader = self.store.read().await?;
        let found = first(&mut reader, "room_id = $1", &[room.to_cell()], "room_id").await?;
        match found {
            Some(room) => Ok(Some(view(&mut reader, room).await?)),
            None => Ok(None),
        }
    }

    /// The leaf set that a sitting pinned, by index.
    ///
    /// # Errors
    /// The database failed.
    pub async fn leaves(&self, room: RoomId, sitting: SittingId) -> Result<Option<(Sitting, Vec<Leaf>)>, StoreError> {
        let mut reader = self.store.read().await?;
        let values = [room.to_cell(), sitting.to_cell()];
        let found: Option<Sitting> =
            first(&mut reader, "room_id = $1 AND sitting_id = $2", &values, "sitting_id").await?;
        let Some(sitting) = found else { return Ok(None) };
        let page = Page {
            condition: "(set_block, set_log_index) < ($1, $2)",
            values: &[sitting.at.block.to_cell(), sitting.at.log_index.to_cell()],
            order: "set_block, set_log_index",
            limit: u32::MAX,
        };
        let leaves = leaves_before(reader.rows::<LeafSet>(page).await?, sitting.at);
        Ok(Some((sitting, leaves)))
    }

    /// An account's lock as it stands now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lock(&self, account: Address) -> Result<Option<Lock>, StoreError> {
        first(&mut self.store.read().await?, "account = $1", &[account.to_cell()], "account").await
    }

    /// What an account's access to a room follows from, at the newest final block.
    ///
    /// # Errors
    /// The database failed.
    pub async fn settled(&self, room: &Room, account: Address) -> Result<Settled, StoreError> {
        let mut reader = self.store.read().await?;
        let before = reader.settled().await?;
        let lock = match before.get(&Key::Lock(account)) {
            Some(row) => row.as_ref().and_then(|row| <&Lock>::try_from(row).ok()).cloned(),
            None => first(&mut reader, "account = $1", &[account.to_cell()], "account").await?,
        };
        let listed = match before.get(&Key::Member(room.room_id, account)) {
            Some(row) => row.is_some(),
            None => {
                let values = [room.room_id.to_cell(), account.to_cell()];
                let condition = "room_id = $1 AND account = $2";
                first::<Member>(&mut reader, condition, &values, "account").await?.is_some()
            }
        };
        let owner = match before.get(&Key::SafeOwner(room.safe, account)) {
            Some(row) => row.is_some(),
            None => {
                let values = [room.safe.to_cell(), account.to_cell()];
                first::<SafeOwner>(&mut reader, "safe = $1 AND owner = $2", &values, "owner").await?.is_some()
            }
        };
        Ok(Settled { lock, listed, owner })
    }

    /// The key that signs seat statements for a contract wallet, as it stands now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn seat_delegate(&self, account: Address) -> Result<Option<SeatDelegate>, StoreError> {
        first(&mut self.store.read().await?, "account = $1", &[account.to_cell()], "account").await
    }
}

async fn first<T: pars_indexer_core::TableRow>(
    reader: &mut Reader,
    condition: &'static str,
    values: &[Cell],
    order: &'static str,
) -> Result<Option<T>, StoreError> {
    Ok(reader.rows(Page { condition, values, order, limit: 1 }).await?.pop())
}

async fn view(reader: &mut Reader, room: Room) -> Result<RoomView, StoreError> {
    let id = [room.room_id.to_cell()];
    let of_room = |order| Page { condition: "room_id = $1", values: &id, order, limit: u32::MAX };
    let moderators = reader.rows::<Moderator>(of_room("account")).await?;
    let members = reader.rows::<Member>(of_room("account")).await?;
    let sitting = reader.rows::<Sitting>(Page { limit: 1, ..of_room("sitting_id DESC") }).await?.pop();
    let safe_owners = safe_owners(reader, room.safe).await?;
    let checkpoint = reader.checkpoint().await?;
    Ok(RoomView {
        room,
        moderators: moderators.into_iter().map(|row| row.account).collect(),
        members: members.into_iter().map(|row| row.account).collect(),
        safe_owners,
        sitting,
        head_time: checkpoint.head_time,
        finalized: checkpoint.finalized,
    })
}

async fn safe_owners(reader: &mut Reader, safe: Address) -> Result<Option<Vec<Address>>, StoreError> {
    if safe.is_zero() {
        return Ok(None);
    }
    let values = [safe.to_cell()];
    let page = |order| Page { condition: "safe = $1", values: &values, order, limit: u32::MAX };
    let known = reader.rows::<Safe>(page("safe")).await?.pop().is_some_and(|row| row.known);
    let owners = reader.rows::<SafeOwner>(page("owner")).await?;
    Ok(known.then(|| owners.into_iter().map(|row| row.owner).collect()))
}

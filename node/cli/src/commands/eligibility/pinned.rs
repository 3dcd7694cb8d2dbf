//! A room's running sitting as the indexer knows it, in the form the prover and the verifier take.

use pars_bindings::deployment::Deployment;
use pars_circuits::{Commitment, Deadline, Leaf, LeafSet, Root, Sitting, Threshold};

use crate::{
    error::Error,
    indexer::{Indexer, LeafRow, LeafSetReply, Room, SittingRow},
};

/// The running sitting, if the room takes anonymous seats and one runs. `now` is the time of the newest block.
pub(super) fn sitting(room: &Room, deployment: &Deployment, now: Option<u64>) -> Result<Sitting, Error> {
    let refuse = |code, why: &str| Err(Error::refused(code, format!("room {}: {why}", room.room_id)));
    if !room.kind.allows_anonymous() {
        return refuse("anonymous_at_committee", "a Committee has no anonymous seats; join by name");
    }
    if room.closed {
        return refuse("room_closed", "it is closed for ever");
    }
    match &room.sitting {
        Some(row) if row.closed_at.is_none() && now.is_none_or(|now| now < row.ends_at) => pin(room, deployment, row),
        _ => refuse("no_running_sitting", "no sitting is running; wait until one is opened"),
    }
}

fn pin(room: &Room, deployment: &Deployment, row: &SittingRow) -> Result<Sitting, Error> {
    let wrong = |e: &dyn std::fmt::Display| Error::IndexerWrong(format!("sitting {}: {e}", row.sitting_id));
    Ok(Sitting {
        chain_id: deployment.chain_id,
        town_hall: deployment.town_hall,
        room_id: room.room_id,
        sitting_id: row.sitting_id,
        root: Root::from_word(row.root.into()).map_err(|e| wrong(&e))?,
        threshold: Threshold::new(row.threshold).map_err(|e| wrong(&e))?,
        at: Deadline::new(row.ends_at).map_err(|e| wrong(&e))?,
    })
}

/// The leaf set of a sitting, its tree rebuilt here and its root compared with the pinned one.
pub(super) async fn leaves(indexer: &Indexer, sitting: &Sitting) -> Result<LeafSet, Error> {
    let reply = indexer.leaves(sitting.room_id, sitting.sitting_id).await?;
    let set = rebuild(reply)?;
    if set.root() == sitting.root {
        return Ok(set);
    }
    let (ours, pinned) = (set.root(), sitting.root);
    Err(Error::IndexerWrong(format!("its leaves have root {ours}, sitting {} pinned {pinned}", sitting.sitting_id)))
}

fn rebuild(reply: LeafSetReply) -> Result<LeafSet, Error> {
    let wrong = |e: &dyn std::fmt::Display| Error::IndexerWrong(format!("the leaf set: {e}"));
    let in_order = reply.leaves.iter().enumerate().all(|(index, leaf)| leaf.index == index);
    if !in_order || reply.count != reply.leaves.len() {
        return Err(wrong(&"leaves are missing or out of order"));
    }
    let leaf = |row: LeafRow| {
        Ok(Leaf {
            account: row.account,
            commitment: Commitment::from_word(row.commitment.into()).map_err(|e| wrong(&e))?,
            weight: row.weight,
            end: Deadline::new(row.end).map_err(|e| wrong(&e))?,
        })
    };
    let leaves = reply.leaves.into_iter().map(leaf).collect::<Result<Vec<_>, Error>>()?;
    LeafSet::new(leaves).map_err(|e| wrong(&e))
}

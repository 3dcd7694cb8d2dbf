//! ServiceNodeRegistry: service nodes, missed challenges, the daily beacon.

use alloy_primitives::B256;
use pars_bindings::ServiceNodeRegistry::ServiceNodeRegistryEvents;
use pars_wire::NodeId;

use super::unknown;
use crate::refusal::Inconsistency;
use crate::rows::{Beacon, Key, MissedChallenge, Node, Position};
use crate::state::Draft;

pub(super) fn reduce(
    draft: &mut Draft<'_>,
    event: ServiceNodeRegistryEvents,
    at: Position,
) -> Result<(), Inconsistency> {
    match event {
        ServiceNodeRegistryEvents::NodeRegistered(event) => draft.put(Node {
            node_id: NodeId(event.nodeId),
            owner: event.owner,
            operator: event.operator,
            identity_hash: event.identityHash,
            transport_key: event.transportKey,
            directory_hash: B256::ZERO,
            stake: event.stake,
            unbonding_until: None,
            decommissioned: false,
            withdrawn: false,
            at,
        }),
        ServiceNodeRegistryEvents::NodeUpdated(event) => change(draft, event.nodeId, at, |node| {
            node.identity_hash = event.identityHash;
            node.transport_key = event.transportKey;
            node.directory_hash = event.directoryHash;
        })?,
        ServiceNodeRegistryEvents::StakeAdded(event) => change(draft, event.nodeId, at, |n| n.stake = event.stake)?,
        ServiceNodeRegistryEvents::NodeUnbonding(event) => {
            change(draft, event.nodeId, at, |node| node.unbonding_until = Some(event.until.to()))?;
        }
        ServiceNodeRegistryEvents::NodeWithdrawn(event) => change(draft, event.nodeId, at, |node| {
            node.withdrawn = true;
            node.stake = 0;
            node.unbonding_until = None;
        })?,
        ServiceNodeRegistryEvents::NodeDecommissioned(event) => {
            change(draft, event.nodeId, at, |node| node.decommissioned = true)?;
        }
        ServiceNodeRegistryEvents::ChallengeMissed(event) => {
            draft.put(MissedChallenge { node_id: NodeId(event.nodeId), epoch: event.epoch, at });
        }
        ServiceNodeRegistryEvents::EpochRolled(event) => {
            draft.put(Beacon { epoch: event.epoch, beacon: event.beacon, at });
        }
    }
    Ok(())
}

fn change(draft: &mut Draft<'_>, id: B256, at: Position, with: impl FnOnce(&mut Node)) -> Result<(), Inconsistency> {
    let id = NodeId(id);
    let mut node = draft.state().get::<Node>(&Key::Node(id)).cloned().ok_or_else(|| unknown("service node", id))?;
    with(&mut node);
    node.at = at;
    draft.put(node);
    Ok(())
}

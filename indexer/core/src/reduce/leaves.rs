//! EligibilityRegistry: leaves, the tree, its roots.

use pars_bindings::EligibilityRegistry;

use crate::refusal::Inconsistency;
use crate::rows::{Leaf, LeafSet, Position};
use crate::state::Draft;

/// Sets the leaf here as the contract did and compares the two roots.
pub(super) fn reduce(
    draft: &mut Draft<'_>,
    event: &EligibilityRegistry::LeafSet,
    at: Position,
) -> Result<(), Inconsistency> {
    let leaf = Leaf {
        index: event.index,
        account: event.account,
        commitment: event.commitment,
        weight: event.weight,
        end: event.end.to(),
        root: event.root,
        at,
    };
    let history = LeafSet {
        set_block: at.block,
        set_log_index: at.log_index,
        index: leaf.index,
        account: leaf.account,
        commitment: leaf.commitment,
        weight: leaf.weight,
        end: leaf.end,
        root: leaf.root,
        at,
    };
    draft.put_leaf(leaf)?;
    let computed = draft.state().tree().root().word();
    if computed != event.root {
        return Err(Inconsistency::LeafRoot { index: event.index, announced: event.root, computed });
    }
    draft.put(history);
    Ok(())
}

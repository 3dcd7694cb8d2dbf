//! Owners of the Safes that rooms name.
//!
//! A Safe exists, and changes, before a room names it. When a block names a Safe for the first time the machine asks for
//! that Safe's owner logs from block 0 up to and including that block ([`Question::SafeLogs`](crate::Question::SafeLogs))
//! and goes on only with the answer; from the next block on its logs come with the blocks. So the rule "all state
//! follows from logs" has no exception, no archive state is needed (an `eth_call` of `getOwners` at an old block would
//! need it), and a reorganisation of the naming block undoes owners and watch alike.
//!
//! What is checked of the answer: emitter, order, the hash of every block that is not final, and that its part in the
//! naming block equals what that block's bloom vouches for. Older blocks are the node's word.
//!
//! The events in their two forms: [`pars_bindings::safe_owners`]. Where no `SafeSetup` stands at the beginning
//! (older Safes, other contracts), or an owner leaves who never came, the owners are not known and nobody must derive
//! anything from them: the contract's `isOwner` is then the only answer.

use alloy_primitives::{Address, Log};
use pars_bindings::safe_owners::{self, OwnerEvent};

use crate::rows::{Key, Position, Safe, SafeOwner};
use crate::state::Draft;

/// Starts to watch a Safe; its history follows.
pub(crate) fn watch(draft: &mut Draft<'_>, safe: Address, at: Position) {
    draft.put(Safe { safe, known: false, at });
}

/// One log of a watched Safe. Other logs than the three, and malformed ones, say nothing about owners.
pub(crate) fn reduce(draft: &mut Draft<'_>, log: &Log, at: Position) {
    let safe = log.address;
    let known = draft.state().get::<Safe>(&Key::Safe(safe)).is_some_and(|row| row.known);
    match safe_owners::decode(log) {
        Some(OwnerEvent::Setup(owners)) => {
            draft.put(Safe { safe, known: true, at });
            for owner in owners {
                draft.put(SafeOwner { safe, owner, at });
            }
        }
        Some(OwnerEvent::Added(owner)) => draft.put(SafeOwner { safe, owner, at }),
        Some(OwnerEvent::Removed(owner)) => {
            let key = Key::SafeOwner(safe, owner);
            if known && draft.state().get::<SafeOwner>(&key).is_none() {
                draft.put(Safe { safe, known: false, at });
            }
            draft.remove(key);
        }
        None => {}
    }
}

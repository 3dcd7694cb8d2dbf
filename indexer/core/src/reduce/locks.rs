//! VotingEscrow: the lock of each account. Every event names the new value, so none needs an earlier row but an
//! extension, which names the end alone.

use pars_bindings::VotingEscrow::VotingEscrowEvents;

use super::{bounded, unknown};
use crate::refusal::Inconsistency;
use crate::rows::{Key, Lock, Position};
use crate::state::Draft;

pub(super) fn reduce(draft: &mut Draft<'_>, event: VotingEscrowEvents, at: Position) -> Result<(), Inconsistency> {
    let lock_of = |draft: &Draft<'_>, account| {
        draft.state().get::<Lock>(&Key::Lock(account)).cloned().ok_or_else(|| unknown("lock", account))
    };
    match event {
        VotingEscrowEvents::LockCreated(event) => {
            let end = bounded("the end of a lock", event.end)?;
            draft.put(Lock { account: event.account, amount: event.amount, end, at });
        }
        VotingEscrowEvents::AmountIncreased(event) => {
            let lock = lock_of(draft, event.account)?;
            draft.put(Lock { amount: event.amount, at, ..lock });
        }
        VotingEscrowEvents::LockExtended(event) => {
            let lock = lock_of(draft, event.account)?;
            draft.put(Lock { end: bounded("the end of a lock", event.end)?, at, ..lock });
        }
        VotingEscrowEvents::Withdrawn(event) => draft.remove(Key::Lock(event.account)),
    }
    Ok(())
}

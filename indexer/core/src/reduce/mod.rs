//! Reducers: a log and the state before it give the rows after it. One module per contract.

mod consents;
mod leaves;
mod locks;
mod nodes;
mod rooms;
mod signers;

use alloy_primitives::{Address, Log, U256};
use alloy_sol_types::SolEventInterface;
use pars_bindings::{
    EligibilityRegistry::EligibilityRegistryEvents, RecordingConsent::RecordingConsentEvents,
    ServiceNodeRegistry::ServiceNodeRegistryEvents, SessionTrigger::SessionTriggerEvents, TownHall::TownHallEvents,
    VotingEscrow::VotingEscrowEvents,
};

use crate::MAX_INTEGER;
use crate::input::Config;
use crate::refusal::Inconsistency;
use crate::rows::{Key, Leaf, Position, Row};
use crate::safe;
use crate::state::{Draft, State};

pub(crate) use rooms::named_safe;

/// Applies one log. Logs of other contracts, and events this version does not know, change nothing.
pub(crate) fn log(
    draft: &mut Draft<'_>,
    config: &Config,
    log: &Log,
    at: Position,
    time: u64,
) -> Result<(), Inconsistency> {
    let ours = &config.contracts;
    match log.address {
        a if a == ours.town_hall => match decode::<TownHallEvents>(log)? {
            Some(event) => rooms::reduce(draft, event, at, time),
            None => Ok(()),
        },
        a if a == ours.eligibility_registry => match decode::<EligibilityRegistryEvents>(log)? {
            Some(EligibilityRegistryEvents::LeafSet(event)) => leaves::reduce(draft, &event, at),
            None => Ok(()),
        },
        a if a == ours.voting_escrow => match decode::<VotingEscrowEvents>(log)? {
            Some(event) => locks::reduce(draft, event, at),
            None => Ok(()),
        },
        a if a == ours.recording_consent => match decode::<RecordingConsentEvents>(log)? {
            Some(event) => consents::reduce(draft, event, at),
            None => Ok(()),
        },
        a if a == ours.session_trigger => match decode::<SessionTriggerEvents>(log)? {
            Some(event) => signers::reduce(draft, event, at),
            None => Ok(()),
        },
        a if a == ours.service_node_registry => match decode::<ServiceNodeRegistryEvents>(log)? {
            Some(event) => nodes::reduce(draft, event, at),
            None => Ok(()),
        },
        other => {
            if draft.state().get::<crate::Safe>(&Key::Safe(other)).is_some() {
                safe::reduce(draft, log, at);
            }
            Ok(())
        }
    }
}

/// The event of a log, nothing for an event that the interface does not have.
fn decode<E: SolEventInterface + KnownTopics>(log: &Log) -> Result<Option<E>, Inconsistency> {
    match log.topics().first() {
        Some(topic) if E::topics().contains(&topic.0) => {
            E::decode_raw_log(log.topics(), &log.data.data).map(Some).map_err(|_| Inconsistency::Undecodable(E::NAME))
        }
        _ => Ok(None),
    }
}

/// The signature hashes of an interface's events.
trait KnownTopics {
    fn topics() -> &'static [[u8; 32]];
}

macro_rules! known_topics {
    ($($events:ty),+) => {$(
        impl KnownTopics for $events {
            fn topics() -> &'static [[u8; 32]] {
                Self::SELECTORS
            }
        }
    )+};
}

known_topics!(
    TownHallEvents,
    EligibilityRegistryEvents,
    VotingEscrowEvents,
    RecordingConsentEvents,
    SessionTriggerEvents,
    ServiceNodeRegistryEvents
);

/// The watched Safes.
pub(crate) fn safes(state: &State) -> impl Iterator<Item = Address> {
    state.range(&Key::Safe(Address::ZERO)).map_while(|(key, _)| match key {
        Key::Safe(safe) => Some(*safe),
        _ => None,
    })
}

pub(crate) fn as_leaf(row: &Row) -> Option<&Leaf> {
    row.try_into().ok()
}

fn unknown(what: &'static str, id: impl ToString) -> Inconsistency {
    Inconsistency::Unknown { what, id: id.to_string() }
}

fn bounded(what: &'static str, number: U256) -> Result<u64, Inconsistency> {
    u64::try_from(number).ok().filter(|number| *number <= MAX_INTEGER).ok_or(Inconsistency::OutOfRange(what))
}

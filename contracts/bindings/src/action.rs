//! A signed action as it travels in a session message: read as facts, and put into the call that carries it out
//! (ELIGIBILITY section 5).

use alloy_primitives::{Address, Bytes, FixedBytes, aliases::U192};
use alloy_sol_types::{SolCall, SolValue};
use pars_wire::{ChainId, SignerId, action::Facts};

use crate::{
    contracts::SessionTrigger::{Action, executeFromSessionCall, nextSequenceCall},
    typed::{action_hash, trigger_domain},
};

/// Reads an action for a chain and its `SessionTrigger`. Only the one canonical encoding passes, as on chain; `None` for
/// everything else.
#[must_use]
pub fn facts(chain: ChainId, trigger: Address, message: &[u8]) -> Option<Facts> {
    let action = Action::abi_decode(message).ok().filter(|action| action.abi_encode() == message)?;
    Some(Facts {
        hash: action_hash(&action),
        domain: trigger_domain(chain.0, trigger).hash_struct(),
        signer: SignerId(action.signerId),
        account: action.account,
        target: action.target,
        selector: selector(&action.data),
        value: action.value,
        nonce: action.nonce,
        valid_after: action.validAfter.to(),
        valid_until: action.validUntil.to(),
        gas_limit: action.gasLimit,
    })
}

/// The first four bytes, with zeros behind what is missing: as the contract reads them.
fn selector(data: &[u8]) -> FixedBytes<4> {
    let mut selector = FixedBytes::ZERO;
    selector.iter_mut().zip(data).for_each(|(to, from)| *to = *from);
    selector
}

/// The call that carries an action out; the key's bytes are on chain.
#[must_use]
pub fn execute_call(message: &[u8], signature: &[u8]) -> executeFromSessionCall {
    executeFromSessionCall {
        sessionMessage: Bytes::copy_from_slice(message),
        mldsaSignature: Bytes::copy_from_slice(signature),
        mldsaPublicKey: Bytes::new(),
    }
}

/// The call data of [`execute_call`].
#[must_use]
pub fn execute_data(message: &[u8], signature: &[u8]) -> Bytes {
    execute_call(message, signature).abi_encode().into()
}

/// The call that asks for the next sequence of an action's lane.
#[must_use]
pub fn next_sequence_call(facts: &Facts) -> nextSequenceCall {
    // A lane has 192 bits, so it fits.
    nextSequenceCall { signerId: facts.signer.0, lane: facts.lane().saturating_to::<U192>() }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, U256};

    use super::*;
    use crate::typed::{action_nonce, seconds48};

    const CHAIN: ChainId = ChainId(7_072);
    const TRIGGER: Address = Address::repeat_byte(1);

    fn action(data: &[u8]) -> Action {
        Action {
            signerId: B256::repeat_byte(2),
            account: Address::repeat_byte(3),
            target: Address::repeat_byte(4),
            value: U256::from(5),
            data: Bytes::copy_from_slice(data),
            nonce: action_nonce(U256::from(6), 7).unwrap(),
            validAfter: seconds48(8).unwrap(),
            validUntil: seconds48(9).unwrap(),
            gasLimit: 10,
        }
    }

    #[test]
    fn the_facts_are_those_of_the_action_under_its_chain_and_contract() {
        let action = action(&[1, 2, 3, 4, 5]);
        let facts = facts(CHAIN, TRIGGER, &action.abi_encode()).unwrap();
        assert_eq!((facts.lane(), facts.sequence(), facts.selector.0), (U256::from(6), 7, [1, 2, 3, 4]));
        assert_eq!((facts.valid_after, facts.valid_until, facts.gas_limit), (8, 9, 10));
        assert_eq!((facts.hash, facts.domain), (action_hash(&action), trigger_domain(7_072, TRIGGER).hash_struct()));
        assert_eq!(next_sequence_call(&facts).lane, U192::from(6));
    }

    #[test]
    fn any_other_encoding_than_the_canonical_one_is_no_action() {
        let good = action(&[1, 2, 3, 4]).abi_encode();
        let mut dirty = good.clone();
        *dirty.last_mut().unwrap() = 1;
        for bad in [dirty, [&good[..], &[0; 32]].concat(), good[..good.len() - 32].to_vec(), vec![0; 352]] {
            assert_eq!(facts(CHAIN, TRIGGER, &bad), None);
        }
    }

    #[test]
    fn short_data_have_a_selector_with_zeros_behind() {
        assert_eq!(facts(CHAIN, TRIGGER, &action(&[7]).abi_encode()).unwrap().selector.0, [7, 0, 0, 0]);
        assert_eq!(facts(CHAIN, TRIGGER, &action(&[]).abi_encode()).unwrap().selector.0, [0; 4]);
    }
}

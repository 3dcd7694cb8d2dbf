//! An encoded action as facts: canonical ABI, EIP-712 hashes.

use alloy::primitives::{B256, Bytes, FixedBytes};
use alloy::sol_types::{SolCall, SolValue};
use pars_bindings::SessionTrigger::{Action, executeFromSessionCall};
use pars_bindings::decode_revert;
use pars_bindings::typed::{action_hash, trigger_domain};
use pars_proto::action::authors::Contract;
use pars_proto::action::content::SignedAction;
use pars_proto::action::{Facts, Refusal};
use pars_wire::SignerId;

/// Read an action; only its one canonical encoding passes, as on chain.
pub(super) fn facts(contract: Contract, message: &[u8]) -> Result<Facts, Refusal> {
    let action = Action::abi_decode(message).map_err(|_| Refusal::NotCanonical)?;
    if action.abi_encode() != message {
        return Err(Refusal::NotCanonical);
    }
    let domain = trigger_domain(contract.chain.0, contract.trigger);
    Ok(Facts {
        hash: action_hash(&action),
        domain: domain.hash_struct(),
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
fn selector(data: &Bytes) -> FixedBytes<4> {
    let mut selector = FixedBytes::ZERO;
    selector.iter_mut().zip(data.iter()).for_each(|(to, from)| *to = *from);
    selector
}

/// The call that carries an action out; the key's bytes are on chain.
pub(super) fn call_data(action: &SignedAction) -> Bytes {
    let call = executeFromSessionCall {
        sessionMessage: Bytes::copy_from_slice(action.message()),
        mldsaSignature: Bytes::copy_from_slice(action.signature()),
        mldsaPublicKey: Bytes::new(),
    };
    call.abi_encode().into()
}

/// The lane as the contract takes it; a lane has 192 bits, so it fits.
pub(super) fn lane(facts: &Facts) -> alloy::primitives::Uint<192, 3> {
    facts.lane().saturating_to()
}

/// What revert data say, for people.
pub(super) fn reason(data: &[u8]) -> String {
    let unknown =
        || if data.is_empty() { "no reason given".to_owned() } else { Bytes::copy_from_slice(data).to_string() };
    decode_revert(data).unwrap_or_else(unknown)
}

/// No action: what a receipt names for content that does not parse.
pub(super) const NO_ACTION: B256 = B256::ZERO;

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, U256};
    use pars_bindings::typed::{action_bytes, action_nonce, seconds48};
    use pars_wire::ChainId;

    use super::*;

    const CONTRACT: Contract = Contract { chain: ChainId(7_072), trigger: Address::repeat_byte(1) };

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
    fn the_facts_are_those_of_the_action_and_its_statement_is_what_the_contract_verifies() {
        let action = action(&[1, 2, 3, 4, 5]);
        let facts = facts(CONTRACT, &action.abi_encode()).unwrap();
        assert_eq!((facts.lane(), facts.sequence(), facts.selector.0), (U256::from(6), 7, [1, 2, 3, 4]));
        assert_eq!((facts.valid_after, facts.valid_until, facts.gas_limit), (8, 9, 10));
        let domain = trigger_domain(7_072, CONTRACT.trigger);
        assert_eq!(facts.statement().as_bytes(), action_bytes(&domain, &action));
    }

    #[test]
    fn any_other_encoding_than_the_canonical_one_is_refused() {
        let good = action(&[1, 2, 3, 4]).abi_encode();
        let mut dirty = good.clone();
        *dirty.last_mut().unwrap() = 1;
        for bad in [dirty, [&good[..], &[0; 32]].concat(), good[..good.len() - 32].to_vec(), vec![0; 352]] {
            assert_eq!(facts(CONTRACT, &bad), Err(Refusal::NotCanonical));
        }
    }

    #[test]
    fn short_data_have_a_selector_with_zeros_behind() {
        assert_eq!(facts(CONTRACT, &action(&[7]).abi_encode()).unwrap().selector.0, [7, 0, 0, 0]);
        assert_eq!(facts(CONTRACT, &action(&[]).abi_encode()).unwrap().selector.0, [0; 4]);
    }
}

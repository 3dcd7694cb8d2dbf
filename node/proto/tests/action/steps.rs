//! From an action to leave to submit it; each refusal by its own name.

use alloy_primitives::{Address, B256, FixedBytes, U256};
use alloy_sol_types::SolValue;
use pars_bindings::SessionTrigger;
use pars_bindings::action::facts;
use pars_bindings::typed::{action_bytes, action_nonce, seconds48, trigger_domain};
use pars_proto::action::policy::{MAX_GAS, Simulated, require_action, statement};
use pars_proto::action::{Facts, Policy, Refusal};
use pars_wire::content::ContentType;

use crate::cast::{CONTRACT, Case, NOW, TARGET, identity, trigger_key};

#[test]
fn a_good_action_is_cleared_after_its_simulation() {
    let cleared = Case::new().verify().unwrap().simulated(Simulated::Executes).unwrap();
    assert_eq!(*cleared.facts(), Case::new().facts);
    assert_eq!((cleared.facts().lane(), cleared.facts().sequence()), (U256::from(3), 9));
}

#[test]
fn without_an_own_list_every_call_of_a_certified_author_is_admitted() {
    let mut case = Case::new();
    case.policy = Policy::default();
    case.facts.target = Address::repeat_byte(9);
    assert!(case.policy.admit(&case.authors, case.author.id(), case.facts).is_ok());
}

#[test]
fn chat_is_never_an_action_whatever_its_bytes() {
    for kind in ContentType::ALL {
        let expected = if *kind == ContentType::Action { Ok(()) } else { Err(Refusal::NotAnAction(*kind)) };
        assert_eq!(require_action(*kind), expected);
    }
}

#[test]
fn a_used_nonce_is_a_replay_and_a_later_one_waits() {
    assert_eq!(Case::spoiled(|case| case.chain.next = 10), Refusal::Replay { sequence: 9, next: 10 });
    assert_eq!(Case::spoiled(|case| case.chain.next = 8), Refusal::NotNext { sequence: 9, next: 8 });
}

#[test]
fn a_key_that_this_author_did_not_certify_is_unknown() {
    let signer = Case::new().facts.signer;
    assert_eq!(Case::spoiled(|case| case.author = identity(2)), Refusal::UnknownKey(signer));
    let other = crate::cast::signer(&trigger_key(8));
    assert_eq!(Case::spoiled(|case| case.facts.signer = other), Refusal::UnknownKey(other));
}

#[test]
fn an_action_for_another_account_than_the_certified_one_is_refused() {
    let refused = Case::spoiled(|case| case.facts.account = Address::repeat_byte(9));
    assert!(matches!(refused, Refusal::OtherAccount { found, .. } if found == Address::repeat_byte(9)));
}

#[test]
fn an_author_off_the_executors_list_is_not_served() {
    let refused = Case::spoiled(|case| case.policy.authors = Some([identity(2).id()].into()));
    assert_eq!(refused, Refusal::AuthorNotServed);
}

#[test]
fn a_call_off_the_executors_list_is_not_served_and_its_cap_holds() {
    let selector = Case::new().facts.selector;
    let target = Address::repeat_byte(9);
    assert_eq!(Case::spoiled(|case| case.facts.target = target), Refusal::CallNotServed { target, selector });
    let selector = FixedBytes([1, 2, 3, 5]);
    let refused = Case::spoiled(|case| case.facts.selector = selector);
    assert_eq!(refused, Refusal::CallNotServed { target: TARGET, selector });
    let refused = Case::spoiled(|case| case.facts.value = U256::from(6));
    assert_eq!(refused, Refusal::ValueTooHigh { value: U256::from(6), cap: U256::from(5) });
}

#[test]
fn more_gas_than_the_executor_pays_for_is_refused() {
    let refused = Case::spoiled(|case| case.facts.gas_limit = MAX_GAS + 1);
    assert_eq!(refused, Refusal::GasTooHigh { asked: MAX_GAS + 1, most: MAX_GAS });
}

#[test]
fn an_action_before_its_time_or_after_it_is_refused_and_both_ends_count() {
    assert_eq!(Case::spoiled(|case| case.chain.now = NOW - 1), Refusal::NotYetValid { from: NOW, now: NOW - 1 });
    let refused = Case::spoiled(|case| case.chain.now = NOW + 61);
    assert_eq!(refused, Refusal::Expired { until: NOW + 60, now: NOW + 61 });
    let mut case = Case::new();
    case.chain.now = NOW + 60;
    assert!(case.verify().is_ok());
}

#[test]
fn a_key_that_the_chain_does_not_know_or_no_longer_takes_is_not_enrolled() {
    let refused = Refusal::NotEnrolled(Case::new().facts.signer);
    assert_eq!(Case::spoiled(|case| case.chain.key = None), refused);
    let spoil = |spoil: fn(&mut pars_proto::action::policy::Enrolled)| {
        Case::spoiled(|case| spoil(case.chain.key.as_mut().unwrap()))
    };
    assert_eq!(spoil(|key| key.revoked = true), refused);
    assert_eq!(spoil(|key| key.account = TARGET), refused);
    assert_eq!(spoil(|key| key.from = NOW + 1), refused);
    assert_eq!(spoil(|key| key.until = NOW), refused);
}

#[test]
fn one_flipped_bit_of_signature_action_or_domain_is_refused_before_any_simulation() {
    for at in [0, 31, 2_313, 4_626] {
        assert_eq!(Case::spoiled(|case| case.signature[at] ^= 1), Refusal::BadSignature, "byte {at}");
    }
    let flipped = |change: fn(&mut Facts)| Case::spoiled(|case| change(&mut case.facts));
    assert_eq!(flipped(|facts| facts.hash.0[0] ^= 1), Refusal::BadSignature);
    // Another chain or another contract is another domain.
    assert_eq!(flipped(|facts| facts.domain.0[31] ^= 0x80), Refusal::BadSignature);
    let other = trigger_key(8).public().clone();
    assert_eq!(Case::spoiled(|case| case.chain.key.as_mut().unwrap().public = other), Refusal::BadSignature);
}

#[test]
fn a_chain_without_the_precompile_is_said_to_be_one() {
    assert_eq!(Case::spoiled(|case| case.chain.precompile = false), Refusal::NoPrecompile);
}

#[test]
fn what_would_revert_fail_or_not_be_paid_for_is_never_cleared() {
    let simulated = |how| Case::new().verify().unwrap().simulated(how).unwrap_err();
    let text = || "RateExceeded { signerId: 0x00, freeAt: 5 }".to_owned();
    assert_eq!(simulated(Simulated::Reverts(text())), Refusal::SimulationReverts(text()));
    assert_eq!(simulated(Simulated::Fails(text())), Refusal::SimulationFails(text()));
    assert_eq!(simulated(Simulated::Unfunded), Refusal::Unfunded);
    let (target, selector) = (TARGET, [1, 2, 3, 4].into());
    assert_eq!(simulated(Simulated::CallNotAllowed { target, selector }), Refusal::CallNotAllowed { target, selector });
    let (value, cap) = (U256::from(2), 1);
    assert_eq!(simulated(Simulated::ValueAboveCap { value, cap }), Refusal::ValueAboveCap { value, cap });
}

#[test]
fn the_statement_over_an_actions_facts_is_what_the_contract_verifies() {
    let action = SessionTrigger::Action {
        signerId: B256::repeat_byte(2),
        account: Address::repeat_byte(3),
        target: TARGET,
        value: U256::ZERO,
        data: vec![1, 2, 3, 4].into(),
        nonce: action_nonce(U256::from(6), 7).unwrap(),
        validAfter: seconds48(8).unwrap(),
        validUntil: seconds48(9).unwrap(),
        gasLimit: 10,
    };
    let facts = facts(CONTRACT.chain, CONTRACT.trigger, &action.abi_encode()).unwrap();
    let domain = trigger_domain(CONTRACT.chain.0, CONTRACT.trigger);
    assert_eq!(statement(&facts).as_bytes(), action_bytes(&domain, &action));
}

//! The author of actions: an account on chain, a trigger key that may act for it, and the identity that says so.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{Eip712Domain, SolCall, SolValue};
use pars_bindings::deployment::minimal_account;
use pars_bindings::typed::{action_hash, action_nonce, enrol_bytes, seconds40, seconds48, trigger_domain};
use pars_bindings::{MinimalAccount, ParsToken, SessionTrigger};
use pars_crypto::suite::Libcrux;
use pars_crypto::trigger::{Statement, TriggerSecret};
use pars_identity::seed::IdentityKeys;
use pars_identity::trigger::TriggerKey;
use pars_indexer_core::Row;
use pars_proto::action::{ActionContent, SignedAction};
use pars_wire::codec::Wire;
use pars_wire::{ChainId, SignerId};

use super::super::stage::{A, Stage};
use crate::chain::Outcome;
use crate::chain::setting::{CHAIN_ID, HOLDERS};
use crate::host::randomness;

/// The chain that actions are for.
pub(super) const CHAIN: u64 = CHAIN_ID;
/// Who is given the allowance.
pub(super) const SPENDER: Address = Address::repeat_byte(0x5b);
/// The owner of the account.
const OWNER: Address = HOLDERS[0].account;
/// Gas for the account's call.
const GAS: u32 = 200_000;
const DAY: u64 = 86_400;

/// Who writes actions.
pub(super) struct Author {
    /// The account acted for.
    pub(super) account: Address,
    trigger: Address,
    target: Address,
    key: TriggerSecret,
    domain: Eip712Domain,
}

impl Author {
    /// Make an account, let the trigger act for it, and enrol a key for one function of the token.
    pub(super) fn enrol(stage: &mut Stage) -> Self {
        let mut rng = randomness(stage.world.seed, "trigger", 0);
        let key = TriggerSecret::generate(&Libcrux, &mut rng);
        let (trigger, target) = (stage.world.ledger.places.session_trigger, stage.world.ledger.places.pars);
        let code = minimal_account(OWNER).expect("its artifact is whole");
        let made = stage.world.ledger.send(OWNER, None, code.to_vec());
        done(stage, made);
        let account = stage.world.ledger.created(made).expect("a contract was made");
        let domain = trigger_domain(CHAIN, trigger);
        let author = Self { account, trigger, target, key, domain };
        let module = MinimalAccount::setModuleCall { module: trigger, on: true };
        let transactions = [
            stage.world.ledger.call(OWNER, account, &module),
            stage.world.ledger.call(OWNER, account, &author.enrolment(stage)),
        ];
        transactions.into_iter().for_each(|transaction| done(stage, transaction));
        let signer = SignerId(author.signer());
        let known = move |row: &Row| matches!(row, Row::Signer(row) if row.signer_id == signer);
        let everywhere = move |stage: &Stage| stage.world.views.iter().all(|view| view.rows().any(known));
        stage.until("every view shows the key", |_| {}, everywhere);
        author
    }

    fn enrolment(&self, stage: &Stage) -> MinimalAccount::executeCall {
        let policy = SessionTrigger::Policy {
            rules: vec![SessionTrigger::Rule {
                target: self.target,
                selector: ParsToken::approveCall::SELECTOR.into(),
            }],
            valueCap: 0,
            perPeriod: 10,
            period: 3_600,
            validUntil: seconds40(stage.world.seconds() + DAY).expect("before the year 36,812"),
        };
        let bytes = enrol_bytes(&self.domain, self.account, self.signer());
        let (front, hash) = bytes.split_last_chunk::<32>().expect("87 bytes");
        let (_, domain) = front.split_last_chunk::<32>().expect("55 bytes");
        let statement = Statement::enrol(domain, hash);
        assert_eq!(statement.as_bytes(), bytes, "both sides sign the same bytes");
        let mut rng = randomness(stage.world.seed, "possession", 0);
        let possession = self.key.sign(&Libcrux, &statement, &mut rng).to_vec().into();
        let public = self.key.public().as_bytes().to_vec().into();
        let enrol = SessionTrigger::enrolCall { publicKey: public, policy, possession };
        MinimalAccount::executeCall { to: self.trigger, value: U256::ZERO, data: enrol.abi_encode().into() }
    }

    fn signer(&self) -> B256 {
        keccak256(self.key.public().as_bytes())
    }

    /// The domain that the contract checks.
    pub(super) const fn domain(&self) -> &Eip712Domain {
        &self.domain
    }

    /// The same contract's on the test network.
    pub(super) fn domain_of_another_chain(&self) -> Eip712Domain {
        trigger_domain(7_071, self.trigger)
    }

    /// A's word that the key is its own, for a chain.
    pub(super) fn certificate(&self, stage: &mut Stage, chain: u64) -> Vec<u8> {
        let key = TriggerKey {
            chain: ChainId(chain),
            trigger: self.trigger,
            account: self.account,
            signer: SignerId(self.signer()),
        };
        stage.running(A);
        let entropy = &stage.member(A).expect("A runs").identity().entropy;
        let mut rng = randomness(stage.world.seed, "certificate", chain);
        let certificate = IdentityKeys::derive(&Libcrux, entropy).certify_trigger(&Libcrux, key, &mut rng).encode();
        let bytes = Box::new(certificate.try_into().expect("4,771 bytes"));
        ActionContent::Certificate(bytes).encode()
    }

    /// An allowance of this much, as the action with this number, signed for a domain.
    pub(super) fn action(&self, stage: &Stage, amount: u64, sequence: u64, domain: &Eip712Domain) -> Vec<u8> {
        let call = ParsToken::approveCall { spender: SPENDER, value: U256::from(amount) };
        self.sign(stage, call.abi_encode(), sequence, domain)
    }

    /// A transfer, which the account's policy does not allow.
    pub(super) fn forbidden(&self, stage: &Stage) -> Vec<u8> {
        let call = ParsToken::transferCall { to: SPENDER, value: U256::ZERO };
        self.sign(stage, call.abi_encode(), 1, &self.domain)
    }

    fn sign(&self, stage: &Stage, data: Vec<u8>, sequence: u64, domain: &Eip712Domain) -> Vec<u8> {
        let action = SessionTrigger::Action {
            signerId: self.signer(),
            account: self.account,
            target: self.target,
            value: U256::ZERO,
            data: data.into(),
            nonce: action_nonce(U256::ZERO, sequence).expect("lane 0"),
            validAfter: seconds48(0).expect("the beginning"),
            validUntil: seconds48(stage.world.seconds() + DAY).expect("before the year 8,921,556"),
            gasLimit: GAS,
        };
        let statement = Statement::action(&domain.separator().0, &action_hash(&action).0);
        let mut rng = randomness(stage.world.seed, "action", sequence);
        let signature = self.key.sign(&Libcrux, &statement, &mut rng);
        let signed = SignedAction::new(action.abi_encode(), signature).expect("it fits");
        ActionContent::Action(signed).encode()
    }
}

fn done(stage: &mut Stage, transaction: B256) {
    let outcome = stage.outcome("enrolling", transaction);
    assert!(matches!(outcome, Outcome::Done(_)), "{}: {outcome:?}", stage.place());
}

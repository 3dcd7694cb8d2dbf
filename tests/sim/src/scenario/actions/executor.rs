//! The executor at B: what a daemon does, without its sockets. Each message becomes a receipt, or nothing.

use alloy_primitives::{Address, B256};
use pars_bindings::SessionTrigger;
use pars_bindings::action::{execute_call, facts, next_sequence_call};
use pars_crypto::suite::{DSA87_PUBLIC, Libcrux};
use pars_crypto::trigger::TriggerPublic;
use pars_engine::io::Entry;
use pars_indexer_core::{Row, Signer};
use pars_proto::action::authors::Contract;
use pars_proto::action::policy::{Enrolled, OnChain, Simulated, require_action};
use pars_proto::action::receipt::Reason;
use pars_proto::action::{
    ActionContent, ActionReceipt, Authors, Cleared, Facts, Included, Outcome as Became, Policy, Refusal, RefusalCode,
    SignedAction,
};
use pars_wire::ChainId;
use pars_wire::codec::Wire;

use super::super::stage::{B, Stage};
use super::author::CHAIN;
use crate::chain::Outcome;
use crate::chain::setting::STRANGER;

/// Pays for the transactions.
const PAYER: Address = STRANGER;

/// Who executes.
pub(super) struct Executor {
    trigger: Address,
    authors: Authors,
    policy: Policy,
}

impl Executor {
    /// It knows nobody yet and relays whatever an account's own policy allows.
    pub(super) fn new(stage: &Stage) -> Self {
        let trigger = stage.world.ledger.places.session_trigger;
        let authors = Authors::new(Contract { chain: ChainId(CHAIN), trigger });
        Self { trigger, authors, policy: Policy::default() }
    }

    /// Take a message; its receipt, once nothing can change it any more.
    pub(super) fn take(&mut self, stage: &mut Stage, entry: &Entry) -> Option<ActionReceipt> {
        let (answers, chain) = (entry.id.0, ChainId(CHAIN));
        match self.carry_out(stage, entry) {
            Ok(receipt) => receipt,
            // Chat is never answered.
            Err((_, Refusal::NotAnAction(_))) => None,
            Err((action, refusal)) => Some(ActionReceipt::refused(answers, action, chain, &refusal)),
        }
    }

    fn carry_out(&mut self, stage: &mut Stage, entry: &Entry) -> Result<Option<ActionReceipt>, (B256, Refusal)> {
        let none = |refusal: Refusal| (B256::ZERO, refusal);
        let kind = entry.content_type.expect("no gap is a letter");
        require_action(kind).map_err(none)?;
        match ActionContent::decode(&entry.content).map_err(|error| none(error.into()))? {
            ActionContent::Certificate(bytes) => {
                stage.running(B);
                let core = stage.member(B).and_then(|member| member.core(entry.peer)).expect("B knows who wrote to it");
                self.authors.learn(&Libcrux, &core, &bytes[..]).map_err(none)?;
                Ok(None)
            }
            // The scenario's executor relays actions only.
            ActionContent::Consent(_) => Err(none(Refusal::NotCanonical)),
            ActionContent::Action(signed) => {
                let facts = facts(ChainId(CHAIN), self.trigger, signed.message()).ok_or(none(Refusal::NotCanonical))?;
                let action = facts.hash;
                let cleared = self.clear(stage, entry, &signed, facts).map_err(|refusal| (action, refusal))?;
                Ok(Some(self.submit(stage, entry, &signed, &cleared)))
            }
        }
    }

    fn clear(&self, stage: &Stage, entry: &Entry, signed: &SignedAction, facts: Facts) -> Result<Cleared, Refusal> {
        let chain = self.on_chain(stage, &facts);
        let admitted = self.policy.admit(&self.authors, entry.peer, facts)?;
        let verified = admitted.verify(&Libcrux, signed.signature(), &chain)?;
        verified.simulated(match stage.world.ledger.simulate(PAYER, self.trigger, &call(signed)) {
            Ok(_) => Simulated::Executes,
            Err(words) => Simulated::Reverts(words),
        })
    }

    /// What B's own view and its node say.
    fn on_chain(&self, stage: &Stage, facts: &Facts) -> OnChain {
        let ledger = &stage.world.ledger;
        let row = stage
            .world
            .view(B)
            .rows()
            .find_map(|row: &Row| <&Signer>::try_from(row).ok().filter(|signer| signer.signer_id == facts.signer));
        let enrolled = |signer: &Signer| {
            let code = ledger.code(signer.key_at);
            let public: &[u8; DSA87_PUBLIC] = code.get(1..)?.try_into().ok()?;
            Some(Enrolled {
                account: signer.account,
                from: 0,
                until: signer.valid_until + 1,
                revoked: signer.revoked,
                public: TriggerPublic::from_bytes(public),
            })
        };
        OnChain {
            now: ledger.time(),
            key: row.and_then(enrolled),
            next: ledger.read(self.trigger, &next_sequence_call(facts), ledger.head()).unwrap_or_default(),
            precompile: true,
        }
    }

    fn submit(&self, stage: &mut Stage, entry: &Entry, signed: &SignedAction, cleared: &Cleared) -> ActionReceipt {
        let transaction = stage.world.ledger.call(PAYER, self.trigger, &call(signed));
        let (answers, action, chain) = (entry.id.0, cleared.facts().hash, ChainId(CHAIN));
        let (block, became, reason) = match stage.outcome("an action", transaction) {
            Outcome::Done(block) => (block, Became::Executed, Reason::default()),
            Outcome::Reverted(words) => {
                (Default::default(), Became::Refused(RefusalCode::Reverted), Reason::new(&words))
            }
        };
        let included = Included { transaction, block, is_final: true };
        ActionReceipt::included(answers, action, chain, (became, included), reason)
    }
}

fn call(signed: &SignedAction) -> SessionTrigger::executeFromSessionCall {
    execute_call(signed.message(), signed.signature())
}

//! From a message to a verdict: nothing is written or sent here.

use pars_crypto::suite::Libcrux;
use pars_identity::IdentityId;
use pars_identity::core::IdentityCore;
use pars_proto::action::authors::Contract;
use pars_proto::action::policy::{OnChain, Simulated, require_action, statement};
use pars_proto::action::{ActionContent, Authors, Cleared, Policy, Refusal, SignedAction};
use pars_wire::ChainId;
use pars_wire::codec::Wire;

use alloy::primitives::B256;
use pars_bindings::action;
use pars_bindings::consent::ConsentCall;

use super::chain::{Chain, ChainError, Signed};
use super::mail::Letter;
use super::simulate;
use crate::config::Network;

/// What a receipt names for content that is no action.
const NO_ACTION: B256 = B256::ZERO;

/// Foundry's test chain.
const FOUNDRY: ChainId = ChainId(31_337);

/// What is to be done with a message.
pub(super) enum Verdict {
    /// No action: nobody is answered.
    Skip(Refusal),
    /// A certificate of its author, verified.
    Certified(Vec<u8>),
    /// Not carried out; which action, if it was one.
    Refused(B256, Refusal),
    /// To be submitted, with its transaction, which was signed at this block.
    Submit(Ready, Signed, u64),
}

/// What may be submitted: made by the last step of its kind only.
pub(super) enum Ready {
    /// An action.
    Action(Cleared),
    /// A call of `RecordingConsent` that would run.
    Consent(Relayable),
}

impl Ready {
    /// What its receipts name.
    pub(super) fn hash(&self) -> B256 {
        match self {
            Self::Action(cleared) => cleared.facts().hash,
            Self::Consent(Relayable(hash)) => *hash,
        }
    }
}

/// The EIP-712 struct hash of the recording concerned.
pub(super) struct Relayable(B256);

/// Judges with what the executor knows.
pub(super) struct Judge<'a> {
    pub(super) chain: &'a mut Chain,
    pub(super) authors: &'a mut Authors,
    pub(super) policy: &'a Policy,
    /// The author's identity core, as it is pinned.
    pub(super) core: Option<&'a IdentityCore>,
}

impl Judge<'_> {
    pub(super) async fn judge(self, letter: &Letter) -> Result<Verdict, ChainError> {
        if let Err(refusal) = require_action(letter.kind) {
            return Ok(Verdict::Skip(refusal));
        }
        match ActionContent::decode(&letter.content) {
            Err(error) => Ok(Verdict::Refused(NO_ACTION, error.into())),
            Ok(ActionContent::Certificate(certificate)) => Ok(self.certificate(letter, &certificate[..])),
            Ok(ActionContent::Action(action)) => self.action(letter, &action).await,
            Ok(ActionContent::Consent(call)) => match ConsentCall::decode(&call) {
                Ok(call) => self.consent(letter, &call).await,
                Err(_) => Ok(Verdict::Refused(NO_ACTION, Refusal::NotCanonical)),
            },
        }
    }

    fn certificate(self, letter: &Letter, certificate: &[u8]) -> Verdict {
        let mut learn = || {
            self.policy.serves(letter.from)?;
            // Whoever writes is pinned; without a core nothing can be verified.
            let core = self.core.ok_or(Refusal::AuthorNotServed)?;
            self.authors.learn(&Libcrux, core, certificate)
        };
        match learn() {
            Ok(_) => Verdict::Certified(certificate.to_vec()),
            Err(refusal) => Verdict::Refused(NO_ACTION, refusal),
        }
    }

    async fn action(self, letter: &Letter, action: &SignedAction) -> Result<Verdict, ChainError> {
        let contract = self.chain.contract;
        let Some(facts) = action::facts(contract.chain, contract.trigger, action.message()) else {
            return Ok(Verdict::Refused(NO_ACTION, Refusal::NotCanonical));
        };
        let hash = facts.hash;
        let refused = |refusal| Ok(Verdict::Refused(hash, refusal));
        let admitted = match self.policy.admit(self.authors, letter.from, facts) {
            Ok(admitted) => admitted,
            Err(refusal) => return refused(refusal),
        };
        let head = self.chain.head().await?;
        let on_chain = self.chain.look(admitted.facts(), &head).await?;
        let verified = match admitted.verify(&Libcrux, action.signature(), &on_chain) {
            Ok(verified) => verified,
            Err(Refusal::BadSignature) => return refused(self.misdirected(letter.from, action, &on_chain)),
            Err(refusal) => return refused(refusal),
        };
        self.authors.prove(letter.from);
        let draft = self.chain.draft(verified.facts(), data(action)).await?;
        let simulated = simulate::simulate(self.chain, &head, &draft).await?;
        match verified.simulated(simulated) {
            Ok(cleared) => Ok(Verdict::Submit(Ready::Action(cleared), self.chain.sign(draft)?, head.number)),
            Err(refusal) => refused(refusal),
        }
    }

    /// Its signatures are its own: the contract checks them, in the simulation first. Whoever sends it proves nothing, so it
    /// needs no certificate.
    async fn consent(self, letter: &Letter, call: &ConsentCall) -> Result<Verdict, ChainError> {
        let hash = call.recording();
        if let Err(refusal) = self.policy.relays(letter.from, self.chain.consent, call.selector().into()) {
            return Ok(Verdict::Refused(hash, refusal));
        }
        let head = self.chain.head().await?;
        let (_, post_quantum) = call.signatures();
        if post_quantum > 0 && !self.chain.probe(&head).await? {
            return Ok(Verdict::Refused(hash, Refusal::NoPrecompile));
        }
        let draft = self.chain.draft_consent(call).await?;
        match simulate::simulate(self.chain, &head, &draft).await? {
            Simulated::Executes => {
                let ready = Ready::Consent(Relayable(hash));
                Ok(Verdict::Submit(ready, self.chain.sign(draft)?, head.number))
            }
            Simulated::Unfunded => Ok(Verdict::Refused(hash, Refusal::Unfunded)),
            Simulated::Reverts(words) | Simulated::Fails(words) => {
                Ok(Verdict::Refused(hash, Refusal::SimulationReverts(words)))
            }
            // Words of another contract.
            Simulated::CallNotAllowed { target, selector } => {
                Ok(Verdict::Refused(hash, Refusal::CallNotAllowed { target, selector }))
            }
            Simulated::ValueAboveCap { value, cap } => {
                Ok(Verdict::Refused(hash, Refusal::ValueAboveCap { value, cap }))
            }
        }
    }

    /// A signature that is not over this action here may be over the same action on another chain of ours, or for the contract
    /// that this author's last refused certificate names.
    fn misdirected(&self, from: IdentityId, action: &SignedAction, on_chain: &OnChain) -> Refusal {
        let ours = self.chain.contract;
        let networks = Network::ALL.map(|network| ChainId(network.chain_id())).into_iter().chain([FOUNDRY]);
        let here = networks.map(|chain| Contract { chain, ..ours });
        let mut others = here.chain(self.authors.elsewhere(from)).filter(|other| *other != ours);
        let signed = |other: &Contract| {
            let facts = action::facts(other.chain, other.trigger, action.message());
            let key = on_chain.key.as_ref().zip(facts.map(|facts| statement(&facts)));
            key.is_some_and(|(key, statement)| key.public.verify(&Libcrux, &statement, action.signature()))
        };
        match others.find(signed) {
            None => Refusal::BadSignature,
            Some(found) if found.chain != ours.chain => Refusal::OtherChain { found: found.chain, ours: ours.chain },
            Some(found) => Refusal::OtherContract { found: found.trigger, ours: ours.trigger },
        }
    }
}

/// The call that carries an action out.
pub(super) fn data(action: &SignedAction) -> alloy::primitives::Bytes {
    action::execute_data(action.message(), action.signature())
}

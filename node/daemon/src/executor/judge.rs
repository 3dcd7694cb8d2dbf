//! From a message to a verdict: nothing is written or sent here.

use pars_crypto::suite::Libcrux;
use pars_identity::core::IdentityCore;
use pars_proto::action::policy::require_action;
use pars_proto::action::{ActionContent, Authors, Cleared, Policy, Refusal, SignedAction};
use pars_wire::codec::Wire;

use alloy::primitives::B256;

use super::chain::{Chain, ChainError, Signed};
use super::mail::Letter;
use super::{parse, simulate};

/// What is to be done with a message.
pub(super) enum Verdict {
    /// No action: nobody is answered.
    Skip(Refusal),
    /// A certificate of its author, verified.
    Certified(Vec<u8>),
    /// Not carried out; which action, if it was one.
    Refused(B256, Refusal),
    /// To be submitted, with its transaction.
    Submit(Cleared, Signed),
}

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
            Err(error) => Ok(Verdict::Refused(parse::NO_ACTION, error.into())),
            Ok(ActionContent::Certificate(certificate)) => Ok(self.certificate(letter, &certificate[..])),
            Ok(ActionContent::Action(action)) => self.action(letter, &action).await,
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
            Err(refusal) => Verdict::Refused(parse::NO_ACTION, refusal),
        }
    }

    async fn action(self, letter: &Letter, action: &SignedAction) -> Result<Verdict, ChainError> {
        let facts = match parse::facts(self.chain.contract, action.message()) {
            Ok(facts) => facts,
            Err(refusal) => return Ok(Verdict::Refused(parse::NO_ACTION, refusal)),
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
            Err(refusal) => return refused(refusal),
        };
        let draft = self.chain.draft(verified.facts(), parse::call_data(action)).await?;
        let simulated = simulate::simulate(self.chain, &head, &draft).await?;
        match verified.simulated(simulated) {
            Ok(cleared) => Ok(Verdict::Submit(cleared, self.chain.sign(draft)?)),
            Err(refusal) => refused(refusal),
        }
    }
}

//! On what ground this daemon's user may ask for a seat, and what proves it.

use alloy::primitives::Address;
use pars_circuits::Nullifier;
use pars_proto::room::{Claim, Named};
use pars_rpc::{Code, RpcError};

use super::Inner;
use super::facts::{FactsError, Running};
use super::seat::prove::Prover;
use super::tunnel::records::Pair;

/// On what ground a seat is asked for, and what proves it.
pub(super) struct Claimed {
    pub(super) claim: Claim,
    pub(super) prover: Option<Prover>,
    pub(super) records: Option<Pair>,
}

impl Inner {
    /// The own leaf that is worth most, with its secret.
    pub(super) async fn leaf(&self, running: &Running, only: Option<Address>) -> Result<Option<Prover>, FactsError> {
        let pinned = self.oracle.pinned(&running.sitting.scope).await?;
        let (threshold, at) = (pinned.sitting.threshold, pinned.sitting.at);
        for account in self.home.accounts().into_iter().filter(|account| only.is_none_or(|only| only == *account)) {
            let Some((_, leaf)) = pinned.leaves.find(account).filter(|(_, leaf)| leaf.meets(threshold, at)) else {
                continue;
            };
            match self.home.secret(account, leaf.commitment) {
                Ok(Some(secret)) => return Ok(Some(Prover { pinned: pinned.clone(), account, secret })),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a secret cannot be used"),
            }
        }
        Ok(None)
    }

    pub(super) async fn anonymous(&self, running: &Running) -> Result<Claimed, RpcError> {
        if !running.sitting.kind.allows_anonymous() {
            return Err(Code::AnonymousNotAllowed.into());
        }
        let sentence = "no secret of this daemon belongs to a leaf that this sitting counts: lock, register, wait for the next sitting";
        let prover = self.leaf(running, None).await?.ok_or_else(|| RpcError::new(Code::NotEligible, sentence))?;
        Ok(Claimed { claim: Claim::Anonymous { nullifier: nullifier(&prover) }, prover: Some(prover), records: None })
    }

    pub(super) async fn known(&self, running: &Running, account: Address) -> Result<Claimed, RpcError> {
        if !self.oracle.has_access(running, account).await? {
            return Err(Code::NotEligible.into());
        }
        let own = self.handle.read(|node| {
            let identity = node.member()?.identity();
            let pair = (identity.record.encode(), identity.certificate.encode());
            Some((identity.id(), identity.certificate.device(), pair))
        });
        let (session, device, records) = own.await.map_err(|_| Code::Internal)?.ok_or(Code::IdentityUnknown)?;
        let (member, records) = (Named { account, session, device }, Some(records));
        if !running.sitting.kind.allows_anonymous() {
            return Ok(Claimed { claim: Claim::Committee { member }, prover: None, records });
        }
        let prover = self.leaf(running, Some(account)).await?;
        let pinned = self.oracle.pinned(&running.sitting.scope).await?;
        if prover.is_none() && pinned.counts(account) {
            let sentence = "the account has a leaf in this sitting's tree, and its secret is not in this daemon's home";
            return Err(RpcError::new(Code::ProofInvalid, sentence));
        }
        let nullifier = prover.as_ref().map(nullifier);
        Ok(Claimed { claim: Claim::Identified { nullifier, member }, prover, records })
    }
}

fn nullifier(prover: &Prover) -> pars_wire::Nullifier {
    let external = prover.pinned.sitting.scope(pars_circuits::Purpose::Join).external();
    pars_wire::Nullifier(Nullifier::of(external, &prover.secret).bytes())
}

//! Anchors and withdrawals that no seat sees to any more. For an anchor the consent key was kept, for this one signature; a
//! withdrawal is signed.

use std::time::Duration;

use pars_bindings::consent::ConsentCall;
use pars_engine::room::Anchor;
use pars_engine::room::member::recording::withdrawal::FALLBACK_MS;
use pars_proto::room::recording::ConsentDomain;

use super::calls::{self, Contract, Wanted};
use crate::driver::SUITE;
use crate::random;
use crate::recordings::{Library, ToAnchor, ToWithdraw};

/// Pause before what the chain lacks is sent again.
const RETRY: Duration = Duration::from_secs(30);
/// How long who records has to send another's withdrawal.
const PATIENCE: Duration = Duration::from_millis(FALLBACK_MS);

/// Send what is left, each until a final block shows it. Goes on for ever.
pub(in crate::room) async fn finish((contract, library): (Contract, Library), domain: ConsentDomain) {
    let anchors = library.finish_anchors(RETRY, |left| anchor(&contract, domain, left));
    let withdrawals = library.finish_withdrawals((RETRY, PATIENCE), |left| withdraw(&contract, left));
    tokio::join!(anchors, withdrawals);
}

/// Send one withdrawal; whether a final block shows it.
async fn withdraw(contract: &Contract, left: ToWithdraw) -> bool {
    match ConsentCall::decode(&left.call) {
        Ok(call) => {
            contract.execute(left.through.or(contract.through), (left.span, Wanted::Withdrawn), vec![call]).await
        }
        Err(error) => {
            tracing::error!(%error, "a withdrawal that was kept cannot be read; it is not sent");
            false
        }
    }
}

/// Send one anchor; whether a final block names it.
async fn anchor(contract: &Contract, domain: ConsentDomain, left: ToAnchor) -> bool {
    let through = left.signer.through.or(contract.through);
    let call = signed(domain, &left).as_ref().and_then(calls::anchor);
    let Some(call) = call else { return false };
    contract.execute(through, (left.recording.span(), Wanted::Anchored), vec![call]).await
}

fn signed(domain: ConsentDomain, left: &ToAnchor) -> Option<Anchor> {
    let key = left.signer.secret.key()?;
    let digest = domain.anchor_digest(left.recording.span(), &left.cid, left.wraps);
    let signature = key.sign(SUITE, &mut random::system(), digest)?;
    Some(Anchor {
        recording: left.recording,
        signer: key.signer(),
        cid: left.cid.clone(),
        wraps: left.wraps,
        signature,
    })
}

//! Anchors that a restart left behind: the seat that recorded is gone, its consent key was kept for this one signature.

use std::time::Duration;

use pars_engine::room::Anchor;
use pars_proto::room::recording::ConsentDomain;

use super::calls::{self, Contract, Wanted};
use crate::driver::SUITE;
use crate::random;
use crate::recordings::{Library, ToAnchor};

/// Pause before an anchor is sent again.
const RETRY: Duration = Duration::from_secs(30);

/// Anchor what is left, each until the chain names it.
pub(in crate::room) async fn finish((contract, library): (Contract, Library), domain: ConsentDomain) {
    library.finish_anchors(RETRY, |left| anchor(&contract, domain, left)).await;
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

//! `room slot`: a holder lends its hourly slot to a creator by an EIP-712 signature (CHAIN 1, DECISIONS O-13).

use alloy::{primitives::Bytes, signers::SignerSync};
use pars_bindings::typed::{slot_digest, town_hall_domain};
use serde_json::json;

use super::create;
use crate::{args::SignSlot, context::Context, error::Error, output::Report};

/// Default life of a signature in seconds.
const HOUR: u64 = 3_600;

/// `room slot`
pub(super) async fn run(context: &Context, arguments: &SignSlot) -> Result<Report, Error> {
    let chain = context.signing().await?;
    let deployment = context.deployment(chain.id())?;
    let deadline = match arguments.deadline {
        Some(deadline) => deadline,
        None => chain.next_time().await?.saturating_add(HOUR),
    };
    let SignSlot { creator, metadata_hash, .. } = *arguments;
    let domain = town_hall_domain(chain.id(), deployment.town_hall);
    let digest = slot_digest(&domain, creator, metadata_hash, create::deadline(deadline)?);
    let signer = chain.signer()?;
    let failed = |e: alloy::signers::Error| Error::Usage(format!("the key cannot sign: {e}"));
    let signature = signer.sign_hash_sync(&digest).map_err(failed)?;
    let signature = Bytes::from(signature.as_bytes().to_vec());
    let holder = signer.address();
    let document = json!({
        "holder": holder, "creator": creator, "metadataHash": metadata_hash, "deadline": deadline, "signature": signature,
    });
    let text = format!(
        "{holder} lends its slot to {creator} for one room until {deadline}:\n\
         --slot-of {holder} --deadline {deadline} --slot-signature {signature}"
    );
    Ok(Report::new(document, text))
}

//! Consents on their way to the contract (ELIGIBILITY section 4.5): one transaction takes up to 90 signatures, an ML-DSA one
//! counts as 30, and its call fits one message to who submits it; what is more goes in chunks of rising signers.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use super::consent::ConsentSignature;
use super::roster::{ConsentRoster, MultiProof};
use super::span::Recording;
use crate::room::seat::ConsentSigner;

/// What fits one transaction, in secp256k1 signatures.
const ROOM: usize = 90;
/// What an ML-DSA signature counts.
const ML_DSA: usize = 30;
/// Bytes of a call in a message at most, and what it has beside signers, signatures and proof (`consent.rs` of the bindings).
const MESSAGE: usize = 7_835;
const FIXED: usize = 1 + 135 + 1 + 2 + 1;

/// Arguments of the contract's `submit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The span.
    pub recording: Recording,
    /// Signers, rising by hash, over all chunks.
    pub signers: Vec<ConsentSigner>,
    /// One signature each.
    pub signatures: Vec<ConsentSignature>,
    /// That they stand in the roster.
    pub proof: MultiProof,
}

/// Everybody's consents in chunks, in the order in which the contract takes them; none unless exactly the keys of the roster
/// have signed.
pub fn submissions(
    recording: &Recording,
    roster: &ConsentRoster,
    consents: &BTreeMap<B256, (ConsentSigner, ConsentSignature)>,
) -> Option<Vec<Submission>> {
    if !consents.keys().eq(roster.signers()) {
        return None;
    }
    let (mut chunks, mut chunk) = (Vec::new(), Vec::new());
    for hash in consents.keys() {
        chunk.push(*hash);
        let longer = made(recording, roster, consents, &chunk)?;
        if chunk.len() == 1 || fits(&longer) {
            continue;
        }
        chunk.pop();
        chunks.push(made(recording, roster, consents, &chunk)?);
        chunk = vec![*hash];
    }
    chunks.push(made(recording, roster, consents, &chunk)?);
    Some(chunks)
}

fn made(
    recording: &Recording,
    roster: &ConsentRoster,
    consents: &BTreeMap<B256, (ConsentSigner, ConsentSignature)>,
    chunk: &[B256],
) -> Option<Submission> {
    let (signers, signatures) = chunk.iter().filter_map(|hash| consents.get(hash)).cloned().unzip();
    Some(Submission { recording: *recording, signers, signatures, proof: roster.multi_proof(chunk)? })
}

/// Whether it fits one transaction and one message.
fn fits(of: &Submission) -> bool {
    let size = |signer: &ConsentSigner| if matches!(signer, ConsentSigner::MlDsa(_)) { ML_DSA } else { 1 };
    let signers: usize = of.signers.iter().map(|signer| 2 + signer.as_bytes().len()).sum();
    let signatures: usize = of.signatures.iter().map(|signature| 2 + signature.as_bytes().len()).sum();
    let proof = 32 * of.proof.proof.len() + of.proof.flags.len().div_ceil(8);
    of.signers.iter().map(size).sum::<usize>() <= ROOM && FIXED + signers + signatures + proof <= MESSAGE
}

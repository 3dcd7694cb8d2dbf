//! Consents on their way to the contract (ELIGIBILITY section 4.5): one transaction takes up to 90 signatures, an ML-DSA one
//! counts as 30; what is more goes in chunks of rising signers.

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
    let mut chunks: Vec<Vec<&B256>> = Vec::new();
    let mut room = 0;
    for (hash, (signer, _)) in consents {
        let size = if matches!(signer, ConsentSigner::MlDsa(_)) { ML_DSA } else { 1 };
        match chunks.last_mut().filter(|_| size <= room) {
            Some(chunk) => chunk.push(hash),
            None => {
                chunks.push(vec![hash]);
                room = ROOM;
            }
        }
        room = room.saturating_sub(size);
    }
    let submission = |chunk: Vec<&B256>| {
        let hashes: Vec<_> = chunk.into_iter().copied().collect();
        let chosen = hashes.iter().filter_map(|hash| consents.get(hash)).cloned();
        let (signers, signatures) = chosen.unzip();
        Some(Submission { recording: *recording, signers, signatures, proof: roster.multi_proof(&hashes)? })
    };
    chunks.into_iter().map(submission).collect()
}

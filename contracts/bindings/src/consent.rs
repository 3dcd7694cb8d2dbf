//! Calls of `RecordingConsent` as they travel in a session message to whoever submits them (ELIGIBILITY 4.5): compact,
//! because a consent of ML-DSA-87 with its ABI encoding would not fit one message.
//!
//! ```text
//! recording = recordingId32 | roster32 | participants2 | policy32 | recorder32 | validUntil5                     135
//! submit    = 1 | recording | nodes1 | node32 … | flags2 | bits | signers1 | (lp(signer) | lp(signature)) …
//! withdraw  = 2 | recording | nodes1 | node32 … | lp(signer) | lp(signature)
//! anchor    = 3 | recording | lp(signer) | lp(cid) | wraps32 | lp(signature)
//! ```
//!
//! `bits` holds the flags of the multi-proof, the first in the highest bit, zeros behind the last.

use alloy_primitives::{B256, Bytes, aliases::U40};
use alloy_sol_types::SolCall;
use pars_wire::codec::{DecodeError, Reader, Writer};

use crate::{
    contracts::RecordingConsent::{Recording, anchorCall, submitCall, withdrawCall},
    typed::recording_id,
};

/// Bytes of an encoded call at most: what fits one message beside kind and length.
pub const MAX_CALL: usize = 7_835;
/// Bytes of a classical signer.
const ADDRESS: usize = 20;

const SUBMIT: u8 = 1;
const WITHDRAW: u8 = 2;
const ANCHOR: u8 = 3;

/// A call has no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It does not fit one message.
    #[error("a call of RecordingConsent fits a message with at most {MAX_CALL} bytes; submit fewer consents at once")]
    TooLong,
    /// There is not one signature for each signer.
    #[error("a submission of {signers} signers has {signatures} signatures; each signer signs once")]
    Lengths {
        /// Signers.
        signers: usize,
        /// Signatures.
        signatures: usize,
    },
}

/// A call of `RecordingConsent`; anybody may make it, so nothing of it names who does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentCall {
    /// A chunk of consents.
    Submit(submitCall),
    /// A withdrawal.
    Withdraw(withdrawCall),
    /// What was recorded.
    Anchor(anchorCall),
}

impl ConsentCall {
    /// The recording it concerns: its EIP-712 struct hash.
    #[must_use]
    pub fn recording(&self) -> B256 {
        match self {
            Self::Submit(call) => recording_id(&call.r),
            Self::Withdraw(call) => recording_id(&call.r),
            Self::Anchor(call) => recording_id(&call.r),
        }
    }

    /// ABI call data.
    #[must_use]
    pub fn data(&self) -> Bytes {
        match self {
            Self::Submit(call) => call.abi_encode(),
            Self::Withdraw(call) => call.abi_encode(),
            Self::Anchor(call) => call.abi_encode(),
        }
        .into()
    }

    /// The function's selector.
    #[must_use]
    pub const fn selector(&self) -> [u8; 4] {
        match self {
            Self::Submit(_) => submitCall::SELECTOR,
            Self::Withdraw(_) => withdrawCall::SELECTOR,
            Self::Anchor(_) => anchorCall::SELECTOR,
        }
    }

    /// How many signatures it carries: classical, and of ML-DSA-87.
    #[must_use]
    pub fn signatures(&self) -> (u64, u64) {
        let signers: Vec<&Bytes> = match self {
            Self::Submit(call) => call.signers.iter().collect(),
            Self::Withdraw(call) => vec![&call.signer],
            Self::Anchor(call) => vec![&call.signer],
        };
        let classical = signers.iter().filter(|signer| signer.len() == ADDRESS).count();
        (classical as u64, (signers.len() - classical) as u64)
    }

    /// The bytes that travel.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn encode(&self) -> Result<Vec<u8>, CallError> {
        if let Self::Submit(submitCall { signers, signatures, .. }) = self
            && signers.len() != signatures.len()
        {
            return Err(CallError::Lengths { signers: signers.len(), signatures: signatures.len() });
        }
        let mut out = Writer::with_capacity(MAX_CALL);
        let written = match self {
            Self::Submit(call) => submit(&mut out, call),
            Self::Withdraw(call) => withdraw(&mut out, call),
            Self::Anchor(call) => anchor(&mut out, call),
        };
        written.filter(|()| out.as_bytes().len() <= MAX_CALL).ok_or(CallError::TooLong)?;
        Ok(out.into_bytes())
    }

    /// Read them back: one encoding only.
    ///
    /// # Errors
    /// [`DecodeError`] for everything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_CALL {
            return Err(DecodeError::Malformed { what: "length of a call of RecordingConsent" });
        }
        let mut from = Reader::new(bytes);
        let kind = from.u8("kind of a call")?;
        let r = recording(&mut from)?;
        let call = match kind {
            SUBMIT => Self::Submit(read_submit(&mut from, r)?),
            WITHDRAW => {
                let proof = nodes(&mut from)?;
                let (signer, signature) = (field(&mut from, "signer")?, field(&mut from, "signature")?);
                Self::Withdraw(withdrawCall { r, signer, proof, signature })
            }
            ANCHOR => {
                let (signer, cid) = (field(&mut from, "signer")?, field(&mut from, "CID")?);
                let wraps = word(&mut from, "hash of the wraps")?;
                Self::Anchor(anchorCall { r, signer, cid, wraps, signature: field(&mut from, "signature")? })
            }
            other => return Err(DecodeError::Value { what: "kind of a call", value: other.into() }),
        };
        from.finish()?;
        Ok(call)
    }
}

fn submit(out: &mut Writer, call: &submitCall) -> Option<()> {
    head(out, SUBMIT, &call.r);
    write_nodes(out, &call.proof)?;
    out.u16(u16::try_from(call.flags.len()).ok()?);
    for eight in call.flags.chunks(8) {
        let bits = eight.iter().enumerate().map(|(place, flag)| u8::from(*flag) << (7 - place));
        out.u8(bits.sum());
    }
    out.u8(u8::try_from(call.signers.len()).ok()?);
    for (signer, signature) in call.signers.iter().zip(&call.signatures) {
        out.lp(signer).ok()?.lp(signature).ok()?;
    }
    Some(())
}

fn withdraw(out: &mut Writer, call: &withdrawCall) -> Option<()> {
    head(out, WITHDRAW, &call.r);
    write_nodes(out, &call.proof)?;
    out.lp(&call.signer).ok()?.lp(&call.signature).ok().map(|_| ())
}

fn anchor(out: &mut Writer, call: &anchorCall) -> Option<()> {
    head(out, ANCHOR, &call.r);
    out.lp(&call.signer).ok()?.lp(&call.cid).ok()?.bytes(call.wraps.as_slice()).lp(&call.signature).ok().map(|_| ())
}

fn head(out: &mut Writer, kind: u8, r: &Recording) {
    out.u8(kind).bytes(r.recordingId.as_slice()).bytes(r.roster.as_slice()).u16(r.participants);
    out.bytes(r.policy.as_slice()).bytes(r.recorder.as_slice()).bytes(&r.validUntil.to_be_bytes::<5>());
}

fn write_nodes(out: &mut Writer, nodes: &[B256]) -> Option<()> {
    out.u8(u8::try_from(nodes.len()).ok()?);
    nodes.iter().for_each(|node| {
        out.bytes(node.as_slice());
    });
    Some(())
}

fn recording(from: &mut Reader<'_>) -> Result<Recording, DecodeError> {
    let (id, roster) = (word(from, "recording id")?, word(from, "roster")?);
    let participants = from.u16("participants")?;
    let (policy, recorder) = (word(from, "policy")?, word(from, "recorder")?);
    let until = U40::from_be_bytes(from.array::<5>("end of validity")?);
    Ok(Recording { recordingId: id, roster, participants, policy, recorder, validUntil: until })
}

fn read_submit(from: &mut Reader<'_>, r: Recording) -> Result<submitCall, DecodeError> {
    let proof = nodes(from)?;
    let count = usize::from(from.u16("number of flags")?);
    let bits = from.take(count.div_ceil(8), "flags")?;
    let flag = |place: usize| bits.get(place / 8).is_some_and(|byte| byte & (0x80 >> (place % 8)) != 0);
    if (count..bits.len() * 8).any(flag) {
        return Err(DecodeError::NotZero { what: "bits behind the flags" });
    }
    let flags = (0..count).map(flag).collect();
    let (mut signers, mut signatures) = (Vec::new(), Vec::new());
    for _ in 0..from.u8("number of signers")? {
        signers.push(field(from, "signer")?);
        signatures.push(field(from, "signature")?);
    }
    Ok(submitCall { r, signers, signatures, proof, flags })
}

fn nodes(from: &mut Reader<'_>) -> Result<Vec<B256>, DecodeError> {
    (0..from.u8("number of nodes")?).map(|_| word(from, "node")).collect()
}

fn word(from: &mut Reader<'_>, what: &'static str) -> Result<B256, DecodeError> {
    from.array::<32>(what).map(B256::from)
}

fn field(from: &mut Reader<'_>, what: &'static str) -> Result<Bytes, DecodeError> {
    from.lp(what).map(Bytes::copy_from_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a recording's fields.
    const RECORDING: usize = 135;

    fn recording() -> Recording {
        Recording {
            recordingId: B256::repeat_byte(1),
            roster: B256::repeat_byte(2),
            participants: 3,
            policy: B256::repeat_byte(4),
            recorder: B256::repeat_byte(5),
            validUntil: U40::from(6),
        }
    }

    fn submit_of(signer: usize, signature: usize, count: usize) -> ConsentCall {
        let bytes = |n: usize| vec![Bytes::from(vec![9; n]); count];
        let (proof, flags) =
            (vec![B256::repeat_byte(7); 2], vec![true, false, true, false, false, false, false, false, true]);
        ConsentCall::Submit(submitCall {
            r: recording(),
            signers: bytes(signer),
            signatures: bytes(signature),
            proof,
            flags,
        })
    }

    fn each_kind() -> [ConsentCall; 3] {
        let (signer, signature) = (Bytes::from(vec![9; 20]), Bytes::from(vec![8; 65]));
        let (r, proof) = (recording(), vec![B256::repeat_byte(7)]);
        let withdraw = withdrawCall { r: r.clone(), signer: signer.clone(), proof, signature: signature.clone() };
        let anchor = anchorCall { r, signer, cid: vec![3; 36].into(), wraps: B256::repeat_byte(4), signature };
        [submit_of(20, 65, 2), ConsentCall::Withdraw(withdraw), ConsentCall::Anchor(anchor)]
    }

    #[test]
    fn each_kind_reads_back_and_every_cut_or_longer_form_is_refused() {
        for call in each_kind() {
            let bytes = call.encode().unwrap();
            assert_eq!(ConsentCall::decode(&bytes), Ok(call));
            assert!((0..bytes.len()).all(|end| ConsentCall::decode(&bytes[..end]).is_err()));
            assert!(ConsentCall::decode(&[&bytes[..], &[0]].concat()).is_err());
        }
    }

    #[test]
    fn bits_behind_the_flags_are_zero() {
        let mut bytes = submit_of(20, 65, 1).encode().unwrap();
        // Kind, recording, two nodes, number of flags, one byte of flags.
        let last = 1 + RECORDING + 1 + 64 + 2 + 1;
        assert_eq!(bytes[last], 0x80);
        bytes[last] |= 1;
        assert_eq!(ConsentCall::decode(&bytes), Err(DecodeError::NotZero { what: "bits behind the flags" }));
    }

    #[test]
    fn one_consent_of_ml_dsa_or_eighty_classical_ones_fit_a_message() {
        let (post_quantum, classical) = (submit_of(2_612, 4_627, 1), submit_of(20, 65, 80));
        assert_eq!((post_quantum.signatures(), classical.signatures()), ((0, 1), (80, 0)));
        assert!(post_quantum.encode().is_ok() && classical.encode().is_ok());
        assert_eq!(submit_of(2_612, 4_627, 2).encode(), Err(CallError::TooLong));
    }

    #[test]
    fn a_submission_with_lists_of_two_lengths_is_not_encoded() {
        let ConsentCall::Submit(mut call) = submit_of(20, 65, 2) else { panic!("a submission") };
        call.signatures.pop();
        assert_eq!(ConsentCall::Submit(call).encode(), Err(CallError::Lengths { signers: 2, signatures: 1 }));
    }
}

//! `eligibility check`: one proof, two verdicts. The Rust verifier runs on the indexed sitting, the contract by
//! `eth_call`; where they differ, that is an error of its own (ELIGIBILITY 2.10).
//!
//! The RPC endpoint sees the proof, not whose it is; but it sees where the question came from.

use alloy::primitives::{B256, Bytes};
use pars_bindings::{TownHall, deployment::Deployment};
use pars_circuits::{
    ENVELOPE_LEN, ProofFile, Purpose, Sitting, VerifyingKey,
    check::{self, Expectation},
};
use serde_json::{Value, json};

use super::{key, pinned};
use crate::{
    args::Check,
    chain::Chain,
    context::Context,
    error::Error,
    files::public,
    indexer::{INDEXED, Room, settled},
    output::Report,
};

/// A reason to refuse: stable code and sentence.
type Reason = (&'static str, String);

/// What each judge says; `None` is a yes.
struct Verdicts {
    /// The file against sitting and payload: every claim in it.
    file: Option<Reason>,
    /// The bytes and the nullifier alone, as the contract sees them.
    local: Option<Reason>,
    /// The contract.
    chain: bool,
}

/// `eligibility check`
pub(super) async fn run(context: &Context, arguments: &Check) -> Result<Report, Error> {
    let mut file: ProofFile = public::read_json(&arguments.proof, "a proof file of `eligibility prove`")?;
    let chain = context.reader().await?;
    let deployment = context.deployment(chain.id())?;
    let (indexer, head) = (context.indexer()?, chain.head().await?);
    settled(INDEXED, || indexer.head(), |indexed| indexed.as_ref().map_or(true, |indexed| *indexed >= head.number))
        .await?;
    let room = indexer.room(arguments.room).await?;
    let sitting = pinned::sitting(&room, &deployment, Some(head.timestamp));
    let (about_file, local) = match &sitting {
        Ok(sitting) => {
            let key = key::verifying(&deployment, arguments.key.as_deref())?;
            let about_file = judge_file(&key, sitting, arguments, &file);
            file.proof = present(file.proof, arguments.payload);
            (about_file, judge_bytes(&key, sitting, &file))
        }
        Err(error) => (Some(reason(error)?), Some(reason(error)?)),
    };
    let call =
        TownHall::canJoinAnonymousCall { roomId: arguments.room, proof: file.proof.clone(), nullifier: file.nullifier };
    let on_chain = chain.call(deployment.town_hall, &call).await?;
    let verdicts = Verdicts { file: about_file, local, chain: on_chain };
    if verdicts.local.is_none() != verdicts.chain {
        return Err(disagreement(&chain, &deployment, &room, &verdicts).await?);
    }
    report(arguments, &file, verdicts)
}

/// The bytes as somebody sends them who presents this payload with them.
fn present(proof: Bytes, payload: Option<B256>) -> Bytes {
    match payload {
        Some(payload) if proof.len() == ENVELOPE_LEN => {
            let (head, _) = proof.split_at(ENVELOPE_LEN - payload.len());
            [head, payload.as_slice()].concat().into()
        }
        _ => proof,
    }
}

fn judge_file(key: &VerifyingKey, sitting: &Sitting, arguments: &Check, file: &ProofFile) -> Option<Reason> {
    let expectation = Expectation { purpose: Purpose::Join, payload: arguments.payload };
    check::check(key, sitting, &expectation, file).err().map(|refusal| (refusal.code(), refusal.to_string()))
}

fn judge_bytes(key: &VerifyingKey, sitting: &Sitting, file: &ProofFile) -> Option<Reason> {
    let admitted = check::admit(key, sitting, &file.proof, file.nullifier, None);
    admitted.err().map(|refusal| (refusal.code(), refusal.to_string()))
}

/// A refusal by the state of the room is a verdict; anything else is a failure to judge.
fn reason(error: &Error) -> Result<Reason, Error> {
    match error {
        Error::Refused { code, message, .. } => Ok((code, message.clone())),
        other => Err(Error::IndexerWrong(other.to_string())),
    }
}

fn details(verdicts: &Verdicts) -> Value {
    let word = |reason: &Option<Reason>| reason.as_ref().map_or("accepted", |(code, _)| *code);
    json!({"file": word(&verdicts.file), "local": word(&verdicts.local), "chain": verdicts.chain})
}

fn report(arguments: &Check, file: &ProofFile, verdicts: Verdicts) -> Result<Report, Error> {
    let details = details(&verdicts);
    if let Some((code, message)) = verdicts.file.or(verdicts.local) {
        let on_chain = if verdicts.chain { "accepts the bytes alone" } else { "refuses too" };
        return Err(Error::Refused {
            code,
            message: format!("{message} (the contract {on_chain})"),
            details: Some(details),
        });
    }
    let document = json!({
        "accepted": true, "verdicts": details, "roomId": arguments.room, "sittingId": file.sitting_id,
        "nullifier": file.nullifier, "payload": file.payload, "issuedAt": file.issued_at,
    });
    let text = format!(
        "Accepted here and by the contract: sitting {} of room {}, nullifier {}.",
        file.sitting_id, arguments.room, file.nullifier
    );
    Ok(Report::new(document, text))
}

/// Verdicts that differ: because the index lags behind the chain, or, worse, because one of them is wrong.
async fn disagreement(
    chain: &Chain,
    deployment: &Deployment,
    room: &Room,
    verdicts: &Verdicts,
) -> Result<Error, Error> {
    let call = TownHall::sittingOfCall { roomId: room.room_id };
    let pinned = chain.call(deployment.town_hall, &call).await?;
    let indexed = room.sitting.as_ref().map_or(NONE, |sitting| Running { id: sitting.sitting_id, root: sitting.root });
    let pinned = if pinned.id == 0 { NONE } else { Running { id: pinned.id, root: pinned.root.into() } };
    Ok(cause(pinned, indexed, verdicts))
}

/// A room's running sitting: its number, from 1, and the root it pinned.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Running {
    id: u64,
    root: B256,
}

/// No sitting runs.
const NONE: Running = Running { id: 0, root: B256::ZERO };

/// Why two verdicts differ, by the sitting that each judge had before it: the contract the pinned one, the verifier here
/// the indexed one. Verdicts about one and the same sitting have no excuse.
fn cause(pinned: Running, indexed: Running, verdicts: &Verdicts) -> Error {
    let details = Some(details(verdicts));
    if pinned != indexed {
        let message = format!("the indexer knows sitting {}, the chain runs {}; try again", indexed.id, pinned.id);
        return Error::Refused { code: "indexer_behind", message, details };
    }
    let message = "the verifier here and the contract disagree: trust neither and report this proof".into();
    Error::Refused { code: "verdicts_disagree", message, details }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presented_payload_takes_the_last_word_of_the_bytes_and_nothing_else() {
        let bytes = Bytes::from((0..ENVELOPE_LEN).map(|i| i as u8).collect::<Vec<_>>());
        let presented = present(bytes.clone(), Some(B256::repeat_byte(0xee)));
        assert_eq!(presented[..320], bytes[..320]);
        assert_eq!(presented[320..], [0xee; 32]);
        assert_eq!(present(bytes.clone(), None), bytes);
        let short = Bytes::from(vec![1, 2, 3]);
        assert_eq!(present(short.clone(), Some(B256::ZERO)), short);
    }

    #[test]
    fn verdicts_that_differ_accuse_a_judge_only_when_both_judged_the_same_sitting() {
        let running = |id, root| Running { id, root: B256::repeat_byte(root) };
        let judged = |pinned, indexed, chain: bool| {
            let local = chain.then(|| ("proof_invalid", String::new()));
            match cause(pinned, indexed, &Verdicts { file: None, local, chain }) {
                Error::Refused { code, details, .. } => (code, details.unwrap()),
                other => panic!("{other}"),
            }
        };
        let accepted_by = |chain: bool| {
            let local = if chain { "proof_invalid" } else { "accepted" };
            json!({"file": "accepted", "local": local, "chain": chain})
        };
        for chain in [false, true] {
            for (pinned, indexed, code) in [
                (running(2, 7), running(1, 7), "indexer_behind"),
                (running(2, 7), NONE, "indexer_behind"),
                (NONE, running(2, 7), "indexer_behind"),
                (running(2, 7), running(2, 8), "indexer_behind"),
                (running(2, 7), running(2, 7), "verdicts_disagree"),
                (NONE, NONE, "verdicts_disagree"),
            ] {
                let found = judged(pinned, indexed, chain);
                assert_eq!(found, (code, accepted_by(chain)), "{} and {}", pinned.id, indexed.id);
            }
        }
    }
}

//! Calls of the contract of recordings: to an executor in a session message, so that the transaction names no participant
//! (ELIGIBILITY 4.5). What the executor answers only says when to send the next, or to give up; that something is done is what
//! own index says of final blocks.

use std::time::Duration;

use alloy::primitives::Bytes;
use pars_bindings::RecordingConsent::{Recording as Called, anchorCall, submitCall, withdrawCall};
use pars_bindings::consent::ConsentCall;
use pars_bindings::typed::seconds40;
use pars_crypto::secret::Zeroizing;
use pars_engine::io::{Direction, Event};
use pars_engine::room::{Anchor, Authority, CHAIN_SLACK_MS, Withdrawal};
use pars_engine::{Command, CommandId};
use pars_identity::IdentityId;
use pars_indexer::{ConsentView, Recordings};
use pars_proto::action::{ActionContent, ActionReceipt, Outcome};
use pars_proto::room::recording::{Recording, Submission};
use pars_proto::session::PqAuth;
use pars_rpc::{Code, RpcError};
use pars_wire::RecordingId;
use pars_wire::codec::Wire;
use pars_wire::content::ContentType;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::chain::Progress;
use crate::driver::{Handle, Stopped};
use crate::random;
use crate::recordings::ToWithdraw;

/// How long calls may take until they are final: less than after which the machine asks again.
const PATIENCE: Duration = Duration::from_secs(100);
/// How long before it is asked own index may have begun to read what it answers with: the machine counts this in.
const SEEN: Duration = Duration::from_millis(CHAIN_SLACK_MS);
/// How long it may take to read it.
const ANSWER: Duration = Duration::from_secs(5);
/// Entries of a history looked at in one piece.
const PAGE: usize = 64;

/// What calls are to bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::room) enum Wanted {
    /// Every key has signed.
    Authorised,
    /// A key has withdrawn.
    Withdrawn,
    /// What was recorded is named.
    Anchored,
}

impl Wanted {
    fn stands(self, view: &ConsentView) -> bool {
        match self {
            Self::Authorised => view.row.valid_until.is_some(),
            Self::Withdrawn => view.row.withdrawn,
            Self::Anchored => view.row.cid.is_some(),
        }
    }
}

/// The contract, as seats reach and see it.
#[derive(Clone, Debug)]
pub(in crate::room) struct Contract {
    pub(in crate::room) handle: Handle,
    pub(in crate::room) index: Recordings,
    pub(in crate::room) progress: watch::Receiver<Progress>,
    /// The executor of the settings.
    pub(in crate::room) through: Option<IdentityId>,
}

/// A message on its way: to whom, its place in the history, its id.
type Sent = (IdentityId, u64, [u8; 16]);

impl Contract {
    /// The executor that calls go to, if a session with it can carry them.
    pub(in crate::room) async fn executor(&self, named: Option<IdentityId>) -> Result<IdentityId, RpcError> {
        let refuse = |sentence: &str| RpcError::new(Code::NoExecutor, sentence);
        let to = named.or(self.through).ok_or_else(|| {
            refuse("no executor is named: name one in the call, or start the daemon with --recordings-through")
        })?;
        let conversation = self.handle.read(move |node| {
            let all = node.member().map(pars_engine::member::Member::conversations).unwrap_or_default();
            all.into_iter().find(|conversation| conversation.peer == to && !conversation.closed)
        });
        let conversation = conversation.await.map_err(|Stopped| Code::Internal)?;
        match conversation.and_then(|conversation| conversation.pq_auth) {
            Some(PqAuth::Confirmed) => Ok(to),
            Some(PqAuth::Pending) => Err(refuse("the executor has not answered yet: send it a text, and wait for one")),
            None => Err(refuse("there is no session with the executor: open one, and send it a text")),
        }
    }

    /// What own index says of a span; none if the chain's node does not tell what it knows now. A node that is behind the chain
    /// and does not know it is not found out.
    pub(in crate::room) async fn authority(&self, span: RecordingId) -> Option<Authority> {
        let moment = Instant::now().checked_sub(SEEN)?;
        tokio::time::timeout(ANSWER, self.index.seen_since(moment)).await.ok()?;
        // A withdrawal is one from the first block on: that it may be replaced helps nobody.
        let of = |view: ConsentView| Authority {
            until: view.authorised_until(),
            is_final: view.is_final,
            withdrawn: view.row.withdrawn,
        };
        match self.index.span(span).await {
            Ok(view) => Some(view.map(of).unwrap_or_default()),
            Err(error) => {
                tracing::warn!(%error, "the own index does not say what was agreed to");
                None
            }
        }
    }

    /// Have calls executed, in their order, and wait for final blocks that say so; whether they do.
    pub(in crate::room) async fn execute(
        &self,
        through: Option<IdentityId>,
        (span, wanted): (RecordingId, Wanted),
        calls: Vec<ConsentCall>,
    ) -> bool {
        let sent = async {
            let mut signers = 0;
            for call in &calls {
                signers += signed(call);
                let view = self.index.span(span).await.ok().flatten();
                if view.as_ref().is_some_and(|view| wanted.stands(view)) {
                    break;
                }
                // Another time it was taken, and what came after it was not: the contract takes no key twice.
                if signers > 0 && view.is_some_and(|view| usize::from(view.row.total) >= signers) {
                    continue;
                }
                if let Err(why) = self.carry(through, call).await
                    && !self.shows(span, wanted).await
                {
                    tracing::warn!(why, ?wanted, "a call of the contract was not carried out; it is tried again");
                    return;
                }
            }
            std::future::pending().await
        };
        tokio::select! {
            () = self.becomes(span, wanted) => true,
            () = sent => false,
            () = tokio::time::sleep(PATIENCE) => false,
        }
    }

    /// Whether own index shows it, final or not.
    pub(in crate::room) async fn shows(&self, span: RecordingId, wanted: Wanted) -> bool {
        matches!(self.index.span(span).await, Ok(Some(view)) if wanted.stands(&view))
    }

    /// Until it stands in a final block.
    async fn becomes(&self, span: RecordingId, wanted: Wanted) {
        let mut progress = self.progress.clone();
        loop {
            if let Ok(Some(view)) = self.index.span(span).await
                && view.is_final
                && wanted.stands(&view)
            {
                return;
            }
            if progress.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Until the executor says that a call stands in a block.
    async fn carry(&self, through: Option<IdentityId>, call: &ConsentCall) -> Result<(), String> {
        let to = through.ok_or("no executor is named")?;
        let bytes = call.encode().map_err(|error| error.to_string())?;
        let receipt = self.receipt(self.send(to, bytes).await?).await.map_err(|error| error.to_string())?;
        match receipt.outcome() {
            Outcome::Executed => Ok(()),
            Outcome::Failed | Outcome::Refused(_) => Err(receipt.reason().to_owned()),
        }
    }

    async fn send(&self, to: IdentityId, call: Vec<u8>) -> Result<Sent, String> {
        let id = CommandId(random::bytes());
        let content = Zeroizing::new(ActionContent::Consent(call).encode());
        let outcome = self.handle.outcome(id, Command::Send { to, content_type: ContentType::Action, content }, {
            move |event: &Event| match event {
                Event::Queued { command, cursor, id: message, .. } if *command == id => {
                    Some(Ok((to, *cursor, message.0)))
                }
                Event::Refused { command, error } if *command == id => Some(Err(error.to_string())),
                _ => None,
            }
        });
        outcome.await.map_err(|error| error.to_string())?
    }

    /// The first receipt of a message.
    async fn receipt(&self, (from, mut after, id): Sent) -> Result<ActionReceipt, Stopped> {
        let mut events = self.handle.events();
        loop {
            let page = self.handle.read(move |node| node.member().map(|it| it.history(after, Some(from), PAGE)));
            let page = page.await?.unwrap_or_default();
            after = page.last().map_or(after, |entry| entry.cursor);
            let receipts = page.iter().filter(|entry| {
                entry.direction == Direction::Received && entry.content_type == Some(ContentType::ActionReceipt)
            });
            let mut receipts = receipts.filter_map(|entry| ActionReceipt::decode(&entry.content).ok());
            if let Some(receipt) = receipts.find(|receipt| receipt.answers() == id) {
                return Ok(receipt);
            }
            while page.is_empty() {
                match events.recv().await {
                    Ok(event) if !matches!(*event, Event::Received(_)) => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return Err(Stopped),
                }
            }
        }
    }
}

/// How many keys sign in a chunk.
const fn signed(call: &ConsentCall) -> usize {
    match call {
        ConsentCall::Submit(call) => call.signers.len(),
        ConsentCall::Withdraw(_) | ConsentCall::Anchor(_) => 0,
    }
}

fn called(of: &Recording) -> Option<Called> {
    Some(Called {
        recordingId: of.tag.0,
        roster: of.roster,
        participants: of.participants,
        policy: of.policy,
        recorder: of.recorder,
        validUntil: seconds40(of.valid_until)?,
    })
}

fn bytes(of: &[u8]) -> Bytes {
    Bytes::copy_from_slice(of)
}

/// `submit`; none of a time that the contract does not know.
pub(in crate::room) fn submit(of: &Submission) -> Option<ConsentCall> {
    Some(ConsentCall::Submit(submitCall {
        r: called(&of.recording)?,
        signers: of.signers.iter().map(|signer| bytes(signer.as_bytes())).collect(),
        signatures: of.signatures.iter().map(|signature| bytes(signature.as_bytes())).collect(),
        proof: of.proof.proof.clone(),
        flags: of.proof.flags.clone(),
    }))
}

/// `withdraw`.
pub(in crate::room) fn withdraw(of: &Withdrawal) -> Option<ConsentCall> {
    Some(ConsentCall::Withdraw(withdrawCall {
        r: called(&of.recording)?,
        signer: bytes(of.signer.as_bytes()),
        proof: of.proof.clone(),
        signature: bytes(of.signature.as_bytes()),
    }))
}

/// A withdrawal as it is kept; none if it cannot be sent at all.
pub(in crate::room) fn to_withdraw(of: &Withdrawal, waits: bool, through: Option<IdentityId>) -> Option<ToWithdraw> {
    let Recording { valid_until, .. } = of.recording;
    let call = withdraw(of)?.encode().ok()?;
    Some(ToWithdraw { span: of.recording.span(), valid_until, waits, through, call })
}

/// `anchor`.
pub(in crate::room) fn anchor(of: &Anchor) -> Option<ConsentCall> {
    Some(ConsentCall::Anchor(anchorCall {
        r: called(&of.recording)?,
        signer: bytes(of.signer.as_bytes()),
        cid: bytes(&of.cid),
        wraps: of.wraps,
        signature: bytes(of.signature.as_bytes()),
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use alloy::primitives::{Address, B256};
    use pars_proto::room::recording::{ConsentDomain, ConsentKey, ConsentRoster, RecordingTag, submissions};
    use pars_wire::ChainId;

    use super::*;
    use crate::driver::SUITE;

    /// What machines make is what the contract's bindings say, and each call goes in one message.
    #[test]
    fn every_call_names_its_span_and_fits_a_message() {
        let rng = &mut random::system();
        let domain = ConsentDomain { chain: ChainId(7_072), contract: Address::repeat_byte(3) };
        let classical = (0..100).map(|_| ConsentKey::generate(&mut random::system()));
        let others = (0..2).map(|_| ConsentKey::generate_ml_dsa(SUITE, &mut random::system(), Address::repeat_byte(4)));
        let keys: Vec<_> = classical.chain(others).collect();
        let roster = ConsentRoster::new(keys.iter().map(|key| key.signer().hash())).unwrap();
        let recording = Recording {
            tag: RecordingTag(B256::repeat_byte(1)),
            roster: roster.root(),
            participants: 102,
            policy: B256::repeat_byte(2),
            recorder: keys[0].signer().hash(),
            valid_until: 1_800_000_000,
        };
        let span = recording.span();
        let mut sign = |key: &ConsentKey, digest| key.sign(SUITE, rng, digest).unwrap();
        let consents: BTreeMap<_, _> = keys
            .iter()
            .map(|key| (key.signer().hash(), (key.signer(), sign(key, domain.consent_digest(span)))))
            .collect();
        let chunks = submissions(&recording, &roster, &consents).unwrap();
        assert!(chunks.len() >= 3, "two keys of ML-DSA do not go together");
        let last = keys.last().unwrap();
        let withdrawal = Withdrawal {
            recording,
            signer: last.signer(),
            proof: roster.proof(&last.signer().hash()).unwrap(),
            signature: sign(last, domain.withdraw_digest(span)),
        };
        let wraps = B256::repeat_byte(5);
        let digest = domain.anchor_digest(span, &[7; 36], wraps);
        let anchored =
            Anchor { recording, signer: keys[0].signer(), cid: vec![7; 36], wraps, signature: sign(&keys[0], digest) };
        let kept = to_withdraw(&withdrawal, true, None).unwrap();
        assert_eq!((kept.span, kept.valid_until), (span, 1_800_000_000));
        assert_eq!(ConsentCall::decode(&kept.call).ok(), withdraw(&withdrawal));
        let calls = chunks.iter().map(submit).chain([withdraw(&withdrawal), anchor(&anchored)]);
        for call in calls {
            let call = call.unwrap();
            assert_eq!(call.recording(), span.0);
            assert_eq!(ConsentCall::decode(&call.encode().unwrap()), Ok(call));
        }
    }
}

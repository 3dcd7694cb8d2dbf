//! `trigger.certify`, `trigger.send`: the daemon says whose a trigger key is, and carries what the key has signed.
//!
//! The certificate goes once in each session, and lies at the nodes before the action leaves: so the executor knows the key
//! when it reads the action.

use alloy::primitives::Address;
use pars_crypto::hash::sha3;
use pars_crypto::secret::Zeroizing;
use pars_engine::io::{Delivery, Event};
use pars_engine::{Command, CommandId, Node};
use pars_identity::IdentityId;
use pars_identity::seed::IdentityKeys;
use pars_identity::trigger::{TriggerCertificate, TriggerKey};
use pars_proto::action::{ActionContent, SignedAction};
use pars_rpc::message::Sent;
use pars_rpc::trigger::{Certificate, Certify, SendAction};
use pars_rpc::{Code, RpcError};
use pars_wire::codec::Wire;
use pars_wire::content::ContentType;
use pars_wire::{ChainId, SignerId};
use tokio::sync::broadcast::error::RecvError;

use super::Context;
use super::answer::{Answers, stopped};
use super::message::{Content, send};
use super::session::{OUTCOME, find, outcome, peer};
use crate::driver::{Handle, SUITE, Stopped};
use crate::random;

fn refuse(sentence: impl ToString) -> RpcError {
    RpcError::new(Code::ActionRefused, sentence.to_string())
}

fn of_this_chain(context: &Context, chain: u64) -> Result<(), RpcError> {
    let ours = context.network.chain_id();
    if chain == ours {
        return Ok(());
    }
    Err(refuse(format!("the key is for chain {chain}, network {} is chain {ours}", context.network.name())))
}

impl Answers for Certify {
    async fn answer(self, context: &Context) -> Result<Certificate, RpcError> {
        of_this_chain(context, self.chain_id)?;
        let key = TriggerKey {
            chain: ChainId(self.chain_id),
            trigger: Address::new(self.trigger.0),
            account: Address::new(self.account.0),
            signer: SignerId(self.signer_id.0.into()),
        };
        let certificate = context.handle.read(move |node| certify(node, key)).await.map_err(stopped)?;
        Ok(Certificate { certificate: hex::encode(certificate.ok_or(Code::NoIdentity)?) })
    }
}

fn certify(node: &Node, key: TriggerKey) -> Option<Vec<u8>> {
    let keys = IdentityKeys::derive(SUITE, &node.member()?.identity().entropy);
    Some(keys.certify_trigger(SUITE, key, &mut random::system()).encode())
}

impl Answers for SendAction {
    async fn answer(self, context: &Context) -> Result<Sent, RpcError> {
        let certificate = bytes("certificate", &self.certificate)?;
        let core = context.handle.read(|node| node.member().map(|member| member.identity().record.core().clone()));
        let core = core.await.map_err(stopped)?.ok_or(Code::NoIdentity)?;
        let certificate = TriggerCertificate::verify(SUITE, &certificate, &core).map_err(refuse)?;
        of_this_chain(context, certificate.key().chain.0)?;
        let signature = bytes("signature", &self.signature)?.into_boxed_slice();
        let signature = signature.try_into().map_err(|_| refuse("a signature has 4,627 bytes"))?;
        let action = SignedAction::new(bytes("sessionMessage", &self.session_message)?, signature).map_err(refuse)?;
        introduce(context, peer(self.session), &certificate.encode()).await?;
        send(context, self.session, self.client_id, content(&ActionContent::Action(action))).await
    }
}

fn bytes(what: &str, digits: &str) -> Result<Vec<u8>, RpcError> {
    hex::decode(digits.strip_prefix("0x").unwrap_or(digits)).map_err(|_| refuse(format!("{what} is not hexadecimal")))
}

fn content(content: &ActionContent) -> Content {
    Content { kind: ContentType::Action, bytes: Zeroizing::new(content.encode()) }
}

/// The certificate, once in each session, at the nodes when this returns.
async fn introduce(context: &Context, to: IdentityId, certificate: &[u8]) -> Result<(), RpcError> {
    let session = find(context, to).await?.ok_or(Code::UnknownSession)?.ratchet;
    // The same certificate in the same session is the same command: it is sent once.
    let hash = sha3(&[b"certificate", &to.0, &session.map(|id| id.0).unwrap_or_default(), certificate]);
    let mut id = CommandId([0; 16]);
    id.0.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    let certificate = Box::new(certificate.try_into().map_err(refuse)?);
    let Content { kind, bytes } = content(&ActionContent::Certificate(certificate));
    let command = Command::Send { to, content_type: kind, content: bytes };
    let cursor = outcome(context, id, command, move |event| match event {
        Event::Queued { command, cursor, .. } if *command == id => Some(Ok(*cursor)),
        _ => None,
    });
    let stored = stored(&context.handle, to, cursor.await?);
    tokio::time::timeout(OUTCOME, stored).await.map_err(|_| RpcError::from(Code::Timeout))?.map_err(stopped)
}

/// Until a message of ours lies at enough nodes.
async fn stored(handle: &Handle, to: IdentityId, cursor: u64) -> Result<(), Stopped> {
    let mut events = handle.events();
    loop {
        let delivery = handle.read(move |node| {
            let page = node.member()?.history(cursor.saturating_sub(1), Some(to), 1);
            page.first().filter(|entry| entry.cursor == cursor).map(|entry| entry.delivery)
        });
        // Gone from the history: stored long ago.
        if delivery.await?.is_none_or(|delivery| matches!(delivery, Delivery::Stored { .. })) {
            return Ok(());
        }
        match events.recv().await {
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Err(Stopped),
        }
    }
}

//! Metadata objects of rooms over discovery: put to every bootstrap node, fetched from all of them at once, the first that fits
//! counts. Which objects a node holds, its own index decides ([`Objects`](crate::room::objects::Objects)).

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::primitives::B256;
use tokio::sync::oneshot;

use super::super::directory::Refusal;
use super::wire::{Bytes, Request, Response};
use super::{Asked, Discovery};
use crate::room::objects::{MAX_OBJECT, ObjectAsk, name};

enum Waiting {
    Put { held: usize, reply: oneshot::Sender<usize> },
    Get { hash: B256, reply: oneshot::Sender<Option<Arc<[u8]>>> },
}

/// Questions that bootstrap nodes have not all answered yet.
#[derive(Default)]
pub(super) struct Questions {
    next: u64,
    open: BTreeMap<u64, (usize, Waiting)>,
}

impl Questions {
    fn ask(&mut self, peers: usize, waiting: Waiting) -> u64 {
        self.next += 1;
        self.open.insert(self.next, (peers, waiting));
        self.settle(self.next);
        self.next
    }

    /// A node answered; whoever asked may be gone.
    pub(super) fn answered(&mut self, question: u64, response: Response) {
        match (self.open.remove(&question), response) {
            (Some((left, Waiting::Put { held, reply })), Response::Held) => {
                self.open.insert(question, (left, Waiting::Put { held: held + 1, reply }));
            }
            (Some((_, Waiting::Get { hash, reply })), Response::Object(Some(object))) if name(&object.0) == hash => {
                let _ = reply.send(Some(object.0.into()));
            }
            (Some(waiting), _) => drop(self.open.insert(question, waiting)),
            (None, _) => {}
        }
        self.failed(question);
    }

    /// A node will not answer.
    pub(super) fn failed(&mut self, question: u64) {
        if let Some((left, _)) = self.open.get_mut(&question) {
            *left = left.saturating_sub(1);
        }
        self.settle(question);
    }

    fn settle(&mut self, question: u64) {
        if self.open.get(&question).is_some_and(|(left, _)| *left == 0) {
            match self.open.remove(&question) {
                Some((_, Waiting::Put { held, reply })) => drop(reply.send(held)),
                Some((_, Waiting::Get { reply, .. })) => drop(reply.send(None)),
                None => {}
            }
        }
    }
}

impl Discovery {
    /// Ask every bootstrap node but ourselves.
    pub(super) fn ask_object(&mut self, ask: ObjectAsk) {
        let own = *self.swarm.local_peer_id();
        let peers: Vec<_> = self.config.bootstrap.iter().map(|(peer, _)| *peer).filter(|peer| *peer != own).collect();
        let (request, waiting) = match ask {
            ObjectAsk::Put(object, reply) => {
                let held = usize::from(self.config.serves && self.config.objects.0.hold(&object));
                (Request::PutObject(Bytes(object.to_vec())), Waiting::Put { held, reply })
            }
            ObjectAsk::Get(hash, reply) => (Request::GetObject(Bytes(hash.to_vec())), Waiting::Get { hash, reply }),
        };
        let question = self.questions.ask(peers.len(), waiting);
        for peer in peers {
            self.ask(peer, request.clone(), Asked::Object(question));
        }
    }

    /// What a service node answers.
    pub(super) fn answer_object(&self, request: Request) -> Response {
        match request {
            Request::PutObject(object) if object.0.len() <= MAX_OBJECT && self.config.objects.0.hold(&object.0) => {
                Response::Held
            }
            Request::GetObject(hash) => {
                let hash = <[u8; 32]>::try_from(hash.0.as_slice()).ok();
                let object = hash.and_then(|hash| self.config.objects.0.get(&hash.into()));
                Response::Object(object.map(|object| Bytes(object.to_vec())))
            }
            _ => Response::Refused(Refusal::Unregistered),
        }
    }
}

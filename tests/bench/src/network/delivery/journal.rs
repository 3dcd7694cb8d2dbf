//! When each replica held each object: read off the frames that replicas send each other, which no node lets out before its
//! own copy is synced.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use pars_crypto::hash::sha3;
use pars_daemon::net::{Net, NetIn};
use pars_proto::swarm::command::{Command, Received};
use pars_proto::swarm::frame::{Body, Frame, VERSION};
use pars_wire::NodeId;
use tokio::sync::mpsc;

/// Inputs of a network that may wait here: as many as its own queue.
const QUEUE: usize = 1_024;

#[derive(Default)]
struct Notes {
    /// Which object a request of a coordinator is about.
    requests: BTreeMap<u64, [u8; 32]>,
    /// A coordinator asks the others once its own copy is synced.
    asked: Vec<([u8; 32], NodeId, Instant)>,
    /// A receipt.
    answered: Vec<(u64, NodeId, Instant)>,
}

/// Shared by the taps of all nodes.
#[derive(Clone, Default)]
pub(super) struct Journal(Arc<Mutex<Notes>>);

impl Journal {
    /// The same network, whose outgoing frames are noted after they were handed on.
    pub(super) fn tap(&self, net: Net) -> Net {
        let Net { to, from, listen, addresses, objects, ended } = net;
        let (tapped, mut inputs) = mpsc::channel(QUEUE);
        let journal = self.clone();
        tokio::spawn(async move {
            while let Some(input) = inputs.recv().await {
                let frame = match &input {
                    NetIn::Send { bytes, .. } if bytes.first() == Some(&VERSION) => {
                        Some((bytes.clone(), crate::clock::now()))
                    }
                    _ => None,
                };
                if to.send(input).await.is_err() {
                    return;
                }
                frame.into_iter().for_each(|(bytes, at)| journal.note(&bytes, at));
            }
        });
        Net { to: tapped, from, listen, addresses, objects, ended }
    }

    fn note(&self, bytes: &[u8], at: Instant) {
        let Ok(Frame { request, from, body }) = Frame::decode(bytes) else { return };
        match body {
            Body::Store(command) => {
                let Ok(Received { command: Command::Put { object, .. }, .. }) = Received::decode(&command) else {
                    return;
                };
                let object = sha3(&[&object]);
                let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                notes.requests.insert(request, object);
                notes.asked.push((object, from, at));
            }
            Body::Answer(Ok(_)) => {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).answered.push((request, from, at));
            }
            Body::Query(_) | Body::Answer(Err(_)) => {}
        }
    }

    /// By the hash of the object: when each node that holds it had synced it, the first first.
    pub(super) fn copies(&self) -> BTreeMap<[u8; 32], Vec<Instant>> {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = notes.answered.iter();
        let answered = answered.filter_map(|(request, node, at)| Some((*notes.requests.get(request)?, *node, *at)));
        let mut held: BTreeMap<([u8; 32], NodeId), Instant> = BTreeMap::new();
        for (object, node, at) in notes.asked.iter().copied().chain(answered) {
            held.entry((object, node)).and_modify(|first| *first = at.min(*first)).or_insert(at);
        }
        let mut copies: BTreeMap<[u8; 32], Vec<Instant>> = BTreeMap::new();
        for ((object, _), at) in held {
            copies.entry(object).or_default().push(at);
        }
        copies.values_mut().for_each(|times| times.sort_unstable());
        copies
    }
}

//! Metadata objects of rooms, by their hash: what a service node keeps for others, what a daemon has fetched, and how both are
//! asked for over discovery.
//!
//! A node keeps only what the own index pins: the `metadataHash` of a room or of its running sitting, 16 KiB each. Whoever asks
//! learns nothing about members: the hash stands on chain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alloy::primitives::B256;
use pars_crypto::hash::hash;
use pars_crypto::label::HashLabel;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Bytes of an object at most.
pub const MAX_OBJECT: usize = pars_proto::room::metadata::MAX_OBJECT;
/// Objects kept at most: 64 MiB.
const MAX_OBJECTS: usize = 4_096;
/// Requests that wait for discovery.
const ASKS: usize = 64;

#[derive(Debug, Default)]
struct Held {
    wanted: BTreeSet<B256>,
    objects: BTreeMap<B256, Arc<[u8]>>,
}

/// The objects; clones hold the same ones.
#[derive(Clone, Debug, Default)]
pub struct Objects(Arc<Mutex<Held>>);

/// What discovery is asked.
#[derive(Debug)]
pub enum ObjectAsk {
    /// Give this to every bootstrap node; how many hold it.
    Put(Arc<[u8]>, oneshot::Sender<usize>),
    /// Fetch the object of this hash.
    Get(B256, oneshot::Sender<Option<Arc<[u8]>>>),
}

/// The object's name: `H("pars-room-object-v1"; object)`.
pub fn name(object: &[u8]) -> B256 {
    hash(HashLabel::ROOM_OBJECT, &[object]).into()
}

impl Objects {
    fn held<T>(&self, with: impl FnOnce(&mut Held) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Which hashes the index pins now; others are forgotten.
    pub fn want(&self, wanted: BTreeSet<B256>) {
        self.held(|held| {
            held.objects.retain(|hash, _| wanted.contains(hash));
            held.wanted = wanted;
        });
    }

    /// Keep an object if it is wanted; whether it is held now.
    pub fn hold(&self, object: &[u8]) -> bool {
        if object.len() > MAX_OBJECT {
            return false;
        }
        let hash = name(object);
        self.held(|held| {
            if !held.wanted.contains(&hash) {
                return false;
            }
            if held.objects.len() < MAX_OBJECTS {
                held.objects.entry(hash).or_insert_with(|| object.into());
            }
            held.objects.contains_key(&hash)
        })
    }

    /// An object.
    pub fn get(&self, hash: &B256) -> Option<Arc<[u8]>> {
        self.held(|held| held.objects.get(hash).cloned())
    }
}

/// Asks discovery.
#[derive(Clone, Debug)]
pub struct ObjectClient(mpsc::Sender<ObjectAsk>);

impl ObjectClient {
    /// A client, and where its questions come.
    pub fn new() -> (Self, mpsc::Receiver<ObjectAsk>) {
        let (asks, receiver) = mpsc::channel(ASKS);
        (Self(asks), receiver)
    }

    /// Give an object to the service nodes; how many hold it.
    pub async fn put(&self, object: Arc<[u8]>) -> usize {
        let (reply, answer) = oneshot::channel();
        match self.0.send(ObjectAsk::Put(object, reply)).await {
            Ok(()) => answer.await.unwrap_or_default(),
            Err(_) => 0,
        }
    }

    /// Fetch an object; what comes has this hash. That no node has it is known when all have answered: who does not is waited for
    /// so long.
    pub async fn get(&self, hash: B256, patience: Duration) -> Option<Arc<[u8]>> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.0.send(ObjectAsk::Get(hash, reply)).await.ok()?;
            answer.await.ok()?
        };
        timeout(patience, asked).await.ok().flatten().filter(|object| name(object) == hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_node_that_does_not_answer_is_not_waited_for_for_ever() {
        let (client, mut asks) = ObjectClient::new();
        let asked = tokio::spawn(async move { client.get(name(b"object"), Duration::from_millis(50)).await });
        // The question stays open: without a limit this would wait for ever.
        let Some(ObjectAsk::Get(_, _open)) = asks.recv().await else { panic!("nobody is asked") };
        assert!(asked.await.unwrap().is_none());
    }

    #[test]
    fn only_what_the_index_pins_is_kept_and_only_as_long() {
        let objects = Objects::default();
        assert!(!objects.hold(b"object"), "nobody pins it");
        let hash = name(b"object");
        objects.want(BTreeSet::from([hash]));
        assert!(objects.hold(b"object") && objects.hold(b"object"));
        assert!(!objects.hold(b"another"));
        assert!(!objects.hold(&vec![0; MAX_OBJECT + 1]));
        assert_eq!(objects.get(&hash).as_deref(), Some(&b"object"[..]));
        objects.want(BTreeSet::new());
        assert_eq!(objects.get(&hash), None);
    }

    #[tokio::test]
    async fn an_object_of_another_hash_is_no_answer() {
        let (client, mut asks) = ObjectClient::new();
        tokio::spawn(async move {
            while let Some(ask) = asks.recv().await {
                if let ObjectAsk::Get(_, reply) = ask {
                    let _ = reply.send(Some(b"swapped".as_slice().into()));
                }
            }
        });
        assert!(client.get(name(b"asked for"), LONG).await.is_none());
        assert!(client.get(name(b"swapped"), LONG).await.is_some());
    }
}

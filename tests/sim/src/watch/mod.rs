//! What must hold at every moment of a run. A broken rule ends the run with its seed and the last lines of the log.
//!
//! | Rule | How it is seen |
//! |---|---|
//! | packets have 16,384 bytes | every send |
//! | no hop holds both ends | the way of each packet: sender, three relays, end: all different hosts |
//! | a message arrives at most once | one cursor for each message id at each reader, one object for each message |
//! | no message key is used twice | [`keys`]: the writer's chain and position of each object that leaves |
//! | no key of AES-256-GCM meets a nonce twice | [`pars_crypto::witness`], over all hosts and all their lives |
//! | nobody is told of a gap | no object is damaged, so each gap would be a key used twice or a copy read twice |
//! | a cursor means one message | told again only with the same message |
//! | what was acknowledged is not told again | events behind the durable end of an acknowledgement, over restarts |
//! | queues are bounded | steps and effects that wait, packets under way |
//! | hosts agree on a day's registry | whatever the chain does within its finality distance |
//! | acknowledged is delivered | [`Watch::missing`] at the end |

pub mod keys;

use std::collections::{BTreeMap, BTreeSet};

use pars_engine::Node;
use pars_engine::io::Received;
use pars_engine::registry::Registry;
use pars_proto::session::MessageId;
use pars_wire::codec::Day;
use pars_wire::limits::PACKET;

use crate::host::HostId;

/// Effects and tasks that may wait in one node.
pub const MAX_NODE_QUEUE: usize = 256;
/// Things that may be under way in the world.
pub const MAX_WORLD_QUEUE: usize = 20_000;

/// A rule that was broken.
pub type Broken = String;

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Watch {
    cursors: BTreeMap<(HostId, u64), MessageId>,
    places: BTreeMap<(HostId, MessageId), (u64, [u8; 32])>,
    queued: BTreeSet<MessageId>,
    delivered: BTreeSet<MessageId>,
    acknowledged: BTreeMap<HostId, u64>,
    registries: BTreeMap<Day, Registry>,
    /// Which key sealed which object.
    pub keys: keys::Keys,
    /// The longest queue of a node.
    pub longest: usize,
    /// Ways of packets that were looked at.
    pub ways: u64,
}

impl Watch {
    /// A packet leaves.
    ///
    /// # Errors
    /// Its size.
    pub fn packet(&self, bytes: &[u8]) -> Result<(), Broken> {
        if bytes.len() == PACKET { Ok(()) } else { Err(format!("a packet of {} bytes", bytes.len())) }
    }

    /// A packet reached the end of its way.
    ///
    /// # Errors
    /// A host stands twice on it, or it has another length.
    pub fn way(&mut self, hosts: &[HostId]) -> Result<(), Broken> {
        self.ways += 1;
        let different: BTreeSet<_> = hosts.iter().collect();
        if different.len() == hosts.len() && hosts.len() == 5 { Ok(()) } else { Err(format!("a way over {hosts:?}")) }
    }

    /// A user was told that a message is durable.
    pub fn queued(&mut self, id: MessageId) {
        self.queued.insert(id);
    }

    /// What a user was told up to this cursor need not be told again; durable.
    pub fn acknowledged(&mut self, host: HostId, cursor: u64) {
        let known = self.acknowledged.entry(host).or_default();
        *known = cursor.max(*known);
    }

    /// A user was told of a message.
    ///
    /// # Errors
    /// It was told before as another one, or another one in its place; or it was acknowledged.
    pub fn received(&mut self, host: HostId, message: &Received) -> Result<(), Broken> {
        if self.acknowledged.get(&host).is_some_and(|known| message.cursor <= *known) {
            return Err(format!("{host} told a message again that was acknowledged, under cursor {}", message.cursor));
        }
        let at = *self.cursors.entry((host, message.cursor)).or_insert(message.id);
        let place = *self.places.entry((host, message.id)).or_insert((message.cursor, message.object));
        self.delivered.insert(message.id);
        if at != message.id {
            return Err(format!("{host} told another message under cursor {}", message.cursor));
        }
        if place != (message.cursor, message.object) {
            return Err(format!("{host} delivered a message twice, under cursors {} and {}", place.0, message.cursor));
        }
        Ok(())
    }

    /// An object was not read, and its reader is told of a gap.
    ///
    /// # Errors
    /// Always: nobody damages objects here, and a second copy is passed over, whatever crashed in between.
    pub fn gap(&self, host: HostId, error: &str) -> Result<(), Broken> {
        Err(format!("{host} met a gap: {error}"))
    }

    /// So many texts were sealed under a pair of key and nonce that had sealed before.
    ///
    /// # Errors
    /// Any.
    pub fn nonces(&self, repeated: u64) -> Result<(), Broken> {
        if repeated == 0 {
            Ok(())
        } else {
            Err(format!("{repeated} texts under a key and nonce that had sealed before"))
        }
    }

    /// A host is told a day's registry.
    ///
    /// # Errors
    /// Another host was told another one.
    pub fn registry(&mut self, registry: &Registry) -> Result<(), Broken> {
        let known = self.registries.entry(registry.day).or_insert_with(|| registry.clone());
        if known == registry { Ok(()) } else { Err(format!("two registries of day {}", registry.day.0)) }
    }

    /// After each input.
    ///
    /// # Errors
    /// A queue that grew too long.
    pub fn node(&mut self, node: &Node, world: usize) -> Result<(), Broken> {
        let member = node.member().map_or(0, |member| member.queued() + member.desk().held());
        self.queues(member + node.service().map_or(0, |service| service.waiting()), world)
    }

    /// What waits in one node, and what is under way in the world.
    ///
    /// # Errors
    /// A queue that grew too long.
    pub fn queues(&mut self, own: usize, world: usize) -> Result<(), Broken> {
        self.longest = self.longest.max(own);
        if own > MAX_NODE_QUEUE || world > MAX_WORLD_QUEUE {
            return Err(format!("queues of {own} in a node, {world} in the world"));
        }
        Ok(())
    }

    /// Messages that were acknowledged to their writer and not delivered to their reader.
    pub fn missing(&self) -> usize {
        self.queued.difference(&self.delivered).count()
    }

    /// Messages delivered.
    pub fn delivered(&self) -> usize {
        self.delivered.len()
    }
}

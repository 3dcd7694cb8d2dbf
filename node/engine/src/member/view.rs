//! What a user may look at: nothing here changes anything.

use std::net::SocketAddr;

use pars_identity::IdentityId;
use pars_identity::core::IdentityCore;
use pars_proto::session::machine::{Sessions, Standing};
use pars_proto::session::{Session, SessionId};
use pars_wire::NodeId;

use super::Member;
use super::desk::Desk;
use crate::identity::Identity;
use crate::io::{Conversation, Entry, Paused};

impl Member {
    /// Who this is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The engine's own state: contacts, what is on its way.
    pub const fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Every session.
    pub const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// At most `limit` messages sent and received, with one contact or with all, by rising cursor, behind `after` (0: from the
    /// beginning). Only what is durable.
    pub fn history(&self, after: u64, with: Option<IdentityId>, limit: usize) -> Vec<Entry> {
        self.desk.history.page((after, with, limit), |contact| self.read_up_to(contact))
    }

    fn read_up_to(&self, contact: IdentityId) -> u64 {
        self.desk.threads.get(&contact).map_or(0, |thread| thread.read)
    }

    /// One for each contact that was opened or that wrote to us, by its id.
    pub fn conversations(&self) -> Vec<Conversation> {
        let unread = self.desk.history.unread(|contact| self.read_up_to(contact));
        let conversation = |(peer, thread): (&IdentityId, &super::desk::Thread)| {
            let session = self.current_session(*peer);
            Conversation {
                peer: *peer,
                ratchet: session.map(Session::id),
                pq_auth: session.map(Session::pq_auth),
                reduced: thread.reduced,
                verified: thread.verified,
                closed: thread.closed,
                unread: unread.get(peer).copied().unwrap_or(0),
                paused: self.desk.history.full(*peer),
            }
        };
        self.desk.threads.iter().map(conversation).collect()
    }

    /// Conversations that are not read any further until somebody reads or acknowledges what there is; by identity.
    pub fn paused(&self) -> Vec<Paused> {
        self.desk.history.paused().map(|(peer, open)| Paused { peer, open }).collect()
    }

    /// Whether our own keys are on the disk. A member that was just created may still be lost with its identity: nobody should
    /// be told of it before.
    pub const fn durable(&self) -> bool {
        self.durable
    }

    /// The cursor of the newest message.
    pub const fn cursor(&self) -> u64 {
        self.desk.history.cursor
    }

    /// Messages received up to this cursor were acknowledged.
    pub const fn acknowledged(&self) -> u64 {
        self.desk.history.acknowledged
    }

    /// Whether all our records were read back from this week's directory nodes; durable.
    pub fn published(&self) -> bool {
        self.desk.publication.is_some_and(|publication| publication.whole)
    }

    /// The identity core of a contact, as it is pinned.
    pub fn core(&self, contact: IdentityId) -> Option<IdentityCore> {
        self.desk.pins.get(&contact).map(|pin| pin.core().clone())
    }

    /// Nodes whose descriptors of today or later are here and verified, and where they listen.
    pub fn relays(&self) -> Vec<(NodeId, Vec<SocketAddr>)> {
        self.onion.relays().all().map(|(node, addresses)| (node, addresses.to_vec())).collect()
    }

    /// Fewer relays or operators than anonymity needs.
    pub fn degraded(&self) -> bool {
        self.onion.relays().degraded()
    }

    /// The first relay, if a link stands.
    pub const fn first_relay(&self) -> Option<NodeId> {
        self.onion.first()
    }

    /// Effects that wait for commits, and tasks that run: the queues that must stay bounded.
    pub fn queued(&self) -> usize {
        let waiting = self.desk_barrier.len() + self.swarm_barrier.len() + self.desk.paused.len() + self.parked.len();
        waiting + self.jobs.len() + self.steps.len()
    }

    pub(super) fn find(&self, id: SessionId) -> Option<&Session> {
        self.sessions.all().map(|(session, _)| session).find(|session| session.id() == id)
    }

    /// The session that sends to a contact.
    pub(super) fn current_session(&self, contact: IdentityId) -> Option<&Session> {
        let mut current = self.sessions.all().filter(|(_, standing)| *standing == Standing::Current);
        current.find(|(session, _)| session.peer().address.identity == contact).map(|(session, _)| session)
    }
}

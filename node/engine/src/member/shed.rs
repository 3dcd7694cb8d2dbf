//! What was read leaves the swarm: a mailbox day holds 256 objects, and whoever writes more finds it full (SESSION section 6
//! "Quota"). The oldest go, 64 at a time, once 128 are read: the newest stay for a while, because their writer may still be
//! collecting receipts. The inbox keeps what it has: its room is what bounds strangers.
//!
//! The list lives in memory. After a restart other replicas give objects again that were read: they come into it then.

use pars_identity::IdentityId;
use pars_proto::session::SessionId;
use pars_proto::swarm::ObjectId;
use pars_proto::swarm::client::{ClientIn, DeliveryId, TaskId};
use pars_proto::swarm::mailbox::{DayKey, Flag, Tag};
use pars_wire::codec::Day;
use pars_wire::limits::MAX_DELETIONS;

use super::poll::{Reading, Source};
use super::{Context, Effect, Job, Member, Step};

/// Objects read in one mailbox day at which the oldest of them are deleted.
const SHED_AT: usize = 2 * MAX_DELETIONS;

/// A delivery whose objects are durable here.
#[derive(Debug)]
pub(super) struct Consumed {
    delivery: DeliveryId,
    tag: Tag,
    reading: Reading,
    /// The conversation; none for the inbox.
    peer: Option<IdentityId>,
    /// Those that were read or refused for good.
    objects: Vec<ObjectId>,
}

/// Objects of a mailbox day that were read and lie at the swarm, oldest first.
#[derive(Debug)]
pub(super) struct Shed {
    session: SessionId,
    day: Day,
    objects: Vec<ObjectId>,
}

impl Consumed {
    pub(super) const fn new(
        (delivery, tag): (DeliveryId, Tag),
        reading: Reading,
        peer: Option<IdentityId>,
        objects: Vec<ObjectId>,
    ) -> Self {
        Self { delivery, tag, reading, peer, objects }
    }
}

impl Member {
    /// A delivery is durable: its cursor may move, unless its conversation pauses.
    pub(super) fn consumed(&mut self, consumed: Consumed) {
        if consumed.peer.is_some_and(|peer| self.desk.history.full(peer)) {
            return self.desk.paused.push(consumed);
        }
        self.steps.push_back(Step::Swarm(ClientIn::Committed(consumed.delivery)));
        if let Source::Session(session) = consumed.reading.source {
            let (tag, day) = (consumed.tag, consumed.reading.day);
            let shed = self.shed.entry(tag).or_insert_with(|| Shed { session, day, objects: Vec::new() });
            let fresh = consumed.objects.into_iter().filter(|id| !shed.objects.contains(id)).collect::<Vec<_>>();
            shed.objects.extend(fresh);
            self.shed_oldest(tag);
        }
    }

    /// What the swarm may be told once there is room again.
    pub(super) fn unpause(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.desk.paused).into_iter().map(Effect::Consumed).collect()
    }

    fn shed_oldest(&mut self, tag: Tag) {
        let Some(Shed { session, day, objects }) = self.shed.get(&tag) else { return };
        if objects.len() < SHED_AT || self.jobs.values().any(|job| *job == Job::Shed(tag)) {
            return;
        }
        let Some(secret) = self.find(*session).map(|session| session.mailboxes().incoming.clone()) else { return };
        let mailbox = DayKey::derive(&secret, Flag::Pair, *day);
        let objects = objects.iter().take(MAX_DELETIONS).copied().collect();
        let id = self.task(Job::Shed(tag));
        self.steps.push_back(Step::Swarm(ClientIn::Delete { id, mailbox, objects }));
    }

    /// A deletion ended. When no node heard of it, it goes again with what is read next.
    pub(super) fn deleted(&mut self, id: TaskId, told: usize) {
        let Some(Job::Shed(tag)) = self.jobs.remove(&id) else { return };
        if told > 0
            && let Some(shed) = self.shed.get_mut(&tag)
        {
            shed.objects.drain(..MAX_DELETIONS.min(shed.objects.len()));
            self.shed_oldest(tag);
        }
    }

    /// Nobody puts anything into mailboxes of days before yesterday.
    pub(super) fn expire_shed(&mut self, cx: Context<'_, '_>) {
        let today = Day::at(cx.now.wall);
        self.shed.retain(|_, shed| shed.day.plus(1) >= today);
    }
}

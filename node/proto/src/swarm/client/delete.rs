//! Deleting what was read: DEL to some replicas, each of which tells the others. Without a tombstone everywhere a copy may stay
//! where the word did not arrive; it goes with its time to live.

use std::collections::BTreeSet;

use pars_crypto::hash::random;
use pars_wire::NodeId;
use pars_wire::limits::MAX_DELETIONS;
use pars_wire::machine::UnixMinute;

use super::super::auth::{Auth, in_use};
use super::super::command::Command;
use super::super::mailbox::{DayKey, ObjectId};
use super::{Asked, Client, ClientOut, Context, Event, TaskError, TaskId, draw};

/// Replicas that are told: one may be dead, or cut off from the others.
const TOLD: usize = 2;

/// One deletion.
pub(super) struct Delete {
    mailbox: DayKey,
    objects: Vec<ObjectId>,
    tried: BTreeSet<NodeId>,
    told: usize,
}

impl Delete {
    pub(super) fn new(mailbox: DayKey, objects: Vec<ObjectId>, now: UnixMinute) -> Result<Self, TaskError> {
        if !in_use(mailbox.day, now) {
            return Err(TaskError::Day);
        }
        if objects.len() > MAX_DELETIONS || !mailbox.flag.deletable() {
            return Err(TaskError::Deletion(objects.len()));
        }
        Ok(Self { mailbox, objects, tried: BTreeSet::new(), told: 0 })
    }

    pub(super) fn run(mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId, event: Event) -> Option<Self> {
        match event {
            Event::Begin | Event::Failed { .. } => {}
            Event::Answer { request, .. } => {
                client.asked.remove(&request);
                self.told += 1;
            }
            _ => return Some(self),
        }
        let replicas = client.placement.replicas(&self.mailbox.tag(), self.mailbox.day);
        let next = draw(cx, &replicas, &self.tried).filter(|_| self.told < TOLD);
        let Some(node) = next else {
            cx.out.push(ClientOut::Deleted { id, told: self.told });
            return None;
        };
        self.tried.insert(node);
        let command = Command::Del { flag: self.mailbox.flag, auth: Auth::unsigned(), objects: self.objects.clone() };
        let command = command.signed(&self.mailbox, None, client.clock(cx.now.wall), random(cx.rng));
        client.ask(cx, Asked { task: id, node }, &command, 1);
        Some(self)
    }
}

//! Publishing our own records, one after the other: each is verified by those before it. The keys are durable first.

use pars_proto::swarm::client::{ClientIn, TaskId};

use super::{Context, Effect, Job, Member, Step};
use crate::io::Event;
use crate::node::Ids;

/// How long after a failure a record is published again, in ms.
const AGAIN_MS: u64 = 15_000;

impl Member {
    /// Begin, unless it goes on already.
    pub(super) fn publish(&mut self, cx: Context<'_, '_>, ids: &mut Ids) {
        if self.retry_publish.is_some() || self.jobs.values().any(|job| matches!(job, Job::Publish(_))) {
            return;
        }
        let changes = self.identity.changes(&self.config.key, cx.rng);
        self.commit(cx, ids, changes, [Effect::Publish(0)]);
    }

    pub(super) fn publish_record(&mut self, index: usize) {
        let identity = self.identity.id().0;
        let Some(upload) = self.identity.published().into_iter().nth(index) else {
            return self.tell(Event::Published);
        };
        let id = self.task(Job::Publish(index));
        let (record, probe, expect) = (upload.record, upload.probe, upload.expect);
        self.steps.push_back(Step::Swarm(ClientIn::Publish { id, identity, record, probe, expect }));
    }

    pub(super) fn record_published(&mut self, id: TaskId) {
        if let Some(Job::Publish(index)) = self.jobs.remove(&id) {
            self.publish_record(index + 1);
        }
    }

    pub(super) fn record_not_published(&mut self, cx: Context<'_, '_>, id: TaskId) {
        if let Some(Job::Publish(index)) = self.jobs.remove(&id) {
            self.retry_publish = Some((cx.now.tick.after(AGAIN_MS), index));
            self.tell(Event::NotPublished);
        }
    }
}

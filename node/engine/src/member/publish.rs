//! Publishing our own records, one after the other: each is verified by those before it. The keys are durable first; so is
//! how far it came, so that it goes on after a restart until all was read back. Next week's nodes get the records again.

use pars_proto::swarm::client::{ClientIn, TaskId};
use pars_wire::codec::Day;
use pars_wire::machine::Tick;

use super::desk::Publication;
use super::{Context, Effect, Job, Member, Step};
use crate::io::{CommandId, Event};
use crate::node::Ids;
use crate::store::{Change, Table};
use crate::vault;

/// How long after the first failure a record is published again, in ms; each further one in a row doubles it.
const AGAIN_MS: u64 = 1_000;
/// The longest pause, in ms.
const MAX_PAUSE_MS: u64 = 60_000;

/// Publishing that goes on.
#[derive(Default)]
pub(super) struct Publishing {
    /// When the next record is tried; none: one is on its way.
    pub(super) due: Option<Tick>,
    failures: u32,
}

impl Publishing {
    pub(super) const fn resume(at: Tick) -> Self {
        Self { due: Some(at), failures: 0 }
    }
}

impl Member {
    /// Begin, unless it goes on already.
    pub(super) fn publish(&mut self, cx: Context<'_, '_>, ids: &mut Ids, command: CommandId) {
        if self.publishing.is_some() {
            return self.tell(Event::Done { command });
        }
        let mut changes = self.identity.changes(&self.config.key, cx.rng);
        changes.push(self.begin_publication(cx));
        self.commit(cx, ids, changes, [Effect::Tell(Event::Done { command }), Effect::Publish(0)]);
    }

    fn begin_publication(&mut self, cx: Context<'_, '_>) -> Change {
        let publication = Publication { week: Day::at(cx.now.wall).week(), records: 0, whole: false };
        self.publishing = Some(Publishing::default());
        self.publication(cx, publication)
    }

    fn publication(&mut self, cx: Context<'_, '_>, publication: Publication) -> Change {
        self.desk.publication = Some(publication);
        vault::seal(&self.config.key, (Table::Counter, b"p"), &publication.encode(), cx.rng)
    }

    /// Once an hour: in a new week other nodes answer for us.
    pub(super) fn publish_again(&mut self, cx: Context<'_, '_>, ids: &mut Ids) {
        let week = Day::at(cx.now.wall).week();
        if self.desk.publication.is_some_and(|publication| publication.whole && publication.week != week) {
            let row = self.begin_publication(cx);
            self.commit(cx, ids, vec![row], [Effect::Publish(0)]);
        }
    }

    pub(super) fn publish_due(&mut self, now: Tick) {
        let due = self.publishing.as_mut().and_then(|publishing| publishing.due.take_if(|tick| *tick <= now));
        if due.is_some() {
            let (next, all) =
                (self.desk.publication.map_or(0, |at| at.records.into()), self.identity.published().len());
            self.publish_record(if next < all { next } else { 0 });
        }
    }

    pub(super) fn publish_record(&mut self, index: usize) {
        let identity = self.identity.id().0;
        let Some(upload) = self.identity.published().into_iter().nth(index) else { return };
        let id = self.task(Job::Publish(index));
        let (record, probe, expect) = (upload.record, upload.probe, upload.expect);
        self.steps.push_back(Step::Swarm(ClientIn::Publish { id, identity, record, probe, expect }));
    }

    pub(super) fn record_published(&mut self, cx: Context<'_, '_>, ids: &mut Ids, id: TaskId) {
        let Some(Job::Publish(index)) = self.jobs.remove(&id) else { return };
        let Some(Publication { week, .. }) = self.desk.publication else { return };
        if week != Day::at(cx.now.wall).week() {
            // The week ended meanwhile: the records before this one lie at other nodes.
            let row = self.begin_publication(cx);
            return self.commit(cx, ids, vec![row], [Effect::Publish(0)]);
        }
        let next = index + 1;
        let whole = next >= self.identity.published().len();
        let row = self.publication(cx, Publication { week, records: next as u8, whole });
        self.publishing = (!whole).then(Publishing::default);
        let effect = if whole { Effect::Tell(Event::Published) } else { Effect::Publish(next) };
        self.commit(cx, ids, vec![row], [effect]);
    }

    pub(super) fn record_not_published(&mut self, cx: Context<'_, '_>, id: TaskId) {
        self.jobs.remove(&id);
        if let Some(publishing) = &mut self.publishing {
            let pause = (AGAIN_MS << publishing.failures.min(16)).min(MAX_PAUSE_MS);
            publishing.failures += 1;
            publishing.due = Some(cx.now.tick.after(pause));
            self.tell(Event::NotPublished);
        }
    }
}

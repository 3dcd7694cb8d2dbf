//! Carrying outputs of one machine to the next, one step after the other: no machine is called from inside another.

use std::collections::BTreeSet;

use pars_proto::onion;
use pars_proto::onion::client::{ClientIn as OnionIn, ClientOut as OnionOut, Request, RequestId};
use pars_proto::swarm::client::{ClientIn, ClientOut, TaskError, TaskId};
use pars_proto::swarm::store::rows::Row;
use pars_wire::machine::{Cx, Machine};

use super::{Context, Effect, Job, Member, RETRY_MS, Step};
use crate::io::{Event, Gap, Link, Output, QuestionId, Received};
use crate::node::Ids;
use crate::store::{Change, Table, Value};

impl Member {
    /// Until nothing is left to do.
    pub(super) fn run(&mut self, cx: Context<'_, '_>, ids: &mut Ids) {
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Swarm(input) => self.swarm(cx, ids, input),
                Step::SwarmOut(output) => self.swarm_out(cx, ids, output),
                Step::Onion(input) => self.onion(cx, input),
                Step::Effect(effect) => self.effect(cx, effect),
            }
        }
    }

    fn swarm(&mut self, cx: Context<'_, '_>, ids: &mut Ids, input: ClientIn) {
        let mut out = Vec::new();
        self.swarm.handle(&mut Cx { now: cx.now, rng: &mut *cx.rng, out: &mut out }, input);
        for output in out {
            match output {
                ClientOut::Persist(rows) => {
                    let change =
                        |Row { key, value }| Change { table: Table::Cursor, key, value: value.map(Value::Plain) };
                    let batch = ids.batch(rows.into_iter().map(change).collect());
                    self.swarm_barrier.persist(batch.id);
                    cx.out.push(Output::Persist(batch));
                }
                other => self.steps.extend(self.swarm_barrier.pass(other).map(Step::SwarmOut)),
            }
        }
    }

    fn onion(&mut self, cx: Context<'_, '_>, input: onion::client::ClientIn) {
        let mut out = Vec::new();
        self.onion.handle(&mut Cx { now: cx.now, rng: &mut *cx.rng, out: &mut out }, input);
        for output in out {
            match output {
                OnionOut::Connect(node) => cx.out.push(Output::Connect(node)),
                OnionOut::Disconnect(node) => cx.out.push(Output::Disconnect(node)),
                OnionOut::Send { to, packet } => cx.out.push(Output::Send { to: Link::Node(to), bytes: packet }),
                OnionOut::Reply { id: RequestId(request), body } => {
                    self.steps.push_back(Step::Swarm(ClientIn::Answer { request, body }));
                }
                OnionOut::Failed { id: RequestId(request), .. } => {
                    self.steps.push_back(Step::Swarm(ClientIn::Failed { request }));
                }
                OnionOut::Dropped(reason) => cx.out.push(Output::Event(Event::Dropped(reason))),
            }
        }
    }

    fn effect(&mut self, cx: Context<'_, '_>, effect: Effect) {
        match effect {
            Effect::Put(parcel) => self.put(cx, parcel),
            Effect::Tell(event) => {
                // Only now: a message that is listed is durable.
                if let Event::Received(Received { cursor, .. })
                | Event::Gap(Gap { cursor, .. })
                | Event::Queued { cursor, .. } = &event
                {
                    self.desk.history.show(*cursor);
                }
                cx.out.push(Output::Event(event));
            }
            Effect::Consumed(consumed) => self.consumed(consumed),
            Effect::Publish(index) => {
                // It stands behind the batch that holds our own keys.
                self.durable = true;
                self.publish_record(index);
            }
        }
    }

    fn swarm_out(&mut self, cx: Context<'_, '_>, ids: &mut Ids, output: ClientOut) {
        match output {
            ClientOut::Request { request, to, command, surbs, timeout_ms } => {
                let id = RequestId(request);
                let request = Request { id, to, command, surbs, timeout_ms, delay: self.config.delay };
                self.steps.push_back(Step::Onion(OnionIn::Request(request)));
            }
            ClientOut::Work { id, work, bits } => cx.out.push(Output::Work { id: QuestionId(id.0), work, bits }),
            ClientOut::Deliver { delivery, tag, objects } => self.deliver(cx, ids, (delivery, tag), objects),
            ClientOut::Stored { id, copies } => {
                if let Some(Job::Put(parcel)) = self.jobs.remove(&id) {
                    self.stored(cx, ids, parcel, copies);
                }
            }
            ClientOut::InsufficientStorage { id, copies } => {
                if let Some(Job::Put(parcel)) = self.jobs.get(&id) {
                    let cursor = self.desk.parcel(*parcel).map(|parcel| parcel.cursor);
                    cursor.into_iter().for_each(|cursor| self.insufficient(cursor, copies));
                }
            }
            ClientOut::Fetched { id, answered } => self.fetched(cx, id, answered),
            ClientOut::Deleted { id, told } => self.deleted(id, told),
            ClientOut::Found { id, records, fork } => {
                if let Some(Job::Lookup(contact)) = self.jobs.remove(&id) {
                    self.found(cx, ids, contact, (records, fork));
                }
            }
            ClientOut::NotFound { id, .. } => {
                if let Some(Job::Lookup(contact)) = self.jobs.remove(&id) {
                    self.not_found(contact);
                }
            }
            ClientOut::Published { id } => self.record_published(cx, ids, id),
            ClientOut::NotPublished { id } => self.record_not_published(cx, id),
            ClientOut::Refused { id, error } => self.refused(cx, id, error),
            // Persisted before it came here.
            ClientOut::Persist(_) => {}
        }
    }

    /// A task that was not begun, or whose mailbox day ended: objects go again, into the mailbox of the day then.
    fn refused(&mut self, cx: Context<'_, '_>, id: TaskId, _: TaskError) {
        match self.jobs.get(&id).copied() {
            Some(Job::Put(_)) => {
                self.jobs.remove(&id);
                self.retry_puts.get_or_insert(cx.now.tick.after(RETRY_MS));
            }
            Some(Job::Lookup(contact)) => {
                self.jobs.remove(&id);
                self.not_found(contact);
            }
            Some(Job::Fetch(_)) => self.fetched(cx, id, BTreeSet::new()),
            Some(Job::Shed(_)) => self.deleted(id, 0),
            Some(Job::Publish(_)) => self.record_not_published(cx, id),
            None => {}
        }
    }
}

//! Publishing a record: it fits no packet together with a reply block, so it is read back.

use std::collections::BTreeSet;

use pars_wire::NodeId;
use pars_wire::codec::Day;
use pars_wire::limits::{DEFAULT_HASHCASH_BITS, MIN_COPIES};
use pars_wire::machine::Tick;

use super::super::command::Command;
use super::super::directory::{What, tag};
use super::super::hashcash::Work;
use super::super::mailbox::ObjectId;
use super::super::placement::first_day;
use super::super::reply::Items;
use super::{Asked, Client, ClientOut, Context, Event, SETTLE_MS, TaskId, draw};

/// Nodes through which a record is published before that counts as failed.
const ATTEMPTS: usize = 4;

/// One record on its way.
pub(super) struct Publish {
    identity: [u8; 32],
    record: Vec<u8>,
    probe: What,
    expect: Vec<u8>,
    work: Option<[u8; 8]>,
    tried: BTreeSet<NodeId>,
    probed: BTreeSet<NodeId>,
    asking: usize,
    holders: usize,
    pub(super) due: Option<Tick>,
}

impl Publish {
    pub(super) const fn new(identity: [u8; 32], record: Vec<u8>, probe: What, expect: Vec<u8>) -> Self {
        Self {
            identity,
            record,
            probe,
            expect,
            work: None,
            tried: BTreeSet::new(),
            probed: BTreeSet::new(),
            asking: 0,
            holders: 0,
            due: None,
        }
    }

    fn nodes(&self, client: &Client, week: u32) -> Vec<NodeId> {
        client.placement.replicas(&tag(&self.identity, week), first_day(week))
    }

    pub(super) fn run(mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId, event: Event) -> Option<Self> {
        match event {
            Event::Begin => self.next(client, cx, id),
            Event::Solved(nonce) => {
                self.work = Some(nonce);
                self.next(client, cx, id)
            }
            Event::Due => {
                self.due = None;
                self.ask_back(client, cx, id)
            }
            Event::Answer { request, reply, .. } => {
                client.asked.remove(&request);
                self.asking = self.asking.saturating_sub(1);
                if let Items::Records(records) = reply.items {
                    self.holders += usize::from(records.contains(&self.expect));
                }
                self.ask_back(client, cx, id)
            }
            Event::Failed { .. } => {
                self.asking = self.asking.saturating_sub(1);
                self.ask_back(client, cx, id)
            }
            Event::Committed => Some(self),
        }
    }

    /// Send the record to one more node. Only an identity's first record needs work; who cannot know does it.
    fn next(mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId) -> Option<Self> {
        let today = Day::at(cx.now.wall);
        let nodes = self.nodes(client, today.week());
        let next = draw(cx, &nodes, &self.tried).filter(|_| self.tried.len() < ATTEMPTS);
        let (Some(node), Some(beacon)) = (next, client.placement.beacon(today)) else {
            cx.out.push(ClientOut::NotPublished { id });
            return None;
        };
        let first = self.probe == What::IdentityRecord;
        if first && self.work.is_none() {
            let tag = tag(&self.identity, today.week());
            let work = Work { tag, object: ObjectId::of(&tag, &self.record), beacon: *beacon };
            cx.out.push(ClientOut::Work { id, work, bits: DEFAULT_HASHCASH_BITS });
            return Some(self);
        }
        self.tried.insert(node);
        let nonce = self.work.unwrap_or_default();
        let command = Command::DirPut { identity: self.identity, nonce, record: self.record.clone() };
        client.ask(cx, Asked { task: id, node }, &command, 0);
        (self.holders, self.probed) = (0, BTreeSet::new());
        self.due = Some(cx.now.tick.after(SETTLE_MS));
        Some(self)
    }

    /// Read back until enough nodes hold it, or none is left to ask.
    fn ask_back(mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId) -> Option<Self> {
        let week = Day::at(cx.now.wall).week();
        let nodes = self.nodes(client, week);
        let enough = MIN_COPIES.min(nodes.len());
        if self.holders >= enough {
            cx.out.push(ClientOut::Published { id });
            return None;
        }
        while self.holders + self.asking < enough {
            let Some(node) = draw(cx, &nodes, &self.probed) else { break };
            self.probed.insert(node);
            self.asking += 1;
            client.ask(
                cx,
                Asked { task: id, node },
                &Command::DirGet { identity: self.identity, week, what: self.probe },
                1,
            );
        }
        if self.asking == 0 { self.next(client, cx, id) } else { Some(self) }
    }
}

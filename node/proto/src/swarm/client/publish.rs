//! Publishing a record: it fits no packet together with a reply block, so it is read back.
//!
//! Answers are lost as well as records. What a node was seen to hold stays counted; who did not answer is asked again; the
//! record goes next to a node that was not seen to hold it, which passes it on to the others.

use std::collections::{BTreeMap, BTreeSet};

use pars_wire::NodeId;
use pars_wire::codec::Day;
use pars_wire::limits::{MIN_COPIES, MIN_HASHCASH_BITS};
use pars_wire::machine::Tick;

use super::super::command::Command;
use super::super::directory::{What, tag};
use super::super::hashcash::Work;
use super::super::mailbox::ObjectId;
use super::super::placement::first_day;
use super::super::reply::Items;
use super::{Asked, Client, ClientOut, Context, Event, TaskId, draw};

/// Nodes through which a record is published before that counts as failed.
const ATTEMPTS: usize = 6;
/// Nodes it is sent to at once: a path may fail as well as a node.
const SENDINGS: usize = 2;
/// Answers without the record, and none with it, at which it counts as lost.
const LOST: usize = 2;
/// Nodes asked beyond those needed, at once: some answers will be lost.
const SPARE: usize = 2;
/// How often a node that does not answer is asked after one sending.
const PROBES: u32 = 2;

/// One record on its way.
pub(super) struct Publish {
    identity: [u8; 32],
    record: Vec<u8>,
    probe: What,
    expect: Vec<u8>,
    work: Option<[u8; 8]>,
    week: Option<u32>,
    tried: BTreeSet<NodeId>,
    /// Hold it.
    holders: BTreeSet<NodeId>,
    /// Answered without it, since it was last sent.
    without: BTreeSet<NodeId>,
    /// Asked so often since it was last sent.
    probes: BTreeMap<NodeId, u32>,
    asking: BTreeMap<u64, NodeId>,
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
            week: None,
            tried: BTreeSet::new(),
            holders: BTreeSet::new(),
            without: BTreeSet::new(),
            probes: BTreeMap::new(),
            asking: BTreeMap::new(),
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
            Event::Answer { request, node, reply } => {
                client.asked.remove(&request);
                self.asking.remove(&request);
                match reply.items {
                    Items::Records(records) if records.contains(&self.expect) => self.holders.insert(node),
                    _ => self.without.insert(node),
                };
                self.ask_back(client, cx, id)
            }
            Event::Failed { request, .. } => {
                self.asking.remove(&request);
                self.ask_back(client, cx, id)
            }
            Event::Committed => Some(self),
        }
    }

    /// Send the record to further nodes. Only an identity's first record needs work; who cannot know does it.
    fn next(mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId) -> Option<Self> {
        let today = Day::at(cx.now.wall);
        if self.week.replace(today.week()) != Some(today.week()) {
            // Other nodes, other work.
            (self.holders, self.tried, self.work) = (BTreeSet::new(), BTreeSet::new(), None);
        }
        let nodes = self.nodes(client, today.week());
        let mut without: BTreeSet<NodeId> = self.tried.union(&self.holders).copied().collect();
        let room = ATTEMPTS.saturating_sub(self.tried.len()).min(SENDINGS);
        let next: Vec<NodeId> = (0..room)
            .map_while(|_| {
                draw(cx, &nodes, &without).inspect(|node| {
                    without.insert(*node);
                })
            })
            .collect();
        let Some(beacon) = client.placement.beacon(today).filter(|_| !next.is_empty()) else {
            cx.out.push(ClientOut::NotPublished { id });
            return None;
        };
        let first = self.probe == What::IdentityRecord;
        if first && self.work.is_none() {
            let tag = tag(&self.identity, today.week());
            let work = Work { tag, object: ObjectId::of(&tag, &self.record), beacon: *beacon };
            // As many as a node asks for; no owner of an inbox asks for more here.
            cx.out.push(ClientOut::Work { id, work, bits: MIN_HASHCASH_BITS });
            return Some(self);
        }
        let nonce = self.work.unwrap_or_default();
        let command = Command::DirPut { identity: self.identity, nonce, record: self.record.clone() };
        for node in next {
            self.tried.insert(node);
            client.ask(cx, Asked { task: id, node }, &command, 0);
        }
        (self.without, self.probes) = (BTreeSet::new(), BTreeMap::new());
        self.due = Some(client.settled(cx.now.tick));
        Some(self)
    }

    /// Read back until enough nodes hold it, or none is left to ask.
    fn ask_back(mut self, client: &mut Client, cx: Context<'_, '_>, id: TaskId) -> Option<Self> {
        let week = Day::at(cx.now.wall).week();
        let nodes = self.nodes(client, week);
        let enough = MIN_COPIES.min(nodes.len());
        if self.holders.len() >= enough {
            cx.out.push(ClientOut::Published { id });
            return None;
        }
        if self.due.is_some() {
            // Sent again meanwhile: a late answer was counted, the others are asked when it has settled.
            return Some(self);
        }
        if self.holders.is_empty() && self.without.len() >= LOST {
            return self.next(client, cx, id);
        }
        while self.holders.len() + self.asking.len() < enough + SPARE {
            let Some(node) = self.next_probe(cx, &nodes) else { break };
            *self.probes.entry(node).or_default() += 1;
            let command = Command::DirGet { identity: self.identity, week, what: self.probe };
            let request = client.ask(cx, Asked { task: id, node }, &command, 1);
            self.asking.insert(request, node);
        }
        if self.asking.is_empty() { self.next(client, cx, id) } else { Some(self) }
    }

    /// A node of which it is not known whether it holds the record, asked least often so far.
    fn next_probe(&self, cx: Context<'_, '_>, nodes: &[NodeId]) -> Option<NodeId> {
        let asked = |node: &NodeId| self.probes.get(node).copied().unwrap_or(0);
        let known = |node: &NodeId| {
            let asking = self.asking.values().any(|other| other == node);
            asking || self.holders.contains(node) || self.without.contains(node) || asked(node) >= PROBES
        };
        let open: Vec<NodeId> = nodes.iter().filter(|node| !known(node)).copied().collect();
        let least = open.iter().map(asked).min()?;
        let open: Vec<NodeId> = open.into_iter().filter(|node| asked(node) == least).collect();
        draw(cx, &open, &BTreeSet::new())
    }
}

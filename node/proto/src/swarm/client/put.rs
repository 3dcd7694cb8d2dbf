//! Putting one object: one replica at a time, until 5 receipts verify.

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hash::random;
use pars_wire::NodeId;
use pars_wire::codec::{Day, Hour};
use pars_wire::limits::{MAX_TTL_HOURS, MIN_COPIES, MIN_TTL_HOURS, REQUIRED_COPIES};
use pars_wire::machine::{Tick, UnixMinute};

use super::super::auth::{Auth, in_use};
use super::super::command::Command;
use super::super::hashcash::Work;
use super::super::mailbox::{Class, ObjectId, Tag, inbox_tag};
use super::super::receipt::Receipt;
use super::super::reply::{Items, Reply, Status};
use super::{Asked, Client, ClientOut, Context, Event, MAX_RETRY_MS, PutTo, RETRY_MS, ROUNDS, TaskError, TaskId, draw};

/// How often one replica is asked for the receipts of an object that was sent without a reply block.
const STATS: u32 = 2;

enum Phase {
    /// The work is not done.
    Working,
    /// A request is out.
    Asking { stats: u32 },
    /// An object without a reply block is on its way; its receipts are asked for when it has had time.
    Settling { node: NodeId, stats: u32 },
    /// Every replica failed; again later.
    Waiting,
}

/// One object on its way.
pub(super) struct Put {
    task: TaskId,
    to: PutTo,
    tag: Tag,
    day: Day,
    class: Class,
    ttl_hours: u16,
    /// When it was ordered, by our clock.
    ordered: UnixMinute,
    object: Vec<u8>,
    id: ObjectId,
    work: Option<(Day, [u8; 8])>,
    /// Say that it was there and was deleted.
    gone: BTreeSet<NodeId>,
    copies: BTreeMap<NodeId, Receipt>,
    tried: BTreeSet<NodeId>,
    round: u32,
    /// Times in a row that every replica failed.
    pauses: u32,
    phase: Phase,
    pub(super) due: Option<Tick>,
}

impl Put {
    pub(super) fn new(
        task: TaskId,
        to: PutTo,
        ttl_hours: u16,
        object: Vec<u8>,
        now: UnixMinute,
    ) -> Result<Self, TaskError> {
        let class = Class::of(&object).ok_or(TaskError::Size(object.len()))?;
        if !(MIN_TTL_HOURS..=MAX_TTL_HOURS).contains(&ttl_hours) {
            return Err(TaskError::TimeToLive(ttl_hours));
        }
        let (day, tag) = match &to {
            PutTo::Mailbox(key) => (key.day, key.tag()),
            PutTo::Inbox { key, day, .. } => (*day, inbox_tag(key, *day)),
        };
        if !in_use(day, now) {
            return Err(TaskError::Day);
        }
        Ok(Self {
            task,
            id: ObjectId::of(&tag, &object),
            ordered: now,
            to,
            tag,
            day,
            class,
            ttl_hours,
            object,
            work: None,
            copies: BTreeMap::new(),
            gone: BTreeSet::new(),
            tried: BTreeSet::new(),
            round: 0,
            pauses: 0,
            phase: Phase::Waiting,
            due: None,
        })
    }

    /// Every replica failed; it is tried again later.
    pub(super) const fn waits(&self) -> bool {
        matches!(self.phase, Phase::Waiting)
    }

    pub(super) fn run(mut self, client: &mut Client, cx: Context<'_, '_>, event: Event) -> Option<Self> {
        match (event, &self.phase) {
            (Event::Begin, _) | (Event::Due, Phase::Waiting) => self.next(client, cx),
            (Event::Solved(nonce), Phase::Working) => {
                self.work = Some((Day::at(cx.now.wall), nonce));
                self.next(client, cx)
            }
            (Event::Due, Phase::Settling { node, stats }) => {
                let (node, stats) = (*node, *stats);
                self.stat(client, cx, node, stats);
                Some(self)
            }
            (Event::Answer { request, node, reply }, Phase::Asking { stats }) => {
                client.asked.remove(&request);
                let stats = *stats;
                self.answered(client, cx, (node, stats), &reply)
            }
            (Event::Failed { node, .. }, Phase::Asking { stats }) => {
                let stats = *stats;
                self.not_answered(client, cx, (node, stats))
            }
            _ => Some(self),
        }
    }

    /// The next replica, or the end.
    fn next(mut self, client: &mut Client, cx: Context<'_, '_>) -> Option<Self> {
        self.due = None;
        // Readers that are online look at today and yesterday: what is late goes into a mailbox of today.
        if !in_use(self.day, cx.now.wall) || self.day.plus(1) < Day::at(cx.now.wall) {
            cx.out.push(ClientOut::Refused { id: self.task, error: TaskError::Day });
            return None;
        }
        let replicas = client.placement.replicas(&self.tag, self.day);
        if !replicas.is_empty()
            && self.copies.len() >= REQUIRED_COPIES.min(replicas.len())
            && self.copies.len() >= MIN_COPIES
        {
            return self.stored(cx);
        }
        if let Some(work) = self.work_missing(client, cx.now.wall) {
            self.phase = Phase::Working;
            cx.out.push(ClientOut::Work { id: self.task, work, bits: self.bits() });
            return Some(self);
        }
        match draw(cx, &replicas, &self.tried) {
            Some(node) => {
                self.tried.insert(node);
                self.send(client, cx, node);
                Some(self)
            }
            None => self.round_over(client, cx),
        }
    }

    fn round_over(mut self, client: &mut Client, cx: Context<'_, '_>) -> Option<Self> {
        self.round += 1;
        if self.round < ROUNDS && !self.tried.is_empty() {
            self.tried.clear();
            return self.next(client, cx);
        }
        if self.copies.len() >= MIN_COPIES {
            return self.stored(cx);
        }
        cx.out.push(ClientOut::InsufficientStorage { id: self.task, copies: self.copies.len() });
        self.tried.clear();
        self.round = 0;
        self.phase = Phase::Waiting;
        self.due = Some(cx.now.tick.after((RETRY_MS << self.pauses.min(8)).min(MAX_RETRY_MS)));
        self.pauses += 1;
        Some(self)
    }

    fn stored(self, cx: Context<'_, '_>) -> Option<Self> {
        cx.out.push(ClientOut::Stored { id: self.task, copies: self.copies.len() });
        None
    }

    const fn bits(&self) -> u8 {
        match self.to {
            PutTo::Inbox { bits, .. } => bits,
            PutTo::Mailbox(_) => 0,
        }
    }

    /// The work to do, if some is needed and none holds today: a nonce counts on its day and the next.
    fn work_missing(&self, client: &Client, now: UnixMinute) -> Option<Work> {
        let today = Day::at(now);
        let done = self.work.is_some_and(|(day, _)| day.plus(1) >= today);
        let beacon = client.placement.beacon(today).filter(|_| self.bits() > 0 && !done)?;
        Some(Work { tag: self.tag, object: self.id, beacon: *beacon })
    }

    fn send(&mut self, client: &mut Client, cx: Context<'_, '_>, node: NodeId) {
        let object = self.object.clone();
        let command = match &self.to {
            PutTo::Mailbox(key) => {
                let (flag, ttl_hours) = (key.flag, self.ttl_hours);
                let unsigned = Command::Put { flag, ttl_hours, auth: Auth::unsigned(), object };
                unsigned.signed(key, None, client.clock(cx.now.wall), random(cx.rng))
            }
            PutTo::Inbox { key, day, .. } => {
                let nonce = self.work.map_or([0; 8], |(_, nonce)| nonce);
                Command::PutInbox { ttl_hours: self.ttl_hours, inbox: *key, day: *day, nonce, object }
            }
        };
        if self.class == Class::L {
            client.ask(cx, Asked { task: self.task, node }, &command, 0);
            self.phase = Phase::Settling { node, stats: 0 };
            self.due = Some(client.settled(cx.now.tick));
        } else {
            client.ask(cx, Asked { task: self.task, node }, &command, 1);
            self.phase = Phase::Asking { stats: STATS };
        }
    }

    fn stat(&mut self, client: &mut Client, cx: Context<'_, '_>, node: NodeId, stats: u32) {
        self.due = None;
        client.ask(cx, Asked { task: self.task, node }, &Command::Stat { object: self.id }, 1);
        self.phase = Phase::Asking { stats: stats + 1 };
    }

    fn answered(
        mut self,
        client: &mut Client,
        cx: Context<'_, '_>,
        (node, stats): (NodeId, u32),
        reply: &Reply,
    ) -> Option<Self> {
        if reply.status == Status::Gone {
            // An end of the mailbox has read and deleted it, if so many say so as could have lied about a copy.
            self.gone.insert(node);
            return if self.gone.len() >= MIN_COPIES { self.stored(cx) } else { self.next(client, cx) };
        }
        let receipts = if let Items::Receipts(receipts) = &reply.items { receipts.as_slice() } else { &[] };
        self.count(client, receipts);
        if receipts.is_empty() && reply.status == Status::Ok {
            return self.not_answered(client, cx, (node, stats));
        }
        self.next(client, cx)
    }

    /// Ask once more what became of an object sent without a reply block, then try another replica.
    fn not_answered(mut self, client: &mut Client, cx: Context<'_, '_>, (node, stats): (NodeId, u32)) -> Option<Self> {
        if stats >= STATS {
            return self.next(client, cx);
        }
        self.phase = Phase::Settling { node, stats };
        self.due = Some(client.settled(cx.now.tick));
        Some(self)
    }

    /// Receipts of replicas that verify under the registry's keys and promise the time asked for, by the nodes' clock.
    fn count(&mut self, client: &Client, receipts: &[Receipt]) {
        let until = Hour::at(client.clock(self.ordered)).plus(self.ttl_hours.into());
        let replicas = client.placement.replicas(&self.tag, self.day);
        for receipt in receipts.iter().filter(|receipt| replicas.contains(&receipt.node)) {
            let key = client.placement.key(receipt.node, self.day);
            let verifies = key.is_some_and(|key| receipt.verifies(key, &self.id, &self.tag));
            if verifies && receipt.expiry >= until {
                self.copies.insert(receipt.node, *receipt);
            }
        }
    }
}

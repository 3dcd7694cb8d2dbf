//! What users do, again and again until it has come about: no step here waits for anything but virtual time.

use alloy_primitives::B256;
use pars_crypto::secret::Zeroizing;
use pars_engine::io::{CommandId, Direction, Entry, Event};
use pars_engine::member::Member;
use pars_engine::{Command, Node};
use pars_identity::IdentityId;
use pars_identity::link::Link;
use pars_proto::session::PqAuth;
use pars_wire::content::ContentType;
use pars_wire::machine::Tick;

use super::Scenario;
use crate::chain::Outcome;
use crate::chain::setting::NODES;
use crate::host::{HostId, Role};
use crate::world::World;

/// The first member.
pub const A: HostId = HostId(NODES);
/// The second.
pub const B: HostId = HostId(NODES + 1);
/// One who only polls.
pub const C: HostId = HostId(NODES + 2);
/// Another one.
pub const D: HostId = HostId(NODES + 3);

/// How often a user tries again what has not come about, in ms.
const PATIENCE_MS: u64 = 20_000;
/// How often a daemon polls, in ms.
const POLL_MS: u64 = 5_000;
/// How long a stage may take, in ms: two hours.
const STAGE_MS: u64 = 120 * 60_000;

/// A world and those who act in it.
pub struct Stage {
    /// The world.
    pub world: World,
    scenario: Scenario,
    /// Events before this one were looked at in an earlier stage.
    seen: usize,
}

impl Stage {
    /// The beginning.
    pub const fn new(world: World, scenario: Scenario) -> Self {
        Self { world, scenario, seen: 0 }
    }

    /// What a failure begins with.
    pub fn place(&self) -> String {
        format!("scenario {}, seed {}", self.scenario.name(), self.world.seed)
    }

    /// A member's link.
    ///
    /// # Panics
    /// The host is a service.
    pub fn link(&self, host: HostId) -> Link {
        match self.world.hosts[&host].role {
            Role::Member(_, link) => link,
            Role::Service(..) => unreachable!("members only"),
        }
    }

    /// Who a member is.
    pub fn id(&self, host: HostId) -> IdentityId {
        self.link(host).id
    }

    /// A member that runs.
    pub fn member(&self, host: HostId) -> Option<&Member> {
        self.world.hosts[&host].node.as_ref().and_then(Node::member)
    }

    /// Until a host that crashed runs again.
    pub fn running(&mut self, host: HostId) {
        self.until("starting again", |_| {}, |stage| stage.world.runs(host));
    }

    /// Messages that `at` has from `from`, in the order they were written.
    pub fn received(&self, at: HostId, from: HostId) -> Vec<Entry> {
        let Some(member) = self.member(at) else { return Vec::new() };
        let mut messages = member.history(0, Some(self.id(from)), usize::MAX);
        messages.retain(|message| message.direction == Direction::Received);
        messages.sort_by_key(|message| (message.sequence, message.cursor));
        messages
    }

    /// The same as text.
    pub fn texts(&self, at: HostId, from: HostId) -> Vec<String> {
        let text = |message: &Entry| String::from_utf8_lossy(&message.content).into_owned();
        self.received(at, from).iter().map(text).collect()
    }

    /// Forget the events of earlier stages.
    pub fn next(&mut self) {
        self.seen = self.world.events.len();
    }

    /// Whether it happened in this stage.
    pub fn happened(&self, host: HostId, what: impl Fn(&Event) -> bool) -> bool {
        self.world.events[self.seen..].iter().any(|(at, event)| *at == host && what(event))
    }

    /// Whether it happened in this stage or before.
    pub fn ever(&self, host: HostId, what: impl Fn(&Event) -> bool) -> bool {
        self.world.events.iter().any(|(at, event)| *at == host && what(event))
    }

    /// Try something again and again until it has come about.
    ///
    /// # Panics
    /// It does not within two hours.
    pub fn until(&mut self, what: &str, again: impl FnMut(&mut Self), done: impl Fn(&Self) -> bool) {
        self.every(PATIENCE_MS, what, again, done);
    }

    fn every(&mut self, ms: u64, what: &str, mut again: impl FnMut(&mut Self), done: impl Fn(&Self) -> bool) {
        let end = self.world.now().tick.after(STAGE_MS);
        while !done(self) {
            let now = self.world.now().tick;
            assert!(now < end, "{}: {what} did not come about\n{}", self.place(), self.world.log.tail());
            again(self);
            let pause = now.after(ms);
            while !done(self) && self.world.step(pause) {}
        }
    }

    /// Cut up to three nodes off from all others for half a minute.
    pub fn partition(&mut self) {
        let apart = (0..3).map(|_| HostId(self.world.below(NODES.into()) as u8)).collect();
        self.world.partition(apart, 30_000);
    }

    /// A user's command under a number: the same number is the same command.
    pub fn command(&mut self, host: HostId, number: u8, command: Command) {
        self.world.command(host, CommandId([number; 16]), command);
    }

    /// Members publish their records.
    pub fn publish(&mut self, hosts: &[HostId]) {
        for host in hosts.iter().copied() {
            let mut tried = Tick(0);
            self.until(
                "publishing",
                |stage| {
                    // A crash before the command was durable forgets it.
                    let now = stage.world.now().tick;
                    if tried == Tick(0) || now.0 > tried.0 + 120_000 {
                        tried = Tick(now.0.max(1));
                        stage.command(host, 200, Command::Publish);
                    }
                },
                |stage| stage.ever(host, |event| matches!(event, Event::Published)),
            );
        }
    }

    /// A member opens another one's link.
    pub fn open(&mut self, host: HostId, contact: HostId) {
        let (link, id) = (self.link(contact), self.id(contact));
        self.until(
            "opening the contact",
            |stage| stage.command(host, 201, Command::Open(link)),
            |stage| stage.ever(host, |event| matches!(event, Event::Opened { contact, .. } if *contact == id)),
        );
    }

    /// Send text until it is acknowledged.
    pub fn send(&mut self, from: HostId, to: HostId, number: u8) {
        self.send_content(from, to, number, (ContentType::Text, format!("message {number}").into_bytes()));
    }

    /// Ask for a text to be sent; the same number is the same text.
    pub fn say(&mut self, from: HostId, to: HostId, number: u8) {
        let (to, content) = (self.id(to), Zeroizing::new(format!("message {number}").into_bytes()));
        self.command(from, number, Command::Send { to, content_type: ContentType::Text, content });
    }

    /// Whether the command of this number was acknowledged.
    pub fn was_queued(&self, from: HostId, number: u8) -> bool {
        self.ever(from, |event| matches!(event, Event::Queued { command, .. } if command.0 == [number; 16]))
    }

    /// Send content until it is acknowledged.
    pub fn send_content(&mut self, from: HostId, to: HostId, number: u8, content: (ContentType, Vec<u8>)) {
        let (to, link) = (self.id(to), self.link(to));
        let (content_type, content) = (content.0, Zeroizing::new(content.1));
        self.until(
            "acknowledging",
            |stage| {
                if stage.happened(from, |event| matches!(event, Event::Refused { .. })) {
                    stage.command(from, 201, Command::Open(link));
                }
                stage.command(from, number, Command::Send { to, content_type, content: content.clone() });
            },
            |stage| stage.was_queued(from, number),
        );
    }

    /// A member acknowledges what it was told up to a cursor, until that is durable.
    pub fn acknowledge(&mut self, host: HostId, cursor: u64) {
        self.until(
            "acknowledging what was told",
            |stage| stage.command(host, 203, Command::Acknowledge(cursor)),
            |stage| stage.ever(host, |event| matches!(event, Event::Done { command } if command.0 == [203; 16])),
        );
    }

    /// Until nothing of this member is on its way.
    pub fn all_stored(&mut self, host: HostId) {
        let stored = |stage: &Self| stage.member(host).is_some_and(|member| member.desk().on_the_way() == 0);
        self.until("storing", |_| {}, stored);
    }

    /// Everybody polls until it has come about.
    pub fn poll_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let poll = |stage: &mut Self| {
            for host in [A, B, C, D] {
                stage.command(host, 202, Command::Poll { days: 1 });
            }
        };
        self.until(what, poll, done);
    }

    /// These members poll as often as a daemon does, until it has come about.
    pub fn online_until(&mut self, what: &str, hosts: &[HostId], done: impl Fn(&Self) -> bool) {
        self.talk_until(what, hosts, |_| {}, done);
    }

    /// The same, and each time they do something more.
    pub fn talk_until(
        &mut self,
        what: &str,
        hosts: &[HostId],
        mut more: impl FnMut(&mut Self),
        done: impl Fn(&Self) -> bool,
    ) {
        let again = |stage: &mut Self| {
            hosts.iter().for_each(|host| stage.command(*host, 202, Command::Poll { days: 1 }));
            more(stage);
        };
        self.every(POLL_MS, what, again, done);
    }

    /// These members poll as often as a daemon does, for so many ms.
    pub fn online_for(&mut self, hosts: &[HostId], ms: u64) {
        let end = self.world.now().tick.after(ms);
        self.online_until("a time to pass", hosts, move |stage| stage.world.now().tick >= end);
    }

    /// Until a session with each other is proven post-quantum on both sides.
    pub fn confirmed(&mut self, one: HostId, other: HostId) {
        self.until("confirming", |_| {}, move |stage| stage.are_confirmed(one, other));
    }

    /// Whether it is.
    pub fn are_confirmed(&self, one: HostId, other: HostId) -> bool {
        [(one, other), (other, one)].into_iter().all(|(host, peer)| {
            let (id, member) = (self.id(peer), self.member(host));
            let with = |address: IdentityId, proof: PqAuth| address == id && proof == PqAuth::Confirmed;
            let proven = |member: &Member| {
                member.sessions().all().any(|(session, _)| with(session.peer().address.identity, session.pq_auth()))
            };
            member.is_some_and(proven)
        })
    }

    /// Until a transaction's block is final: what became of it.
    ///
    /// # Panics
    /// It never is.
    pub fn outcome(&mut self, what: &str, transaction: B256) -> Outcome {
        self.until(what, |_| {}, |stage| stage.world.ledger.outcome(transaction).is_some());
        self.world.ledger.outcome(transaction).expect("it was there just now")
    }
}

//! Journey 3 (ARCHITECTURE.md): A writes three messages to B, who is offline and was never seen; a node that holds them
//! dies; B starts, reads all three once and in order, and answers; A reads, writes a fourth; both are confirmed; A crashes
//! in the middle of a fifth: nothing acknowledged is lost, nothing arrives twice.

use std::collections::BTreeSet;

use pars_crypto::secret::Zeroizing;
use pars_engine::io::{CommandId, Event};
use pars_engine::{Command, Node};
use pars_identity::IdentityId;
use pars_identity::link::Link;
use pars_wire::machine::Tick;

use crate::faults::Faults;
use crate::host::{HostId, Role};
use crate::log::Log;
use crate::world::World;

/// Service nodes of the journey.
pub const SERVICES: u8 = 16;
/// Members of the journey: A, B and two who only poll.
pub const MEMBERS: u8 = 4;
const A: HostId = HostId(SERVICES);
const B: HostId = HostId(SERVICES + 1);
const OTHERS: [HostId; 2] = [HostId(SERVICES + 2), HostId(SERVICES + 3)];

/// How often a user tries again what has not come about, in ms.
const PATIENCE_MS: u64 = 20_000;
/// How long a stage may take, in ms: two hours.
const STAGE_MS: u64 = 120 * 60_000;

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    /// Over the whole event log.
    pub audit: String,
    /// Lines of the log.
    pub lines: u64,
    /// Virtual time, in ms.
    pub ms: u64,
    /// Messages delivered.
    pub delivered: usize,
    /// The longest queue of a node.
    pub longest: usize,
}

struct Journey {
    world: World,
    seed: u64,
    /// Events before this one were looked at in an earlier stage.
    seen: usize,
}

/// Run the journey from a seed.
///
/// # Panics
/// A broken rule or a stage that does not end, with the seed and the last lines of the log.
pub fn run(seed: u64, faults: Faults) -> Report {
    let world = run_with(seed, faults, Log::default());
    report(&world)
}

/// As [`run`], with the world as it ended.
///
/// # Panics
/// As [`run`].
pub fn run_with(seed: u64, faults: Faults, log: Log) -> World {
    let mut journey = Journey { world: World::new(seed, SERVICES, MEMBERS, faults, log), seed, seen: 0 };
    journey.meet();
    journey.three_messages();
    journey.read_and_answer();
    journey.fourth();
    journey.crash_in_a_send();
    let missing = journey.world.watch.missing();
    assert_eq!(missing, 0, "seed {seed}: {missing} acknowledged messages were never delivered");
    journey.world
}

/// The figures of a world that has ended.
pub fn report(world: &World) -> Report {
    Report {
        audit: world.log.audit(),
        lines: world.log.count(),
        ms: world.now().tick.0,
        delivered: world.watch.delivered(),
        longest: world.watch.longest,
    }
}

impl Journey {
    fn link(&self, host: HostId) -> Link {
        match self.world.hosts[&host].role {
            Role::Member(_, link) => link,
            Role::Service(..) => unreachable!("members only"),
        }
    }

    fn id(&self, host: HostId) -> IdentityId {
        self.link(host).id
    }

    fn node(&self, host: HostId) -> Option<&Node> {
        self.world.hosts[&host].node.as_ref()
    }

    fn texts(&self, at: HostId, from: HostId) -> Vec<String> {
        let Some(member) = self.node(at).and_then(Node::member) else { return Vec::new() };
        let messages = member.desk().conversation(self.id(from));
        messages.iter().map(|message| String::from_utf8_lossy(&message.text).into_owned()).collect()
    }

    fn happened(&self, host: HostId, what: impl Fn(&Event) -> bool) -> bool {
        self.world.events[self.seen..].iter().any(|(at, event)| *at == host && what(event))
    }

    /// Whether it happened in this stage or before.
    fn ever(&self, host: HostId, what: impl Fn(&Event) -> bool) -> bool {
        self.world.events.iter().any(|(at, event)| *at == host && what(event))
    }

    /// Try something again and again until it has come about.
    fn until(&mut self, stage: &str, mut again: impl FnMut(&mut Self), done: impl Fn(&Self) -> bool) {
        let end = self.world.now().tick.after(STAGE_MS);
        while !done(self) {
            let now = self.world.now().tick;
            assert!(now < end, "seed {}: {stage} did not come about\n{}", self.seed, self.world.log.tail());
            again(self);
            let pause = now.after(PATIENCE_MS);
            while !done(self) && self.world.step(pause) {}
        }
    }

    fn command(&mut self, host: HostId, number: u8, command: Command) {
        self.world.command(host, CommandId([number; 16]), command);
    }

    fn meet(&mut self) {
        for host in [B, A] {
            let mut tried = Tick(0);
            self.until(
                "publishing",
                |journey| {
                    // A restart forgets how far it came: publish again now and then.
                    let now = journey.world.now().tick;
                    if tried == Tick(0) || now.0 > tried.0 + 120_000 {
                        tried = Tick(now.0.max(1));
                        journey.command(host, 200, Command::Publish);
                    }
                },
                |journey| journey.ever(host, |event| matches!(event, Event::Published)),
            );
            if host == B {
                self.world.crash(B);
            }
        }
        let link = self.link(B);
        self.until(
            "opening the contact",
            |journey| journey.command(A, 201, Command::Open(link)),
            |journey| journey.ever(A, |event| matches!(event, Event::Opened { .. })),
        );
    }

    /// Send until it is acknowledged, then until it is stored.
    fn send(&mut self, from: HostId, to: HostId, number: u8) {
        let (to, link) = (self.id(to), self.link(to));
        let text = Zeroizing::new(format!("message {number}").into_bytes());
        let queued = |journey: &Self| {
            let of = |event: &Event| matches!(event, Event::Queued { command, .. } if command.0 == [number; 16]);
            journey.ever(from, of)
        };
        self.until(
            "acknowledging",
            |journey| {
                if journey.happened(from, |event| matches!(event, Event::Refused { .. })) {
                    journey.command(from, 201, Command::Open(link));
                }
                journey.command(from, number, Command::Send { to, text: text.clone() });
            },
            queued,
        );
    }

    fn all_stored(&mut self, host: HostId) {
        self.until(
            "storing",
            |_| {},
            |journey| {
                let member = journey.node(host).and_then(Node::member);
                member.is_some_and(|member| member.desk().on_the_way() == 0)
            },
        );
    }

    fn poll(&mut self) {
        for host in [A, B].into_iter().chain(OTHERS) {
            self.command(host, 202, Command::Poll { days: 1 });
        }
    }

    fn three_messages(&mut self) {
        self.seen = self.world.events.len();
        for number in 1..=3 {
            self.send(A, B, number);
        }
        self.all_stored(A);
        if let Some(holder) = self.world.holders().first().copied() {
            self.world.kill(holder);
        }
        let apart: BTreeSet<_> = (0..3).map(|_| HostId(self.world.below(SERVICES.into()) as u8)).collect();
        self.world.partition(apart, 30_000);
    }

    fn read_and_answer(&mut self) {
        if !self.world.runs(B) {
            self.world.start(B, None);
        }
        self.until("reading three messages", Self::poll, |journey| journey.texts(B, A).len() >= 3);
        assert_eq!(self.texts(B, A), ["message 1", "message 2", "message 3"], "seed {}", self.seed);
        self.send(B, A, 11);
        self.all_stored(B);
        self.until("reading the answer", Self::poll, |journey| !journey.texts(A, B).is_empty());
        assert_eq!(self.texts(A, B), ["message 11"], "seed {}", self.seed);
    }

    fn fourth(&mut self) {
        self.send(A, B, 4);
        self.until("reading the fourth", Self::poll, |journey| journey.texts(B, A).len() >= 4);
        for host in [A, B] {
            let id = self.id(if host == A { B } else { A });
            self.until(
                "confirming",
                |_| {},
                |journey| {
                    let Some(member) = journey.node(host).and_then(Node::member) else { return false };
                    let confirmed = pars_proto::session::PqAuth::Confirmed;
                    member
                        .sessions()
                        .all()
                        .any(|(session, _)| session.peer().address.identity == id && session.pq_auth() == confirmed)
                },
            );
        }
    }

    fn crash_in_a_send(&mut self) {
        self.world.crash_at_next_barrier(A);
        self.send(A, B, 5);
        self.until("reading the fifth", Self::poll, |journey| journey.texts(B, A).len() >= 5);
        let expected = ["message 1", "message 2", "message 3", "message 4", "message 5"];
        assert_eq!(self.texts(B, A), expected, "seed {}", self.seed);
    }
}

//! Members, host and the control streams between them, in virtual time.

mod carry;

use std::collections::{BTreeMap, BTreeSet};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::Rng;
use pars_crypto::sign::Ed25519Public;
use pars_crypto::suite::Libcrux;
use pars_engine::room::{
    Host, HostConfig, HostIn, LinkId, Member, MemberConfig, MemberEvent, MemberIn, MemberOut, Phase, Unreachable,
};
use pars_proto::room::recording::{ConsentKey, Notice};
use pars_proto::room::{Claim, HostEntry, HostSecrets, JoinRefusal, Line, Reach, SeatNo, Sitting, StatementHash};
use pars_wire::Kind;
use pars_wire::machine::{Cx, Machine, Now, Tick};

use super::PersonId;
use super::cast::{BEGIN, Somebody, sitting};
use super::evil::{Evil, Liar, Tamper};
use super::recording::ledger::{DOMAIN, Ledger};
use super::watch::{Broken, Watch};
use crate::faults::Faults;
use crate::host::randomness;
use crate::log::Log;

/// Somebody's seat, or the attempt to get one.
pub struct Person {
    /// Who it is.
    pub somebody: usize,
    /// Its machine.
    pub member: Member,
    rng: ChaCha20Rng,
    link: Option<LinkId>,
    /// Killed without a word.
    pub dead: bool,
    /// Proves nothing.
    forges: bool,
    /// Says that everything is verified.
    gullible: bool,
    /// Which of the host's rooms it is led to.
    pub side: usize,
    /// What it was told, for the story.
    pub events: Vec<MemberEvent>,
    /// When its join left for the first time.
    asked: Option<Tick>,
    /// Why it was refused a seat, and how many ms after it had asked.
    pub refused: Option<(JoinRefusal, u64)>,
}

/// One of the host's rooms: an honest host has one.
pub struct Side {
    /// The machine.
    pub host: Host,
    rng: ChaCha20Rng,
    links: BTreeMap<LinkId, PersonId>,
    /// Whose seat is which.
    pub seats: BTreeMap<SeatNo, PersonId>,
}

enum Happening {
    ToHost(usize, HostIn),
    ToPerson(PersonId, Option<LinkId>, Box<MemberIn>),
    Connect(PersonId),
    Act(super::story::Act),
}

/// The world.
pub struct World {
    /// The seed.
    pub seed: u64,
    /// What the host does.
    pub evil: Evil,
    /// Everybody there is.
    pub everybody: Vec<Somebody>,
    /// Attempts and seats in order.
    pub people: BTreeMap<PersonId, Person>,
    /// The host's rooms.
    pub sides: Vec<Side>,
    /// What happened.
    pub log: Log,
    /// What must hold.
    pub watch: Watch,
    /// What goes wrong.
    pub faults: Faults,
    /// What the host's chain says of named seats: who lost its access; or nothing at all.
    pub recheck: Result<Vec<SeatNo>, Unreachable>,
    /// What the host changes besides.
    pub tamper: Option<Tamper>,
    /// How many who lived were killed.
    pub kills: usize,
    /// Consents on chain, and what was seen of recordings.
    pub recordings: Ledger,
    /// Signing keys of seats, by their statements.
    seat_keys: BTreeMap<StatementHash, Ed25519Public>,
    sitting: Sitting,
    entry: HostEntry,
    capacity: u16,
    liar: Liar,
    rng: ChaCha20Rng,
    tick: Tick,
    count: u64,
    links: u64,
    queue: BTreeMap<(Tick, u64), Happening>,
    cut: (BTreeSet<PersonId>, Tick),
    /// When a packet from or to somebody was last lost, or its connection broke or was made.
    lost: BTreeMap<PersonId, Tick>,
}

/// How a world begins.
#[derive(Clone, Copy, Debug)]
pub struct Begin {
    /// The seed.
    pub seed: u64,
    /// What the host does.
    pub evil: Evil,
    /// What goes wrong.
    pub faults: Faults,
    /// The room.
    pub kind: Kind,
    /// Seats.
    pub capacity: u16,
    /// People.
    pub people: usize,
    /// The first so many have a name.
    pub names: usize,
}

/// People are the same in seeds of one setting, because keys of names cost time.
const SETTINGS: u64 = 4;

impl World {
    /// A room that is open.
    pub fn new(begin: Begin, log: Log) -> Self {
        let Begin { seed, evil, faults, kind, capacity, people, names } = begin;
        let secrets = HostSecrets::generate(&Libcrux, &mut randomness(seed, "host", 0));
        let reach = Reach::Direct("127.0.0.1:4433".parse().expect("an address"));
        let session = pars_identity::IdentityId([3; 32]);
        let entry = HostEntry { x_pk: secrets.x_pk(), s_vk: secrets.s_vk(), session, reach };
        let everybody = (0..people).map(|number| Somebody::new(seed % SETTINGS, number, number < names)).collect();
        let mut world = Self {
            seed,
            evil,
            everybody,
            people: BTreeMap::new(),
            sides: Vec::new(),
            log,
            watch: Watch::default(),
            faults,
            recheck: Ok(Vec::new()),
            tamper: None,
            kills: 0,
            recordings: Ledger::default(),
            seat_keys: BTreeMap::new(),
            sitting: sitting(kind),
            entry,
            capacity,
            liar: Liar::new(seed, evil, &secrets),
            rng: randomness(seed, "room world", 0),
            tick: Tick(0),
            count: 0,
            links: 0,
            queue: BTreeMap::new(),
            cut: (BTreeSet::new(), Tick(0)),
            lost: BTreeMap::new(),
        };
        let rooms = if evil == Evil::Splits { 2 } else { 1 };
        world.sides = (0..rooms).map(|side| world.side(side, secrets.clone())).collect();
        for side in 0..rooms as usize {
            world.host(side, HostIn::Opened);
        }
        world
    }

    fn side(&self, number: u64, secrets: HostSecrets) -> Side {
        let host = Host::new(HostConfig {
            suite: &Libcrux,
            sitting: self.sitting,
            entry: self.entry.clone(),
            secrets,
            capacity: self.capacity,
            sfu: 0,
            dtls_fingerprint: [1; 32],
            tunnel: Line::new("127.0.0.1:4433").expect("a line"),
            bans: Vec::new(),
            clock: BEGIN,
        });
        let rng = randomness(self.seed, "host life", number);
        Side { host, rng, links: BTreeMap::new(), seats: BTreeMap::new() }
    }

    /// The time.
    pub const fn now(&self) -> Tick {
        self.tick
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.rng.next_u64() % bound.max(1)
    }

    fn chance(&mut self, thousandths: u32) -> bool {
        self.below(1_000) < thousandths.into()
    }

    fn say(&mut self, line: std::fmt::Arguments<'_>) {
        self.log.push(format!("{:>8} {line}", self.tick.0));
    }

    /// Fail with the rule that is broken.
    ///
    /// # Panics
    /// It is broken.
    pub fn must(&mut self, rule: Result<(), Broken>) {
        if let Err(rule) = rule {
            panic!("seed {}, host {:?}, at {}: {rule}\n{}", self.seed, self.evil, self.tick.0, self.log.tail());
        }
    }

    fn later(&mut self, ms: u64, happening: Happening) {
        self.count += 1;
        self.queue.insert((self.tick.after(ms), self.count), happening);
    }

    /// A line of the log.
    pub fn note(&mut self, line: std::fmt::Arguments<'_>) {
        self.say(line);
    }

    /// Dummies of this run's recordings.
    pub const fn dummies(&self) -> usize {
        (self.seed % 4) as usize
    }

    /// Tell somebody something later.
    pub fn tell_later(&mut self, who: PersonId, ms: u64, input: MemberIn) {
        self.later(ms, Happening::ToPerson(who, None, Box::new(input)));
    }

    /// Let something of the story happen later.
    pub fn plan(&mut self, ms: u64, act: super::story::Act) {
        self.later(ms, Happening::Act(act));
    }

    /// Somebody makes a new attempt.
    pub fn arrive(&mut self, somebody: usize, forges: bool) -> PersonId {
        let claim = self.everybody[somebody].claim(self.sitting.kind);
        self.enter(somebody, forges, claim)
    }

    /// The recorder's seat of a member makes an attempt.
    pub fn arrive_as(&mut self, member: PersonId, claim: Claim) -> PersonId {
        let somebody = self.people.get(&member).map_or(0, |person| person.somebody);
        self.recordings.recorders.insert(PersonId(self.people.len() as u16), member);
        self.enter(somebody, false, claim)
    }

    fn enter(&mut self, somebody: usize, forges: bool, claim: Claim) -> PersonId {
        let id = PersonId(self.people.len() as u16);
        let records = self.recordings.recorders.contains_key(&id);
        let mut rng = randomness(self.seed, "person", id.0.into());
        let (now, mut out) = (Now { tick: self.tick, ..Now::default() }, Vec::new());
        let consent = ConsentKey::generate(&mut rng);
        if !records {
            self.recordings.signers.insert(id, consent.signer());
        }
        let config = MemberConfig {
            suite: &Libcrux,
            sitting: self.sitting,
            host: self.entry.clone(),
            consent: Some(consent).filter(|_| !records),
            recordings: Some(DOMAIN),
            clock: BEGIN,
        };
        let member = Member::new(&mut Cx { now, rng: &mut rng, out: &mut out }, config);
        let gullible = self.evil == Evil::AdmitsForgedWithSteward && id == PersonId(0);
        let side = usize::from(id.0) % self.sides.len();
        let (link, dead, events, asked, refused) = (None, false, Vec::new(), None, None);
        let person = Person { somebody, member, rng, link, dead, forges, gullible, side, events, asked, refused };
        self.people.insert(id, person);
        self.say(format_args!("{id} is somebody {somebody} and prepares"));
        self.person(id, MemberIn::Prepare(claim));
        id
    }

    /// Stop somebody without a word; its connection is noticed to be gone some seconds later.
    pub fn kill(&mut self, who: PersonId) {
        self.say(format_args!("{who} is killed"));
        if let Some(person) = self.people.get_mut(&who) {
            self.kills += usize::from(!person.dead);
            person.dead = true;
            if let Some(link) = person.link.take() {
                let (side, ms) = (person.side, 3_000 + self.below(7_000));
                self.later(ms, Happening::ToHost(side, HostIn::Disconnected(link)));
            }
        }
        self.watch.stopped(who);
    }

    /// End somebody's connection; both ends notice.
    pub fn break_link(&mut self, who: PersonId) {
        let Some(person) = self.people.get_mut(&who) else { return };
        let (side, link) = (person.side, person.link.take());
        if let Some(link) = link {
            self.lost.insert(who, self.tick);
            self.say(format_args!("the link of {who} breaks"));
            let (first, second) = (1 + self.below(500), 1 + self.below(2_000));
            self.later(first, Happening::ToPerson(who, None, Box::new(MemberIn::Disconnected)));
            self.later(second, Happening::ToHost(side, HostIn::Disconnected(link)));
        }
    }

    /// Nothing passes between these and the host for a while.
    pub fn partition(&mut self, who: BTreeSet<PersonId>, ms: u64) {
        if self.faults.partition {
            self.say(format_args!("{} people are cut off for {ms} ms", who.len()));
            self.cut = (who, self.tick.after(ms));
        }
    }

    fn is_cut(&self, who: PersonId) -> bool {
        self.cut.1 > self.tick && self.cut.0.contains(&who)
    }

    /// How often a packet arrives.
    fn copies(&mut self, who: PersonId) -> u32 {
        if self.is_cut(who) || self.chance(self.faults.loss) {
            self.lost.insert(who, self.tick);
            0
        } else {
            1 + u32::from(self.chance(self.faults.duplication))
        }
    }

    /// Since when everything between the host and somebody has arrived, if they have a connection.
    pub(super) fn reached(&self, who: PersonId) -> Option<Tick> {
        let connected = self.people.get(&who).is_some_and(|person| person.link.is_some());
        connected.then(|| self.lost.get(&who).copied().unwrap_or_default())
    }

    fn latency(&mut self) -> u64 {
        1 + self.below(self.faults.latency_ms)
    }

    /// Tell somebody something.
    pub fn person(&mut self, who: PersonId, input: MemberIn) {
        let rule = self.watch.sent(who, self.tick);
        self.must(rule);
        let rule = self.recorded_until_now(who);
        self.must(rule);
        let now = Now { tick: self.tick, ..Now::default() };
        let Some(person) = self.people.get_mut(&who).filter(|person| !person.dead) else { return };
        let mut out = Vec::new();
        person.member.handle(&mut Cx { now, rng: &mut person.rng, out: &mut out }, input);
        if person.member.sending().is_none() {
            self.watch.stopped(who);
        }
        for output in out {
            self.person_out(who, output);
        }
    }

    /// Somebody says of recordings what its machine would not; the packets that left at once.
    pub fn lie(&mut self, who: PersonId, notice: Notice) -> Vec<Vec<u8>> {
        let now = Now { tick: self.tick, ..Now::default() };
        let Some(person) = self.people.get_mut(&who).filter(|person| !person.dead) else { return Vec::new() };
        let mut out = Vec::new();
        person.member.say_of_recordings(&mut Cx { now, rng: &mut person.rng, out: &mut out }, notice);
        let sent = out.iter().filter_map(|output| match output {
            MemberOut::Send(packet) => Some(packet.clone()),
            _ => None,
        });
        let sent = sent.collect();
        for output in out {
            self.person_out(who, output);
        }
        sent
    }

    /// Tell one of the host's rooms something.
    pub fn host(&mut self, side: usize, input: HostIn) {
        let now = Now { tick: self.tick, ..Now::default() };
        let Some(at) = self.sides.get_mut(side) else { return };
        let mut out = Vec::new();
        at.host.handle(&mut Cx { now, rng: &mut at.rng, out: &mut out }, input);
        let (taken, presenters) = (at.host.taken(), at.host.presenters());
        let rule = self.watch.limits(taken, self.capacity.into(), presenters);
        self.must(rule);
        for output in out {
            self.host_out(side, output);
        }
    }

    fn connect(&mut self, who: PersonId) {
        let cut = self.is_cut(who);
        let Some(person) = self.people.get_mut(&who).filter(|person| !person.dead) else { return };
        if cut {
            return self.person(who, MemberIn::Disconnected);
        }
        self.links += 1;
        let link = LinkId(self.links);
        person.link = Some(link);
        let side = person.side;
        self.lost.insert(who, self.tick);
        self.sides[side].links.insert(link, who);
        self.person(who, MemberIn::Connected);
    }

    /// Let everything happen that is due within so many ms.
    pub fn pass(&mut self, ms: u64) {
        let end = self.tick.after(ms);
        while self.step(end) {}
        self.tick = end;
    }

    /// The next thing that happens, unless it is after `end`.
    fn step(&mut self, end: Tick) -> bool {
        let people = self.people.iter().filter(|(_, person)| !person.dead);
        let person = people.filter_map(|(who, person)| person.member.deadline().map(|at| (at, *who))).min();
        let hosts = self.sides.iter().enumerate();
        let host = hosts.filter_map(|(side, at)| at.host.deadline().map(|tick| (tick, side))).min();
        let queued = self.queue.keys().next().map(|(at, _)| *at);
        let times = [person.map(|(at, _)| at), host.map(|(at, _)| at), queued];
        let Some(at) = times.into_iter().flatten().min().filter(|at| *at <= end) else { return false };
        // A deadline in the past is now.
        self.tick = self.tick.max(at);
        if queued == Some(at) {
            if let Some((_, happening)) = self.queue.pop_first() {
                self.happen(happening);
            }
        } else if let Some((_, who)) = person.filter(|(tick, _)| *tick == at) {
            self.person(who, MemberIn::Wake);
        } else if let Some((_, side)) = host {
            self.host(side, HostIn::Wake);
        }
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::ToHost(side, input) => self.host(side, input),
            Happening::ToPerson(who, link, input) => {
                // What was under way on a connection that has ended is lost with it.
                let over = |person: &Person| link.is_some() && person.link != link;
                if self.people.get(&who).is_some_and(over) {
                    return;
                }
                if let (MemberIn::Disconnected, Some(person)) = (&*input, self.people.get_mut(&who)) {
                    person.link = None;
                }
                self.person(who, *input);
            }
            Happening::Connect(who) => self.connect(who),
            Happening::Act(act) => super::story::act(self, act),
        }
    }

    /// Seats that stand, of people who live, by the host's room.
    pub fn seated(&self, side: usize) -> Vec<PersonId> {
        let sits = |person: &Person| person.side == side && !person.dead && person.member.phase() == Phase::Admitted;
        self.people.iter().filter(|(_, person)| sits(person)).map(|(who, _)| *who).collect()
    }
}

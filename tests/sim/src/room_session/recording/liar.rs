//! Who records lies (THREATS K1, K6): it leaves a seat out of the roster, pads it, shows a recording key as another's, or
//! different rosters to different seats, with a host that helps it. Its chain says that everybody agreed to the lie, and its
//! recorder's seat comes. In between it tells the truth, so that what is refused is the lie and not its form.

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hkem::{Xw768Public, Xw768Secret};
use pars_crypto::secret::{HybridKemSeed, SharedSecret};
use pars_crypto::suite::Libcrux;
use pars_proto::room::recording::{ConsentKey, ConsentRefusal, Draft, Dummies, Notice, Recording, RecordingTag};
use pars_proto::room::{Body, ConsentSigner, Role, SeatSecrets};
use pars_wire::{Kind, RecordingId};

use super::super::PersonId;
use super::super::cast::sitting;
use super::super::world::{Person, World};
use super::story::{self, LEADER, RECORDS};
use crate::host::randomness;

/// What is shown instead of the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// Nothing: this is the truth.
    Truth,
    /// The leader's seat is not in it.
    Omits,
    /// A key is in it that is nobody's.
    Pads,
    /// The recorder shows the leader's recording key as its own.
    AnothersKey,
    /// A key of the recorder stands for the leader's recording key.
    SwapsKey,
    /// Half of the seats are shown one roster, the others another: true ones, with other dummies.
    Splits,
}

impl Lie {
    /// What is told in a run, one in each round.
    pub const ALL: [Self; 6] = [Self::Omits, Self::Pads, Self::AnothersKey, Self::Truth, Self::SwapsKey, Self::Splits];

    /// Of a round of a run.
    fn of(seed: u64, round: u64) -> Self {
        let place = (seed / 5 + round) % Self::ALL.len() as u64;
        Self::ALL.get(place as usize).copied().unwrap_or(Self::Truth)
    }
}

/// What a recorder who lies has said, and what became of it.
#[derive(Debug, Default)]
pub struct Lies {
    /// The keys of its seat; none: it is honest.
    liar: Option<SeatSecrets>,
    /// What it proposed last.
    tag: Option<RecordingTag>,
    /// Recording keys of those who agreed.
    keys: BTreeMap<(PersonId, RecordingTag), Xw768Public>,
    /// What was shown last; none: not yet, of what is proposed.
    shown: Option<Lie>,
    /// How often each was shown.
    pub told: BTreeMap<Lie, usize>,
    /// True spans that it showed.
    truths: BTreeSet<RecordingId>,
    /// Who signed which of them.
    pub signed: BTreeSet<(PersonId, RecordingId)>,
    /// Why others did not sign what.
    pub refused: BTreeSet<(Lie, String)>,
    /// Ends of packets that the host lets only people of even or of odd numbers read.
    halves: Vec<([u8; 64], u16)>,
}

impl Lies {
    /// A recorder who lies: it knows its own keys.
    pub fn begin(&mut self, seed: u64) {
        let mut rng = randomness(seed, "person", RECORDS.0.into());
        ConsentKey::generate(&mut rng);
        self.liar = Some(SeatSecrets::generate(&Libcrux, &mut rng));
    }

    /// Whether this run has one.
    pub const fn are_told(&self) -> bool {
        self.liar.is_some()
    }

    /// It vouches for its recorder's seat whenever it likes.
    pub fn vouch(&self, body: &Body) -> Option<[u8; 64]> {
        self.liar.as_ref().map(|liar| body.sign_recorder(liar.s()))
    }

    /// Somebody keeps a recording key.
    pub fn kept(&mut self, who: PersonId, recording: RecordingTag, seed: HybridKemSeed) {
        if self.liar.is_some() {
            self.keys.insert((who, recording), Xw768Secret::from_seed(&Libcrux, seed).public());
        }
    }

    /// Somebody has signed a span.
    pub fn signed(&mut self, who: PersonId, span: RecordingId) {
        if self.truths.contains(&span) && who != RECORDS {
            self.signed.insert((who, span));
        }
    }

    /// Something is shown.
    fn show(&mut self, lie: Lie) {
        self.shown = Some(lie);
        *self.told.entry(lie).or_default() += 1;
    }

    /// Somebody does not sign what is shown.
    pub fn refuse(&mut self, who: PersonId, why: ConsentRefusal) {
        if let Some(lie) = self.shown.filter(|_| who != RECORDS) {
            self.refused.insert((lie, why.to_string()));
        }
    }

    /// What the host lets somebody read.
    pub fn pass(&self, who: PersonId, mut packet: Vec<u8>) -> Vec<u8> {
        let kept_from = self.halves.iter().any(|(end, half)| packet.ends_with(end) && who.0 % 2 != *half);
        if let Some(last) = packet.last_mut().filter(|_| kept_from && who != RECORDS) {
            *last ^= 1;
        }
        packet
    }
}

/// What takes part in the epoch of now, as the recorder's own seat sees it.
struct Cast {
    leader: usize,
    recorder: usize,
    signers: Vec<ConsentSigner>,
    keys: Vec<Xw768Public>,
}

impl Cast {
    /// None if somebody has not agreed.
    fn of(world: &World, tag: RecordingTag) -> Option<Self> {
        let seats = world.people.get(&RECORDS)?.member.view().seats;
        let (mut people, mut signers, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for seat in seats.iter().filter(|seat| seat.live && seat.role != Role::Recorder) {
            let sits = |person: &Person| person.member.seat() == Some(seat.seat);
            let who = world.people.iter().find(|(_, person)| sits(person)).map(|(who, _)| *who)?;
            people.push(who);
            signers.push(world.recordings.signers.get(&who)?.clone());
            keys.push(world.recordings.lies.keys.get(&(who, tag))?.clone());
        }
        let place = |who: PersonId| people.iter().position(|it| *it == who);
        Some(Self { leader: place(LEADER)?, recorder: place(RECORDS)?, signers, keys })
    }

    fn span(&self, tag: RecordingTag, dummies: &Dummies, recorder: &ConsentSigner) -> Recording {
        let (signers, keys, terms) = (&self.signers, &self.keys, &story::terms());
        let draft = Draft { tag, terms, dummies, signers, keys, recorder };
        draft.build().expect("keys of distinct people").0
    }
}

/// What a round proposes: random bytes of its recording, and two sets of dummies.
fn proposal(world: &World, round: u64) -> ([u8; 32], [Dummies; 2]) {
    let mut rng = randomness(world.seed, "lies", round);
    let mut dummies = || Dummies::new(SharedSecret::generate(&mut rng), world.dummies() as u16).expect("few");
    let dummies = [dummies(), dummies()];
    (pars_crypto::hash::random(&mut rng), dummies)
}

/// It asks everybody.
pub(super) fn propose(world: &mut World, round: u64) {
    let (random, [dummies, _]) = proposal(world, round);
    world.recordings.lies.shown = None;
    world.recordings.lies.tag = Some(RecordingTag::of(&sitting(Kind::TownHall).scope, &random));
    world.lie(RECORDS, Notice::Propose { random, terms: story::terms(), dummies });
}

/// Everybody has agreed, or not: it shows a roster.
pub(super) fn show(world: &mut World, round: u64) {
    let Some(tag) = world.recordings.lies.tag else { return };
    let Some(mut cast) = Cast::of(world, tag) else { return };
    let (random, [dummies, others]) = proposal(world, round);
    let (lie, now) = (Lie::of(world.seed, round), world.now());
    let recorder = cast.signers[cast.recorder].clone();
    let truth = cast.span(tag, &dummies, &recorder);
    let mut rng = randomness(world.seed, "lie", round);
    match lie {
        Lie::Truth => {}
        Lie::Omits => drop((cast.signers.remove(cast.leader), cast.keys.remove(cast.leader))),
        Lie::Pads => cast.signers.push(ConsentKey::generate(&mut rng).signer()),
        Lie::AnothersKey => {
            let r_pk = cast.keys[cast.leader].clone();
            world.lie(RECORDS, Notice::Agree { recording: tag, r_pk: Box::new(r_pk.clone()) });
            cast.keys[cast.recorder] = r_pk;
        }
        Lie::SwapsKey => {
            let seed = HybridKemSeed::generate(&mut rng);
            cast.keys[cast.leader] = Xw768Secret::from_seed(&Libcrux, seed).public();
        }
        Lie::Splits => {
            let other = cast.span(tag, &others, &recorder);
            let propose = Notice::Propose { random, terms: story::terms(), dummies: others };
            world.recordings.lies.show(lie);
            half(world, Notice::Roster(truth), 0);
            half(world, propose, 1);
            half(world, Notice::Roster(other), 1);
            return;
        }
    }
    let shown = cast.span(tag, &dummies, &recorder);
    world.note(format_args!("{RECORDS} lies: {lie:?}"));
    world.recordings.lies.show(lie);
    if lie == Lie::Truth {
        world.recordings.lies.truths.insert(shown.span());
    } else {
        world.recordings.lie(now, shown);
    }
    world.lie(RECORDS, Notice::Roster(shown));
}

/// Said so that one half reads it only; what is still under way then reaches all.
fn half(world: &mut World, notice: Notice, half: u16) {
    let ends: Vec<_> = world.lie(RECORDS, notice).iter().filter_map(|packet| packet.last_chunk().copied()).collect();
    world.recordings.lies.halves.extend(ends.into_iter().map(|end| (end, half)));
}

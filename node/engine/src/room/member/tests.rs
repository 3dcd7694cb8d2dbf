//! One seat whose host and fellow members are the test's.

mod keys;
mod turns;

use std::collections::VecDeque;

use alloy_primitives::Address;
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::sign::HybridSignature;
use pars_crypto::suite::Libcrux;
use pars_identity::device::DeviceId;
use pars_identity::id::IdentityId;
use pars_proto::room::{
    Claim, Content, EpochHash, EpochRecord, EpochSecret, GrantId, HostSecrets, Line, Named, Order, Reach, Role,
    RoomMessage, Scope, SignedRecord, StatementRefusal, Support,
};
use pars_proto::signal::Envelope;
use pars_proto::signal::envelope::Cargo;
use pars_wire::machine::Now;
use pars_wire::{ChainId, Kind, Nullifier, RoomId, SittingId};

use super::*;
use crate::room::io::{GoneReason, OrderRefusal, Standing};
use crate::room::pairs::{Own, Peer};

const BEGIN: u64 = 1_800_000_000;
const OWN: u16 = 2;

/// Another seat.
struct Fellow {
    secrets: SeatSecrets,
    st: StatementHash,
    statement: Statement,
    pairs: Pairs,
    sequence: u32,
}

/// An epoch that the seat made.
struct Made {
    seats: Vec<u16>,
    /// Whose epoch counted then, as the seat saw it.
    counts: Option<SeatNo>,
}

struct World {
    member: Member,
    rng: ChaCha20Rng,
    now: Tick,
    queue: VecDeque<MemberIn>,
    /// Frames that the host has told.
    told: u32,
    fellows: BTreeMap<u16, Fellow>,
    /// What the own index says of seats that are not in order; none: nothing yet.
    verdicts: BTreeMap<u16, Option<StatementRefusal>>,
    /// Questions without an answer.
    open: Vec<QuestionId>,
    events: Vec<MemberEvent>,
    made: Vec<Made>,
    /// The newest record.
    tip: Option<(u32, EpochHash)>,
    /// The first seat beats.
    beats: bool,
    /// The fellows were shown other keys of ours: none of them answers us, but for this one.
    swapped: bool,
    friend: Option<u16>,
    /// What they would have answered.
    withheld: Vec<Envelope>,
    /// The seats of the epoch that the first seat makes after each of ours.
    answers: Option<Vec<u16>>,
}

fn scope() -> Scope {
    let room = RoomId(B256::repeat_byte(2));
    Scope { chain: ChainId(1), town_hall: Address::repeat_byte(1), room, sitting: SittingId(1) }
}

fn nameless(number: u16) -> Claim {
    Claim::Anonymous { nullifier: Nullifier(B256::with_last_byte(number as u8)) }
}

fn named(number: u16) -> Claim {
    let (session, device) = (IdentityId([number as u8; 32]), DeviceId([number as u8; 16]));
    let member = Named { account: Address::with_last_byte(number as u8), session, device };
    Claim::Identified { nullifier: None, member }
}

fn supported(body: Body) -> Statement {
    let support = match body.claim {
        Claim::Anonymous { .. } => Support::Anonymous { points: Box::new([0; 256]) },
        _ => {
            let identity = HybridSignature::from_bytes(&[0; HybridSignature::SIZE]);
            Support::Named { points: None, wallet: [0; 65], identity }
        }
    };
    Statement::new(body, support).unwrap()
}

impl World {
    /// The seat and its fellows, all verified; the first one beats.
    fn new(fellows: &[u16]) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let host = HostSecrets::generate(&Libcrux, &mut rng);
        let reach = Reach::Direct("127.0.0.1:1".parse().unwrap());
        let host = HostEntry { x_pk: host.x_pk(), s_vk: host.s_vk(), session: IdentityId([3; 32]), reach };
        let sitting = Sitting { scope: scope(), kind: Kind::TownHall, opened_at: BEGIN, ends_at: BEGIN + 7_200 };
        let consent = Some(ConsentKey::generate(&mut rng));
        let config = MemberConfig { suite: &Libcrux, sitting, host, consent, recordings: None, clock: BEGIN };
        let (now, mut out) = (Now::default(), Vec::new());
        let mut cx = Cx { now, rng: &mut rng, out: &mut out };
        let mut member = Member::new(&mut cx, config);
        member.handle(&mut cx, MemberIn::Prepare(named(OWN)));
        let body = out.into_iter().find_map(|output| match output {
            MemberOut::Question { question: MemberQuestion::Prove(body), .. } => Some(*body),
            _ => None,
        });
        let statement = supported(body.unwrap());
        let st = statement.hash();
        let grant = Grant {
            scope: scope(),
            seat: SeatNo(OWN),
            st,
            role: Role::Member,
            id: GrantId([0; 16]),
            expires_at: BEGIN + 120,
            sfu: 0,
            dtls_fingerprint: [0; 32],
            tunnel: Line::new("here").unwrap(),
        };
        member.place = Some(Place { seat: SeatNo(OWN), st, grant, resume: [0; 16], attached: true, synced: false });
        (member.phase, member.road.connected) = (Phase::Admitted, true);
        let mut world = Self {
            member,
            rng,
            now: Tick(0),
            queue: VecDeque::new(),
            told: 0,
            fellows: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            open: Vec::new(),
            events: Vec::new(),
            made: Vec::new(),
            tip: None,
            beats: true,
            swapped: false,
            friend: None,
            withheld: Vec::new(),
            answers: None,
        };
        world.hears(&Frame::Seat(SeatNo(OWN), Box::new(statement)));
        fellows.iter().for_each(|number| world.seat(*number, nameless(*number)));
        // Not before all are told: who knows of nobody else would make an epoch of its own.
        world.member.place.as_mut().unwrap().synced = true;
        world
    }

    /// Somebody comes.
    fn seat(&mut self, number: u16, claim: Claim) {
        let secrets = SeatSecrets::generate(&Libcrux, &mut self.rng);
        let statement = supported(Body {
            scope: scope(),
            issued_at: BEGIN,
            expires_at: BEGIN + 120,
            x_pk: secrets.x_pk(),
            s_vk: secrets.s_vk(),
            consent: Some(ConsentSigner::Address(Address::with_last_byte(number as u8))),
            claim,
        });
        let (st, stated) = (statement.hash(), statement.clone());
        let fellow = Fellow { secrets, st, statement: stated, pairs: Pairs::default(), sequence: 0 };
        self.fellows.insert(number, fellow);
        self.hears(&Frame::Seat(SeatNo(number), Box::new(statement)));
    }

    fn gone(&mut self, number: u16) {
        self.hears(&Frame::Gone(SeatNo(number), GoneReason::Kicked));
    }

    /// The host will tell this.
    fn tell(&mut self, frame: &Frame) {
        self.told += 1;
        let packet = Packet::Data { number: self.told, acknowledged: 0, frame: frame.encode() };
        self.queue.push_back(MemberIn::Recv(packet.encode()));
    }

    /// The host tells this now.
    fn hears(&mut self, frame: &Frame) {
        self.tell(frame);
        self.input(MemberIn::Wake);
    }

    fn input(&mut self, input: MemberIn) {
        self.queue.push_back(input);
        while let Some(input) = self.queue.pop_front() {
            let (now, mut out) = (Now { tick: self.now, ..Now::default() }, Vec::new());
            self.member.handle(&mut Cx { now, rng: &mut self.rng, out: &mut out }, input);
            self.member.line.acknowledged(u32::MAX);
            out.into_iter().for_each(|output| self.output(output));
        }
    }

    fn output(&mut self, output: MemberOut) {
        match output {
            MemberOut::Question { id, question: MemberQuestion::Verify { seat, .. } } => {
                let verdict = match self.verdicts.get(&seat.0) {
                    Some(None) => return self.open.push(id),
                    Some(Some(refusal)) => Err(*refusal),
                    None => Ok(Standing::default()),
                };
                self.queue.push_back(MemberIn::Verified { id, verdict });
            }
            MemberOut::Send(bytes) => {
                if let Ok(Packet::Data { frame, .. }) = packet(&bytes) {
                    self.sent(Frame::decode(&frame).unwrap());
                }
            }
            MemberOut::Event(event) => self.events.push(event),
            _ => {}
        }
    }

    /// What the seat says, and what follows.
    fn sent(&mut self, frame: Frame) {
        match frame {
            Frame::Ping(count) => self.tell(&Frame::Pong(count)),
            Frame::Pair(envelope) => self.envelope(envelope),
            Frame::Record(record, seats) => {
                self.tip = Some((record.record().n, record.record().hash()));
                let counts = self.member.chain.tip().map(|(_, tip)| tip.steward());
                self.made.push(Made { seats: seats.into_iter().map(|seat| seat.0).collect(), counts });
                if let Some(seats) = self.answers.clone() {
                    self.epoch(1, &seats, true);
                }
            }
            _ => {}
        }
    }

    /// A fellow makes its half of a pair channel.
    fn envelope(&mut self, envelope: Envelope) {
        if self.swapped && self.friend != Some(envelope.to) {
            return self.withheld.push(envelope);
        }
        let Envelope { to, cargo, .. } = envelope;
        let Some(fellow) = self.fellows.get_mut(&to) else { return };
        let ciphertext = match cargo {
            Cargo::Hello(ciphertext) => ciphertext,
            Cargo::Sealed(frame) => {
                fellow.pairs.open(SeatNo(OWN), &frame);
                return;
            }
        };
        fellow.pairs.ask(SeatNo(OWN), ciphertext);
        let (scope, key) = (scope(), self.member.secrets.x_pk());
        let own = Own { suite: &Libcrux, scope: &scope, seat: SeatNo(to), st: fellow.st, secret: fellow.secrets.x() };
        let st = self.member.place.as_ref().unwrap().st;
        let out = fellow.pairs.go_on(&own, &Peer { seat: SeatNo(OWN), st, key: &key }, &mut self.rng);
        out.into_iter().for_each(|envelope| self.tell(&Frame::Pair(envelope)));
    }

    /// A fellow makes an epoch behind the newest one, and tells us its secret or not.
    fn epoch(&mut self, by: u16, seats: &[u16], tells: bool) {
        let seats: Vec<_> = seats.iter().copied().map(SeatNo).collect();
        let roster = self.member.roster.of(&seats).unwrap();
        let secret = EpochSecret::generate(&mut self.rng);
        let record = EpochRecord::after(self.tip, scope(), SeatNo(by), &roster, &secret);
        self.tip = Some((record.n, record.hash()));
        let fellow = &self.fellows[&by];
        let signed = SignedRecord::sign(record, fellow.secrets.s());
        let key = fellow.pairs.wrap_key(SeatNo(OWN)).filter(|_| tells);
        self.tell(&Frame::Record(Box::new(signed), seats));
        if let Some(key) = key {
            self.tell(&Frame::Wrap(SeatNo(by), record.hash(), key.wrap(&record, &secret)));
        }
    }

    /// The same, now, with its secret.
    fn makes(&mut self, by: u16, seats: &[u16]) {
        self.epoch(by, seats, true);
        self.input(MemberIn::Wake);
    }

    /// A fellow says something over the host.
    fn says(&mut self, by: u16, content: Content) {
        let fellow = self.fellows.get_mut(&by).unwrap();
        fellow.sequence += 1;
        let message = RoomMessage { seat: SeatNo(by), seq: fellow.sequence, content };
        let signed = message.sign(&scope(), fellow.secrets.s()).encode();
        self.hears(&Frame::Message(signed));
    }

    fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 100 {
            self.now = self.now.after(100);
            if self.beats && self.now.0.is_multiple_of(2_000) {
                self.says(1, Content::Beat { epoch: 1 });
            }
            self.input(MemberIn::Wake);
        }
    }

    fn verified(&self, number: u16) -> bool {
        self.member.roster.get(SeatNo(number)).unwrap().is_verified()
    }
}

/// Blocks are replaced: access that is lost may come back with the next ones.
#[test]
fn who_has_access_again_is_sent_to_again() {
    let mut world = World::new(&[1, 3]);
    world.makes(1, &[1, 2, 3]);
    assert_eq!(world.member.sending(), Some(1));
    world.input(MemberIn::Access(SeatNo(3), false));
    let told = |event: &MemberEvent| {
        matches!(event, MemberEvent::Unverified { seat: SeatNo(3), refusal: StatementRefusal::NoAccess })
    };
    assert!(world.events.iter().any(told) && world.member.sending().is_none());
    world.input(MemberIn::Access(SeatNo(3), true));
    assert_eq!(world.member.sending(), Some(1));
}

/// The own index may see a block later than the host's: who had no access when it came is judged again, from the beginning.
#[test]
fn who_had_no_access_yet_is_judged_again_and_not_believed() {
    let mut world = World::new(&[1]);
    world.verdicts.insert(3, Some(StatementRefusal::NoAccess));
    world.seat(3, named(3));
    world.verdicts.insert(3, Some(StatementRefusal::OtherWallet));
    world.input(MemberIn::Access(SeatNo(3), true));
    assert!(!world.verified(3), "its wallet signed nothing, and only now is that looked at");
    world.input(MemberIn::Access(SeatNo(3), true));
    assert!(!world.verified(3), "for good");
    world.verdicts.insert(4, Some(StatementRefusal::NoAccess));
    world.seat(4, named(4));
    world.verdicts.insert(4, None);
    world.input(MemberIn::Access(SeatNo(4), true));
    assert!(!world.verified(4) && world.open.len() == 1, "nothing is said of it yet");
    let id = world.open.remove(0);
    world.input(MemberIn::Verified { id, verdict: Ok(Standing::default()) });
    assert!(world.verified(4));
    world.verdicts.insert(5, Some(StatementRefusal::NoAccess));
    world.seat(5, named(5));
    world.gone(5);
    world.input(MemberIn::Access(SeatNo(5), true));
    assert!(!world.verified(5) && world.open.is_empty(), "who is gone is judged no more");
}

/// Two orders about one seat: the host passed the first on and refused the second, and a verdict on somebody else was awaited.
#[test]
fn a_refusal_is_told_after_what_the_host_passed_on_before() {
    let mut world = World::new(&[1, 3]);
    world.input(MemberIn::Leads(SeatNo(OWN), true));
    world.verdicts.insert(4, None);
    world.seat(4, nameless(4));
    world.says(4, Content::Decline);
    let message = RoomMessage { seat: SeatNo(OWN), seq: 1_000, content: Content::Order(Order::Mute(SeatNo(3))) };
    let signed = message.sign(&scope(), world.member.secrets.s()).encode();
    world.hears(&Frame::Message(signed));
    world.hears(&Frame::Refused(SeatNo(3), OrderRefusal::NoChange));
    let told = |world: &World| {
        let about = world.events.iter().filter_map(|event| match event {
            MemberEvent::Order { order: Order::Mute(seat), .. } => Some((*seat, None)),
            MemberEvent::OrderRefused { target, reason } => Some((*target, Some(*reason))),
            _ => None,
        });
        about.collect::<Vec<_>>()
    };
    assert!(told(&world).is_empty(), "both wait");
    let id = world.open.remove(0);
    world.input(MemberIn::Verified { id, verdict: Ok(Standing::default()) });
    assert_eq!(told(&world), [(SeatNo(3), None), (SeatNo(3), Some(OrderRefusal::NoChange))]);
    world.hears(&Frame::Refused(SeatNo(3), OrderRefusal::NoSuchSeat));
    assert_eq!(told(&world).len(), 3, "and nothing waits for nobody");
}

#[test]
fn nothing_is_kept_of_channels_with_seats_that_nobody_was_told_of() {
    let mut world = World::new(&[1]);
    let hello = |from: u16| {
        let cargo = Cargo::Hello(Box::new([7; 1_120]));
        Frame::Pair(Envelope { from, to: OWN, cargo })
    };
    world.hears(&hello(40_000));
    assert!(!world.member.pairs.is_asked(SeatNo(40_000)));
    world.verdicts.insert(3, None);
    world.seat(3, nameless(3));
    world.hears(&hello(3));
    assert!(world.member.pairs.is_asked(SeatNo(3)), "who is being verified waits");
}

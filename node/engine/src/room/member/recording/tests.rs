//! A small room without faults: what its members sign when who records lies, and when they stop.

mod asked;
mod failures;
mod seats;
mod withdrawals;

use std::collections::{BTreeMap, VecDeque};

use alloy_primitives::{Address, B256};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use pars_crypto::suite::Libcrux;
use pars_identity::id::IdentityId;
use pars_proto::room::recording::{ConsentRefusal, ConsentRoster, Recording, Terms};
use pars_proto::room::{Claim, HostEntry, HostSecrets, Line, Reach, Scope, Sitting, Support};
use pars_wire::machine::{Cx, Machine, Now};
use pars_wire::{ChainId, Kind, Nullifier, RoomId, SittingId};

use super::*;
use crate::room::io::{
    Authority, HostIn, HostOut, HostQuestion, LinkId, MemberIn, MemberOut, Standing, StopReason, Withdrawal,
};
use crate::room::member::MemberConfig;
use crate::room::{Host, HostConfig};

const BEGIN: u64 = 1_800_000_000;
const DOMAIN: ConsentDomain = ConsentDomain { chain: ChainId(7_072), contract: Address::repeat_byte(3) };
/// Who records.
const M: usize = 1;

enum To {
    Host(HostIn),
    Member(usize, MemberIn),
}

struct Room {
    host: Host,
    members: Vec<Member>,
    rng: ChaCha20Rng,
    now: Now,
    queue: VecDeque<To>,
    told: Vec<Vec<MemberEvent>>,
    /// What everybody's index says of each span; none: it is silent.
    says: Option<BTreeMap<RecordingId, Authority>>,
    submitted: Vec<RecordingId>,
    /// Withdrawals that were to be sent, and by whom.
    withdrawals: Vec<(usize, Withdrawal)>,
    /// Whether the contract takes consents.
    takes: bool,
    /// Whether recording keys are kept.
    keeps: bool,
    /// Whether executors send withdrawals.
    executes: bool,
    /// Who was killed.
    dead: Option<usize>,
    config: (Sitting, HostEntry),
    keys: BTreeMap<pars_proto::room::StatementHash, usize>,
}

fn sitting() -> Sitting {
    let scope = Scope {
        chain: ChainId(7_072),
        town_hall: Address::repeat_byte(1),
        room: RoomId(B256::repeat_byte(2)),
        sitting: SittingId(1),
    };
    Sitting { scope, kind: Kind::TownHall, opened_at: BEGIN, ends_at: BEGIN + 7_200 }
}

fn terms() -> Terms {
    Terms { codec: B256::ZERO, storage: B256::ZERO, retention_seconds: 60, valid_until: BEGIN + 3_600 }
}

impl Room {
    /// Three members, of whom the second has asked to record.
    fn new() -> Self {
        Self::of(9)
    }

    fn of(capacity: u16) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let secrets = HostSecrets::generate(&Libcrux, &mut rng);
        let reach = Reach::Direct("127.0.0.1:4433".parse().unwrap());
        let entry = HostEntry { x_pk: secrets.x_pk(), s_vk: secrets.s_vk(), session: IdentityId([3; 32]), reach };
        let host = Host::new(HostConfig {
            suite: &Libcrux,
            sitting: sitting(),
            entry: entry.clone(),
            secrets,
            capacity,
            sfu: 0,
            dtls_fingerprint: [1; 32],
            tunnel: Line::new("here").unwrap(),
            bans: Vec::new(),
            clock: BEGIN,
        });
        let (now, says) = (Now::default(), Some(BTreeMap::new()));
        let config = (sitting(), entry);
        let mut room = Self {
            host,
            members: Vec::new(),
            rng,
            now,
            queue: VecDeque::from([To::Host(HostIn::Opened)]),
            told: Vec::new(),
            says,
            submitted: Vec::new(),
            withdrawals: Vec::new(),
            takes: true,
            keeps: true,
            executes: true,
            dead: None,
            config,
            keys: BTreeMap::new(),
        };
        (0..3).for_each(|_| room.enter(None));
        room.pass(8_000);
        room.tell(M, RecordingIn::Start { terms: terms(), dummies: 2 });
        room
    }

    /// Somebody comes; or the recorder's seat of a member.
    fn enter(&mut self, records_for: Option<usize>) {
        self.come(records_for, false);
    }

    /// The same; who asks first wants no seat while somebody records.
    fn come(&mut self, records_for: Option<usize>, asks: bool) {
        let number = self.members.len();
        let consent = records_for.is_none().then(|| ConsentKey::generate(&mut self.rng));
        let (sitting, host) = self.config.clone();
        let config = MemberConfig { suite: &Libcrux, sitting, host, consent, recordings: Some(DOMAIN), clock: BEGIN };
        let mut out = Vec::new();
        let mut member = Member::new(&mut Cx { now: self.now, rng: &mut self.rng, out: &mut out }, config);
        member.ask_first(asks);
        let claim = match records_for.and_then(|of| self.members[of].place.as_ref()) {
            Some(place) => Claim::Recorder { seat: place.st },
            None => Claim::Anonymous { nullifier: Nullifier(B256::with_last_byte(number as u8 + 1)) },
        };
        self.members.push(member);
        self.told.push(Vec::new());
        self.queue.push_back(To::Member(number, MemberIn::Prepare(claim)));
        self.settle();
    }

    fn tell(&mut self, who: usize, input: RecordingIn) {
        self.queue.push_back(To::Member(who, MemberIn::Recording(input)));
        self.settle();
    }

    fn settle(&mut self) {
        while let Some(next) = self.queue.pop_front() {
            match next {
                To::Host(input) => {
                    let mut out = Vec::new();
                    self.host.handle(&mut Cx { now: self.now, rng: &mut self.rng, out: &mut out }, input);
                    out.into_iter().for_each(|output| self.host_out(output));
                }
                To::Member(who, _) if self.dead == Some(who) => {}
                To::Member(who, input) => {
                    let mut out = Vec::new();
                    self.members[who].handle(&mut Cx { now: self.now, rng: &mut self.rng, out: &mut out }, input);
                    out.into_iter().for_each(|output| self.member_out(who, output));
                }
            }
        }
    }

    fn host_out(&mut self, output: HostOut) {
        match output {
            HostOut::Send { to, bytes } => self.queue.push_back(To::Member(to.0 as usize, MemberIn::Recv(bytes))),
            HostOut::Question { id, question } => {
                let input = match question {
                    HostQuestion::Verify(_) => HostIn::Verified { id, verdict: Ok(Standing::default()) },
                    HostQuestion::Token { .. } => HostIn::Token { id, token: "token".into() },
                    HostQuestion::Recheck(_) => HostIn::Rechecked { id, outcome: Ok(Vec::new()) },
                };
                self.queue.push_back(To::Host(input));
            }
            _ => {}
        }
    }

    fn member_out(&mut self, who: usize, output: MemberOut) {
        let input = match output {
            MemberOut::Connect => MemberIn::Connected,
            MemberOut::Disconnect => return self.queue.push_back(To::Host(HostIn::Disconnected(LinkId(who as u64)))),
            MemberOut::Send(bytes) => {
                let from = LinkId(who as u64);
                return self.queue.push_back(To::Host(HostIn::Recv { from, bytes }));
            }
            MemberOut::Question { id, question } => match question {
                MemberQuestion::Prove(body) => {
                    let support = match body.claim {
                        Claim::Recorder { seat } => {
                            let member = self.keys.get(&seat).map(|member| &self.members[*member]);
                            let vouched = member.and_then(|member| member.vouch(&body));
                            Support::Recorder { seat: vouched.expect("its member records") }
                        }
                        _ => Support::Anonymous { points: Box::new([0; 256]) },
                    };
                    self.keys.insert(body.hash(), who);
                    MemberIn::Proven { id, support }
                }
                MemberQuestion::Verify { .. } => MemberIn::Verified { id, verdict: Ok(Standing::default()) },
                MemberQuestion::Recording(question) => MemberIn::Recording(self.asked(who, id, question)),
            },
            MemberOut::Event(event) => return self.told[who].push(event),
        };
        self.queue.push_back(To::Member(who, input));
    }

    fn asked(&mut self, who: usize, id: QuestionId, question: RecordingQuestion) -> RecordingIn {
        match question {
            RecordingQuestion::Keep { until, .. } => {
                assert_eq!(until, BEGIN + 3_600 + 60, "as long as everybody agreed to, after the consent's end");
                RecordingIn::Kept { id, kept: self.keeps }
            }
            RecordingQuestion::Consents(span) => {
                let authority = self.says.as_ref().map(|says| says.get(&span).copied().unwrap_or_default());
                RecordingIn::Consents { id, authority }
            }
            RecordingQuestion::Submit(chunks) => {
                self.submitted.extend(chunks.first().map(|chunk| chunk.recording.span()));
                RecordingIn::Executed { id, done: self.takes }
            }
            RecordingQuestion::Withdraw(withdrawal) => {
                self.withdrawals.push((who, *withdrawal));
                RecordingIn::Executed { id, done: self.executes }
            }
            RecordingQuestion::Anchor(_) => RecordingIn::Executed { id, done: true },
        }
    }

    fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 100 {
            self.now.tick = self.now.tick.after(100);
            self.queue.push_back(To::Host(HostIn::Wake));
            (0..self.members.len()).for_each(|who| self.queue.push_back(To::Member(who, MemberIn::Wake)));
            self.settle();
        }
    }

    /// Somebody says what its machine would not.
    fn lie(&mut self, who: usize, notice: Notice) {
        let (now, mut out) = (self.now, Vec::new());
        self.members[who].say_of_recordings(&mut Cx { now, rng: &mut self.rng, out: &mut out }, notice);
        out.into_iter().for_each(|output| self.member_out(who, output));
        self.settle();
    }

    fn events(&self, who: usize) -> impl Iterator<Item = &RecordingEvent> {
        self.told[who].iter().filter_map(|event| match event {
            MemberEvent::Recording(event) => Some(event),
            _ => None,
        })
    }

    /// Everybody who was asked says yes.
    fn agree(&mut self) -> RecordingTag {
        let asked = self.events(0).find_map(|event| match event {
            RecordingEvent::Asked { recording, .. } => Some(*recording),
            _ => None,
        });
        let recording = asked.expect("the first is asked");
        for who in (0..self.members.len()).filter(|who| *who != M) {
            self.tell(who, RecordingIn::Answer { recording, yes: true });
        }
        self.pass(1_000);
        recording
    }

    fn authority(&mut self, span: RecordingId, authority: Authority) {
        self.says.as_mut().expect("an index that answers").insert(span, authority);
        self.pass(3_000);
    }

    /// Recorded by the second, with everybody's consent.
    fn recorded() -> (Self, RecordingId) {
        let (mut room, span) = Self::new().consented();
        room.enter(Some(M));
        room.pass(4_000);
        assert!(room.is_recorded() && room.sends() == [true; 3]);
        (room, span)
    }

    /// Everybody's consent is final; the recorder is not there yet.
    fn consented(self) -> (Self, RecordingId) {
        let mut room = self;
        room.pass(3_000);
        room.agree();
        let span = *room.submitted.first().expect("everybody signed");
        assert!(!room.is_active(), "nothing is final yet");
        room.authority(span, Authority { until: BEGIN + 3_600, is_final: false, withdrawn: false });
        assert!(!room.is_active(), "what is not final counts for nothing");
        room.authority(span, FINAL);
        assert!(room.is_active());
        (room, span)
    }

    fn is_active(&self) -> bool {
        self.events(M).any(|event| matches!(event, RecordingEvent::Active { .. }))
    }

    /// Whether everybody who is here sees a recorder in the epoch of now.
    fn is_recorded(&self) -> bool {
        self.live().all(|member| member.view().recording.is_some())
    }

    /// Whether nobody who is here does.
    fn nobody_recorded(&self) -> bool {
        self.live().all(|member| member.view().recording.is_none())
    }

    /// Who has a seat that is no recorder's.
    fn live(&self) -> impl Iterator<Item = &Member> {
        let sits = |member: &&Member| member.phase == Phase::Admitted && !member.is_recorder();
        self.members.iter().filter(sits)
    }

    fn sends(&self) -> [bool; 3] {
        [0, 1, 2].map(|who| self.members[who].sending().is_some())
    }

    fn stopped(&self, who: usize) -> bool {
        let last =
            |event: &&MemberEvent| matches!(event, MemberEvent::Stopped { reason: StopReason::NotConsented, .. });
        self.told[who].iter().any(|event| last(&event))
    }
}

const FINAL: Authority = Authority { until: BEGIN + 3_600, is_final: true, withdrawn: false };

#[test]
fn a_room_is_recorded_while_all_consent_and_no_longer() {
    let (mut room, span) = Room::recorded();
    let recorder = &room.members[3];
    assert!(recorder.sending().is_none() && !recorder.keys().is_empty());
    room.authority(span, Authority { until: 0, is_final: true, withdrawn: true });
    room.pass(2_000);
    assert!(room.nobody_recorded(), "withdrawn on chain");
    assert!(room.events(M).any(|event| *event == RecordingEvent::Seal(span)));
    assert!(room.sends() == [true; 3], "the room goes on without the recorder");
}

#[test]
fn a_withdrawal_by_message_ends_it_at_once_whatever_the_chain_says() {
    let (mut room, span) = Room::recorded();
    let tag = room.members[0].recordings.signed[&span].recording.tag;
    room.tell(0, RecordingIn::Answer { recording: tag, yes: false });
    for who in 0..3 {
        assert!(room.members[who].recordings.signed[&span].ended);
        assert!(room.events(who).any(|event| *event == RecordingEvent::Withdrawn { span, by: SeatNo(1) }));
    }
    room.pass(2_000);
    assert!(room.nobody_recorded());
    room.pass(30_000);
    assert!(room.nobody_recorded() && room.submitted.len() == 1, "who took the consent back is not asked again");
}

#[test]
fn a_silent_chain_stops_it_after_thirty_seconds() {
    let (mut room, _) = Room::recorded();
    room.says = None;
    room.pass(25_000);
    assert!(room.is_recorded());
    room.pass(5_000);
    assert!(room.nobody_recorded() && room.sends() == [true; 3]);
}

#[test]
fn a_newcomer_is_recorded_only_after_its_own_consent() {
    let (mut room, span) = Room::recorded();
    room.enter(None);
    room.pass(5_000);
    assert_eq!(room.live().count(), 4, "the newcomer sits");
    assert!(room.nobody_recorded(), "the newcomer has not agreed");
    let came = room.members[4].seat().expect("a seat");
    let heard = |room: &Room| room.members[3].keys().iter().any(|keys| keys.seats.contains(&came));
    assert!(room.sends() == [true; 3] && room.members[4].sending().is_some() && !heard(&room));
    assert!(room.events(M).any(|event| *event == RecordingEvent::Seal(span)));
    let asked = room.events(4).find_map(|event| match event {
        RecordingEvent::Asked { recording, .. } => Some(*recording),
        _ => None,
    });
    let recording = asked.expect("the newcomer is asked, and nobody else again");
    room.tell(4, RecordingIn::Answer { recording, yes: true });
    room.pass(3_000);
    let [first, second] = room.submitted[..] else { panic!("two spans: {:?}", room.submitted) };
    assert_ne!(first, second);
    room.authority(second, FINAL);
    room.pass(3_000);
    // The recorder whose seat the first span brought is in the epoch again, and the newcomer with it.
    assert!(room.is_recorded() && heard(&room));
}

/// A steward whose index lies seats the recorder; nobody else sends then (THREATS K1).
#[test]
fn a_publisher_does_not_send_because_a_steward_thinks_it_may() {
    let (mut room, span) = Room::recorded();
    let lie = |room: &mut Room| {
        let asked = room.now.tick.after(60_000);
        room.members[0].recordings.signed.get_mut(&span).unwrap().authority = Some((FINAL, asked));
    };
    lie(&mut room);
    room.says.as_mut().unwrap().insert(span, Authority { until: 0, is_final: true, withdrawn: false });
    room.pass(15_000);
    assert!(room.is_recorded(), "the steward keeps the recorder");
    assert!(room.members[0].sending().is_some() && room.stopped(2));
    assert_eq!(room.members[2].sending(), None);
    assert_eq!(room.members[M].sending(), None);
}

/// Who was left out of the consents sends nothing beside a recorder that is there by everybody else's (THREATS K1).
#[test]
fn who_did_not_sign_sends_nothing_while_the_others_are_recorded() {
    let (mut room, span) = Room::new().consented();
    room.members[2].recordings.signed.remove(&span);
    room.enter(Some(M));
    // Until the epoch before it is over, which no recorder opens.
    room.pass(15_000);
    assert!(room.is_recorded(), "the recorder is in everybody's epoch");
    assert_eq!(room.sends(), [true, true, false]);
    assert!(room.stopped(2) && !room.stopped(0));
}

/// What who records shows, instead of the truth (THREATS K6): a made roster goes out in its name.
#[test]
fn a_lying_recorder_gets_no_signature() {
    let mut room = Room::new();
    room.pass(3_000);
    // The second is silent about its roster until everybody has agreed; then it lies.
    room.agree();
    let honest = room.members[M].recordings.own.shown().expect("a roster");
    let signers: Vec<_> = honest.1.signers().to_vec();
    let root = |signers: &[B256]| ConsentRoster::new(signers.iter().copied()).unwrap().root();
    let padded: Vec<_> = signers.iter().copied().chain([B256::repeat_byte(9)]).collect();
    let span = honest.0;
    let lies = [
        (Recording { roster: root(&padded), participants: span.participants + 1, ..span }, ConsentRefusal::Roster),
        (
            Recording { roster: root(&signers[1..]), participants: span.participants - 1, ..span },
            ConsentRefusal::Roster,
        ),
        (Recording { participants: 1, ..span }, ConsentRefusal::Count),
        (Recording { policy: B256::repeat_byte(1), ..span }, ConsentRefusal::Policy),
        (Recording { recorder: B256::repeat_byte(1), ..span }, ConsentRefusal::Recorder),
        (Recording { valid_until: span.valid_until + 1, ..span }, ConsentRefusal::ValidUntil),
        (Recording { tag: RecordingTag(B256::ZERO), ..span }, ConsentRefusal::OtherRecording),
    ];
    for (lie, expected) in lies {
        room.lie(M, Notice::Roster(lie));
        room.pass(500);
        for who in [0, 2] {
            assert!(!room.members[who].recordings.signed.contains_key(&lie.span()), "{expected:?}");
            let said = RecordingEvent::Unsigned { by: SeatNo(2), refusal: expected };
            assert!(room.events(who).any(|event| *event == said), "{expected:?}");
        }
    }
    // Somebody else's roster in place of the proposer's is none either.
    room.lie(0, Notice::Roster(span));
    assert_eq!(room.submitted.len(), 1);
}

//! One seat of this daemon: the task that owns a [`Member`], from the first statement to its end.
//!
//! | Module | Holds |
//! |---|---|
//! | [`command`] | what the user wants |
//! | [`event`] | what the machine says happened |
//! | [`orders`] | orders that were given, until each is answered |
//! | [`judge`] | what own index says of seats |
//! | [`road`] | the tunnel to the host |
//! | [`prove`] | proof and signatures of the statement |
//! | [`recording`] | its part in recordings |
//! | [`recorder`] | the second seat of a member who records |
//! | [`show`] | what the page is told |
//! | [`tell`] | the machine's words in those of the RPC |

mod command;
mod event;
mod judge;
mod orders;
pub(super) mod prove;
mod recorder;
mod recording;
mod road;
mod show;
mod tell;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use pars_engine::room::{Member, MemberConfig, MemberIn, MemberOut, MemberQuestion, Phase, QuestionId};
use pars_proto::room::{Body, Claim, Content, HostEntry, Order, Role, RoomMessage, SeatNo};
use pars_rpc::recording::RecordingStatus;
use pars_rpc::room::{Form, Joined, Prefixed, Room};
use pars_rpc::{Code, RpcError};
use pars_wire::machine::{Cx, Machine};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use self::judge::Judging;
use self::orders::Orders;
use self::prove::Prover;
use self::recording::Recorded;
use self::road::{Road, Up};
use self::show::Pace;
use super::facts::Running;
use super::recording::Wish;
use super::tunnel::dial::{DialError, Tunnel};
use super::tunnel::records::Pair;
use super::{Inner, seconds, sleep};
use crate::clock::Clock;
use crate::driver::SUITE;
use crate::random;

/// Calls and answers that wait.
const QUEUE: usize = 256;
/// An attempt that nobody joins with is over after this: its statement lives two minutes.
const ATTEMPT: Duration = Duration::from_secs(150);
/// Named seats are looked at again this often, at a new final block.
const LOOK: Duration = Duration::from_secs(5);
/// Pause before the own index is asked again.
const RETRY: Duration = Duration::from_secs(1);
/// After the end, for what was said last.
const LAST: Duration = Duration::from_millis(500);

/// Answers a call.
pub(super) type Reply<T> = oneshot::Sender<Result<T, RpcError>>;

/// What the seat's user wants.
pub(super) enum Command {
    /// Prove and join; `anyway`: also if the room is recorded.
    Join { wallet: Option<[u8; 65]>, anyway: bool, reply: Reply<Joined> },
    /// A fresh connection.
    Connection(Reply<Joined>),
    /// Sign for the data channel.
    Sign(Content, Reply<Vec<u8>>),
    /// Open what came over it.
    Open { identity: String, bytes: Vec<u8>, reply: Reply<RoomMessage> },
    /// Give an order.
    Order(Order, Reply<()>),
    /// Accept an offer.
    Accept(Reply<()>),
    /// Of recordings.
    Record(Wish, Reply<RecordingStatus>),
    /// Leave.
    Leave,
}

/// What the seat's helpers say.
pub(super) enum Said {
    /// For the machine.
    In(MemberIn),
    /// The tunnel stands.
    Up(Up),
    /// Over a tunnel, by its number.
    Over(u64, MemberIn),
    /// The host was not reached.
    NotReached(u64, DialError),
    /// There is no proof or signature.
    NotProven(RpcError),
    /// The seat that records for this one asks to be vouched for.
    Vouch(Box<Body>, oneshot::Sender<Option<[u8; 64]>>),
    /// Withdrawals that the user gave are kept, or not: the answer waits for that.
    Kept(bool, Reply<RecordingStatus>),
}

/// What a seat begins with.
pub(super) struct Begin {
    pub(super) attempt: String,
    pub(super) running: Running,
    pub(super) host: HostEntry,
    pub(super) claim: Claim,
    pub(super) form: Form,
    pub(super) text_only: bool,
    pub(super) prover: Option<Prover>,
    pub(super) records: Option<Pair>,
}

/// A seat from outside.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) commands: mpsc::Sender<Command>,
    /// Its page is told nothing any more: another attempt took over.
    pub(super) quiet: Arc<AtomicBool>,
    pub(super) way: Way,
}

/// The way of a seat's signalling: who shows the token is carried over the tunnel.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) tunnel: watch::Receiver<Option<Tunnel>>,
    pub(super) token: watch::Receiver<Option<String>>,
}

/// The task's state.
pub(super) struct Task {
    inner: Arc<Inner>,
    member: Member,
    clock: Clock,
    begin: Begin,
    proving: Option<(QuestionId, Box<Body>)>,
    road: Road,
    said: mpsc::Sender<Said>,
    judging: Judging,
    helpers: JoinSet<()>,
    join: Option<Reply<Joined>>,
    connection: Option<Reply<Joined>>,
    orders: Orders,
    role: Role,
    hands: Vec<SeatNo>,
    pace: Pace,
    looked: tokio::time::Instant,
    token: watch::Sender<Option<String>>,
    quiet: Arc<AtomicBool>,
    admitted: Arc<AtomicBool>,
    recorded: Recorded,
    over: bool,
}

/// Make the seat's keys and the body of its statement; the task runs until the seat is gone.
pub(super) fn begin(inner: &Arc<Inner>, begin: Begin) -> (Seat, Option<Body>) {
    let (commands, asked) = mpsc::channel(QUEUE);
    let (said, heard) = mpsc::channel(QUEUE);
    let (road, tunnel) = Road::new(said.clone());
    let (token, tokens) = watch::channel(None);
    let (quiet, admitted) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
    let clock = Clock::start();
    let (key, recorded) = Recorded::new(inner);
    let config = MemberConfig {
        suite: SUITE,
        sitting: begin.running.sitting,
        host: begin.host.clone(),
        consent: Some(key),
        recordings: Some(inner.domain()),
        clock: seconds(&begin.running.sitting),
    };
    let mut out = Vec::new();
    let member = Member::new(&mut Cx { now: clock.now(), rng: &mut random::system(), out: &mut out }, config);
    let member = member.with_conduct(inner.conduct);
    let (claim, role) = (begin.claim, Role::Member);
    let mut task = Task {
        inner: inner.clone(),
        member,
        clock,
        begin,
        proving: None,
        road,
        said,
        judging: Judging::new(),
        helpers: JoinSet::new(),
        join: None,
        connection: None,
        orders: Orders::default(),
        role,
        hands: Vec::new(),
        pace: Pace::default(),
        looked: tokio::time::Instant::now(),
        token,
        quiet: quiet.clone(),
        admitted,
        recorded,
        over: false,
    };
    task.input(MemberIn::Prepare(claim));
    let body = task.proving.as_ref().map(|(_, body)| (**body).clone());
    tokio::spawn(task.run(asked, heard));
    (Seat { commands, quiet, way: Way { tunnel, token: tokens } }, body)
}

/// What a seat's machine answers to an input that comes now.
fn answered(member: &mut Member, clock: &Clock, input: MemberIn) -> Vec<MemberOut> {
    let mut out = Vec::new();
    member.handle(&mut Cx { now: clock.now(), rng: &mut random::system(), out: &mut out }, input);
    out
}

impl Task {
    async fn run(mut self, mut asked: mpsc::Receiver<Command>, mut heard: mpsc::Receiver<Said>) {
        let (mut progress, mut stopping) = (self.inner.progress.clone(), self.inner.stopping.subscribe());
        let expired = tokio::time::sleep(ATTEMPT);
        tokio::pin!(expired);
        while !self.over || self.owes() {
            let wake = self.member.deadline().map(|tick| self.clock.instant(tick));
            tokio::select! {
                () = sleep(wake) => self.input(MemberIn::Wake),
                () = sleep(self.pace.due()) => self.show_roster(),
                Some(said) = heard.recv() => self.hear(said),
                command = asked.recv(), if !self.over => match command {
                    Some(command) => self.command(command),
                    None => self.input(MemberIn::Leave),
                },
                Ok(()) = progress.changed() => self.chain_changed().await,
                Ok(()) = stopping.changed() => {}
                () = &mut expired, if self.member.phase() == Phase::Proving => break,
            }
            if !self.over {
                // The machine wakes every second while it has a seat: no timer of its own is needed.
                self.judging.keep_up(&mut self.member, &self.clock);
                self.orders.expire(tokio::time::Instant::now());
                self.show_recording();
                continue;
            }
            // Who still asks is told that there is no seat; what the chain is owed goes on without one.
            asked.close();
            while asked.try_recv().is_ok() {}
            self.judging.end();
            self.forget();
        }
        self.forget();
        // What was said last is on its way.
        tokio::time::sleep(LAST).await;
    }

    /// Something of a recording is not on the chain yet. A daemon that ends leaves it to its next start.
    fn owes(&self) -> bool {
        !*self.inner.stopping.borrow() && self.member.owes_chain()
    }

    fn forget(&self) {
        self.inner.forget(&self.begin.attempt, self.begin.running.sitting.scope.room, &self.quiet);
    }

    fn input(&mut self, input: MemberIn) {
        for output in answered(&mut self.member, &self.clock, input) {
            self.output(output);
        }
    }

    fn output(&mut self, output: MemberOut) {
        match output {
            MemberOut::Connect => self.road.connect(&self.inner.dialer, &self.begin.host, self.begin.records.clone()),
            MemberOut::Disconnect => self.road.disconnect(),
            MemberOut::Send(bytes) => self.road.send(bytes),
            MemberOut::Question { id, question: MemberQuestion::Prove(body) } => self.proving = Some((id, body)),
            MemberOut::Question { id, question: MemberQuestion::Verify { statement, .. } } => {
                self.verify(id, statement)
            }
            MemberOut::Question { id, question: MemberQuestion::Recording(question) } => {
                self.recording_asked(id, question);
            }
            MemberOut::Event(event) => self.event(event),
        }
    }

    fn hear(&mut self, said: Said) {
        match said {
            Said::In(input) => self.input(input),
            Said::Up(up) => {
                if self.road.stands(up) {
                    self.input(MemberIn::Connected);
                }
            }
            Said::Over(number, input) => {
                if self.road.is(number) {
                    self.input(input);
                }
            }
            Said::NotReached(number, error) => {
                if self.member.phase() != Phase::Admitted && self.join.is_some() {
                    let code = match error {
                        DialError::OtherKey => Code::HostKeyMismatch,
                        DialError::NotSupported => Code::NotSupported,
                        DialError::Unreachable => Code::HostUnreachable,
                    };
                    self.fail(RpcError::new(code, error.to_string()));
                } else if self.road.is(number) {
                    self.input(MemberIn::Disconnected);
                }
            }
            Said::NotProven(error) => self.fail(error),
            Said::Vouch(body, reply) => drop(reply.send(self.member.vouch(&body))),
            Said::Kept(kept, reply) => self.kept(kept, reply),
        }
    }

    /// The attempt came to nothing.
    fn fail(&mut self, error: RpcError) {
        self.orders.end(&error);
        if let Some(reply) = self.join.take() {
            // Whoever asked may be gone.
            let _ = reply.send(Err(error));
        }
        self.over = true;
    }

    const fn is_joining(&self) -> bool {
        self.join.is_some()
    }

    fn room(&self) -> Room {
        Prefixed(self.begin.running.sitting.scope.room.0.0)
    }
}

//! One seat of this daemon: the task that owns a [`Member`], from the first statement to its end.
//!
//! | Module | Holds |
//! |---|---|
//! | [`road`] | the tunnel to the host |
//! | [`prove`] | proof and signatures of the statement |
//! | [`show`] | what the page is told |
//! | [`tell`] | the machine's words in those of the RPC |

pub(super) mod prove;
mod road;
mod show;
mod tell;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pars_engine::room::{
    Member, MemberConfig, MemberEvent, MemberIn, MemberOut, MemberQuestion, Phase, QuestionId, StopReason,
};
use pars_proto::room::recording::ConsentKey;
use pars_proto::room::{Body, Claim, Content, HostEntry, Order, Role, RoomMessage, SeatNo, Statement};
use pars_rpc::event::Event;
use pars_rpc::room::{Form, Joined, Prefixed, Room};
use pars_rpc::room_event as told;
use pars_rpc::{Code, RpcError};
use pars_wire::machine::{Cx, Machine};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use self::prove::Prover;
use self::road::{Road, Up};
use super::facts::{FactsError, Judged, Running};
use super::tunnel::dial::{DialError, Tunnel};
use super::tunnel::records::{self, Pair};
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
    /// Prove and join.
    Join { wallet: Option<[u8; 65]>, reply: Reply<Joined> },
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
    helpers: JoinSet<()>,
    join: Option<Reply<Joined>>,
    connection: Option<Reply<Joined>>,
    order: Option<(Order, Reply<()>)>,
    role: Role,
    hands: Vec<SeatNo>,
    looked: tokio::time::Instant,
    token: watch::Sender<Option<String>>,
    quiet: Arc<AtomicBool>,
    admitted: Arc<AtomicBool>,
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
    let config = MemberConfig {
        suite: SUITE,
        sitting: begin.running.sitting,
        host: begin.host.clone(),
        consent: Some(ConsentKey::generate(&mut random::system())),
        // Without the contract this seat agrees to no recording, and sends in no epoch with a recorder's seat.
        recordings: None,
        clock: seconds(&begin.running.sitting),
    };
    let mut out = Vec::new();
    let member = Member::new(&mut Cx { now: clock.now(), rng: &mut random::system(), out: &mut out }, config);
    let (claim, role) = (begin.claim, Role::Member);
    let mut task = Task {
        inner: inner.clone(),
        member,
        clock,
        begin,
        proving: None,
        road,
        said,
        helpers: JoinSet::new(),
        join: None,
        connection: None,
        order: None,
        role,
        hands: Vec::new(),
        looked: tokio::time::Instant::now(),
        token,
        quiet: quiet.clone(),
        admitted,
        over: false,
    };
    task.input(MemberIn::Prepare(claim));
    let body = task.proving.as_ref().map(|(_, body)| (**body).clone());
    tokio::spawn(task.run(asked, heard));
    (Seat { commands, quiet, tunnel, token: tokens }, body)
}

impl Task {
    async fn run(mut self, mut asked: mpsc::Receiver<Command>, mut heard: mpsc::Receiver<Said>) {
        let mut progress = self.inner.progress.clone();
        let expired = tokio::time::sleep(ATTEMPT);
        tokio::pin!(expired);
        while !self.over {
            let wake = self.member.deadline().map(|tick| self.clock.instant(tick));
            tokio::select! {
                () = sleep(wake) => self.input(MemberIn::Wake),
                Some(said) = heard.recv() => self.hear(said),
                command = asked.recv() => match command {
                    Some(command) => self.command(command),
                    None => self.input(MemberIn::Leave),
                },
                Ok(()) = progress.changed() => self.chain_changed().await,
                () = &mut expired, if self.member.phase() == Phase::Proving => break,
            }
        }
        self.inner.forget(&self.begin.attempt, self.begin.running.sitting.scope.room, &self.quiet);
        // What was said last is on its way.
        tokio::time::sleep(LAST).await;
    }

    fn input(&mut self, input: MemberIn) {
        let mut out = Vec::new();
        let now = self.clock.now();
        self.member.handle(&mut Cx { now, rng: &mut random::system(), out: &mut out }, input);
        for output in out {
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
                self.input(MemberIn::Recording(tell::not_recorded(id, &question)));
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
        }
    }

    /// The attempt came to nothing.
    fn fail(&mut self, error: RpcError) {
        if let Some(reply) = self.join.take() {
            // Whoever asked may be gone.
            let _ = reply.send(Err(error));
        }
        self.over = true;
    }

    fn command(&mut self, command: Command) {
        // Whoever asked may be gone.
        match command {
            Command::Join { wallet, reply } => self.start_join(wallet, reply),
            Command::Connection(reply) => match self.member.phase() {
                Phase::Admitted => {
                    self.connection = Some(reply);
                    self.input(MemberIn::NewConnection);
                    self.show_all();
                }
                _ => drop(reply.send(Err(Code::NotAllowed.into()))),
            },
            Command::Sign(content, reply) => drop(reply.send(self.member.sign(content).map_err(|e| tell::refused(&e)))),
            Command::Open { identity, bytes, reply } => {
                let opened = match self.member.seat_of(&identity) {
                    Some(seat) => self.member.open(Some(seat), &bytes).map_err(|error| tell::refused(&error)),
                    None => Err(RpcError::new(Code::Forged, "nobody of this name has a seat; it is not shown")),
                };
                drop(reply.send(opened));
                self.input(MemberIn::Wake);
            }
            Command::Order(order, reply) => {
                if let Some((_, before)) = self.order.replace((order, reply)) {
                    drop(before.send(Ok(())));
                }
                self.input(MemberIn::Order(order));
            }
            Command::Accept(reply) => {
                self.input(MemberIn::Accept(true));
                drop(reply.send(Ok(())));
            }
            Command::Leave => self.input(MemberIn::Leave),
        }
    }

    fn start_join(&mut self, wallet: Option<[u8; 65]>, reply: Reply<Joined>) {
        let refusal = match (&self.proving, &self.join) {
            (Some((_, body)), None) if body.expires_at < seconds(&self.begin.running.sitting) => Some(Code::Expired),
            (Some((_, body)), None) if body.typed_data().is_some() != wallet.is_some() => Some(Code::Signature),
            (Some(_), None) => None,
            _ => Some(Code::Busy),
        };
        if let Some(code) = refusal {
            return drop(reply.send(Err(code.into())));
        }
        let Some((id, body)) = self.proving.take() else { return };
        self.join = Some(reply);
        self.progress(told::Stage::Tree, 100);
        self.progress(told::Stage::Proof, 0);
        let (handle, home) = (self.inner.handle.clone(), self.inner.home.clone());
        let (prover, said) = (self.begin.prover.clone(), self.said.clone());
        self.helpers.spawn(async move {
            let outcome = match prove::support(&handle, &home, (*body, prover, wallet)).await {
                Ok(support) => Said::In(MemberIn::Proven { id, support }),
                Err(error) => Said::NotProven(error),
            };
            // The seat may be gone.
            let _ = said.send(outcome).await;
        });
    }

    /// The own index judges a seat; while it does not answer, it is asked again.
    fn verify(&mut self, id: QuestionId, statement: Box<Statement>) {
        let (oracle, said, tunnel) = (self.inner.oracle.clone(), self.said.clone(), self.road.tunnel());
        let (running, places) = (self.begin.running.clone(), self.inner.judging.clone());
        self.helpers.spawn(async move {
            let _place = places.acquire_owned().await;
            let device = match (statement.body().claim.member(), tunnel) {
                (Some(member), Some(tunnel)) => match tunnel.get(member.session, member.device).await {
                    Ok(Some(pair)) => records::open(&pair).map(Box::new),
                    _ => None,
                },
                _ => None,
            };
            let verdict = loop {
                let (running, statement, device) = (running.clone(), statement.clone(), device.clone());
                match oracle.judge(Judged { running, statement, device, gate: None }).await {
                    Ok(verdict) => break verdict,
                    Err(error) => tracing::debug!(%error, "a seat cannot be judged now; tried again"),
                }
                tokio::time::sleep(RETRY).await;
            };
            // The seat may be gone.
            let _ = said.send(Said::In(MemberIn::Verified { id, verdict })).await;
        });
        while self.helpers.try_join_next().is_some() {}
    }

    /// The sitting may be over, named seats may have lost their access, moderators may have changed.
    async fn chain_changed(&mut self) {
        self.input(MemberIn::Clock(seconds(&self.begin.running.sitting)));
        let scope = self.begin.running.sitting.scope;
        match self.inner.oracle.running(scope.room).await {
            Ok(running) if running.sitting.scope == scope => self.begin.running = running,
            Ok(_) | Err(FactsError::NoSitting) => return self.input(MemberIn::SittingOver),
            Err(_) => return,
        }
        if self.looked.elapsed() < LOOK || self.member.phase() != Phase::Admitted {
            return;
        }
        self.looked = tokio::time::Instant::now();
        let seats = self.member.view().seats.into_iter().filter(|seat| seat.verified);
        let named: Vec<_> = seats.filter_map(|seat| Some((seat.seat, seat.account?, seat.leads))).collect();
        let (oracle, running, said) = (self.inner.oracle.clone(), self.begin.running.clone(), self.said.clone());
        self.helpers.spawn(async move {
            for (seat, account, leads) in named {
                let now = running.view.leads(account);
                if now != leads {
                    let _ = said.send(Said::In(MemberIn::Leads(seat, now))).await;
                }
                if let Ok(false) = oracle.has_access(&running, account).await {
                    let _ = said.send(Said::In(MemberIn::Lost(seat))).await;
                }
            }
        });
    }

    fn event(&mut self, event: MemberEvent) {
        match event {
            MemberEvent::Sealed => {
                self.progress(told::Stage::Proof, 100);
                self.progress(told::Stage::Sealed, 100);
                // The host ends what the same member had before: that page is not to be told.
                self.inner.supersede(self.begin.running.sitting.scope.room, &self.quiet);
            }
            MemberEvent::Admitted { role, .. } => {
                self.role = role;
                self.progress(told::Stage::Admitted, 100);
                self.progress(told::Stage::Verifying, 0);
            }
            MemberEvent::Token(token) => self.got_token(token),
            MemberEvent::Refused(refusal) => self.fail(tell::join_refused(refusal, self.begin.form)),
            MemberEvent::Roster => self.show_roster(),
            MemberEvent::Keys(keys) => self.show(Event::RoomKeys(tell::keys(self.room(), &keys))),
            MemberEvent::Stopped { reason, seat } => {
                if reason != StopReason::Ended {
                    let (room, reason) = (self.room(), tell::stopped(reason));
                    self.show(Event::RoomStopped(told::Stopped { room, reason, seat: seat.map(|seat| seat.0) }));
                }
            }
            MemberEvent::Order { order, by } => self.ordered(order, by),
            MemberEvent::OrderRefused { reason, .. } => {
                if let Some((_, reply)) = self.order.take() {
                    drop(reply.send(Err(tell::order_refused(reason))));
                }
            }
            MemberEvent::Ended(reason) => self.ended(reason),
            MemberEvent::Unverified { seat, refusal } => tracing::warn!(%seat, %refusal, "a seat does not verify"),
            MemberEvent::PairFailed(seat) => tracing::warn!(%seat, "no pair channel with a seat"),
            MemberEvent::Forged(what) => tracing::warn!(?what, "something forged came over the host"),
            MemberEvent::Expired { .. }
            | MemberEvent::Offered
            | MemberEvent::Steward(_)
            | MemberEvent::Recording(_) => {}
        }
    }

    fn got_token(&mut self, token: String) {
        self.token.send_replace(Some(token.clone()));
        let Some(grant) = self.member.grant() else { return };
        let joined = Joined {
            room: self.room(),
            seat: grant.seat.0,
            identity: self.member.identity(),
            role: tell::role(self.role),
            anonymous: self.begin.form == Form::Anonymous,
            token: token.into(),
            signal_url: format!("ws://{}", self.inner.address),
            dtls_fingerprint: Prefixed(grant.dtls_fingerprint),
            ends_at: self.begin.running.sitting.ends_at,
            text_only: self.begin.text_only,
        };
        let first = self.join.take();
        if let Some(reply) = first {
            self.progress(told::Stage::Verifying, 100);
            self.admitted.store(true, Ordering::Release);
            self.inner.seated(&self.begin.attempt, self.begin.running.sitting.scope.room);
            let _ = reply.send(Ok(joined));
            return self.show_all();
        }
        if let Some(reply) = self.connection.take() {
            let _ = reply.send(Ok(joined));
        }
    }

    fn ordered(&mut self, order: Order, by: SeatNo) {
        if self.order.as_ref().is_some_and(|(own, _)| *own == order)
            && self.member.seat() == Some(by)
            && let Some((_, reply)) = self.order.take()
        {
            let _ = reply.send(Ok(()));
        }
        if let Some((kind, seat)) = tell::order(order) {
            let seat = seat.map(|seat| seat.0);
            self.show(Event::RoomOrder(told::Ordered { room: self.room(), kind, seat, by: by.0 }));
        }
    }

    fn ended(&mut self, reason: pars_engine::room::EndReason) {
        self.over = true;
        if let Some(reply) = self.join.take() {
            return drop(reply.send(Err(tell::not_joined(reason))));
        }
        if let Some(reply) = self.connection.take() {
            drop(reply.send(Err(tell::not_joined(reason))));
        }
        let (room, detail) = (self.room(), Some(reason.to_string()));
        self.show(Event::RoomEnded(told::Ended { room, reason: tell::ended(reason), detail }));
    }

    fn room(&self) -> Room {
        Prefixed(self.begin.running.sitting.scope.room.0.0)
    }
}

//! The recorder's seat of a member: a seat of form 4 with keys of its own. It listens at the media server, through a tunnel of
//! its own, and gives what it hears and may open to the files of one span. Whatever takes the seat away, it is taken again until
//! the member's machine ends the span.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::B256;
use pars_crypto::hkem::Xw768Public;
use pars_engine::room::{
    Member, MemberConfig, MemberEvent, MemberIn, MemberOut, MemberQuestion, Phase, QuestionId, RecordingFailure,
    RecordingIn,
};
use pars_proto::room::recording::Recording;
use pars_proto::room::{Body, Claim, HostEntry, JoinRefusal, Reach, StatementHash, Support};
use pars_recorder::live::{Heard, ListenError, Listener, Target};
use pars_rpc::Code;
use pars_wire::RecordingId;
use pars_wire::machine::{Cx, Machine};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::judge::{Judging, Question};
use super::road::Road;
use super::{LAST, QUEUE, Said, Way, answered};
use crate::clock::{self, Clock};
use crate::driver::SUITE;
use crate::random;
use crate::recordings::{AnchorSigner, Begin, Capture, LibraryError};
use crate::room::facts::Running;
use crate::room::{Inner, seconds, sleep};

/// How often silent tracks are looked at.
const TICK: Duration = Duration::from_secs(1);
/// Pause before the seat, or its place at the media server, is taken again.
const AGAIN: Duration = Duration::from_secs(2);
/// Refusals in a row after which no seat is asked for any more: half a minute of them.
const REFUSALS: usize = 15;

/// How a span ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its files are finished.
    Seal,
    /// What was recorded is destroyed.
    Discard,
}

/// What a recorder's seat is made of.
pub(super) struct Parts {
    pub(super) inner: Arc<Inner>,
    pub(super) running: Running,
    pub(super) host: HostEntry,
    /// Statement of the member's seat.
    pub(super) st: StatementHash,
    /// The member's task.
    pub(super) member: mpsc::Sender<Said>,
    pub(super) recording: Recording,
    /// What everybody signed.
    pub(super) consent: B256,
    /// Everybody's recording keys.
    pub(super) keys: Vec<Xw768Public>,
    /// For an anchor after a restart.
    pub(super) signer: AnchorSigner,
}

/// Why one taking of the seat is over. An end that was dropped says that the daemon ends: what lies on the disk is found at its
/// next start.
enum Over {
    /// The span ends.
    Span(Option<End>),
    /// The seat is gone.
    Seat,
    /// The host gives none.
    Refused(JoinRefusal),
    /// The files cannot be written any more.
    Files,
}

/// Record a span until its end, in a task of its own.
pub(super) fn start(parts: Parts, end: oneshot::Receiver<End>) {
    let (inner, member, span) = (parts.inner.clone(), parts.member.clone(), parts.recording.span());
    let task = tokio::spawn(run(parts, end));
    let forget = move || drop(inner.state(|state| state.recorders.remove(&span)));
    tokio::spawn(watch(task, (span, member), forget));
}

/// A task that panicked has told nothing: the member's machine hears twice that it failed. The first ends the span, the second
/// gives its files up, as after [`run`] has failed; what lies on the disk is finished by the next start.
async fn watch(task: JoinHandle<()>, (span, member): (RecordingId, mpsc::Sender<Said>), forget: impl FnOnce()) {
    if !task.await.is_err_and(|error| error.is_panic()) {
        return;
    }
    tracing::error!("recording broke down, which is a fault of this program; recording stops");
    forget();
    for _ in 0..2 {
        let failed = RecordingIn::Failed { span, why: RecordingFailure::NotKept };
        // The member's task may be gone.
        let _ = member.send(Said::In(MemberIn::Recording(failed))).await;
    }
}

/// Until the end of the span.
async fn run(parts: Parts, mut end: oneshot::Receiver<End>) {
    let span = parts.recording.span();
    let mut capture = match begin(&parts).await {
        Ok(capture) => Some(capture),
        Err(error) => {
            tracing::error!(%error, "the room cannot be recorded; recording stops");
            None
        }
    };
    let how = match &mut capture {
        Some(capture) => take(&parts, capture, &mut end).await,
        None => Err(RecordingFailure::NotKept),
    };
    parts.inner.state(|state| state.recorders.remove(&span));
    let ended_ms = clock::milliseconds();
    let how = match how {
        Ok(how) => how,
        Err(why) => {
            // Nothing more can be recorded: the member's machine ends the span.
            parts.tell(RecordingIn::Failed { span, why }).await;
            end.await.ok()
        }
    };
    // Nobody waits for blocks when the daemon ends: they are made by its next start.
    let ends = *parts.inner.stopping.borrow();
    match (how, capture) {
        (Some(End::Discard), capture) => {
            drop(capture);
            parts.inner.library.discard(span).await;
        }
        (Some(End::Seal), Some(capture)) if !ends => parts.seal(capture, ended_ms).await,
        (_, Some(capture)) => capture.close(ended_ms).await,
        (_, None) => parts.tell(RecordingIn::Failed { span, why: RecordingFailure::NotKept }).await,
    }
}

/// What must be durable before anything is recorded, and the files.
async fn begin(parts: &Parts) -> Result<Capture, LibraryError> {
    let Parts { inner, recording, signer, consent, keys, running, .. } = parts;
    inner.library.keep_anchor_key(*recording, signer.clone()).await?;
    let (room, began_ms) = (running.sitting.scope.room, clock::milliseconds());
    let of = Begin { room, recording: *recording, consent: *consent, keys: keys.clone(), began_ms };
    inner.library.begin(of).await
}

/// Take the seat, again and again, until the span ends, or nothing can be recorded any more.
async fn take(
    parts: &Parts,
    capture: &mut Capture,
    end: &mut oneshot::Receiver<End>,
) -> Result<Option<End>, RecordingFailure> {
    let mut refusals = 0;
    loop {
        let (seat, heard) = Seat::new(parts, capture);
        match seat.run(heard, end).await {
            Over::Span(how) => return Ok(how),
            Over::Files => return Err(RecordingFailure::NotKept),
            Over::Refused(JoinRefusal::Full) => return Err(RecordingFailure::NoSeat),
            // The one before may not have gone yet, or the host is busy.
            Over::Refused(_) => refusals += 1,
            Over::Seat => refusals = 0,
        }
        if refusals >= REFUSALS {
            return Err(RecordingFailure::NoSeat);
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            how = &mut *end => return Ok(how.ok()),
        }
    }
}

impl Parts {
    /// Finish the files; the member's machine has them anchored.
    async fn seal(&self, capture: Capture, ended_ms: u64) {
        let span = self.recording.span();
        let made = match capture.seal(ended_ms).await {
            Ok((cid, wraps)) => RecordingIn::Sealed { span, cid, wraps },
            Err(error) => {
                tracing::error!(%error, "files are not finished; the next start of this daemon finishes them");
                RecordingIn::Failed { span, why: RecordingFailure::NotKept }
            }
        };
        self.tell(made).await;
    }

    /// The member's machine hears it, if it is still there.
    async fn tell(&self, input: RecordingIn) {
        let _ = self.member.send(Said::In(MemberIn::Recording(input))).await;
    }
}

/// The address of this machine by which the host, and the media server beside it, is reached.
fn local(host: &HostEntry) -> std::io::Result<SocketAddr> {
    let Reach::Direct(to) = host.reach else { return Err(std::io::ErrorKind::Unsupported.into()) };
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // Connecting a datagram socket sends nothing: it only asks the system for the way.
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(to)?;
    Ok((socket.local_addr()?.ip(), 0).into())
}

/// One taking of the seat.
struct Seat<'a> {
    parts: &'a Parts,
    capture: &'a mut Capture,
    member: Member,
    clock: Clock,
    road: Road,
    said: mpsc::Sender<Said>,
    token: watch::Sender<Option<String>>,
    listener: Option<Listener>,
    joins: JoinSet<Result<Listener, ListenError>>,
    judging: Judging,
    helpers: JoinSet<()>,
    over: Option<Over>,
}

impl<'a> Seat<'a> {
    fn new(parts: &'a Parts, capture: &'a mut Capture) -> (Self, mpsc::Receiver<Said>) {
        let (said, heard) = mpsc::channel(QUEUE);
        let (road, tunnel) = Road::new(said.clone());
        let (token, tokens) = watch::channel(None);
        let way = Way { tunnel, token: tokens };
        parts.inner.state(|state| state.recorders.insert(parts.recording.span(), way));
        let clock = Clock::start();
        let config = MemberConfig {
            suite: SUITE,
            sitting: parts.running.sitting,
            host: parts.host.clone(),
            consent: None,
            recordings: None,
            clock: seconds(&parts.running.sitting),
        };
        let mut out = Vec::new();
        let member = Member::new(&mut Cx { now: clock.now(), rng: &mut random::system(), out: &mut out }, config);
        let (listener, joins, judging, helpers) = (None, JoinSet::new(), Judging::new(), JoinSet::new());
        let over = None;
        let seat = Self { parts, capture, member, clock, road, said, token, listener, joins, judging, helpers, over };
        (seat, heard)
    }

    async fn run(mut self, mut heard: mpsc::Receiver<Said>, end: &mut oneshot::Receiver<End>) -> Over {
        let mut progress = self.parts.inner.progress.clone();
        let mut tick = tokio::time::interval(TICK);
        self.input(MemberIn::Prepare(Claim::Recorder { seat: self.parts.st }));
        while self.over.is_none() && self.member.phase() != Phase::Gone {
            let wake = self.member.deadline().map(|tick| self.clock.instant(tick));
            tokio::select! {
                () = sleep(wake) => self.input(MemberIn::Wake),
                Some(said) = heard.recv() => self.hear(said),
                Some(joined) = self.joins.join_next() => self.joined(joined),
                Some(heard) = next(&mut self.listener) => self.heard(heard),
                _ = tick.tick() => {
                    let kept = self.capture.tick(clock::milliseconds());
                    self.note(kept);
                }
                Ok(()) = progress.changed() => self.input(MemberIn::Clock(seconds(&self.parts.running.sitting))),
                how = &mut *end => self.over = Some(Over::Span(how.ok())),
            }
            self.judging.keep_up(&mut self.member, &self.clock);
        }
        self.input(MemberIn::Leave);
        // What was said last is on its way.
        tokio::spawn(async move {
            tokio::time::sleep(LAST).await;
            drop(heard);
        });
        self.over.unwrap_or(Over::Seat)
    }

    fn input(&mut self, input: MemberIn) {
        for output in answered(&mut self.member, &self.clock, input) {
            self.output(output);
        }
    }

    fn output(&mut self, output: MemberOut) {
        match output {
            MemberOut::Connect => self.road.connect(&self.parts.inner.dialer, &self.parts.host, None),
            MemberOut::Disconnect => self.road.disconnect(),
            MemberOut::Send(bytes) => self.road.send(bytes),
            MemberOut::Question { id, question: MemberQuestion::Prove(body) } => self.prove(id, body),
            MemberOut::Question { id, question: MemberQuestion::Verify { statement, .. } } => {
                let (running, tunnel) = (self.parts.running.clone(), self.road.tunnel());
                let question = Question::new(&self.member, (running, statement), tunnel);
                self.judging.ask(&self.parts.inner, (id, question), &self.said);
            }
            // A recorder's seat agrees to nothing and asks nothing.
            MemberOut::Question { question: MemberQuestion::Recording(_), .. } => {}
            MemberOut::Event(event) => self.event(event),
        }
    }

    /// The member's seat vouches for this one.
    fn prove(&mut self, id: QuestionId, body: Box<Body>) {
        let (member, said) = (self.parts.member.clone(), self.said.clone());
        self.helpers.spawn(async move {
            let (reply, vouched) = oneshot::channel();
            // The member's task may be gone: then nobody vouches.
            let _ = member.send(Said::Vouch(body, reply)).await;
            let said_now = match vouched.await {
                Ok(Some(seat)) => Said::In(MemberIn::Proven { id, support: Support::Recorder { seat } }),
                _ => Said::NotProven(Code::NotAllowed.into()),
            };
            let _ = said.send(said_now).await;
        });
    }

    fn hear(&mut self, said: Said) {
        match said {
            Said::In(input) => self.input(input),
            Said::Up(up) => {
                if self.road.stands(up) {
                    self.input(MemberIn::Connected);
                }
            }
            Said::Over(number, input) if self.road.is(number) => self.input(input),
            Said::NotReached(number, _) if self.road.is(number) => self.input(MemberIn::Disconnected),
            Said::NotProven(_) => self.over = Some(Over::Seat),
            Said::Over(..) | Said::NotReached(..) | Said::Vouch(..) | Said::Kept(..) => {}
        }
    }

    fn event(&mut self, event: MemberEvent) {
        match event {
            // Another epoch counts, or its keys are others, or are over.
            MemberEvent::Keys(_) | MemberEvent::Expired { .. } | MemberEvent::Roster => {
                let seats = self.member.view().seats;
                self.capture.keys(&self.member.keys(), &seats);
            }
            MemberEvent::Token(token) => self.listen(token),
            MemberEvent::Refused(refusal) => {
                tracing::warn!(%refusal, "the recorder's seat was refused");
                self.over = Some(Over::Refused(refusal));
            }
            MemberEvent::Ended(reason) => tracing::info!(%reason, "the recorder's seat is gone"),
            MemberEvent::Unverified { seat, refusal } => tracing::warn!(%seat, %refusal, "a seat does not verify"),
            _ => {}
        }
    }

    /// Take the place at the media server that a token gives.
    fn listen(&mut self, token: String) {
        self.token.send_replace(Some(token.clone()));
        let Some(fingerprint) = self.member.grant().map(|grant| grant.dtls_fingerprint) else { return };
        let target = Target { url: format!("http://{}", self.parts.inner.address), token, fingerprint };
        let local = local(&self.parts.host);
        self.listener = None;
        self.joins.abort_all();
        self.joins.spawn(async move {
            let local = local.map_err(|error| ListenError::Media(error.to_string()))?;
            Listener::join(&target, local).await
        });
    }

    fn joined(&mut self, joined: Result<Result<Listener, ListenError>, JoinError>) {
        match came(joined) {
            Some(Ok(listener)) => {
                tracing::info!("the recorder's seat listens to the room");
                self.listener = Some(listener);
            }
            Some(Err(error)) => self.listen_again(&error),
            None => {}
        }
    }

    fn heard(&mut self, heard: Heard) {
        if let Heard::Ended(error) = &heard {
            self.listener = None;
            self.listen_again(error);
        }
        let kept = self.capture.heard(heard, clock::milliseconds());
        self.note(kept);
    }

    /// A fresh token gives a fresh place.
    fn listen_again(&mut self, error: &ListenError) {
        tracing::warn!(%error, "the recorder hears nothing now; it connects again");
        let said = self.said.clone();
        self.helpers.spawn(async move {
            tokio::time::sleep(AGAIN).await;
            let _ = said.send(Said::In(MemberIn::NewConnection)).await;
        });
    }

    fn note(&mut self, kept: Result<(), LibraryError>) {
        if let Err(error) = kept {
            tracing::error!(%error, "what is heard cannot be kept; recording stops, and what was finished before is there");
            self.over.get_or_insert(Over::Files);
        }
    }
}

/// What came of taking the place at the media server; nothing of an attempt that was aborted: a newer one is under way.
fn came<T>(joined: Result<Result<T, ListenError>, JoinError>) -> Option<Result<T, ListenError>> {
    match joined {
        Ok(came) => Some(came),
        Err(error) if error.is_panic() => Some(Err(ListenError::Broken)),
        Err(_) => None,
    }
}

async fn next(listener: &mut Option<Listener>) -> Option<Heard> {
    match listener {
        Some(listener) => listener.next().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::*;

    #[tokio::test]
    async fn a_recorder_that_panics_ends_its_span_and_gives_up_its_files_and_one_that_ends_says_so_itself() {
        let span = RecordingId(B256::repeat_byte(7));
        let (member, mut heard) = mpsc::channel(4);
        watch(tokio::spawn(async {}), (span, member.clone()), || panic!("it ended by itself")).await;
        watch(tokio::spawn(async { panic!("as a fault would") }), (span, member), || {}).await;
        let mut failures = 0;
        while let Some(said) = heard.recv().await {
            let Said::In(MemberIn::Recording(RecordingIn::Failed { span: of, why })) = said else { panic!() };
            assert_eq!((of, why), (span, RecordingFailure::NotKept));
            failures += 1;
        }
        assert_eq!(failures, 2);
    }

    #[tokio::test]
    async fn a_place_is_taken_again_after_a_panic_and_not_after_an_abort() {
        let mut joins = JoinSet::<Result<(), ListenError>>::new();
        joins.spawn(async { panic!("as a fault would") });
        assert_eq!(came(joins.join_next().await.unwrap()), Some(Err(ListenError::Broken)));
        joins.spawn(std::future::pending());
        joins.abort_all();
        assert_eq!(came(joins.join_next().await.unwrap()), None);
        joins.spawn(async { Err(ListenError::Ended) });
        assert_eq!(came(joins.join_next().await.unwrap()), Some(Err(ListenError::Ended)));
    }
}

//! The task that drives one sitting's host: packets and deadlines in, packets, verdicts, tokens and orders out.

use std::sync::Arc;

use futures::future::BoxFuture;
use pars_engine::room::{
    Host, HostConfig, HostEvent, HostIn, HostOut, HostQuestion, QuestionId, RoomState, SfuOrder, Unreachable,
};
use pars_proto::room::{JoinRefusal, Line, Metadata, SeatIdentity, Sitting, Statement};
use pars_wire::machine::{Cx, Machine};
use tokio::sync::{mpsc, watch};

use super::kept::{Folder, Kept};
use super::sfu::Sfu;
use crate::chain::Progress;
use crate::clock::{self, Clock};
use crate::driver::SUITE;
use crate::random;
use crate::room::facts::{Device, FactsError, Judged, Oracle, Running};
use crate::room::tunnel::records::{self, Records};
use crate::room::tunnel::serve::{FromLink, Links, Listener};

/// Packets and answers that wait for the machine.
const QUEUE: usize = 1_024;
/// Orders that wait for the SFU.
const ORDERS: usize = 4_096;
/// Statements judged at once.
const JUDGED: usize = 32;

/// Why a sitting is not hosted.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The metadata object.
    #[error("the kept metadata object does not name this host")]
    Object,
    /// The SFU.
    #[error(transparent)]
    Sfu(#[from] super::sfu::SfuError),
}

/// What a host is made of.
pub(super) struct Parts {
    /// The own index.
    pub(super) oracle: Oracle,
    /// The SFU.
    pub(super) sfu: Sfu,
    /// How far the index is.
    pub(super) progress: watch::Receiver<Progress>,
    /// The sitting, final in the own index.
    pub(super) running: Running,
    /// Where the sitting is kept.
    pub(super) folder: Folder,
    /// Who wants to know how many seats are taken.
    pub(super) taken: watch::Sender<Option<u16>>,
}

struct Task {
    host: Host,
    kept: Kept,
    clock: Clock,
    sitting: Sitting,
    parts: Parts,
    links: Links,
    records: Records,
    answers: mpsc::Sender<HostIn>,
    orders: mpsc::Sender<SfuOrder>,
    /// The SFU has not carried out so many orders that one found no place: the room ends, no kicked seat may stay.
    behind: bool,
    room: Arc<tokio::sync::Semaphore>,
}

/// Host a sitting until it is over, or this daemon ends; whether it is over.
pub(super) async fn run(parts: Parts, kept: Kept, listener: Listener) -> Result<bool, RunError> {
    let sitting = parts.running.sitting;
    let metadata = Metadata::open(&kept.object, &parts.running.metadata, kept.room).map_err(|_| RunError::Object)?;
    let own = |entry: &&pars_proto::room::HostEntry| entry.s_vk == kept.secrets.s_vk();
    let entry = metadata.front().hosts.iter().find(own).cloned().ok_or(RunError::Object)?;
    let capacity = parts.running.view.room.capacity;
    let address = parts.sfu.socket().await?;
    let (clock, now) = (Clock::start(), crate::room::seconds(&sitting));
    let config = HostConfig {
        suite: SUITE,
        sitting,
        entry,
        secrets: kept.secrets.clone(),
        capacity,
        sfu: 0,
        dtls_fingerprint: parts.sfu.fingerprint,
        tunnel: Line::new("tunnel").map_err(|_| RunError::Object)?,
        bans: kept.bans.clone(),
        clock: now,
    };
    let (links, records) = (Links::default(), Records::default());
    let (answers, answered) = mpsc::channel(QUEUE);
    let (packets, incoming) = mpsc::channel(QUEUE);
    let (orders, ordered) = mpsc::channel(ORDERS);
    let served = listener.serve((links.clone(), records.clone()), packets, address);
    let directed: BoxFuture<'static, ()> = Box::pin(direct(parts.sfu.clone(), (sitting, capacity), ordered));
    let room = Arc::new(tokio::sync::Semaphore::new(JUDGED));
    let host = Host::new(config);
    let task = Task { host, kept, clock, sitting, parts, links, records, answers, orders, room, behind: false };
    Ok(tokio::select! {
        over = task.run(answered, incoming) => over,
        () = served => false,
        () = directed => false,
    })
}

/// Orders reach the SFU in their order; one that fails is tried again, because a kicked seat must not stay.
async fn direct(sfu: Sfu, (sitting, capacity): (Sitting, u16), mut orders: mpsc::Receiver<SfuOrder>) {
    let scope = sitting.scope;
    while let Err(error) = sfu.open(scope, capacity).await {
        tracing::warn!(%error, "the room is not open at the SFU yet; tried again");
        tokio::time::sleep(super::RETRY).await;
    }
    while let Some(order) = orders.recv().await {
        let mut attempts = super::ATTEMPTS;
        while let Err(error) = sfu.order(scope, &order).await {
            attempts -= 1;
            tracing::warn!(%error, attempts, "the SFU did not carry out an order");
            if attempts == 0 {
                break;
            }
            tokio::time::sleep(super::RETRY).await;
        }
    }
    std::future::pending().await
}

impl Task {
    async fn run(mut self, mut answered: mpsc::Receiver<HostIn>, mut incoming: mpsc::Receiver<FromLink>) -> bool {
        self.input(HostIn::Opened);
        while self.host.state() != RoomState::Closed && !self.behind {
            let wake = self.host.deadline().map(|tick| self.clock.instant(tick));
            tokio::select! {
                () = crate::room::sleep(wake) => self.input(HostIn::Wake),
                Some(input) = answered.recv() => self.input(input),
                from = incoming.recv() => match from {
                    Some(FromLink::Packet(from, bytes)) => self.input(HostIn::Recv { from, bytes }),
                    Some(FromLink::Gone(link)) => self.input(HostIn::Disconnected(link)),
                    None => break,
                },
                changed = self.parts.progress.changed() => match changed {
                    Ok(()) => self.chain_changed().await,
                    Err(_) => break,
                },
            }
        }
        if self.behind {
            tracing::error!("the SFU carries out no orders; the room ends: mend the SFU and restart this daemon");
        }
        // What was said last is on its way.
        tokio::time::sleep(super::LAST).await;
        self.host.state() == RoomState::Closed
    }

    /// The sitting may have been closed, moderators may have changed.
    async fn chain_changed(&mut self) {
        match self.parts.oracle.running(self.sitting.scope.room).await {
            Ok(running) if running.sitting.scope == self.sitting.scope => self.parts.running = running,
            // Another sitting of the room, or none: this one is over.
            Ok(_) | Err(FactsError::NoSitting) => self.input(HostIn::SittingOver),
            Err(error) => tracing::debug!(%error, "the own index does not say how the sitting is"),
        }
        self.input(HostIn::Clock(crate::room::seconds(&self.sitting)));
    }

    fn input(&mut self, input: HostIn) {
        let mut out = Vec::new();
        let now = self.clock.now();
        self.host.handle(&mut Cx { now, rng: &mut random::system(), out: &mut out }, input);
        let taken = u16::try_from(self.host.taken()).ok();
        self.parts.taken.send_if_modified(|told| std::mem::replace(told, taken) != taken);
        for output in out {
            self.output(output);
        }
    }

    fn output(&mut self, output: HostOut) {
        match output {
            HostOut::Send { to, bytes } => self.links.send(to, bytes),
            HostOut::Disconnect(link) => self.links.end(link),
            HostOut::Question { id, question } => self.question(id, question),
            // The other end lives as long as this task, so it can only be full.
            HostOut::Sfu(order) => self.behind |= self.orders.try_send(order).is_err(),
            HostOut::Event(event) => {
                tell(&event);
                if let HostEvent::Banned(identities) = event {
                    self.keep_banned(identities);
                }
            }
        }
    }

    /// On disk before anybody hears of it, because the packets that say so come after this: whoever is banned is so for the
    /// whole sitting, whatever becomes of this process.
    fn keep_banned(&mut self, identities: Vec<SeatIdentity>) {
        if let Err(error) = self.parts.folder.ban(&mut self.kept, identities) {
            tracing::error!(%error, "a ban holds until this daemon ends, and not after that: mend the disk, ban again");
        }
    }

    fn question(&self, id: QuestionId, question: HostQuestion) {
        match question {
            HostQuestion::Verify(statement) => self.verify(id, statement),
            HostQuestion::Token { identity, role, rights, .. } => {
                let left = self.sitting.ends_at.saturating_sub(clock::milliseconds() / 1_000);
                match self.parts.sfu.token(&self.sitting.scope, (&identity, role, rights), left) {
                    Ok(token) => self.answer(HostIn::Token { id, token }),
                    Err(error) => tracing::error!(%error, "a seat gets no token"),
                }
            }
            HostQuestion::Recheck(seats) => {
                let (oracle, running) = (self.parts.oracle.clone(), self.parts.running.clone());
                let answers = self.answers.clone();
                let synced = self.parts.progress.borrow().synced;
                tokio::spawn(async move {
                    let mut lost = Vec::new();
                    let mut outcome = if synced { Ok(()) } else { Err(Unreachable) };
                    for (seat, account) in seats {
                        match oracle.has_access(&running, account).await {
                            Ok(true) => {}
                            Ok(false) => lost.push(seat),
                            Err(_) => outcome = Err(Unreachable),
                        }
                    }
                    // The task may have ended.
                    let _ = answers.send(HostIn::Rechecked { id, outcome: outcome.map(|()| lost) }).await;
                });
            }
        }
    }

    fn verify(&self, id: QuestionId, statement: Box<Statement>) {
        let (oracle, running, records) = (self.parts.oracle.clone(), self.parts.running.clone(), self.records.clone());
        let (answers, room) = (self.answers.clone(), self.room.clone());
        let now = crate::room::seconds(&self.sitting);
        tokio::spawn(async move {
            let _place = room.acquire_owned().await;
            let device = device(&records, &statement);
            let judged = oracle.judge(Judged { running, statement, device, gate: Some(now) }).await;
            let verdict = match judged {
                Ok(verdict) => verdict.map_err(JoinRefusal::from),
                Err(error) => {
                    tracing::debug!(%error, "a statement cannot be judged now");
                    Err(JoinRefusal::Busy)
                }
            };
            // The task may have ended.
            let _ = answers.send(HostIn::Verified { id, verdict }).await;
        });
    }

    fn answer(&self, input: HostIn) {
        let answers = self.answers.clone();
        tokio::spawn(async move { answers.send(input).await });
    }
}

fn device(records: &Records, statement: &Statement) -> Option<Box<Device>> {
    let member = statement.body().claim.member()?;
    let pair = records.get(member.session, member.device)?;
    records::open(&pair).map(Box::new)
}

/// For the log: numbers of seats, nobody.
fn tell(event: &HostEvent) {
    match event {
        HostEvent::State(state) => tracing::info!(?state, "the hosted room"),
        HostEvent::Admitted { seat, .. } => tracing::info!(%seat, "a seat is in the room"),
        HostEvent::Gone { seat, reason } => tracing::info!(%seat, %reason, "a seat is gone"),
        HostEvent::Refused(refusal) => tracing::info!(%refusal, "a join was refused"),
        HostEvent::Banned(_) => tracing::info!("a seat was banned"),
        HostEvent::Flood(seat) => tracing::warn!(%seat, "a seat sends too much"),
        HostEvent::Malformed(error) => tracing::debug!(%error, "a control stream is ended"),
    }
}

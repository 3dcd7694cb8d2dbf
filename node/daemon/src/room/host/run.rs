//! The task that drives one sitting's host: packets and deadlines in, packets, verdicts, tokens and orders out.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use pars_engine::room::{
    Host, HostConfig, HostEvent, HostIn, HostOut, HostQuestion, QuestionId, RoomState, SeatView, SfuOrder, Unreachable,
};
use pars_proto::room::{Claim, JoinRefusal, Line, Metadata, SeatIdentity, Sitting, Statement};
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
/// How long orders may take that wait for the SFU when the room is over.
const CLOSING: Duration = Duration::from_secs(60);

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
    /// The newest final block that was looked at.
    finalized: u64,
    /// Bans that are not on the disk yet.
    unkept: Vec<SeatIdentity>,
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
    let directed: BoxFuture<'static, ()> =
        Box::pin(direct(parts.sfu.clone(), (sitting, capacity), ordered, super::RETRY));
    let room = Arc::new(tokio::sync::Semaphore::new(JUDGED));
    let (host, finalized, unkept, behind) = (Host::new(config), parts.progress.borrow().finalized, Vec::new(), false);
    let task =
        Task { host, kept, clock, sitting, parts, links, records, answers, orders, behind, finalized, unkept, room };
    Ok(until_over(task.run(answered, incoming), served, directed).await)
}

/// The room's task beside its tunnels and its orders; whether the sitting is over. Orders that wait when it ends are carried out
/// before this does: the last of them closes the room at the SFU, where who was removed, or means ill, would stay otherwise.
async fn until_over(
    task: impl Future<Output = bool>,
    served: impl Future<Output = ()>,
    mut directed: BoxFuture<'static, ()>,
) -> bool {
    let over = tokio::select! {
        over = task => over,
        () = served => false,
        () = &mut directed => return false,
    };
    // Nobody orders anything any more, nobody joins.
    if tokio::time::timeout(CLOSING, directed).await.is_err() {
        tracing::error!("the SFU did not carry out the last orders of a room in time; it may still be open there");
    }
    over
}

/// Orders reach the SFU in their order; one that fails is tried again after a pause. Ends after the last one, or when one that takes
/// something away is not carried out for good: the room ends with it, because no kicked seat may stay and nobody may send beyond
/// its rights.
async fn direct(sfu: Sfu, (sitting, capacity): (Sitting, u16), mut orders: mpsc::Receiver<SfuOrder>, pause: Duration) {
    let scope = sitting.scope;
    while let Err(error) = sfu.open(scope, capacity).await {
        tracing::warn!(%error, "the room is not open at the SFU yet; tried again");
        tokio::time::sleep(pause).await;
    }
    while let Some(order) = orders.recv().await {
        let done = carried_out(&sfu, &sitting, &order, pause).await;
        // A room that is over is still to be closed.
        let goes_on = !orders.is_closed();
        if !done && goes_on && matches!(order, SfuOrder::Remove { .. } | SfuOrder::Permit { .. }) {
            tracing::error!("the SFU does not carry out an order; the room ends: mend the SFU and restart this daemon");
            return;
        }
    }
}

/// Whether the SFU carries out an order, at the latest after so many attempts.
async fn carried_out(sfu: &Sfu, sitting: &Sitting, order: &SfuOrder, pause: Duration) -> bool {
    for attempts in (0..super::ATTEMPTS).rev() {
        match sfu.order(sitting.scope, order).await {
            Ok(()) => return true,
            Err(error) => tracing::warn!(%error, attempts, "the SFU did not carry out an order"),
        }
        if attempts > 0 {
            tokio::time::sleep(pause).await;
        }
    }
    false
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

    /// The sitting may have been closed, moderators may have changed, seats may have lost their access.
    async fn chain_changed(&mut self) {
        match self.parts.oracle.running(self.sitting.scope.room).await {
            Ok(running) if running.sitting.scope == self.sitting.scope => {
                let leads = |seat: SeatView| Some((seat.seat, running.view.leads(seat.account?), seat.leads));
                let seats: Vec<_> = self.host.seats().filter_map(leads).collect();
                for (seat, now, _) in seats.into_iter().filter(|(_, now, before)| now != before) {
                    self.input(HostIn::Leads(seat, now));
                }
                self.parts.running = running;
            }
            // Another sitting of the room, or none: this one is over.
            Ok(_) | Err(FactsError::NoSitting) => self.input(HostIn::SittingOver),
            Err(error) => tracing::debug!(%error, "the own index does not say how the sitting is"),
        }
        self.input(HostIn::Clock(crate::room::seconds(&self.sitting)));
        let finalized = self.parts.progress.borrow().finalized;
        if std::mem::replace(&mut self.finalized, finalized) != finalized {
            self.input(HostIn::ChainChanged);
        }
        self.keep_banned(Vec::new());
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
    /// whole sitting, whatever becomes of this process. What the disk did not take is tried again with every block.
    fn keep_banned(&mut self, identities: Vec<SeatIdentity>) {
        self.unkept.extend(identities);
        if let Err(error) = self.parts.folder.ban(&mut self.kept, &mut self.unkept) {
            tracing::error!(%error, "a ban holds until this daemon ends, and not after that, unless the disk is mended before");
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
        let seat_key = match statement.body().claim {
            Claim::Recorder { seat } => self.host.seat_key(seat),
            _ => None,
        };
        tokio::spawn(async move {
            let _place = room.acquire_owned().await;
            let device = device(&records, &statement);
            let judged = oracle.judge(Judged { running, statement, device, seat_key, gate: Some(now) }).await;
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use alloy::transports::http::reqwest::Url;
    use pars_engine::room::Rights;
    use pars_proto::room::{Role, Scope, SeatNo};
    use pars_wire::{ChainId, Kind, RoomId, SittingId};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::room::host::ATTEMPTS;

    /// An SFU that opens rooms and refuses some orders, each named by its method and how many came before it; and what it was
    /// asked.
    async fn sfu(refuses: fn(&str, usize) -> bool) -> (Sfu, Arc<Mutex<Vec<String>>>, tempfile::TempDir) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let noted = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (mut request, mut more) = (Vec::new(), [0; 4_096]);
                // Its body ends with the brace that its head has not.
                while !request.ends_with(b"}") {
                    let length = stream.read(&mut more).await.unwrap();
                    assert!(length > 0);
                    request.extend_from_slice(&more[..length]);
                }
                let request = String::from_utf8(request).unwrap();
                let method = request.split(' ').nth(1).unwrap().rsplit('/').next().unwrap();
                let refused = method != "CreateRoom" && {
                    let mut noted = noted.lock().unwrap();
                    noted.push(method.to_owned());
                    refuses(method, noted.len() - 1)
                };
                let status = if refused { "500 Internal Server Error" } else { "200 OK" };
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sfu.key");
        pars_keyfile::create(&file, br#"{"key":"host","secret":"a secret of the tests, long enough"}"#).unwrap();
        (Sfu::new(&url, &file, [0; 32]).unwrap(), asked, dir)
    }

    fn sitting() -> Sitting {
        let (town_hall, room) = ([1; 20].into(), RoomId([2; 32].into()));
        let scope = Scope { chain: ChainId(7_072), town_hall, room, sitting: SittingId(1) };
        Sitting { scope, kind: Kind::TownHall, opened_at: 0, ends_at: 1 }
    }

    #[tokio::test]
    async fn a_room_whose_sfu_removes_and_demotes_nobody_ends() {
        let (sfu, asked, _dir) = sfu(|_, _| true).await;
        let (seat, identity) = (SeatNo(1), "seat".to_owned());
        let mute = SfuOrder::Mute { seat, identity: identity.clone() };
        let permit =
            SfuOrder::Permit { seat, identity: identity.clone(), role: Role::Member, rights: Rights::default() };
        for order in [SfuOrder::Remove { seat, identity }, permit] {
            let (orders, ordered) = mpsc::channel(2);
            // That somebody is not muted is no reason to end.
            orders.try_send(mute.clone()).unwrap();
            orders.try_send(order).unwrap();
            asked.lock().unwrap().clear();
            let directed = direct(sfu.clone(), (sitting(), 9), ordered, Duration::ZERO);
            tokio::time::timeout(Duration::from_secs(120), directed).await.expect("the room ends");
            assert_eq!(asked.lock().unwrap().len(), 2 * ATTEMPTS as usize);
        }
    }

    #[tokio::test]
    async fn what_was_ordered_before_the_end_is_carried_out_after_it_and_the_room_is_closed() {
        // At the second attempt; and a removal that fails for good, which is no reason to leave the room open.
        let slow: fn(&str, usize) -> bool = |_, before| before % 2 == 0;
        let stuck: fn(&str, usize) -> bool = |method, _| method == "RemoveParticipant";
        for (refuses, removals, closings) in [(slow, 2, 2), (stuck, ATTEMPTS as usize, 1)] {
            let (sfu, asked, _dir) = sfu(refuses).await;
            let (orders, ordered) = mpsc::channel(2);
            let task = async move {
                orders.send(SfuOrder::Remove { seat: SeatNo(1), identity: "seat".to_owned() }).await.unwrap();
                orders.send(SfuOrder::Close).await.unwrap();
                true
            };
            let directed = Box::pin(direct(sfu, (sitting(), 9), ordered, Duration::ZERO));
            assert!(until_over(task, std::future::pending(), directed).await);
            let expected = [vec!["RemoveParticipant"; removals], vec!["DeleteRoom"; closings]].concat();
            assert_eq!(*asked.lock().unwrap(), expected);
        }
    }
}

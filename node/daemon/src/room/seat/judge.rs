//! What own index says of seats: of statements that are told, and of named seats as the chain goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use pars_crypto::sign::Ed25519Public;
use pars_engine::room::{Member, MemberIn, Phase, QuestionId, RecordingIn, SeatView};
use pars_identity::device::DeviceId;
use pars_identity::id::IdentityId;
use pars_proto::room::{Claim, Statement};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::{LOOK, RETRY, Said, Task};
use crate::clock::Clock;
use crate::room::facts::{Device, FactsError, Judged, Running};
use crate::room::tunnel::dial::Tunnel;
use crate::room::tunnel::records;
use crate::room::{Inner, seconds};

/// Statements of one room that are judged at once, and records that its host is asked for.
const JUDGED: usize = 8;

/// What one seat of this daemon has judged. It has places of its own: a host that does not answer keeps no other room waiting.
/// Whatever is under way ends with it.
pub(super) struct Judging {
    places: Arc<Semaphore>,
    tasks: JoinSet<()>,
    asked: BTreeMap<QuestionId, AbortHandle>,
    /// The last look at named seats.
    look: Option<AbortHandle>,
}

impl Judging {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(JUDGED)), tasks: JoinSet::new(), asked: BTreeMap::new(), look: None }
    }

    /// Have a statement judged; the verdict is said.
    pub(super) fn ask(
        &mut self,
        inner: &Arc<Inner>,
        (id, question): (QuestionId, Question),
        said: &mpsc::Sender<Said>,
    ) {
        let (inner, said) = (inner.clone(), said.clone());
        self.run(id, |places| judge((inner, places), (id, question), said));
    }

    fn run<F: Future<Output = ()> + Send + 'static>(&mut self, id: QuestionId, work: impl FnOnce(Arc<Semaphore>) -> F) {
        while self.tasks.try_join_next().is_some() {}
        self.asked.retain(|_, task| !task.is_finished());
        let task = self.tasks.spawn(work(self.places.clone()));
        self.asked.insert(id, task);
    }

    /// Whether named seats may be looked at again: a chain's node that is slow is not asked again before it has answered.
    fn may_look(&self) -> bool {
        self.look.as_ref().is_none_or(AbortHandle::is_finished)
    }

    fn look(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.look = Some(self.tasks.spawn(work));
    }

    /// Nobody is judged any more for whom the machine no longer waits.
    pub(super) fn keep_up(&mut self, member: &mut Member, clock: &Clock) {
        for id in member.forsaken(clock.now().tick) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: QuestionId) {
        if let Some(task) = self.asked.remove(&id) {
            task.abort();
        }
    }

    /// The seat is gone: nobody is judged for it.
    pub(super) fn end(&mut self) {
        self.tasks = JoinSet::new();
        self.asked.clear();
    }
}

/// A statement to be judged, and what only the seat that asks knows.
pub(super) struct Question {
    running: Running,
    statement: Box<Statement>,
    /// Of the seat that a recorder's seat records for.
    seat_key: Option<Ed25519Public>,
    /// To the host, who serves records of identities: the one of now, and those after it.
    tunnel: watch::Receiver<Option<Tunnel>>,
}

impl Question {
    pub(super) fn new(
        member: &Member,
        (running, statement): (Running, Box<Statement>),
        tunnel: watch::Receiver<Option<Tunnel>>,
    ) -> Self {
        let seat_key = match statement.body().claim {
            Claim::Recorder { seat } => member.seat_key(seat),
            _ => None,
        };
        Self { running, statement, seat_key, tunnel }
    }
}

/// What the host serves of a device, if it opens. Only an answer counts: a tunnel that ends, or over which the host has not
/// answered an attach yet, says nothing of anybody, and the host is asked again. None: the seat that asks is gone.
async fn served(
    places: &Semaphore,
    tunnel: &mut watch::Receiver<Option<Tunnel>>,
    (session, device): (IdentityId, DeviceId),
) -> Option<Option<Box<Device>>> {
    loop {
        tunnel.wait_for(Option::is_some).await.ok()?;
        // Taken only while somebody can be asked: what needs no answer of the host goes on without it.
        let place = places.acquire().await.ok()?;
        let now = tunnel.borrow().clone();
        if let Some(now) = now {
            match now.get(session, device).await {
                Ok(pair) => return Some(pair.as_ref().and_then(records::open).map(Box::new)),
                Err(error) => tracing::debug!(%error, "the host does not say what it serves of a device; asked again"),
            }
        }
        drop(place);
        tokio::time::sleep(RETRY).await;
    }
}

/// The own index judges a seat; while it, or the host, does not answer, it is asked again.
async fn judge(
    (inner, places): (Arc<Inner>, Arc<Semaphore>),
    (id, question): (QuestionId, Question),
    said: mpsc::Sender<Said>,
) {
    let Question { running, statement, seat_key, mut tunnel } = question;
    let device = match statement.body().claim.member() {
        Some(member) => match served(&places, &mut tunnel, (member.session, member.device)).await {
            Some(device) => device,
            None => return,
        },
        None => None,
    };
    let verdict = loop {
        let place = places.acquire().await;
        let (running, statement, device) = (running.clone(), statement.clone(), device.clone());
        match inner.oracle.judge(Judged { running, statement, device, seat_key, gate: None }).await {
            Ok(verdict) => break verdict,
            Err(error) => tracing::debug!(%error, "a seat cannot be judged now; tried again"),
        }
        drop(place);
        tokio::time::sleep(RETRY).await;
    };
    // The seat may be gone.
    let _ = said.send(Said::In(MemberIn::Verified { id, verdict })).await;
}

impl Task {
    pub(super) fn verify(&mut self, id: QuestionId, statement: Box<Statement>) {
        let question = Question::new(&self.member, (self.begin.running.clone(), statement), self.road.tunnel());
        self.judging.ask(&self.inner, (id, question), &self.said);
    }

    /// The sitting may be over, named seats may have lost their access or have it again, moderators may have changed, consents may
    /// be final.
    pub(super) async fn chain_changed(&mut self) {
        self.input(MemberIn::Clock(seconds(&self.begin.running.sitting)));
        self.input(MemberIn::Recording(RecordingIn::ChainChanged));
        let scope = self.begin.running.sitting.scope;
        match self.inner.oracle.running(scope.room).await {
            Ok(running) if running.sitting.scope == scope => self.begin.running = running,
            Ok(_) | Err(FactsError::NoSitting) => return self.input(MemberIn::SittingOver),
            Err(_) => return,
        }
        if self.looked.elapsed() < LOOK || self.member.phase() != Phase::Admitted || !self.judging.may_look() {
            return;
        }
        self.looked = tokio::time::Instant::now();
        let (verified, others): (Vec<_>, Vec<_>) = self.member.view().seats.into_iter().partition(|seat| seat.verified);
        // A host may tell of many more that do not verify, and each may be a question to the chain's node.
        let seats = verified.into_iter().chain(others.into_iter().take(self.begin.running.sitting.kind.cap().into()));
        let named: Vec<_> = seats.filter_map(|seat| Some((seat.account?, seat))).collect();
        let (oracle, running, said) = (self.inner.oracle.clone(), self.begin.running.clone(), self.said.clone());
        self.judging.look(async move {
            for (account, SeatView { seat, leads, verified, .. }) in named {
                let now = running.view.leads(account);
                if verified && now != leads {
                    let _ = said.send(Said::In(MemberIn::Leads(seat, now))).await;
                }
                if let Ok(has) = oracle.has_access(&running, account).await
                    && has != verified
                {
                    let _ = said.send(Said::In(MemberIn::Access(seat, has))).await;
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pars_engine::identity::Identity;
    use pars_proto::room::{HostEntry, HostSecrets, Reach};
    use pars_wire::machine::UnixMinute;
    use tokio::time::timeout;

    use super::*;
    use crate::driver::SUITE;
    use crate::random;
    use crate::room::tunnel::dial::Dialer;
    use crate::room::tunnel::records::Records;
    use crate::room::tunnel::serve::{FromLink, Links, Listener};

    /// Work that takes a place and keeps it until it is ended; `held` has other holders until all of it has ended.
    fn stuck(judging: &mut Judging, ids: std::ops::Range<u64>, held: &mpsc::Sender<()>) {
        for id in ids {
            let held = held.clone();
            judging.run(QuestionId(id), |places| async move {
                let _held = held;
                let _place = places.acquire_owned().await;
                std::future::pending().await
            });
        }
    }

    #[tokio::test]
    async fn a_room_whose_host_never_answers_keeps_no_other_waiting_and_ends_with_its_seat() {
        let (mut liar, mut honest) = (Judging::new(), Judging::new());
        let (held, mut ended) = mpsc::channel(1);
        stuck(&mut liar, 0..100, &held);
        let (done, judged) = tokio::sync::oneshot::channel();
        honest.run(QuestionId(0), |places| async move {
            let _place = places.acquire_owned().await;
            let _ = done.send(());
        });
        timeout(Duration::from_secs(60), judged).await.expect("the other room goes on").unwrap();
        drop(held);
        assert!(ended.try_recv().is_err_and(|error| error == mpsc::error::TryRecvError::Empty));
        liar.end();
        assert_eq!(timeout(Duration::from_secs(60), ended.recv()).await.expect("all of it ends"), None);
    }

    #[tokio::test]
    async fn named_seats_are_looked_at_once_at_a_time() {
        let mut judging = Judging::new();
        assert!(judging.may_look());
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        judging.look(async move { drop(ended.await) });
        assert!(!judging.may_look());
        end.send(()).unwrap();
        while !judging.may_look() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn who_is_forgotten_makes_room_for_who_waits() {
        let (mut judging, (held, _ended)) = (Judging::new(), mpsc::channel(1));
        stuck(&mut judging, 0..JUDGED as u64, &held);
        let (done, mut judged) = tokio::sync::oneshot::channel();
        let last = QuestionId(JUDGED as u64);
        judging.run(last, |places| async move {
            let _place = places.acquire_owned().await;
            let _ = done.send(());
        });
        while judging.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(judged.try_recv().is_err(), "all places are taken");
        judging.forget(QuestionId(3));
        timeout(Duration::from_secs(60), judged).await.expect("there is room").unwrap();
        assert_eq!(judging.asked.len(), JUDGED);
    }

    #[tokio::test]
    async fn only_the_hosts_answer_says_what_is_served_and_a_tunnel_that_ends_is_none() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let one = Identity::create(SUITE, 0, UnixMinute(20_000 * 1_440), &mut random::system());
        let (records, wanted) = (Records::default(), (one.id(), one.certificate.device()));
        let guest = records.guest(Arc::default());
        assert!(guest.put((one.record.encode(), one.certificate.encode())));
        let secrets = HostSecrets::generate(SUITE, &mut random::system());
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), secrets.seeds().1).unwrap();
        let (session, reach) = (IdentityId([0; 32]), Reach::Direct(listener.address));
        let entry = HostEntry { x_pk: secrets.x_pk(), s_vk: secrets.s_vk(), session, reach };
        let (links, (packets, mut from)) = (Links::default(), mpsc::channel(8));
        tokio::spawn(listener.serve((links.clone(), records), packets, ([127, 0, 0, 1], 9).into()));
        let dialer = Dialer::new().unwrap();
        let (ended, stands) = (dialer.dial(&entry).await.unwrap(), dialer.dial(&entry).await.unwrap());
        ended.close();

        let (tunnels, mut tunnel) = watch::channel(Some(ended));
        let places = Arc::new(Semaphore::new(1));
        let few = places.clone();
        let mut asks = tokio::spawn(async move {
            let found = served(&few, &mut tunnel, wanted).await;
            (found, served(&few, &mut tunnel, (wanted.0, DeviceId([0; 16]))).await, tunnel)
        });
        assert!(timeout(RETRY, &mut asks).await.is_err(), "an end is no answer");
        tunnels.send_replace(None);
        drop(timeout(Duration::from_secs(60), places.acquire()).await.expect("who waits for a tunnel takes no place"));
        // The host has not answered over it yet: it says nothing of anybody.
        tunnels.send_replace(Some(stands.clone()));
        assert!(timeout(RETRY, &mut asks).await.is_err(), "a reset is no answer");
        let (mut send, mut recv) = stands.control().await.unwrap().split();
        send.send(b"attach").await.unwrap();
        let Some(FromLink::Packet(link, _)) = from.recv().await else { panic!("the link does not stand") };
        // That the seat stands.
        links.send(link, vec![4, 0]);
        recv.recv().await.unwrap().unwrap();
        let (found, other, mut tunnel) = timeout(Duration::from_secs(60), asks).await.unwrap().unwrap();
        let (record, certificate) = *found.unwrap().unwrap();
        assert_eq!((record.id(), certificate.device()), wanted);
        assert!(other.unwrap().is_none(), "the host says that it serves none");
        tunnels.send_replace(None);
        drop(tunnels);
        assert!(served(&places, &mut tunnel, wanted).await.is_none(), "the seat that asks is gone");
    }
}

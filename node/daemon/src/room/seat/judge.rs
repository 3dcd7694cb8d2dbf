//! What own index says of seats: of statements that are told, and of named seats as the chain goes on.

use std::sync::Arc;

use pars_crypto::sign::Ed25519Public;
use pars_engine::room::{Member, MemberIn, Phase, QuestionId, RecordingIn};
use pars_identity::device::DeviceId;
use pars_identity::id::IdentityId;
use pars_proto::room::{Claim, Statement};
use tokio::sync::{Semaphore, mpsc, watch};

use super::{LOOK, RETRY, Said, Task};
use crate::room::facts::{Device, FactsError, Judged, Running};
use crate::room::tunnel::dial::Tunnel;
use crate::room::tunnel::records;
use crate::room::{Inner, seconds};

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
        // Taken only while somebody can be asked: other seats of this daemon may have hosts that answer.
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
pub(super) async fn judge(inner: Arc<Inner>, (id, question): (QuestionId, Question), said: mpsc::Sender<Said>) {
    let Question { running, statement, seat_key, mut tunnel } = question;
    let device = match statement.body().claim.member() {
        Some(member) => match served(&inner.judging, &mut tunnel, (member.session, member.device)).await {
            Some(device) => device,
            None => return,
        },
        None => None,
    };
    let verdict = loop {
        let place = inner.judging.acquire().await;
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
        self.helpers.spawn(judge(self.inner.clone(), (id, question), self.said.clone()));
        while self.helpers.try_join_next().is_some() {}
    }

    /// The sitting may be over, named seats may have lost their access, moderators may have changed, consents may be final.
    pub(super) async fn chain_changed(&mut self) {
        self.input(MemberIn::Clock(seconds(&self.begin.running.sitting)));
        self.input(MemberIn::Recording(RecordingIn::ChainChanged));
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

    #[tokio::test]
    async fn only_the_hosts_answer_says_what_is_served_and_a_tunnel_that_ends_is_none() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let one = Identity::create(SUITE, 0, UnixMinute(20_000 * 1_440), &mut random::system());
        let (records, wanted) = (Records::default(), (one.id(), one.certificate.device()));
        assert!(records.put((one.record.encode(), one.certificate.encode())));
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
        for _ in 0..2 {
            links.send(link, b"packet".to_vec());
            recv.recv().await.unwrap().unwrap();
        }
        let (found, other, mut tunnel) = timeout(Duration::from_secs(60), asks).await.unwrap().unwrap();
        let (record, certificate) = *found.unwrap().unwrap();
        assert_eq!((record.id(), certificate.device()), wanted);
        assert!(other.unwrap().is_none(), "the host says that it serves none");
        tunnels.send_replace(None);
        drop(tunnels);
        assert!(served(&places, &mut tunnel, wanted).await.is_none(), "the seat that asks is gone");
    }
}

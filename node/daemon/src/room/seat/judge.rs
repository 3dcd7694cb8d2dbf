//! What own index says of seats: of statements that are told, and of named seats as the chain goes on.

use std::sync::Arc;

use pars_crypto::sign::Ed25519Public;
use pars_engine::room::{Member, MemberIn, Phase, QuestionId, RecordingIn};
use pars_proto::room::{Claim, Statement};
use tokio::sync::mpsc;

use super::{LOOK, RETRY, Said, Task};
use crate::room::facts::{FactsError, Judged, Running};
use crate::room::tunnel::dial::Tunnel;
use crate::room::tunnel::records;
use crate::room::{Inner, seconds};

/// A statement to be judged, and what only the seat that asks knows.
pub(super) struct Question {
    running: Running,
    statement: Box<Statement>,
    /// Of the seat that a recorder's seat records for.
    seat_key: Option<Ed25519Public>,
    /// To the host, who serves records of identities.
    tunnel: Option<Tunnel>,
}

impl Question {
    pub(super) fn new(
        member: &Member,
        (running, statement): (Running, Box<Statement>),
        tunnel: Option<Tunnel>,
    ) -> Self {
        let seat_key = match statement.body().claim {
            Claim::Recorder { seat } => member.seat_key(seat),
            _ => None,
        };
        Self { running, statement, seat_key, tunnel }
    }
}

/// The own index judges a seat; while it does not answer, it is asked again.
pub(super) async fn judge(inner: Arc<Inner>, (id, question): (QuestionId, Question), said: mpsc::Sender<Said>) {
    let Question { running, statement, seat_key, tunnel } = question;
    let _place = inner.judging.clone().acquire_owned().await;
    let device = match (statement.body().claim.member(), tunnel) {
        (Some(member), Some(tunnel)) => match tunnel.get(member.session, member.device).await {
            Ok(Some(pair)) => records::open(&pair).map(Box::new),
            _ => None,
        },
        _ => None,
    };
    let verdict = loop {
        let (running, statement, device) = (running.clone(), statement.clone(), device.clone());
        match inner.oracle.judge(Judged { running, statement, device, seat_key, gate: None }).await {
            Ok(verdict) => break verdict,
            Err(error) => tracing::debug!(%error, "a seat cannot be judged now; tried again"),
        }
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

//! What the seat's user wants.

use pars_engine::room::{MemberIn, Phase};
use pars_rpc::room::Joined;
use pars_rpc::room_event as told;
use pars_rpc::{Code, RpcError};

use super::{Command, Reply, Said, Task, prove, tell};
use crate::room::seconds;

impl Task {
    pub(super) fn command(&mut self, command: Command) {
        // Whoever asked may be gone.
        match command {
            Command::Join { anyway, reply, .. } if self.recorded.is_told => self.go_in(anyway, reply),
            Command::Join { wallet, anyway, reply } => self.start_join((wallet, anyway), reply),
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
            Command::Order(order, reply) => match self.member.phase() {
                Phase::Admitted => {
                    if self.orders.give(order, tokio::time::Instant::now(), reply) {
                        self.input(MemberIn::Order(order));
                    }
                }
                // The machine would say nothing, and nobody would answer.
                _ => drop(reply.send(Err(Code::NotAllowed.into()))),
            },
            Command::Accept(reply) => {
                self.input(MemberIn::Accept(true));
                drop(reply.send(Ok(())));
            }
            Command::Record(wish, reply) => self.record(wish, reply),
            Command::Leave => self.input(MemberIn::Leave),
        }
    }

    fn start_join(&mut self, (wallet, anyway): (Option<[u8; 65]>, bool), reply: Reply<Joined>) {
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
        self.recorded.expires_at = body.expires_at;
        // Who has a seat there knows already, and its page is not to be silenced by an attempt that gets none.
        let room = self.begin.running.sitting.scope.room;
        self.member.ask_first(!anyway && !self.inner.state(|state| state.seats.contains_key(&room)));
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
}

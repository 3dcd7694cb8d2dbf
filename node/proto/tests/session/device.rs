//! A device with its machine, its durable rows and the outputs not yet carried.

use std::collections::BTreeMap;

use chacha20::ChaCha20Rng;
use pars_crypto::secret::{StoreKey, Zeroizing};
use pars_proto::session::machine::{CommandId, Event, In, Out, Outgoing, Own, Row, SendTo, Sessions, Standing};
use pars_proto::session::{Address, MessageId, PqAuth, Session, SessionId};
use pars_wire::content::{ContentType, Flags};
use pars_wire::machine::{Cx, Machine, Now, Tick, UnixMinute};

use crate::world::{NOON, Person, SUITE};

/// An object on its way.
#[derive(Clone)]
pub(crate) struct Flying {
    pub(crate) to: SendTo,
    pub(crate) object: Vec<u8>,
}

pub(crate) struct Device {
    pub(crate) machine: Sessions,
    pub(crate) address: Address,
    pub(crate) sessions: BTreeMap<SessionId, Row>,
    pub(crate) handshakes: BTreeMap<[u8; 32], Row>,
    /// Texts shown to the user, in order.
    pub(crate) shown: Vec<String>,
    /// Handshakes that asked for records.
    pub(crate) waiting: Vec<[u8; 16]>,
    pub(crate) begun: usize,
    pub(crate) gaps: usize,
    pub(crate) refused: usize,
    pub(crate) hours: u32,
}

fn own(person: &Person) -> Own {
    Own {
        record: person.record.clone(),
        certificate: person.certificate.clone(),
        contact: person.contact.clone(),
        device: person.device.clone(),
        leaves: person.prekeys.leaves.clone(),
        pins: BTreeMap::new(),
    }
}

pub(crate) fn outgoing(number: u64, text: &str) -> Outgoing {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    Outgoing {
        id: MessageId(id),
        sequence: number,
        content_type: ContentType::Text,
        flags: Flags::NONE,
        content: Zeroizing::new(text.as_bytes().to_vec()),
    }
}

impl Device {
    pub(crate) fn new(person: &Person) -> Self {
        let key = StoreKey::from_bytes([9; 32]);
        Self {
            machine: Sessions::new(own(person), key, SUITE),
            address: person.local().address(),
            sessions: BTreeMap::new(),
            handshakes: BTreeMap::new(),
            shown: Vec::new(),
            waiting: Vec::new(),
            begun: 0,
            gaps: 0,
            refused: 0,
            hours: 0,
        }
    }

    /// As after a crash: only what is durable is left.
    pub(crate) fn restart(&mut self, person: &Person) {
        let rows = self.sessions.values().chain(self.handshakes.values()).cloned();
        self.machine = Sessions::restore(own(person), StoreKey::from_bytes([9; 32]), SUITE, rows).unwrap();
    }

    /// One input; what leaves is returned, what is durable and shown is kept.
    pub(crate) fn handle(&mut self, input: In, rng: &mut ChaCha20Rng) -> Vec<Flying> {
        let mut out = Vec::new();
        let wall = UnixMinute(NOON.0 + self.hours * 60);
        self.machine.handle(&mut Cx { now: Now { tick: Tick(0), wall }, rng, out: &mut out }, input);
        let (mut flying, mut durable) = (Vec::new(), false);
        for output in out {
            match output {
                Out::Persist(rows) => {
                    durable = true;
                    rows.into_iter().for_each(|row| self.write(row));
                }
                Out::Send { to, object } => {
                    assert!(durable, "an object left before its state was durable");
                    flying.push(Flying { to, object });
                }
                Out::Event(Event::Delivered { message, .. }) => {
                    assert!(durable, "a message was shown before its state was durable");
                    self.shown.push(String::from_utf8(message.content.to_vec()).unwrap());
                }
                Out::Event(Event::Begun { .. }) => self.begun += 1,
                Out::Event(Event::Waiting { reference, .. }) => self.waiting.push(reference),
                Out::Event(Event::Gap { .. }) => self.gaps += 1,
                Out::Event(Event::Refused { .. }) => self.refused += 1,
                Out::Event(Event::Sent { .. } | Event::Confirmed { .. }) => {}
            }
        }
        flying
    }

    fn write(&mut self, row: Row) {
        match row {
            Row::Session { id, .. } => drop(self.sessions.insert(id, row)),
            Row::Forget(id) => drop(self.sessions.remove(&id)),
            Row::Handshake { id, .. } => drop(self.handshakes.insert(id, row)),
            Row::ForgetHandshake(id) => drop(self.handshakes.remove(&id)),
        }
    }

    pub(crate) fn call(&mut self, person: &Person, text: &str, rng: &mut ChaCha20Rng) -> Vec<Flying> {
        let peer = Box::new(person.bundle());
        self.handle(In::Begin { command: CommandId(1), peer, message: outgoing(1, text) }, rng)
    }

    pub(crate) fn say(&mut self, to: Address, text: &str, rng: &mut ChaCha20Rng) -> Vec<Flying> {
        self.handle(In::Send { command: CommandId(2), to, message: outgoing(2, text) }, rng)
    }

    pub(crate) fn take(&mut self, flying: &Flying, rng: &mut ChaCha20Rng) -> Vec<Flying> {
        let object = flying.object.clone();
        self.handle(
            match flying.to {
                SendTo::Inbox(_) => In::FromInbox { object },
                SendTo::Mailbox(session) => In::FromMailbox { session, object },
            },
            rng,
        )
    }

    pub(crate) fn current(&self, peer: Address) -> &Session {
        self.machine.current(&peer).expect("a current session")
    }

    /// Sessions that may be sent on.
    pub(crate) fn live(&self) -> usize {
        self.machine.all().filter(|(_, standing)| *standing == Standing::Current).count()
    }

    pub(crate) fn confirmed_with(&self, peer: Address) -> bool {
        self.current(peer).pq_auth() == PqAuth::Confirmed
    }
}

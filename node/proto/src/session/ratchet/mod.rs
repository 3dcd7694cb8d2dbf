//! The post-quantum double ratchet (SESSION section 4): X25519 and ML-KEM-1024 in every step, encrypted headers.
//!
//! ```text
//!              send: step, new chain                         recv: header under NHKr, step
//!   ┌────────┐ ───────────────────────► ┌──────────┐ ───────────────────────────────────► ┌────────┐
//!   │  Ours  │                          │  Theirs  │                                      │  Ours  │ …
//!   └────────┘                          └──────────┘                                      └────────┘
//!   peer's keys are new                 our keys are out, the peer's old ones spent
//! ```
//!
//! The initiator begins in `Theirs` with an INIT chain, the responder in `Ours` with that chain to receive. Whoever holds
//! unspent public keys of the peer may step, whoever holds unspent secrets may be stepped at: never both, never neither,
//! so the two are one enum ([`Turn`]).
//!
//! Every operation works on a copy and commits at its end: an error leaves the state byte for byte as it was.

mod incoming;
mod outgoing;
mod skipped;
mod step;
mod store;
#[cfg(test)]
mod tests;

use pars_crypto::aead::HeaderKey;
use pars_crypto::dh::{DhPublic, DhSecret};
use pars_crypto::hash::random;
use pars_crypto::kem::{Kem1024Ciphertext, Kem1024Public, Kem1024Secret};
use pars_crypto::secret::{ChainKey, RootKey};
use pars_wire::codec::Hour;

use super::error::{ReceiveError, SendError};
use super::layout::{InitObject, MessageKind, RatchetObject};
use super::message::{Delivered, Draft, Tail};
use super::{Phase, SessionId, Tools};

pub(crate) use incoming::{InitOrigin, Receiving};
pub(crate) use outgoing::{InitChain, SendingChain};
pub(crate) use skipped::KEEP_HOURS;
use step::{Agreed, Transcript, step};

/// Which side of the handshake this device was. Enters every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Sent the INIT.
    Initiator = 1,
    /// Answered it.
    Responder = 2,
}

impl Role {
    const fn other(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }
}

/// The peer's ratchet keys that we have not used yet.
#[derive(Clone, Debug)]
pub(crate) struct Theirs {
    pub(crate) x: DhPublic,
    pub(crate) ek: Kem1024Public,
}

/// Our ratchet keys that the peer has not used yet.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    pub(crate) x: DhSecret,
    pub(crate) kem: Kem1024Secret,
}

impl Ours {
    pub(crate) fn generate(tools: &mut Tools<'_>) -> Self {
        let x = DhSecret::generate(tools.rng);
        Self { x, kem: Kem1024Secret::generate(tools.suite, tools.rng) }
    }
}

/// The peer's keys are new: the next message sent steps.
#[derive(Clone, Debug)]
pub(crate) struct OurTurn {
    pub(crate) peer: Theirs,
    /// Messages of the sending chain before: PN of the next.
    pub(crate) previous: u32,
    /// Set for the responder's first step only, which is a REPLY.
    pub(crate) answer: Option<Answer>,
}

/// What the responder needs once, for its REPLY.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// IKm_A: proves by `ct_auth` that the initiator holds it.
    pub(crate) identity: Kem1024Public,
    /// The first bytes of the TH of our own INIT that this answer supersedes, or 0.
    pub(crate) supersedes: u32,
}

/// Our keys are out and wait for the peer's answer.
#[derive(Clone, Debug)]
pub(crate) struct TheirTurn {
    pub(crate) ours: Ours,
    pub(crate) chain: SendingChain,
}

/// Whose turn it is.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    Ours(OurTurn),
    Theirs(TheirTurn),
}

/// The whole state between two devices but their names.
#[derive(Clone, Debug)]
pub(crate) struct Ratchet {
    pub(crate) role: Role,
    pub(crate) sid: SessionId,
    pub(crate) root: RootKey,
    /// NHKs: header key of our next chain.
    pub(crate) next_sending: HeaderKey,
    pub(crate) turn: Turn,
    pub(crate) receiving: Receiving,
}

/// What a received object did besides delivering its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) message: Delivered,
    /// Of the first REPLY: the start of the TH of the peer's INIT that it supersedes.
    pub(crate) supersedes: Option<u32>,
}

impl Ratchet {
    /// How far the session has come; see the module's table.
    pub(crate) fn phase(&self) -> Phase {
        match &self.turn {
            Turn::Theirs(TheirTurn { chain: SendingChain::Init(_), .. }) => Phase::Opening,
            _ if self.receiving.only_init() => Phase::Answering,
            _ => Phase::Open,
        }
    }

    /// Seal one message. The caller makes the new state durable before the object leaves.
    pub(crate) fn send(&mut self, draft: &Draft<'_>, tools: &mut Tools<'_>) -> Result<Vec<u8>, SendError> {
        draft.check()?;
        match &self.turn {
            Turn::Theirs(turn) => {
                let mut chain = turn.chain.clone();
                let object = chain.seal(&self.sid, draft, tools)?;
                if let Turn::Theirs(turn) = &mut self.turn {
                    turn.chain = chain;
                }
                Ok(object)
            }
            Turn::Ours(turn) => {
                let kind = turn.answer.as_ref().map_or(MessageKind::Msg, |_| MessageKind::Reply);
                outgoing::check_fits(kind, draft)?;
                let (root, next_sending, mut turn) = self.step_out(turn, kind, tools)?;
                let object = turn.chain.seal(&self.sid, draft, tools)?;
                (self.root, self.next_sending, self.turn) = (root, next_sending, Turn::Theirs(turn));
                Ok(object)
            }
        }
    }

    /// New keys of ours against the peer's: `(RK, NHKs, turn)` after the step.
    fn step_out(
        &self,
        turn: &OurTurn,
        kind: MessageKind,
        tools: &mut Tools<'_>,
    ) -> Result<(RootKey, HeaderKey, TheirTurn), SendError> {
        let OurTurn { peer, previous, answer } = turn;
        let ours = Ours::generate(tools);
        let classical = ours.x.agree(&peer.x)?;
        let (ct, quantum) = peer.ek.encapsulate(tools.suite, tools.rng);
        let (ct_auth, identity) = answer.as_ref().map(|to| to.identity.encapsulate(tools.suite, tools.rng)).unzip();
        let transcript = Transcript {
            sender: self.role,
            kind,
            x_sender: &ours.x.public(),
            x_receiver: &peer.x,
            ek: &peer.ek,
            ct: &ct,
            ct_auth: ct_auth.as_ref(),
        };
        let stepped = step(&self.root, &Agreed { classical, quantum, identity }, &transcript);
        let chain = SendingChain::Ratchet(Box::new(outgoing::RatchetChain {
            chain: stepped.chain,
            position: 0,
            previous: answer.as_ref().map_or(*previous, |answer| answer.supersedes),
            header: self.next_sending.clone(),
            tail: Tail { x: ours.x.public(), ek: ours.kem.public().clone(), ct },
            ct_auth,
            began: tools.hour(),
        }));
        Ok((stepped.root, stepped.next_header, TheirTurn { ours, chain }))
    }

    /// Open one MSG or REPLY. `identity` is the ML-KEM secret of the identity record our INIT named; only the first REPLY
    /// uses it.
    pub(crate) fn receive(
        &mut self,
        object: &RatchetObject<'_>,
        identity: &Kem1024Secret,
        tools: &mut Tools<'_>,
    ) -> Result<Outcome, ReceiveError> {
        let (place, header) = self.receiving.locate(object)?;
        let sealed = incoming::Sealed::split(object, &header)?;
        let mut next = self.clone();
        next.receiving.expire(tools.hour());
        let (key, supersedes) = match place {
            incoming::Place::Next => next.step_in(&header, sealed.ct_auth.as_ref(), identity, tools)?,
            incoming::Place::Current => (next.receiving.current(&header, sealed.ct_auth.as_ref(), tools.hour())?, None),
            incoming::Place::Old(chain) => (next.receiving.old(chain, &header)?, None),
        };
        let content = sealed.open(key, &self.sid)?;
        let message = header.envelope.deliver(content, header.is_reply())?;
        *self = next;
        Ok(Outcome { message, supersedes })
    }

    /// The peer's new keys against ours: the key of the object at hand, and what a first REPLY supersedes.
    fn step_in(
        &mut self,
        header: &super::message::Header,
        ct_auth: Option<&Kem1024Ciphertext>,
        identity: &Kem1024Secret,
        tools: &mut Tools<'_>,
    ) -> Result<(pars_crypto::secret::MessageKey, Option<u32>), ReceiveError> {
        let phase = self.phase();
        let Turn::Theirs(TheirTurn { ours, chain }) = &self.turn else { return Err(ReceiveError::OutOfTurn) };
        let first = phase == Phase::Opening;
        if header.is_reply() != first {
            return Err(ReceiveError::ReplyFlag);
        }
        // A first REPLY has no chain before it; its PN names the INIT it supersedes.
        let previous = if first { 0 } else { header.previous };
        self.receiving.check_jumps(header.counter, previous)?;
        let agreed = Agreed {
            classical: ours.x.agree(&header.tail.x)?,
            quantum: ours.kem.decapsulate(tools.suite, &header.tail.ct),
            identity: ct_auth.map(|ct| identity.decapsulate(tools.suite, ct)),
        };
        let transcript = Transcript {
            sender: self.role.other(),
            kind: if first { MessageKind::Reply } else { MessageKind::Msg },
            x_sender: &header.tail.x,
            x_receiver: &ours.x.public(),
            ek: ours.kem.public(),
            ct: &header.tail.ct,
            ct_auth,
        };
        let stepped = step(&self.root, &agreed, &transcript);
        let turn = OurTurn {
            peer: Theirs { x: header.tail.x, ek: header.tail.ek.clone() },
            previous: chain.position(),
            answer: None,
        };
        (self.root, self.turn) = (stepped.root, Turn::Ours(turn));
        let hour = tools.hour();
        let begins = incoming::Beginning {
            chain: stepped.chain,
            next_header: stepped.next_header,
            tail: &header.tail,
            ct_auth,
            previous,
        };
        self.receiving.turn_over(begins, hour);
        let key = self.receiving.current(header, ct_auth, hour)?;
        Ok((key, first.then_some(header.previous)))
    }

    /// Open object `n` of the INIT chain that made this session.
    pub(crate) fn receive_init(
        &mut self,
        object: &InitObject<'_>,
        tools: &mut Tools<'_>,
    ) -> Result<Delivered, ReceiveError> {
        let mut next = self.clone();
        next.receiving.expire(tools.hour());
        let message = next.receiving.open_init(object, tools.hour())?;
        *self = next;
        Ok(message)
    }
}

/// 16 fresh bytes for one object.
fn fresh(tools: &mut Tools<'_>) -> [u8; super::layout::RANDOM] {
    random(tools.rng)
}

/// The hour until which a chain that began at `began` may be sent on without an answer.
fn chain_end(began: Hour) -> Hour {
    began.plus(pars_wire::limits::CHAIN_DAYS * 24)
}

/// MK of one position; CK moves on.
fn advance(chain: &mut ChainKey) -> pars_crypto::secret::MessageKey {
    let key = chain.message_key();
    *chain = chain.next();
    key
}

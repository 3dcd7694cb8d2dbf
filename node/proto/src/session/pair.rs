//! One session: two devices, their names, their mailboxes and the ratchet between them.

use std::cmp::Ordering;

use pars_crypto::kem::Kem1024Secret;
use pars_crypto::secret::MailboxSecret;
use pars_crypto::{CryptoRng, Suite};
use pars_identity::IdentityId;
use pars_identity::device::DeviceId;
use pars_wire::codec::Hour;
use pars_wire::machine::Now;

use super::error::{ReceiveError, SendError};
use super::layout::{InitObject, RatchetObject};
use super::message::{Delivered, Draft};
use super::ratchet::{KEEP_HOURS, OurTurn, Ratchet, Role, Turn};

/// What an operation may touch besides the session: time, back end, randomness.
pub struct Tools<'a> {
    /// The time of the operation.
    pub now: Now,
    /// The post-quantum back end.
    pub suite: &'a dyn Suite,
    /// The only source of randomness.
    pub rng: &'a mut dyn CryptoRng,
}

impl Tools<'_> {
    pub(super) const fn hour(&self) -> Hour {
        Hour::at(self.now.wall)
    }
}

/// A session between two devices: H("pars-sid-v1"; TH). 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(
    /// The bytes.
    pub [u8; 32],
);

/// One device of one identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The identity.
    pub identity: IdentityId,
    /// Its device.
    pub device: DeviceId,
}

/// The other end, as the handshake bound it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Which device of whom.
    pub address: Address,
    /// SHA3-256(IC) of its identity.
    pub core_hash: [u8; 32],
}

/// The two mailbox secrets: they come out of the handshake, nothing is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailboxes {
    /// Where we put what is for the peer.
    pub outgoing: MailboxSecret,
    /// Where we find what is for us.
    pub incoming: MailboxSecret,
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// We sent INIT objects; nobody has answered.
    Opening,
    /// We answer an INIT; the initiator has not shown yet that it could read us.
    Answering,
    /// Both sides have shown the post-quantum secret of the handshake.
    Open,
}

/// Whether the peer's identity is proven against an adversary who breaks X25519 (SESSION section 3, "auth_mode").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PqAuth {
    /// Classically only, so far. Files, invitations and actions wait.
    Pending,
    /// By `ct_auth` as well.
    Confirmed,
}

/// The start of the TH of an INIT that crossed ours and lost. A REPLY has no chain before it, so its PN carries these four
/// bytes in every object of the chain: whichever arrives first names the loser, and a late copy of the loser is
/// recognised. 0 = none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Superseded(pub(super) u32);

impl Superseded {
    /// Its row form: 4 bytes, zeros for none.
    pub const fn to_bytes(this: Option<Self>) -> [u8; 4] {
        match this {
            Some(Self(name)) => name.to_be_bytes(),
            None => [0; 4],
        }
    }

    /// Out of a row.
    pub const fn from_bytes(bytes: [u8; 4]) -> Option<Self> {
        match u32::from_be_bytes(bytes) {
            0 => None,
            name => Some(Self(name)),
        }
    }

    fn of(transcript: &[u8; 32]) -> Self {
        let [a, b, c, d, ..] = *transcript;
        Self(u32::from_be_bytes([a, b, c, d]))
    }

    /// Whether the session named here is the one with this TH.
    pub fn names(self, transcript: &[u8; 32]) -> bool {
        self.0 != 0 && self == Self::of(transcript)
    }
}

/// What an object did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The message, delivered this once.
    pub message: Delivered,
    /// Set if this object turned `pq_auth` from pending to confirmed.
    pub confirmed: bool,
    /// Set by the first REPLY if it supersedes an INIT of the peer.
    pub superseded: Option<Superseded>,
}

/// Which of two handshakes that crossed lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// Ours: it will be answered. The other one is receive-only.
    OursLives,
    /// Theirs: answer it. Ours is receive-only.
    TheirsLives,
}

/// A session of this device with a device of a peer. The state and its rules are in `ratchet`.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) ours: Address,
    pub(super) peer: Peer,
    pub(super) transcript: [u8; 32],
    pub(super) record_seq: u64,
    pub(super) created: Hour,
    pub(super) mailboxes: Mailboxes,
    pub(super) ratchet: Ratchet,
}

impl Session {
    /// Its id, the same on both sides.
    pub const fn id(&self) -> SessionId {
        self.ratchet.sid
    }

    /// This end.
    pub const fn ours(&self) -> Address {
        self.ours
    }

    /// The other end.
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Where objects go and come from after the INIT.
    pub const fn mailboxes(&self) -> &Mailboxes {
        &self.mailboxes
    }

    /// Which side of the handshake we were.
    pub const fn role(&self) -> Role {
        self.ratchet.role
    }

    /// TH of the handshake.
    pub const fn transcript(&self) -> &[u8; 32] {
        &self.transcript
    }

    /// Number of our identity record in the handshake: its KEM secret opens the first REPLY.
    pub const fn record_seq(&self) -> u64 {
        self.record_seq
    }

    /// When it began.
    pub const fn created(&self) -> Hour {
        self.created
    }

    /// How far it has come.
    pub fn phase(&self) -> Phase {
        self.ratchet.phase()
    }

    /// Whether the peer is proven post-quantum.
    pub fn pq_auth(&self) -> PqAuth {
        match self.phase() {
            Phase::Opening | Phase::Answering => PqAuth::Pending,
            Phase::Open => PqAuth::Confirmed,
        }
    }

    /// Whether the peer began it and we have sent nothing on it. Until we do its objects come to our inbox, all of them:
    /// nothing lies in the session's mailbox.
    pub const fn unanswered(&self) -> bool {
        matches!(&self.ratchet.turn, Turn::Ours(OurTurn { answer: Some(_), .. }))
    }

    /// Whether the next message can be sent on it: a chain that nobody answers has a length and an age (SESSION section 4).
    pub fn can_send(&self, now: Hour) -> bool {
        match &self.ratchet.turn {
            Turn::Ours(_) => true,
            Turn::Theirs(turn) => !turn.chain.ended(now),
        }
    }

    /// Where it sends: a name that no other chain has, and the position of the next object. None before the first REPLY and
    /// while the next object begins a chain. For whoever audits that no key seals twice.
    pub fn sending(&self) -> Option<([u8; 32], u32)> {
        match &self.ratchet.turn {
            Turn::Theirs(turn) => turn.chain.place(),
            Turn::Ours(_) => None,
        }
    }

    /// Whether the session must be dropped: an INIT that nobody answered for 16 days, be it ours or the peer's.
    pub fn expired(&self, now: Hour) -> bool {
        (self.phase() == Phase::Opening || self.unanswered()) && now > self.created.plus(KEEP_HOURS)
    }

    /// Skipped keys it keeps, for the bound of the whole device.
    pub fn skipped(&self) -> usize {
        self.ratchet.receiving.skipped.len()
    }

    /// Drop the oldest `count` skipped keys: the device as a whole is over its bound.
    pub fn drop_skipped(&mut self, count: usize) {
        self.ratchet.receiving.skipped.drop_oldest(count);
    }

    /// Seal one message. Make the new state durable before the object leaves: a key must never seal twice.
    ///
    /// # Errors
    /// [`SendError`]; the session is as before.
    pub fn send(&mut self, draft: &Draft<'_>, tools: &mut Tools<'_>) -> Result<Vec<u8>, SendError> {
        self.ratchet.send(draft, tools)
    }

    /// Open one MSG or REPLY. Make the new state durable before the message is shown: a message is delivered once.
    /// `identity` is the KEM secret of our identity record number [`Session::record_seq`].
    ///
    /// # Errors
    /// [`ReceiveError`]; the session is as before.
    pub fn receive(
        &mut self,
        object: &RatchetObject<'_>,
        identity: &Kem1024Secret,
        tools: &mut Tools<'_>,
    ) -> Result<Received, ReceiveError> {
        let before = self.pq_auth();
        let outcome = self.ratchet.receive(object, identity, tools)?;
        let superseded = outcome.supersedes.filter(|name| *name != 0).map(Superseded);
        Ok(Received { message: outcome.message, confirmed: before != self.pq_auth(), superseded })
    }

    /// Open one more object of the INIT chain that made this session.
    ///
    /// # Errors
    /// [`ReceiveError`]; the session is as before.
    pub fn receive_init(&mut self, object: &InitObject<'_>, tools: &mut Tools<'_>) -> Result<Delivered, ReceiveError> {
        self.ratchet.receive_init(object, tools)
    }

    /// Our INIT is unanswered and one of the peer's arrives: the lower TH wins, on both sides alike.
    pub fn cross(&self, theirs: &[u8; 32]) -> Crossing {
        match self.transcript.cmp(theirs) {
            Ordering::Less | Ordering::Equal => Crossing::OursLives,
            Ordering::Greater => Crossing::TheirsLives,
        }
    }

    /// Our own INIT lost against the one this session answers: let the REPLY name it. Of no effect once the answer is out.
    pub fn supersede(&mut self, loser: &Self) {
        if let Turn::Ours(OurTurn { answer: Some(answer), .. }) = &mut self.ratchet.turn {
            answer.supersedes = Superseded::of(&loser.transcript).0;
        }
    }
}

//! The gate: who gets a seat (TOWNHALL sections 2 and 3). Cheap rules first, then a question to the shell, then every rule
//! that other joins may have changed meanwhile once more; so no number of joins at once passes a limit.

use std::collections::{BTreeMap, BTreeSet};

use pars_crypto::hash::sha3;
use pars_crypto::{CryptoRng, Suite};
use pars_proto::room::verify::in_time;
use pars_proto::room::{
    Admission, Distinct, Form, GrantBook, HostGate, JoinRefusal, Replier, SeatIdentity, SeatNo, Statement,
};
use pars_wire::machine::Tick;

use super::io::{LinkId, QuestionId};

/// Joins that are verified at once.
const MAX_PENDING: usize = 512;
/// Replies remembered, so that a join that is sent again gets the same one.
const MAX_REPLIES: usize = 2_048;
/// How long, in ms.
const REPLY_MS: u64 = 120_000;

/// A join under verification.
pub(super) struct Pending {
    pub(super) link: LinkId,
    /// It wants no seat while somebody records.
    pub(super) asks: bool,
    pub(super) statement: Statement,
    pub(super) replier: Replier,
}

/// What becomes of a join packet.
pub(super) enum Joining {
    /// The reply that it got before.
    Again(Vec<u8>),
    /// It is being verified.
    Silence,
    /// It cannot be opened, so it cannot be answered.
    Unreadable,
    /// To be refused.
    Refuse(Replier, JoinRefusal),
    /// To be verified.
    Verify(Box<Pending>),
}

/// What the gate looks at in the room.
#[derive(Clone, Copy)]
pub(super) struct Door {
    pub(super) refuses: Option<JoinRefusal>,
    pub(super) seconds: u64,
    pub(super) capacity: usize,
}

/// Joins, seats' identities, grants and bans.
pub(super) struct Gate {
    pub(super) locked: bool,
    pub(super) grants: GrantBook,
    pub(super) distinct: Distinct,
    bans: BTreeSet<SeatIdentity>,
    pending: BTreeMap<QuestionId, Pending>,
    replies: BTreeMap<[u8; 32], (Tick, Vec<u8>)>,
}

impl Gate {
    pub(super) fn new(bans: impl IntoIterator<Item = SeatIdentity>) -> Self {
        let (grants, distinct) = (GrantBook::default(), Distinct::default());
        let bans = bans.into_iter().collect();
        Self { locked: false, grants, distinct, bans, pending: BTreeMap::new(), replies: BTreeMap::new() }
    }

    /// A join packet.
    pub(super) fn open(
        &mut self,
        suite: &dyn Suite,
        host: &HostGate<'_>,
        (link, asks, bytes): (LinkId, bool, &[u8]),
        door: Door,
    ) -> Joining {
        let name = sha3(&[bytes]);
        if let Some((_, reply)) = self.replies.get(&name) {
            return Joining::Again(reply.clone());
        }
        if self.pending.values().any(|pending| *pending.replier.join() == name) {
            return Joining::Silence;
        }
        let Ok(opened) = host.open(suite, bytes) else { return Joining::Unreadable };
        let (statement, replier) = (opened.statement, opened.replier);
        let busy = (self.pending.len() >= MAX_PENDING).then_some(JoinRefusal::Busy);
        match busy.map_or_else(|| self.judge(&statement, door), Err) {
            Err(refusal) => Joining::Refuse(replier, refusal),
            Ok(_) => Joining::Verify(Box::new(Pending { link, asks, statement, replier })),
        }
    }

    /// Every rule but those of the chain.
    pub(super) fn judge(&self, statement: &Statement, door: Door) -> Result<Admission, JoinRefusal> {
        let body = statement.body();
        if let Some(refusal) = door.refuses {
            return Err(refusal);
        }
        // Who records is inside already: its member's seat vouches for the recorder's.
        if self.locked && body.form() != Form::Recorder {
            return Err(JoinRefusal::Locked);
        }
        in_time(body, door.seconds)?;
        if identities(statement).iter().any(|identity| self.bans.contains(identity)) {
            return Err(JoinRefusal::Banned);
        }
        match self.distinct.judge(statement)? {
            Admission::Same(_) => Err(JoinRefusal::AlreadySeated),
            Admission::New if self.distinct.len() >= door.capacity => Err(JoinRefusal::Full),
            admission => Ok(admission),
        }
    }

    /// It is asked whether a statement is in order.
    pub(super) fn ask(&mut self, id: QuestionId, pending: Pending) {
        self.pending.insert(id, pending);
    }

    /// The join of a question.
    pub(super) fn answered(&mut self, id: QuestionId) -> Option<Pending> {
        self.pending.remove(&id)
    }

    /// Remember what a join was answered.
    pub(super) fn replied(&mut self, now: Tick, join: [u8; 32], reply: Vec<u8>) {
        self.replies.retain(|_, (at, _)| at.after(REPLY_MS) > now);
        if self.replies.len() < MAX_REPLIES {
            self.replies.insert(join, (now, reply));
        }
    }

    /// Nobody with this seat's nullifier or account comes back.
    pub(super) fn ban(&mut self, statement: &Statement) -> Vec<SeatIdentity> {
        let identities = identities(statement);
        self.bans.extend(identities.iter().copied());
        identities
    }

    /// The seat is gone.
    pub(super) fn release(&mut self, seat: SeatNo) {
        self.distinct.remove(seat);
        self.grants.revoke(seat);
    }

    /// Nobody joins any more: refuse what is under verification.
    pub(super) fn close(&mut self) -> Vec<Pending> {
        std::mem::take(&mut self.pending).into_values().collect()
    }
}

/// Its nullifier and its account, as far as it has them.
pub(super) fn identities(statement: &Statement) -> Vec<SeatIdentity> {
    let body = statement.body();
    let account = body.claim.member().map(|member| SeatIdentity::Account(member.account));
    let mut all = vec![body.identity()];
    all.extend(account.filter(|account| *account != body.identity()));
    all
}

/// Refuse a join: the reply, remembered.
pub(super) fn refuse(
    gate: &mut Gate,
    now: Tick,
    rng: &mut dyn CryptoRng,
    replier: Replier,
    refusal: JoinRefusal,
) -> Vec<u8> {
    let join = *replier.join();
    let reply = replier.refuse(rng, refusal);
    gate.replied(now, join, reply.clone());
    reply
}

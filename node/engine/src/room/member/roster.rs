//! Who sits in the room, as the host tells it and as this seat has verified it.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::Address;
use pars_crypto::hkem::Xw768Public;
use pars_crypto::sign::Ed25519Public;
use pars_proto::room::roster::MAX_ROSTER;
use pars_proto::room::{
    Admission, Claim, Connection, ConsentSigner, Distinct, Form, Holder, Role, RosterEntry, SeatIdentity, SeatNo,
    SignedConnection, Statement, StatementHash, StatementRefusal,
};
use pars_wire::machine::Tick;

use crate::room::gate::identities;
use crate::room::io::{
    EndReason, Forgery, GoneReason, MemberEvent, MemberQuestion, QuestionId, SeatView, Standing, View,
};
use crate::room::state::{SeatInput, SeatState};

use super::steward::Passed;
use super::{Context, FRESH_MS, Member};

/// Seats that went and are remembered, so that records which still name them can be read.
const MAX_GONE: usize = 4_096;

/// What this seat knows of another's statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// The own index was asked.
    Asked,
    /// It is in order.
    Verified,
    /// It is not, or the seat lost its access.
    Failed(StatementRefusal),
}

/// One seat.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) st: StatementHash,
    pub(super) x_pk: Xw768Public,
    pub(super) s_vk: Ed25519Public,
    pub(super) pseudonym: String,
    /// What a ban of it reaches.
    identities: Vec<SeatIdentity>,
    pub(super) account: Option<Address>,
    pub(super) recorder: bool,
    /// Of a recorder's seat: the statement of the member who records.
    pub(super) records_for: Option<StatementHash>,
    /// Who consents for it.
    pub(super) consent: Option<ConsentSigner>,
    pub(super) check: Check,
    pub(super) leads: bool,
    /// When it was told of.
    pub(super) came: Tick,
    /// Its last beat or record.
    pub(super) heard: Option<Tick>,
    /// Until when may be sent in an epoch with it, since it went.
    pub(super) went: Option<Tick>,
    pub(super) state: SeatState,
    pub(super) offered: bool,
    pub(super) muted: bool,
    pub(super) hand: bool,
    pub(super) connection: Option<Connection>,
    /// It will not be steward, or may not: it signed two records of one number.
    pub(super) declined: bool,
    /// Another acts in its turn.
    pub(super) passed: Option<Passed>,
    /// Since when an epoch is owed because it went, or came.
    pub(super) owed: Option<Tick>,
    /// What a member with a name stated, while it is not verified: its access may be seen later.
    stated: Option<Box<Statement>>,
}

impl Entry {
    fn new(statement: &Statement, check: Check, now: Tick) -> Self {
        let body = statement.body();
        let recorder = body.form() == Form::Recorder;
        let role = if recorder { Role::Recorder } else { Role::Member };
        let records_for = match body.claim {
            Claim::Recorder { seat } => Some(seat),
            _ => None,
        };
        Self {
            st: statement.hash(),
            x_pk: body.x_pk.clone(),
            s_vk: body.s_vk,
            pseudonym: body.pseudonym(),
            identities: identities(statement),
            account: body.claim.member().map(|member| member.account),
            recorder,
            records_for,
            consent: body.consent.clone(),
            check,
            leads: false,
            came: now,
            heard: None,
            went: None,
            state: SeatState::Proving.after(SeatInput::Granted(role)),
            offered: false,
            muted: false,
            hand: false,
            connection: None,
            declined: false,
            passed: None,
            owed: None,
            stated: body.claim.member().map(|_| Box::new(statement.clone())),
        }
    }

    pub(super) const fn is_live(&self) -> bool {
        self.went.is_none()
    }

    pub(super) const fn is_verified(&self) -> bool {
        matches!(self.check, Check::Verified)
    }

    /// Whether it may take part in consents: it is here, is verified, and does not record itself.
    pub(super) const fn may_consent(&self) -> bool {
        self.is_live() && self.is_verified() && !self.recorder
    }

    pub(super) fn holder(&self) -> Holder {
        Holder { account: self.account, recorder: self.recorder }
    }

    pub(super) const fn presents(&self) -> bool {
        matches!(self.state, SeatState::Admitted(Role::Presenter))
    }

    /// What it is when it does not present.
    pub(super) const fn granted(&self) -> Role {
        match (self.recorder, self.leads) {
            (true, _) => Role::Recorder,
            (false, true) => Role::Moderator,
            (false, false) => Role::Member,
        }
    }

    fn role(&self) -> Role {
        if self.presents() { Role::Presenter } else { self.granted() }
    }
}

/// All seats.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) seats: BTreeMap<SeatNo, Entry>,
    distinct: Distinct,
    /// Whom one who leads has banned since this seat came, by its signed order: the host is not asked.
    banned: BTreeSet<SeatIdentity>,
    pub(super) floor_closed: bool,
}

impl Roster {
    pub(super) fn get(&self, seat: SeatNo) -> Option<&Entry> {
        self.seats.get(&seat)
    }

    /// Seats in the room.
    pub(super) fn live(&self) -> impl Iterator<Item = (SeatNo, &Entry)> {
        self.seats.iter().filter(|(_, entry)| entry.is_live()).map(|(seat, entry)| (*seat, entry))
    }

    pub(super) fn presenters(&self) -> usize {
        self.live().filter(|(_, entry)| entry.presents()).count()
    }

    /// Nobody with this seat's nullifier or account is verified again.
    pub(super) fn ban(&mut self, seat: SeatNo) {
        self.banned.extend(self.seats.get(&seat).into_iter().flat_map(|entry| &entry.identities));
    }

    fn bans(&self, statement: &Statement) -> bool {
        identities(statement).iter().any(|identity| self.banned.contains(identity))
    }

    /// The roster of these seats; none if one of them was never told.
    pub(super) fn of(&self, seats: &[SeatNo]) -> Option<pars_proto::room::Roster> {
        let entry = |seat: &SeatNo| {
            let entry = self.seats.get(seat)?;
            Some(RosterEntry { seat: *seat, st: entry.st, recorder: entry.recorder })
        };
        let entries = seats.iter().map(entry).collect::<Option<Vec<_>>>()?;
        pars_proto::room::Roster::new(entries).ok()
    }
}

impl Member {
    /// A seat is in the room, says the host.
    pub(super) fn seated(&mut self, cx: Context<'_, '_>, seat: SeatNo, statement: Statement) {
        let full = self.roster.live().count() >= MAX_ROSTER;
        if self.roster.seats.contains_key(&seat) || seat == SeatNo::HOST || full {
            return;
        }
        if let Some(place) = &self.place
            && place.seat == seat
            && place.st != statement.hash()
        {
            return self.end(cx, EndReason::SeatSwapped);
        }
        let check = self.judged(cx, seat, &statement);
        let entry = Entry::new(&statement, check, cx.now.tick);
        self.roster.seats.insert(seat, entry);
        match check {
            Check::Failed(refusal) => Self::event(cx, MemberEvent::Unverified { seat, refusal }),
            _ => {
                let id = self.ask(cx, MemberQuestion::Verify { seat, statement: Box::new(statement) });
                self.questions.insert(id, seat);
            }
        }
        self.told.roster = true;
    }

    /// What needs no index to be said of a statement: nobody banned, and nobody twice.
    fn judged(&mut self, cx: Context<'_, '_>, seat: SeatNo, statement: &Statement) -> Check {
        if self.roster.bans(statement) {
            return Check::Failed(StatementRefusal::Banned);
        }
        match self.roster.distinct.admit(seat, statement) {
            Ok(Admission::Replaces(old)) => {
                self.gone(cx, old, GoneReason::Replaced);
                Check::Asked
            }
            Ok(Admission::New) => Check::Asked,
            Ok(Admission::Same(other)) => Check::Failed(StatementRefusal::Duplicate(other)),
            Err(refusal) => Check::Failed(refusal),
        }
    }

    /// What the own index says of a statement.
    pub(super) fn verified(
        &mut self,
        cx: Context<'_, '_>,
        id: QuestionId,
        verdict: Result<Standing, StatementRefusal>,
    ) {
        let Some(seat) = self.questions.remove(&id) else { return };
        let Some(entry) = self.roster.seats.get_mut(&seat) else { return };
        if verdict.err() != Some(StatementRefusal::NoAccess) {
            entry.stated = None;
        }
        match verdict {
            Ok(Standing { leads }) => (entry.check, entry.leads) = (Check::Verified, leads),
            Err(refusal) => {
                entry.check = Check::Failed(refusal);
                Self::event(cx, MemberEvent::Unverified { seat, refusal });
            }
        }
        self.told.roster = true;
        self.retry_messages(cx);
    }

    /// Questions about statements that nobody waits for any more, forgotten here: no answer is needed. Of seats that went so long ago
    /// that nothing is sent in an epoch with them, and none of whose messages waits for the verdict; to who comes, seats that went
    /// are told before their messages.
    pub fn forsaken(&mut self, now: Tick) -> Vec<QuestionId> {
        if self.questions.is_empty() {
            return Vec::new();
        }
        let synced = self.place.as_ref().is_some_and(|place| place.synced);
        let waiting: BTreeSet<_> = self.waiting_for().collect();
        let over = |seat: SeatNo| match self.roster.get(seat) {
            Some(entry) => synced && entry.went.is_some_and(|until| until <= now) && !waiting.contains(&seat),
            // So many went after it that it is not remembered.
            None => true,
        };
        let forsaken: Vec<_> = self.questions.iter().filter(|(_, seat)| over(**seat)).map(|(id, _)| *id).collect();
        for id in &forsaken {
            self.questions.remove(id);
        }
        forsaken
    }

    /// Whether the own index is still asked about a seat.
    pub(super) fn is_asked(&self, seat: SeatNo) -> bool {
        self.questions.values().any(|asked| *asked == seat)
    }

    /// The own index says: no access any more, or again. The newest blocks may be replaced, and no two indexes see one at the same
    /// moment: nobody who has access stays without it.
    pub(super) fn access(&mut self, cx: Context<'_, '_>, seat: SeatNo, has: bool) {
        let Some(entry) = self.roster.seats.get_mut(&seat).filter(|entry| entry.is_live()) else { return };
        let asked = match (has, entry.check) {
            (false, Check::Verified) => {
                entry.check = Check::Failed(StatementRefusal::NoAccess);
                Self::event(cx, MemberEvent::Unverified { seat, refusal: StatementRefusal::NoAccess });
                None
            }
            (true, Check::Failed(StatementRefusal::NoAccess)) => {
                // Who had none when it came was looked at no further.
                let asked = entry.stated.clone();
                entry.check = if asked.is_some() { Check::Asked } else { Check::Verified };
                asked
            }
            _ => return,
        };
        self.told.roster = true;
        if let Some(statement) = asked {
            let id = self.ask(cx, MemberQuestion::Verify { seat, statement });
            self.questions.insert(id, seat);
        }
    }

    /// The own index says: leads, or does no more.
    pub(super) fn leads(&mut self, _: Context<'_, '_>, seat: SeatNo, leads: bool) {
        if let Some(entry) = self.roster.seats.get_mut(&seat) {
            entry.leads = leads;
            self.told.roster = true;
        }
    }

    /// A seat is gone, says the host. It may have gone since the last moment of which all was told.
    pub(super) fn gone(&mut self, cx: Context<'_, '_>, seat: SeatNo, reason: GoneReason) {
        if self.seat() == Some(seat) {
            return self.end(cx, reason.into());
        }
        self.roster.distinct.remove(seat);
        self.pairs.forget(seat);
        self.heard.1.forget(seat);
        let since = self.road.fresh.unwrap_or(cx.now.tick);
        let Some(entry) = self.roster.seats.get_mut(&seat).filter(|entry| entry.is_live()) else { return };
        (entry.went, entry.stated) = (Some(since.after(FRESH_MS)), None);
        entry.state = entry.state.after(SeatInput::Removed);
        self.told.roster = true;
        let gone = self.roster.seats.iter().filter(|(_, entry)| !entry.is_live());
        if gone.clone().count() > MAX_GONE
            && let Some(oldest) = gone.map(|(seat, _)| *seat).next()
        {
            self.roster.seats.remove(&oldest);
        }
    }

    /// A seat says which connection it has.
    pub(super) fn connected_seat(&mut self, cx: Context<'_, '_>, signed: SignedConnection) {
        let seat = signed.connection().seat;
        let Some(entry) = self.roster.seats.get_mut(&seat) else { return };
        let last = entry.connection.map(|last| last.seq);
        match signed.check(&self.config.sitting.scope, (seat, &entry.s_vk), last) {
            Ok(connection) => entry.connection = Some(*connection),
            Err(pars_proto::room::ConnectionError::Old(_)) => {}
            Err(_) => Self::event(cx, MemberEvent::Forged(Forgery::Connection)),
        }
    }

    /// The room as this seat sees it.
    pub fn view(&self) -> View {
        let tip = self.chain.tip();
        let seats = self.roster.live().map(|(seat, entry)| SeatView {
            seat,
            identity: entry.pseudonym.clone(),
            account: entry.account,
            role: entry.role(),
            leads: entry.leads,
            verified: entry.is_verified(),
            hand: entry.hand,
            muted: entry.muted,
            live: tip.is_some_and(|(_, epoch)| epoch.holds(seat)),
            unshared: self.is_unshared(entry),
        });
        View {
            epoch: tip.map_or(0, |(_, epoch)| epoch.number()),
            check_code: tip.map(|(rh, _)| pars_proto::room::check_code(&rh)),
            steward: self.duty.steward(),
            recording: tip.and_then(|(_, epoch)| self.recorder_of(&epoch.seats)),
            floor_closed: self.roster.floor_closed,
            seats: seats.collect(),
        }
    }

    /// The signing key of a member's seat that is here, by its statement: it vouches for the seat that records for it. That the
    /// statement is in order is another question; nothing is sent in an epoch with one that is not.
    pub fn seat_key(&self, st: StatementHash) -> Option<Ed25519Public> {
        self.roster.live().find(|(_, entry)| entry.st == st && !entry.recorder).map(|(_, entry)| entry.s_vk)
    }

    /// The seat behind a name at the SFU.
    pub fn seat_of(&self, identity: &str) -> Option<SeatNo> {
        self.roster.live().find(|(_, entry)| entry.pseudonym == identity).map(|(seat, _)| seat)
    }
}

#[cfg(test)]
mod tests;

//! What must differ between the seats of a sitting: nullifiers, accounts, signing keys, X-Wing keys, consent signers; and
//! when a statement takes the place of an earlier one (ELIGIBILITY 2.7).

use std::collections::BTreeMap;
use std::fmt;

use pars_crypto::hash::sha3;

use super::body::Body;
use super::refusal::StatementRefusal;
use super::scope::{SeatIdentity, SeatNo, StatementHash};
use super::statement::Statement;

/// Something of which no two seats may have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Identity(SeatIdentity),
    Signing([u8; 32]),
    Agreement([u8; 32]),
    Consent([u8; 32]),
}

#[derive(Clone)]
struct Held {
    st: StatementHash,
    identity: SeatIdentity,
    issued_at: u64,
    marks: Vec<Mark>,
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// A new seat.
    New,
    /// The same statement already holds this seat.
    Same(SeatNo),
    /// A later statement of the same identity: the old seat is gone.
    Replaces(SeatNo),
}

/// The seats of a sitting as far as they must differ. `Debug` shows how many.
#[derive(Clone, Default)]
pub struct Distinct {
    seats: BTreeMap<SeatNo, Held>,
    marks: BTreeMap<Mark, SeatNo>,
}

impl Distinct {
    /// What [`Distinct::admit`] would say, without a change.
    ///
    /// # Errors
    /// As [`Distinct::admit`].
    pub fn judge(&self, statement: &Statement) -> Result<Admission, StatementRefusal> {
        let body = statement.body();
        let marks = marks(body);
        let conflict =
            marks.iter().filter(|mark| !matches!(mark, Mark::Identity(_))).find_map(|mark| self.marks.get(mark));
        let mut held = self.marks.get(&Mark::Identity(body.identity()));
        // Somebody who joined by account and now proves a leaf, or the other way round, is the same member.
        let account = body
            .claim
            .member()
            .and_then(|member| self.marks.get(&Mark::Identity(SeatIdentity::Account(member.account))));
        match (held, account) {
            (Some(held), Some(account)) if held != account => return Err(StatementRefusal::Duplicate(*account)),
            (None, account) => held = account,
            _ => {}
        }
        let Some((seat, old)) = held.and_then(|seat| self.seats.get_key_value(seat)) else {
            return conflict.map_or(Ok(Admission::New), |seat| Err(StatementRefusal::Duplicate(*seat)));
        };
        if old.st == body.hash() {
            return Ok(Admission::Same(*seat));
        }
        if body.issued_at <= old.issued_at {
            return Err(StatementRefusal::Superseded(*seat));
        }
        conflict.map_or(Ok(Admission::Replaces(*seat)), |seat| Err(StatementRefusal::Duplicate(*seat)))
    }

    /// Take a verified statement for `seat`; on [`Admission::Replaces`] the old seat is removed, on
    /// [`Admission::Same`] nothing changes.
    ///
    /// # Errors
    /// [`StatementRefusal::Superseded`], [`StatementRefusal::Duplicate`].
    pub fn admit(&mut self, seat: SeatNo, statement: &Statement) -> Result<Admission, StatementRefusal> {
        let admission = self.judge(statement)?;
        match admission {
            Admission::Same(_) => return Ok(admission),
            Admission::Replaces(old) => self.remove(old),
            Admission::New => {}
        }
        if self.seats.contains_key(&seat) {
            return Err(StatementRefusal::Duplicate(seat));
        }
        let body = statement.body();
        let marks = marks(body);
        self.marks.extend(marks.iter().map(|mark| (*mark, seat)));
        let held = Held { st: statement.hash(), identity: body.identity(), issued_at: body.issued_at, marks };
        self.seats.insert(seat, held);
        Ok(admission)
    }

    /// Forget a seat.
    pub fn remove(&mut self, seat: SeatNo) {
        for mark in self.seats.remove(&seat).map(|held| held.marks).unwrap_or_default() {
            self.marks.remove(&mark);
        }
    }

    /// Who holds a seat.
    pub fn identity(&self, seat: SeatNo) -> Option<SeatIdentity> {
        self.seats.get(&seat).map(|held| held.identity)
    }

    /// How many seats.
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// Whether nobody has a seat.
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }
}

fn marks(body: &Body) -> Vec<Mark> {
    let account = body.claim.member().map(|member| SeatIdentity::Account(member.account));
    let account = account.filter(|account| *account != body.identity());
    let consent = body.consent.as_ref().map(|signer| Mark::Consent(sha3(&[signer.as_bytes()])));
    let mut marks = vec![
        Mark::Identity(body.identity()),
        Mark::Signing(*body.s_vk.as_bytes()),
        Mark::Agreement(sha3(&[&body.x_pk.to_bytes()])),
    ];
    marks.extend(account.map(Mark::Identity));
    marks.extend(consent);
    marks
}

impl fmt::Debug for Distinct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Distinct({} seats)", self.seats.len())
    }
}

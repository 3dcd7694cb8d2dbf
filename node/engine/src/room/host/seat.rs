//! One seat at the host.

use std::collections::BTreeMap;

use pars_proto::room::{Role, SeatNo, SignedConnection, Statement};
use pars_wire::Kind;
use pars_wire::machine::Tick;

use crate::room::clock::Allowance;
use crate::room::io::{LinkId, SeatView};
use crate::room::link::Link;
use crate::room::state::{Rights, SeatInput, SeatState};

use super::LINK_MS;

/// Signed messages a seat may send at once, and each second.
const MESSAGES: (u64, u64) = (40, 20);
/// Epoch records, and connections, a seat may send at once, and each second: an honest steward makes one epoch a second.
const RECORDS: (u64, u64) = (8, 2);
/// How long a grant stands before it is used, in ms.
const GRANT_MS: u64 = 120_000;

/// A seat.
pub(super) struct Seat {
    pub(super) statement: Statement,
    pub(super) pseudonym: String,
    pub(super) state: SeatState,
    /// What it was granted as: what it is again when it stops presenting.
    pub(super) granted: Role,
    pub(super) leads: bool,
    pub(super) offered: bool,
    pub(super) called: bool,
    pub(super) muted: bool,
    pub(super) announced: bool,
    pub(super) stalled: bool,
    pub(super) resume: Option<[u8; 16]>,
    pub(super) link: Option<LinkId>,
    /// Since when it has no link.
    pub(super) lost: Tick,
    pub(super) line: Link,
    pub(super) connection: Option<SignedConnection>,
    /// A token that waits for the pair channel.
    pub(super) token: Option<String>,
    pub(super) messages: Allowance,
    pub(super) records: Allowance,
    pub(super) connections: Allowance,
    /// For each seat that it sends something to.
    pub(super) carried: BTreeMap<SeatNo, Allowance>,
    /// When the owner was told that it sends too much.
    pub(super) named: Option<Tick>,
}

impl Seat {
    pub(super) fn new(statement: Statement, granted: Role, leads: bool, now: Tick) -> Self {
        Self {
            pseudonym: statement.body().pseudonym(),
            statement,
            state: SeatState::Proving.after(SeatInput::Granted(granted)),
            granted,
            leads,
            offered: false,
            called: false,
            muted: false,
            announced: false,
            stalled: false,
            resume: None,
            link: None,
            lost: now,
            line: Link::default(),
            connection: None,
            token: None,
            messages: Allowance::new(now, MESSAGES.0, MESSAGES.1),
            records: Allowance::new(now, RECORDS.0, RECORDS.1),
            connections: Allowance::new(now, RECORDS.0, RECORDS.1),
            carried: BTreeMap::new(),
            named: None,
        }
    }

    pub(super) const fn role(&self) -> Role {
        match self.state {
            SeatState::Admitted(role) => role,
            SeatState::Proving | SeatState::Gone => self.granted,
        }
    }

    pub(super) const fn presents(&self) -> bool {
        matches!(self.state, SeatState::Admitted(Role::Presenter))
    }

    pub(super) const fn rights(&self, kind: Kind, floor_closed: bool) -> Rights {
        Rights::of(kind, self.role(), !floor_closed || self.called)
    }

    /// When a seat without a link is gone.
    pub(super) const fn until(&self) -> Tick {
        self.lost.after(if self.announced { LINK_MS } else { GRANT_MS })
    }

    pub(super) fn view(&self, seat: SeatNo) -> SeatView {
        SeatView {
            seat,
            identity: self.pseudonym.clone(),
            account: self.statement.body().claim.member().map(|member| member.account),
            role: self.role(),
            leads: self.leads,
            verified: true,
            hand: false,
            muted: self.muted,
            live: self.link.is_some(),
            unshared: false,
        }
    }
}

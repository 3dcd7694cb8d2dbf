//! Whether named seats still have access: every 60 s and at every event on chain that concerns the room. A chain that does
//! not answer is forgiven for 120 s, then the named seats go (TOWNHALL section 2, THREATS J3, J4). Anonymous seats stand to
//! the end of the sitting.

use pars_proto::room::SeatNo;
use pars_wire::machine::Tick;

use crate::room::io::{GoneReason, HostQuestion, QuestionId, Unreachable};

use super::{Context, Host};

/// How often, in ms.
pub(super) const EVERY_MS: u64 = 60_000;
/// How long the chain may be silent, in ms.
pub(super) const GRACE_MS: u64 = 120_000;

/// What was asked of the chain, and when.
#[derive(Debug, Default)]
pub(super) struct Recheck {
    asked: Option<(QuestionId, Tick)>,
    last: Tick,
    /// Since when it does not answer.
    silent: Option<Tick>,
}

impl Recheck {
    pub(super) fn deadline(&self, seats: bool) -> Option<Tick> {
        let grace = self.silent.map(|since| since.after(GRACE_MS));
        seats.then(|| grace.map_or(self.last.after(EVERY_MS), |grace| grace.min(self.last.after(EVERY_MS))))
    }
}

impl Host {
    fn named(&self) -> Vec<(SeatNo, alloy_primitives::Address)> {
        let account = |(number, seat): (&SeatNo, &super::Seat)| {
            seat.statement.body().claim.member().map(|member| (*number, member.account))
        };
        self.seats.iter().filter_map(account).collect()
    }

    /// Ask again now.
    pub(super) fn ask_recheck(&mut self, cx: Context<'_, '_>) {
        let named = self.named();
        self.recheck.last = cx.now.tick;
        if named.is_empty() {
            self.recheck.silent = None;
            return;
        }
        // A question that was not answered until the next one counts as silence since it was asked.
        if let Some((_, at)) = self.recheck.asked {
            self.recheck.silent.get_or_insert(at);
        }
        let id = self.ask(cx, HostQuestion::Recheck(named));
        self.recheck.asked = Some((id, cx.now.tick));
    }

    pub(super) fn rechecked(&mut self, cx: Context<'_, '_>, id: QuestionId, outcome: Result<Vec<SeatNo>, Unreachable>) {
        let Some((_, at)) = self.recheck.asked.take_if(|(asked, _)| *asked == id) else { return };
        match outcome {
            Ok(lost) => {
                self.recheck.silent = None;
                for seat in lost {
                    self.remove(cx, seat, GoneReason::LostEligibility);
                }
            }
            Err(Unreachable) => {
                self.recheck.silent.get_or_insert(at);
            }
        }
    }

    /// Ask if it is time, and let the named seats go if the chain was silent for too long.
    pub(super) fn recheck_due(&mut self, cx: Context<'_, '_>) {
        if self.seats.is_empty() {
            return;
        }
        let now = cx.now.tick;
        if self.recheck.last.after(EVERY_MS) <= now {
            self.ask_recheck(cx);
        }
        if self.recheck.silent.is_some_and(|since| since.after(GRACE_MS) <= now) {
            self.recheck.silent = None;
            for (seat, _) in self.named() {
                self.remove(cx, seat, GoneReason::ChainUnreachable);
            }
        }
    }
}

//! Whether named seats still have access: every 60 s and when the chain has changed, then at most every 5 s. A chain that does
//! not answer is forgiven for 120 s, then the named seats go (TOWNHALL section 2, THREATS J3, J4). Anonymous seats stand to
//! the end of the sitting.

use pars_proto::room::SeatNo;
use pars_wire::machine::Tick;

use crate::room::io::{GoneReason, HostQuestion, QuestionId, Unreachable};

use super::{Context, Host};

/// How often, in ms.
pub(super) const EVERY_MS: u64 = 60_000;
/// How long after a question the next one at least, in ms, when the chain has changed.
const CHANGED_MS: u64 = 5_000;
/// How long the chain may be silent, in ms.
pub(super) const GRACE_MS: u64 = 120_000;

/// What was asked of the chain, and when.
#[derive(Debug, Default)]
pub(super) struct Recheck {
    asked: Option<(QuestionId, Tick)>,
    last: Tick,
    /// The chain has changed since.
    changed: bool,
    /// Since when it does not answer.
    silent: Option<Tick>,
}

impl Recheck {
    pub(super) fn deadline(&self, seats: bool) -> Option<Tick> {
        let grace = self.silent.map(|since| since.after(GRACE_MS));
        let next = self.next();
        seats.then(|| grace.map_or(next, |grace| grace.min(next)))
    }

    /// When to ask again. Never sooner than the timer while a question is open: the older answer would count no more, so that a chain
    /// with many events would look like a silent one.
    const fn next(&self) -> Tick {
        self.last.after(if self.changed && self.asked.is_none() { CHANGED_MS } else { EVERY_MS })
    }
}

impl Host {
    fn named(&self) -> Vec<(SeatNo, alloy_primitives::Address)> {
        let account = |(number, seat): (&SeatNo, &super::Seat)| {
            seat.statement.body().claim.member().map(|member| (*number, member.account))
        };
        self.seats.iter().filter_map(account).collect()
    }

    /// Something on chain may concern a seat: ask soon.
    pub(super) const fn chain_changed(&mut self) {
        self.recheck.changed = true;
    }

    /// Ask again now.
    fn ask_recheck(&mut self, cx: Context<'_, '_>) {
        let named = self.named();
        (self.recheck.last, self.recheck.changed) = (cx.now.tick, false);
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
        if self.recheck.next() <= now {
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use pars_wire::machine::Machine;

    use super::*;
    use crate::room::host::tests::World;
    use crate::room::io::{HostEvent, HostIn, HostOut};

    impl World {
        /// An input `ms` later: questions of the chain, and why a seat went.
        fn looks(&mut self, ms: u64, input: HostIn) -> (Vec<QuestionId>, Option<GoneReason>) {
            let out = self.after(ms, input);
            let asked = out.iter().filter_map(|output| match output {
                HostOut::Question { id, question: HostQuestion::Recheck(_) } => Some(*id),
                _ => None,
            });
            let gone = out.iter().find_map(|output| match output {
                HostOut::Event(HostEvent::Gone { reason, .. }) => Some(*reason),
                _ => None,
            });
            (asked.collect(), gone)
        }

        fn asks(&mut self, ms: u64, input: HostIn) -> usize {
            self.looks(ms, input).0.len()
        }
    }

    #[test]
    fn every_change_of_the_chain_is_looked_at_and_no_open_question_is_asked_again() {
        let mut world = World::new(1);
        let (first, _) = world.looks(6_000, HostIn::ChainChanged);
        assert_eq!(first.len(), 1, "at once");
        assert_eq!(world.asks(10_000, HostIn::ChainChanged), 0, "a question is open");
        let (second, _) = world.looks(1_000, HostIn::Rechecked { id: first[0], outcome: Ok(Vec::new()) });
        assert_eq!(second.len(), 1, "what came meanwhile is looked at");
        let answer = HostIn::Rechecked { id: second[0], outcome: Ok(Vec::new()) };
        assert_eq!(world.asks(1_000, answer), 0, "nothing changed");
        assert_eq!(world.asks(1_000, HostIn::ChainChanged), 0, "not so often");
        let due = world.host.deadline().unwrap();
        assert_eq!(due, Tick(22_000));
        let (third, _) = world.looks(due.0 - world.now.0, HostIn::Wake);
        assert_eq!(third.len(), 1, "but it is not forgotten");
        assert_eq!(world.host.deadline(), Some(due.after(EVERY_MS)), "nobody waits for what is under way");
        let lost = HostIn::Rechecked { id: third[0], outcome: Ok(vec![SeatNo(1)]) };
        assert_eq!(world.looks(1_000, lost).1, Some(GoneReason::LostEligibility));
    }

    #[test]
    fn a_chain_with_many_blocks_and_slow_answers_is_not_taken_for_a_silent_one() {
        let (mut world, mut open) = (World::new(1), VecDeque::new());
        for block in 1..200 {
            let (asked, gone) = world.looks(1_000, HostIn::ChainChanged);
            assert_eq!(gone, None, "block {block}");
            open.extend(asked);
            assert!(open.len() < 2, "block {block}");
            // Answers take three blocks.
            if block % 3 == 0
                && let Some(id) = open.pop_front()
            {
                let (asked, gone) = world.looks(500, HostIn::Rechecked { id, outcome: Ok(Vec::new()) });
                assert_eq!(gone, None, "block {block}");
                open.extend(asked);
            }
        }
        assert!(world.host.recheck.silent.is_none());
    }

    #[test]
    fn a_question_that_is_never_answered_is_silence() {
        let mut world = World::new(1);
        let mut gone = None;
        for _ in 0..200 {
            gone = gone.or(world.looks(1_000, HostIn::ChainChanged).1);
        }
        assert_eq!(gone, Some(GoneReason::ChainUnreachable));
    }
}

//! The causal barrier (ARCHITECTURE "Barrier"): behind `Persist(b)` what the *same machine instance* asks for later waits
//! until `Committed(b)`. One [`Barrier`] stands behind each instance, so a relay never waits for somebody else's sync.
//!
//! | state | input | state, released |
//! |---|---|---|
//! | open | effect | open, the effect at once |
//! | open | persist b | waiting for b |
//! | waiting for …, b | effect | waiting, the effect stands behind b |
//! | waiting for …, b | persist c | waiting for …, b, c |
//! | waiting for a, b, … | committed b | waiting for what is later than b, everything behind a and b, in order |
//! | waiting for the last, b | committed b or later | open, everything |
//! | any | committed of an older batch | unchanged, nothing |
//!
//! Commits are grouped: batches become durable in the order of their ids, so one `Committed` speaks for all before it.

use std::collections::VecDeque;

use crate::store::BatchId;

/// What one machine instance asked for and may not have yet.
#[derive(Debug)]
pub struct Barrier<E> {
    waiting: VecDeque<(BatchId, Vec<E>)>,
}

impl<E> Default for Barrier<E> {
    fn default() -> Self {
        Self { waiting: VecDeque::new() }
    }
}

impl<E> Barrier<E> {
    /// A batch left; what comes next waits for it.
    pub fn persist(&mut self, batch: BatchId) {
        self.waiting.push_back((batch, Vec::new()));
    }

    /// Pass an effect through: back at once, or kept behind the last batch that is not durable.
    #[must_use]
    pub fn pass(&mut self, effect: E) -> Option<E> {
        match self.waiting.back_mut() {
            Some((_, behind)) => {
                behind.push(effect);
                None
            }
            None => Some(effect),
        }
    }

    /// Every batch up to this one is durable; what may go now, in order.
    #[must_use]
    pub fn committed(&mut self, batch: BatchId) -> Vec<E> {
        let mut free = Vec::new();
        while self.waiting.front().is_some_and(|(id, _)| *id <= batch) {
            free.extend(self.waiting.pop_front().into_iter().flat_map(|(_, behind)| behind));
        }
        free
    }

    /// Effects that wait.
    pub fn len(&self) -> usize {
        self.waiting.iter().map(|(_, behind)| behind.len()).sum()
    }

    /// Whether nothing waits for a commit.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_barrier_lets_everything_pass() {
        assert_eq!(Barrier::default().pass(1), Some(1));
    }

    #[test]
    fn what_follows_a_batch_waits_for_it_and_no_longer() {
        let mut barrier = Barrier::default();
        barrier.persist(BatchId(1));
        assert_eq!(barrier.pass("behind 1"), None);
        barrier.persist(BatchId(2));
        assert_eq!(barrier.pass("behind 2"), None);
        assert_eq!(barrier.len(), 2);
        assert_eq!(barrier.committed(BatchId(0)), Vec::<&str>::new());
        assert_eq!(barrier.committed(BatchId(1)), ["behind 1"]);
        assert_eq!(barrier.pass("later"), None, "batch 2 is still open");
        assert_eq!(barrier.committed(BatchId(2)), ["behind 2", "later"]);
        assert!(barrier.is_empty());
        assert_eq!(barrier.pass("free"), Some("free"));
    }

    #[test]
    fn one_commit_speaks_for_all_batches_before_it() {
        let mut barrier = Barrier::default();
        for id in 1..=3 {
            barrier.persist(BatchId(id));
            assert_eq!(barrier.pass(id), None);
        }
        assert_eq!(barrier.committed(BatchId(9)), [1, 2, 3]);
        assert_eq!(barrier.committed(BatchId(9)), Vec::<u64>::new(), "an older commit changes nothing");
    }
}

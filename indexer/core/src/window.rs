//! The blocks that may still be reorganised: a chain of parent hashes from the newest final block to the head.

use std::collections::{BTreeMap, VecDeque};

use alloy_primitives::B256;
use pars_wire::BlockRef;

use crate::input::Header;
use crate::rows::{Key, Row};
use crate::state::Undo;

#[derive(Clone, Debug)]
struct Entry {
    block: BlockRef,
    undo: Vec<Undo>,
}

/// Final block, then the blocks above it with their undo. `start` is the first block of all.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    start: u64,
    finalized: Option<BlockRef>,
    entries: VecDeque<Entry>,
}

/// Where a block stands relative to the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Its parent is the head.
    Next,
    /// Its parent is in the window or is the final block: what comes after that parent has to go.
    Fork,
    /// It is there already, or so far below finality that nothing is known of it any more.
    Known,
    /// The block of this number has to be seen first.
    Needs(u64),
    /// It, or its parent, replaces the final block.
    BelowFinality(BlockRef),
}

impl Window {
    pub(crate) const fn new(start: u64, finalized: Option<BlockRef>) -> Self {
        Self { start, finalized, entries: VecDeque::new() }
    }

    pub(crate) fn head(&self) -> Option<BlockRef> {
        self.entries.back().map(|entry| entry.block).or(self.finalized)
    }

    pub(crate) const fn finalized(&self) -> Option<BlockRef> {
        self.finalized
    }

    /// The number after the head.
    pub(crate) fn next(&self) -> u64 {
        self.head().map_or(self.start, |head| head.number.saturating_add(1))
    }

    /// The hash of a block of the window, or of the final block.
    pub(crate) fn hash(&self, number: u64) -> Option<B256> {
        self.finalized
            .into_iter()
            .chain(self.entries.iter().map(|entry| entry.block))
            .find(|block| block.number == number)
            .map(|block| block.hash)
    }

    pub(crate) fn place(&self, header: &Header) -> Place {
        let BlockRef { number, hash } = header.block;
        if number > self.next() {
            return Place::Needs(self.next());
        }
        if number < self.start {
            return Place::Known;
        }
        match (self.finalized, self.hash(number)) {
            (_, Some(known)) if known == hash => return Place::Known,
            (Some(last), _) if number < last.number => return Place::Known,
            (Some(last), _) if number == last.number => return Place::BelowFinality(last),
            _ => {}
        }
        let parent = number.checked_sub(1).filter(|parent| *parent >= self.start);
        match (parent, parent.and_then(|parent| self.hash(parent))) {
            (None, _) => self.fork_or_next(number),
            (Some(_), Some(known)) if known == header.parent => self.fork_or_next(number),
            (Some(parent), _) => match self.finalized {
                Some(last) if parent <= last.number => Place::BelowFinality(last),
                _ => Place::Needs(parent),
            },
        }
    }

    fn fork_or_next(&self, number: u64) -> Place {
        if number == self.next() { Place::Next } else { Place::Fork }
    }

    pub(crate) fn push(&mut self, block: BlockRef, undo: Vec<Undo>) {
        self.entries.push_back(Entry { block, undo });
    }

    /// Removes the blocks from `number` on; returns what their rows were before.
    pub(crate) fn cut(&mut self, number: u64) -> BTreeMap<Key, Option<Row>> {
        let mut before = BTreeMap::new();
        while self.entries.back().is_some_and(|entry| entry.block.number >= number) {
            let undo = self.entries.pop_back().map(|entry| entry.undo).unwrap_or_default();
            // Older blocks come later and win: the value before the oldest of the removed blocks stays.
            before.extend(undo.into_iter().map(|undo| (undo.key, undo.before)));
        }
        before
    }

    /// Forgets the undo up to a block of the window; false when it is not there or is final already.
    pub(crate) fn finalize(&mut self, block: BlockRef) -> bool {
        if !self.entries.iter().any(|entry| entry.block == block) {
            return false;
        }
        self.entries.retain(|entry| entry.block.number > block.number);
        self.finalized = Some(block);
        true
    }
}

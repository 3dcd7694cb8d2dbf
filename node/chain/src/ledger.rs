//! What a snapshot has to remember: blocks, states, pool and clock. Cloning shares all blocks and states.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    block::{Block, Slot, prevrandao},
    clock::Clock,
    genesis::Genesis,
    input::Change,
    pool::Pool,
    query::MAX_HISTORY,
    state::State,
};

#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    genesis: Arc<Block>,
    /// All canonical blocks; index = number.
    blocks: Vec<Arc<Block>>,
    /// States after the newest blocks, by number. The head's includes what cheats changed since.
    states: BTreeMap<u64, State>,
    pub(crate) pool: Pool,
    pub(crate) clock: Clock,
    /// Number of reorganisations so far.
    pub(crate) fork: u64,
    /// The newest block that somebody may wait to see final.
    pub(crate) activity: u64,
}

impl Ledger {
    pub(crate) fn new(genesis: &Genesis) -> Self {
        let mut state = State::default();
        for funded in &genesis.accounts {
            state.update(funded.address, |account| account.balance = funded.balance);
        }
        let block = Arc::new(Block::genesis(genesis, &state));
        Self {
            genesis: block.clone(),
            blocks: vec![block],
            states: BTreeMap::from([(0, state)]),
            pool: Pool::default(),
            clock: Clock::default(),
            fork: 0,
            activity: 0,
        }
    }

    pub(crate) fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    pub(crate) fn head(&self) -> &Arc<Block> {
        self.blocks.last().unwrap_or(&self.genesis)
    }

    pub(crate) fn block(&self, number: u64) -> Option<&Arc<Block>> {
        usize::try_from(number).ok().and_then(|n| self.blocks.get(n))
    }

    pub(crate) fn state(&self, number: u64) -> Option<&State> {
        self.states.get(&number)
    }

    /// The state after the head, with what cheats changed.
    pub(crate) fn head_state(&self) -> State {
        self.states.get(&self.head().number()).cloned().unwrap_or_default()
    }

    pub(crate) fn set_head_state(&mut self, state: State) {
        self.states.insert(self.head().number(), state);
    }

    /// The slot after the head.
    pub(crate) fn next_slot(&self, seed: alloy_primitives::B256, timestamp: u64) -> Slot {
        let head = self.head();
        Slot {
            number: head.number().saturating_add(1),
            parent_hash: head.hash,
            timestamp,
            base_fee: head.next_base_fee(),
            prevrandao: prevrandao(seed, head.hash, self.fork),
        }
    }

    /// Appends a block with the state after it and lets go of states older than the history.
    pub(crate) fn append(&mut self, block: Block, state: State) {
        let number = block.number();
        if !block.mined.is_empty() {
            self.activity = number;
        }
        self.pool.prune(&state);
        self.blocks.push(Arc::new(block));
        self.states.insert(number, state);
        if let Some(oldest) = number.checked_sub(MAX_HISTORY) {
            self.states = self.states.split_off(&oldest);
        }
    }

    /// Drops all blocks above a number.
    pub(crate) fn truncate(&mut self, number: u64) {
        self.blocks.truncate(usize::try_from(number.saturating_add(1)).unwrap_or(usize::MAX));
        self.states.split_off(&number.saturating_add(1));
    }

    /// How deep the chain can be rolled back.
    pub(crate) fn possible_depth(&self) -> u64 {
        let oldest = self.states.first_key_value().map_or(0, |(number, _)| *number);
        self.head().number().saturating_sub(oldest)
    }

    /// The blocks above a number.
    pub(crate) fn added_since(&self, number: u64) -> Change {
        let above = usize::try_from(number.saturating_add(1)).ok().and_then(|n| self.blocks.get(n..));
        Change { removed: Vec::new(), added: above.unwrap_or_default().to_vec() }
    }

    /// What has to leave and join a chain with these blocks to become this one.
    pub(crate) fn change_from(&self, before: &[Arc<Block>]) -> Change {
        // Hashes chain: where two blocks of a height are equal, all below are.
        let differing = before.iter().zip(&self.blocks).rev().position(|(a, b)| a.hash == b.hash);
        let shared = differing.map_or(0, |n| before.len().min(self.blocks.len()).saturating_sub(n));
        let above = |blocks: &[Arc<Block>]| blocks.get(shared..).unwrap_or_default().to_vec();
        Change { removed: above(before), added: above(&self.blocks) }
    }
}

//! Transactions that wait: those not mined yet (manual mining) and those behind a nonce gap.
//! Order is arrival, not price: the chain is for development, and arrival keeps it predictable.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256};

use crate::{error::TxError, produce::Candidate, state::State, transaction::Transaction};

/// Most transactions that may wait: far above any test, small enough for memory.
const MAX_POOL: usize = 8_192;

#[derive(Clone, Debug)]
struct Waiting {
    arrival: u64,
    candidate: Candidate,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    senders: BTreeMap<Address, BTreeMap<u64, Waiting>>,
    arrivals: u64,
}

impl Pool {
    pub(crate) fn len(&self) -> usize {
        self.senders.values().map(BTreeMap::len).sum()
    }

    /// Takes a transaction in, replacing one of the same nonce if it pays at least a tenth more for cap and tip.
    pub(crate) fn insert(&mut self, candidate: Candidate) -> Result<(), TxError> {
        let transaction = candidate.transaction.clone();
        let (sender, nonce) = (transaction.sender(), transaction.envelope().nonce());
        let held = self.senders.get(&sender).and_then(|s| s.get(&nonce));
        if let Some(held) = held {
            if held.candidate.transaction.hash() == transaction.hash() {
                return Err(TxError::Known);
            }
            if !pays_a_tenth_more(&held.candidate.transaction, &transaction) {
                return Err(TxError::Underpriced);
            }
        } else if self.len() >= MAX_POOL {
            return Err(TxError::PoolFull(MAX_POOL));
        }
        self.arrivals = self.arrivals.saturating_add(1);
        let waiting = Waiting { arrival: self.arrivals, candidate };
        self.senders.entry(sender).or_default().insert(nonce, waiting);
        Ok(())
    }

    pub(crate) fn remove(&mut self, hash: B256) {
        for queue in self.senders.values_mut() {
            queue.retain(|_, w| w.candidate.transaction.hash() != hash);
        }
        self.senders.retain(|_, queue| !queue.is_empty());
    }

    pub(crate) fn get(&self, hash: B256) -> Option<&Arc<Transaction>> {
        let mut all = self.senders.values().flat_map(BTreeMap::values);
        all.find(|w| w.candidate.transaction.hash() == hash).map(|w| &w.candidate.transaction)
    }

    /// Forgets what the state has passed.
    pub(crate) fn prune(&mut self, state: &State) {
        for (sender, queue) in &mut self.senders {
            *queue = queue.split_off(&state.nonce(*sender));
        }
        self.senders.retain(|_, queue| !queue.is_empty());
    }

    /// The nonce after the sender's waiting transactions without a gap.
    pub(crate) fn next_nonce(&self, sender: Address, state: &State) -> u64 {
        let mut nonce = state.nonce(sender);
        while self.senders.get(&sender).is_some_and(|queue| queue.contains_key(&nonce)) {
            nonce = nonce.saturating_add(1);
        }
        nonce
    }

    /// What can be executed on this state, by arrival; a sender's transactions keep the order of their nonces.
    pub(crate) fn ready(&self, state: &State) -> Vec<Candidate> {
        let mut ready = Vec::new();
        for (sender, queue) in &self.senders {
            let (mut nonce, mut latest) = (state.nonce(*sender), 0);
            while let Some(waiting) = queue.get(&nonce) {
                latest = waiting.arrival.max(latest);
                ready.push((latest, waiting.candidate.clone()));
                nonce = nonce.saturating_add(1);
            }
        }
        ready.sort_by_key(|(arrival, _)| *arrival);
        ready.into_iter().map(|(_, candidate)| candidate).collect()
    }
}

fn pays_a_tenth_more(held: &Transaction, new: &Transaction) -> bool {
    let more = |old: u128, new: u128| new >= old.saturating_add(old.div_ceil(10)).max(old.saturating_add(1));
    let tip = |t: &Transaction| t.envelope().max_priority_fee_per_gas().unwrap_or(t.envelope().max_fee_per_gas());
    more(held.envelope().max_fee_per_gas(), new.envelope().max_fee_per_gas()) && more(tip(held), tip(new))
}

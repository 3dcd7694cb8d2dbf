//! What a host sees of the chain: an indexer that follows it, some blocks late. From its rows come the registries of days
//! (nodes and beacon at the block of the last `EpochRolled` before the day began; SESSION section 6 "Placement").

use std::collections::BTreeSet;

use pars_circuits::{Commitment, Deadline};
use pars_engine::registry::Registry;
use pars_indexer_core::{
    Batch, Change, Config, Contracts, In, Indexer, LeafSet, Out, Position, Question, Row, Snapshot,
};
use pars_proto::onion::descriptor::Registration;
use pars_wire::BlockRef;
use pars_wire::codec::Day;

use super::ledger::Ledger;

/// An epoch that was rolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roll {
    block: u64,
    epoch: u32,
    beacon: [u8; 32],
    nodes: Vec<Registration>,
}

/// What a view has read so far: others may go on from it.
#[derive(Clone, Debug)]
pub struct Start {
    snapshot: Snapshot,
    rolls: Vec<Roll>,
    leaf_sets: Vec<LeafSet>,
}

/// One reader of the chain.
pub struct View {
    lag: u64,
    config: Config,
    indexer: Indexer,
    rolls: Vec<Roll>,
    leaf_sets: Vec<LeafSet>,
    /// Days whose registry was given out.
    told: BTreeSet<Day>,
    /// Reorganisations it saw.
    pub reorganisations: usize,
}

impl View {
    /// A reader that sees each block `lag` blocks late.
    ///
    /// # Panics
    /// The start is not one.
    pub fn new(ledger: &Ledger, lag: u64, start: Option<&Start>) -> Self {
        let places = &ledger.places;
        let contracts = Contracts {
            town_hall: places.town_hall,
            eligibility_registry: places.eligibility_registry,
            voting_escrow: places.voting_escrow,
            recording_consent: places.recording_consent,
            session_trigger: places.session_trigger,
            service_node_registry: places.service_node_registry,
        };
        let genesis = ledger.block(0).map(|block| block.hash).unwrap_or_default();
        let config = Config { genesis, start: 0, contracts };
        let snapshot = start.map(|start| start.snapshot.clone()).unwrap_or_default();
        let indexer = Indexer::restore(config, snapshot).expect("rows that an indexer wrote");
        let (rolls, leaf_sets) = start.map(|start| (start.rolls.clone(), start.leaf_sets.clone())).unwrap_or_default();
        Self { lag, config, indexer, rolls, leaf_sets, told: BTreeSet::new(), reorganisations: 0 }
    }

    /// Everything read up to a final head.
    pub fn start(&self) -> Start {
        let rows = self.indexer.rows().cloned().collect();
        let snapshot = Snapshot { finalized: self.indexer.finalized(), blocks: Vec::new(), rows };
        Start { snapshot, rolls: self.rolls.clone(), leaf_sets: self.leaf_sets.clone() }
    }

    /// Read on, as far as this view sees.
    ///
    /// # Errors
    /// What the indexer refuses: never, whatever happens within the finality distance.
    pub fn follow(&mut self, ledger: &Ledger) -> Result<(), String> {
        let seen = self.indexer.finalized().map_or(0, |block| block.number);
        let target = ledger.head().saturating_sub(self.lag).max(seen);
        let mut wanted = vec![target];
        while let Some(number) = wanted.last().copied() {
            let (header, logs) = ledger.read_block(number).ok_or_else(|| format!("there is no block {number}"))?;
            match self.take(ledger, In::Block { header, logs: Some(logs) })? {
                Some(before) => wanted.push(before),
                None => wanted.truncate(wanted.len() - 1),
            }
        }
        let last = ledger.block(ledger.finalized().min(target));
        last.map_or(Ok(None), |block| self.take(ledger, In::Finalized(block))).map(|_| ())
    }

    /// The number of a block that is needed first, if so.
    fn take(&mut self, ledger: &Ledger, input: In) -> Result<Option<u64>, String> {
        let mut out = Vec::new();
        self.indexer.handle(input, &mut out);
        let mut needed = None;
        for output in out {
            match output {
                Out::Ask(Question::Block(number)) => needed = Some(number),
                Out::Ask(Question::SafeLogs { safe, upto }) => {
                    let logs = (0..=upto.number).filter_map(|number| ledger.read_block(number));
                    let logs = logs.flat_map(|(_, logs)| logs).filter(|log| log.log.address == safe).collect();
                    self.take(ledger, In::SafeLogs { safe, upto, logs })?;
                }
                Out::Ask(question) => return Err(format!("the indexer asks {question:?} though it has all logs")),
                Out::Rows(batch) => self.note(batch),
                Out::Reorg { to, .. } => self.forget_after(to),
                Out::Finalized(_) => {}
                Out::Refuse(refusal) => return Err(format!("the indexer refuses: {refusal}")),
            }
        }
        Ok(needed)
    }

    /// Histories are not kept by the indexer: beacons with the nodes at their block, and the leaves.
    fn note(&mut self, batch: Batch) {
        let block = batch.header.block.number;
        for Change { row, .. } in batch.changes {
            match row {
                Some(Row::Beacon(row)) => {
                    let nodes = self.registrations();
                    self.rolls.push(Roll { block, epoch: row.epoch, beacon: row.beacon.0, nodes });
                }
                Some(Row::LeafSet(row)) => self.leaf_sets.push(row),
                _ => {}
            }
        }
    }

    fn forget_after(&mut self, to: Option<BlockRef>) {
        let last = to.map_or(0, |block| block.number);
        self.rolls.retain(|roll| roll.block <= last);
        self.leaf_sets.retain(|set| set.at.block <= last);
        self.reorganisations += 1;
    }

    fn registrations(&self) -> Vec<Registration> {
        let registration = |row: &Row| match row {
            Row::Node(node) if !node.withdrawn && !node.decommissioned && node.unbonding_until.is_none() => {
                Some(Registration {
                    node: node.node_id,
                    operator: node.operator.0,
                    identity_hash: node.identity_hash.0,
                    transport_key: node.transport_key.0,
                    stake: node.stake,
                })
            }
            _ => None,
        };
        self.indexer.rows().filter_map(registration).collect()
    }

    /// The registry of a day, once it can no longer change: the last final roll before the day, and either the day has begun
    /// or that roll is of the day before it.
    pub fn registry(&self, day: Day, today: Day) -> Option<Registry> {
        let last = self.indexer.finalized()?.number;
        let before = self.rolls.iter().rev().find(|roll| roll.epoch < day.0 && roll.block <= last)?;
        let certain = day <= today || before.epoch + 1 == day.0;
        certain.then(|| Registry { day, beacon: before.beacon, nodes: before.nodes.clone() })
    }

    /// Registries that were not told yet, of eight days before today and one after.
    pub fn news(&mut self, today: Day) -> Vec<Registry> {
        let days = (today.0.saturating_sub(8)..=today.0 + 1).map(Day).filter(|day| !self.told.contains(day));
        let news: Vec<_> = days.filter_map(|day| self.registry(day, today)).collect();
        self.told.extend(news.iter().map(|registry| registry.day));
        news
    }

    /// Registries told so far: what a host that starts anew is told again.
    pub fn known(&self, today: Day) -> Vec<Registry> {
        self.told.iter().filter_map(|day| self.registry(*day, today)).collect()
    }

    /// The rows as this view has them.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.indexer.rows()
    }

    /// The newest block it has read.
    pub fn head(&self) -> Option<BlockRef> {
        self.indexer.head()
    }

    /// The newest final block it has read.
    pub fn finalized(&self) -> Option<BlockRef> {
        self.indexer.finalized()
    }

    /// The leaves of the tree that a log at this place pins, in their order.
    ///
    /// # Panics
    /// A leaf of the chain that no leaf can be.
    pub fn leaves_at(&self, position: Position) -> Vec<pars_circuits::Leaf> {
        let leaf = |leaf: pars_indexer_core::Leaf| pars_circuits::Leaf {
            account: leaf.account,
            commitment: Commitment::from_word(leaf.commitment).expect("the registry checks it"),
            weight: leaf.weight,
            end: Deadline::new(leaf.end).expect("the escrow checks it"),
        };
        pars_indexer_core::leaves_before(self.leaf_sets.iter().cloned(), position).into_iter().map(leaf).collect()
    }

    /// What the index is about.
    pub const fn config(&self) -> &Config {
        &self.config
    }
}

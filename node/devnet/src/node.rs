//! The chain with what surrounds it: journal, clock, filters. Inputs pass here and nowhere else.

use alloy::primitives::B256;
use pars_chain::{Chain, Change, Input, Output};

use crate::{
    accounts::{DevAccount, dev_accounts},
    clock::Clock,
    config::Config,
    error::{DevnetError, RpcError},
    filters::Filters,
    journal::{Journal, Opened},
};

pub(crate) struct Node {
    pub(crate) chain: Chain,
    pub(crate) filters: Filters,
    /// The development accounts; deriving their addresses takes milliseconds, so it is done once.
    pub(crate) accounts: Vec<DevAccount>,
    journal: Option<Journal>,
    clock: Clock,
    /// Inputs applied but not durable yet.
    uncommitted: Vec<Input>,
    /// Movements of the chain that nobody was told yet.
    unannounced: Vec<Change>,
}

impl Node {
    /// Opens the data directory, or makes a chain in memory.
    pub(crate) fn open(config: &Config) -> Result<Self, DevnetError> {
        config.check()?;
        let (chain, journal, clock) = match &config.datadir {
            Some(directory) => {
                let Opened { journal, founding, chain } = Journal::open(directory, config)?;
                (chain, Some(journal), founding.clock())
            }
            None => {
                let founding = config.founding();
                (founding.chain()?, None, founding.clock())
            }
        };
        Ok(Self {
            chain,
            filters: Filters::default(),
            accounts: dev_accounts(),
            journal,
            clock,
            uncommitted: Vec::new(),
            unannounced: Vec::new(),
        })
    }

    /// What the chain is told as the time.
    pub(crate) fn now(&self) -> Option<u64> {
        self.clock.now()
    }

    /// Applies an input and remembers it for the next commit.
    pub(crate) fn apply(&mut self, input: Input) -> Result<Output, RpcError> {
        let output = self.chain.apply(input.clone())?;
        if self.journal.is_some() {
            self.uncommitted.push(input);
        }
        if !output.change.is_empty() {
            self.filters.observe(&output.change);
            self.unannounced.push(output.change.clone());
        }
        Ok(output)
    }

    /// One more empty block while something is not final.
    pub(crate) fn tick(&mut self) {
        if self.chain.automine() && self.chain.has_unfinal_activity() {
            let mine = Input::Mine { blocks: 1, interval: None, timestamp: None, now: self.now() };
            if let Err(error) = self.apply(mine) {
                tracing::warn!(%error, "the timer's empty block was refused");
            }
        }
    }

    /// Makes everything applied so far durable and gives the movements that may now be announced.
    pub(crate) fn commit(&mut self) -> Result<Vec<Change>, DevnetError> {
        let head: B256 = self.chain.head().hash;
        if let Some(journal) = self.journal.as_mut().filter(|_| !self.uncommitted.is_empty()) {
            journal.append(&self.uncommitted, head)?;
        }
        self.uncommitted.clear();
        Ok(std::mem::take(&mut self.unannounced))
    }
}

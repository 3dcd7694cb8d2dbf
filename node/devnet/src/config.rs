//! How a development chain is started.

use std::path::PathBuf;

use pars_bindings::dev;
use pars_chain::{Chain, Genesis, GenesisAccount, Input};
use serde::{Deserialize, Serialize};

use crate::{
    accounts::{dev_accounts, genesis_balance},
    clock::{Clock, wall_seconds},
    error::DevnetError,
};

/// Settings of a development chain.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the journal lies; `None` keeps the chain in memory only.
    pub datadir: Option<PathBuf>,
    /// 7072 or 31337.
    pub chain_id: u64,
    /// Timestamp of block 0; the chain's clock starts there. `None` is the wall clock.
    pub genesis_time: Option<u64>,
    /// Blocks only when asked, each one second after its parent unless told otherwise.
    pub manual_mining: bool,
    /// `safe` = `finalized` = head minus this.
    pub finality_lag: u64,
    /// Gas limit of every block.
    pub gas_limit: u64,
    /// An empty block each second while something is not final.
    pub empty_blocks: bool,
    /// Whether the chain verifies ML-DSA (EIP-8355).
    pub precompiles: bool,
}

impl Config {
    /// A chain in memory: automine, finality lag 2, 30,000,000 gas, no timer.
    pub fn in_memory(chain_id: u64) -> Self {
        Self {
            datadir: None,
            chain_id,
            genesis_time: None,
            manual_mining: false,
            finality_lag: 2,
            gas_limit: 30_000_000,
            empty_blocks: false,
            precompiles: true,
        }
    }

    /// Refuses chain ids other than the development ones.
    pub(crate) fn check(&self) -> Result<(), DevnetError> {
        if dev::CHAIN_IDS.contains(&self.chain_id) { Ok(()) } else { Err(DevnetError::ChainId(self.chain_id)) }
    }

    /// What a new chain is made of.
    pub(crate) fn founding(&self) -> Founding {
        let wall = wall_seconds();
        let timestamp = self.genesis_time.unwrap_or(wall);
        let signed = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        let funded =
            |account: &crate::DevAccount| GenesisAccount { address: account.address(), balance: genesis_balance() };
        let mut genesis = Genesis::new(self.chain_id, timestamp, dev_accounts().iter().map(funded).collect());
        genesis.gas_limit = self.gas_limit;
        genesis.finality_lag = self.finality_lag;
        genesis.precompiles = genesis.precompiles.filter(|_| self.precompiles);
        let clock_offset = signed(timestamp).saturating_sub(signed(wall));
        Founding { genesis, clock_offset, manual_mining: self.manual_mining }
    }

    /// Refuses a directory whose chain was made with other constants.
    pub(crate) fn agrees_with(&self, stored: &Founding) -> Result<(), DevnetError> {
        let genesis = &stored.genesis;
        let differs = |what, stored: String, asked: String| {
            if stored == asked { Ok(()) } else { Err(DevnetError::Constants { what, stored, asked }) }
        };
        differs("chain id", genesis.chain_id.to_string(), self.chain_id.to_string())?;
        differs("finality lag", genesis.finality_lag.to_string(), self.finality_lag.to_string())?;
        differs("block gas limit", genesis.gas_limit.to_string(), self.gas_limit.to_string())?;
        let (has, wanted) = (genesis.precompiles.is_some(), self.precompiles);
        differs("ML-DSA precompiles", has.to_string(), wanted.to_string())?;
        differs("manual mining", stored.manual_mining.to_string(), self.manual_mining.to_string())?;
        match self.genesis_time {
            Some(asked) => differs("genesis time", genesis.timestamp.to_string(), asked.to_string()),
            None => Ok(()),
        }
    }
}

/// The constants a data directory keeps for the life of its chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Founding {
    pub(crate) genesis: Genesis,
    /// Seconds between the wall clock and the chain's at the founding.
    pub(crate) clock_offset: i64,
    pub(crate) manual_mining: bool,
}

impl Founding {
    /// The chain before its first input; block 0 and the way of mining are part of the founding.
    pub(crate) fn chain(&self) -> Result<Chain, DevnetError> {
        let mut chain = Chain::new(self.genesis.clone())?;
        chain.apply(Input::SetAutomine(!self.manual_mining))?;
        Ok(chain)
    }

    pub(crate) fn clock(&self) -> Clock {
        if self.manual_mining { Clock::Logical } else { Clock::Wall(self.clock_offset) }
    }
}

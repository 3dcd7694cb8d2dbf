//! Gas estimation: the least gas limit with which a call succeeds, found by bisection. Running once and adding a margin is
//! not enough, because contracts look at the gas left (EIP-150's 63/64, and requirements on `gasleft()`).

use alloy_primitives::U256;

use crate::{
    chain::Chain,
    error::QueryError,
    evm::{CallOutcome, CallRequest},
    query::{At, BlockTag},
    state::State,
};

/// Gas of a transfer without data; nothing succeeds with less.
const LEAST: u64 = 21_000;
/// Bisection stops when the bounds are this close (parts of the upper bound): 1/64, go-ethereum's tolerance.
const TOLERANCE: u64 = 64;

/// What an estimate says.
type Estimate = Result<u64, CallOutcome>;

impl Chain {
    /// The gas a call needs at a block, or the outcome that no allowed gas limit avoids. The head stands for the block to come,
    /// because that is where the transaction will run. Where a price is named, no more gas is tried than the sender can pay.
    ///
    /// # Errors
    /// [`QueryError`] as for [`Chain::call`]; [`QueryError::Allowance`] when the gas of a block, or what the sender can pay, does
    /// not suffice.
    pub fn estimate(&self, request: &CallRequest, tag: BlockTag, now: Option<u64>) -> Result<Estimate, QueryError> {
        let tag = if tag == BlockTag::Latest { BlockTag::Pending } else { tag };
        let at = self.at(tag, now)?;
        let mut high = request.gas.unwrap_or(u64::MAX).min(self.genesis.gas_limit);
        if let Some(payable) = payable(request, &at.state) {
            if payable < LEAST {
                return Err(QueryError::Allowance(payable));
            }
            high = high.min(payable);
        }
        let first = match self.with_gas(request, high, &at)? {
            CallOutcome::Success { gas_used, .. } => gas_used,
            CallOutcome::Halt { out_of_gas: true, .. } => return Err(QueryError::Allowance(high)),
            refused => return Ok(Err(refused)),
        };
        // What it used suffices for most calls; little more does for nearly all others, which saves most of the bisection.
        let mut low = LEAST - 1;
        for probe in [first, first.saturating_add(first / 4).saturating_add(1_000)] {
            if probe < high && low < probe {
                if self.succeeds(request, probe, &at)? {
                    high = probe;
                    break;
                }
                low = probe;
            }
        }
        if high == first {
            return Ok(Ok(high));
        }
        while low.saturating_add(1) < high && high.saturating_sub(low) > high / TOLERANCE {
            let middle = low.midpoint(high);
            if self.succeeds(request, middle, &at)? { high = middle } else { low = middle }
        }
        Ok(Ok(high))
    }

    fn with_gas(&self, request: &CallRequest, gas: u64, at: &At<'_>) -> Result<CallOutcome, QueryError> {
        self.call_at(&CallRequest { gas: Some(gas), ..request.clone() }, at)
    }

    fn succeeds(&self, request: &CallRequest, gas: u64, at: &At<'_>) -> Result<bool, QueryError> {
        match self.with_gas(request, gas, at) {
            Ok(outcome) => Ok(matches!(outcome, CallOutcome::Success { .. })),
            Err(QueryError::Transaction(crate::error::TxError::IntrinsicGas { .. })) => Ok(false),
            Err(other) => Err(other),
        }
    }
}

/// The gas that the sender can pay at the price it names, beside the value: wallets name a price before they know the gas, and few
/// could pay a whole block. Nothing without a price, and where not even the value is there, which the call itself says.
fn payable(request: &CallRequest, state: &State) -> Option<u64> {
    let price = U256::from(request.gas_price.unwrap_or_default());
    let left = state.balance(request.from).checked_sub(request.value)?;
    left.checked_div(price).map(|gas| gas.saturating_to())
}

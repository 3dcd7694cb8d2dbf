//! Inputs that change an account directly. They act on the state after the head; the next block commits to the result.

use alloy_primitives::Address;
use revm::bytecode::Bytecode;

use crate::{
    chain::Chain,
    error::ChainError,
    input::{Answer, Input},
    state::Account,
};

impl Chain {
    pub(crate) fn cheat(&mut self, input: Input) -> Result<Answer, ChainError> {
        match input {
            Input::SetBalance(address, balance) => self.alter(address, |a| a.balance = balance),
            Input::SetNonce(address, nonce) => self.alter(address, |a| a.nonce = nonce),
            Input::SetStorage(address, slot, value) => self.alter(address, |a| a.set_storage(slot, value)),
            Input::SetCode(address, code) => {
                let code = Bytecode::new_raw_checked(code).map_err(|e| ChainError::Code(e.to_string()))?;
                self.alter(address, |a| a.set_code(code));
            }
            Input::Impersonate(address, true) => {
                self.impersonated.insert(address);
            }
            Input::Impersonate(address, false) => {
                self.impersonated.remove(&address);
            }
            // Every other input is answered by `Chain::apply` itself.
            _ => {}
        }
        Ok(Answer::Done)
    }

    fn alter(&mut self, address: Address, change: impl FnOnce(&mut Account)) {
        let mut state = self.ledger.head_state();
        state.update(address, change);
        self.ledger.pool.prune(&state);
        self.ledger.set_head_state(state);
    }
}

//! What `parsctl` asks of a Safe 1.3 or later: modules, and a transaction of its own.
//!
//! The interface is the Safe's; its contracts are not part of this repository.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::sol;

sol! {
    /// The functions of a Safe that are used.
    interface Safe {
        /// Whether a module may act.
        function isModuleEnabled(address module) external view returns (bool);
        /// Lets a module act; by the Safe itself only.
        function enableModule(address module) external;
        /// Owners needed for a transaction.
        function getThreshold() external view returns (uint256);
        /// Whether an address is an owner.
        function isOwner(address owner) external view returns (bool);
        /// Runs a transaction that enough owners signed.
        function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) external payable returns (bool success);
    }
}

/// A plain call of a Safe with a threshold of one, sent by this owner: the sender's own transaction stands for its
/// signature (`v = 1`), the Safe pays nothing back, and a failure of the call is a failure of the transaction.
#[must_use]
pub fn call_by_owner(owner: Address, to: Address, data: Bytes) -> Safe::execTransactionCall {
    let mut signature = owner.into_word().to_vec();
    signature.extend_from_slice(&[0; 32]);
    signature.push(1);
    Safe::execTransactionCall {
        to,
        value: U256::ZERO,
        data,
        operation: 0,
        safeTxGas: U256::ZERO,
        baseGas: U256::ZERO,
        gasPrice: U256::ZERO,
        gasToken: Address::ZERO,
        refundReceiver: Address::ZERO,
        signatures: signature.into(),
    }
}

#[cfg(test)]
mod tests {
    use alloy_sol_types::SolCall;

    use super::*;

    #[test]
    fn the_selectors_are_those_of_the_safe() {
        assert_eq!(Safe::execTransactionCall::SELECTOR, [0x6a, 0x76, 0x12, 0x02]);
        assert_eq!(Safe::enableModuleCall::SELECTOR, [0x61, 0x0b, 0x59, 0x25]);
        assert_eq!(Safe::isModuleEnabledCall::SELECTOR, [0x2d, 0x9a, 0xd5, 0x3d]);
    }

    #[test]
    fn the_owner_stands_where_the_safe_reads_a_signature_that_is_none() {
        let call = call_by_owner(Address::repeat_byte(7), Address::repeat_byte(8), Bytes::new());
        assert_eq!(call.signatures.len(), 65);
        assert_eq!((&call.signatures[12..32], call.signatures[64]), (&[7; 20][..], 1));
    }
}

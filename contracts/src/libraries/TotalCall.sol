// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Reads that cannot revert
/// @notice The callee gets a capped amount of gas, at most three words of its answer are looked at, and an answer of
///         any other length is none.
library TotalCall {
    /// @notice Gas for a read of a token, Safe or committee: a proxied one needs less than a tenth of it.
    uint256 internal constant READ_GAS = 100_000;

    /// @notice Whether the call succeeded and returned exactly one word equal to 1.
    function returnsOne(address target, uint256 gasCap, bytes memory data) internal view returns (bool one) {
        assembly ("memory-safe") {
            let success := staticcall(gasCap, target, add(data, 0x20), mload(data), 0x00, 0x20)
            one := and(success, and(eq(returndatasize(), 0x20), eq(mload(0x00), 1)))
        }
    }

    /// @notice Whether the call succeeded and returned exactly this word.
    function returnsWord(address target, uint256 gasCap, bytes memory data, bytes32 word)
        internal
        view
        returns (bool equal)
    {
        assembly ("memory-safe") {
            let success := staticcall(gasCap, target, add(data, 0x20), mload(data), 0x00, 0x20)
            equal := and(success, and(eq(returndatasize(), 0x20), eq(mload(0x00), word)))
        }
    }

    /// @notice The first two of exactly three words that the call returned.
    function firstTwoOfThree(address target, uint256 gasCap, bytes memory data)
        internal
        view
        returns (bool ok, uint256 first, uint256 second)
    {
        assembly ("memory-safe") {
            let success := staticcall(gasCap, target, add(data, 0x20), mload(data), 0x00, 0x40)
            ok := and(success, eq(returndatasize(), 0x60))
            if ok {
                first := mload(0x00)
                second := mload(0x20)
            }
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title An account that an enabled module may act for: a Safe, or our minimal account
interface IModuleAccount {
    /// @notice Runs a call for a module.
    /// @param to           Address called.
    /// @param value        Wei sent along.
    /// @param data         Call data.
    /// @param operation    0: call. Nothing else is ever asked for.
    /// @return success     Whether the inner call succeeded.
    /// @return returnData  What the inner call returned.
    function execTransactionFromModuleReturnData(address to, uint256 value, bytes calldata data, uint8 operation)
        external
        returns (bool success, bytes memory returnData);
}

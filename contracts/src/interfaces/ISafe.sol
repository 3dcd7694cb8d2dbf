// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What the Town Hall asks a Safe
interface ISafe {
    /// @notice Whether the account is an owner now.
    function isOwner(address owner) external view returns (bool);
    /// @notice All owners.
    function getOwners() external view returns (address[] memory);
    /// @notice Confirmations a transaction needs.
    function getThreshold() external view returns (uint256);
}

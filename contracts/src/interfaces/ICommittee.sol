// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title A committee whose members a room asks for
interface ICommittee {
    /// @notice Whether the account is a member now.
    function isMember(address account) external view returns (bool);
}

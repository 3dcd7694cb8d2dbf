// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Gates of a room
/// @notice Both gates are total for well-formed calls: a doubt is `false`, never a revert and never `true` by accident.
interface ITownHallGating {
    /// @notice Whether an account may take a seat by name in the room's running sitting.
    /// @param roomId       The room.
    /// @param participant  The account that asks.
    /// @return allowed     True only while a sitting runs and the account's lock (or its membership of the Committee)
    ///                     suffices at the end of that sitting.
    function canJoin(bytes32 roomId, address participant) external view returns (bool allowed);

    /// @notice Whether a proof gives an anonymous seat in the room's running sitting.
    /// @param roomId     The room.
    /// @param proof      `abi.encode(uint256[8] points, uint64 sittingId, uint64 issuedAt, bytes32 payload)`, 352 bytes.
    /// @param nullifier  The proof's nullifier, big-endian.
    /// @return allowed   True only for a canonical proof against exactly the sitting's pinned root and threshold.
    function canJoinAnonymous(bytes32 roomId, bytes calldata proof, bytes32 nullifier)
        external
        view
        returns (bool allowed);
}

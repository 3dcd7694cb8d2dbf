// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {NodeId} from "../types/Ids.sol";

/// @title Service nodes: stake, identity and the daily beacon
interface IServiceNodeRegistry {
    /// @notice A node joined with a stake.
    event NodeRegistered(
        NodeId indexed nodeId,
        address indexed owner,
        bytes32 operator,
        bytes32 identityHash,
        bytes32 transportKey,
        uint128 stake
    );
    /// @notice A node's keys or the hash of its directory entry changed.
    event NodeUpdated(NodeId indexed nodeId, bytes32 identityHash, bytes32 transportKey, bytes32 directoryHash);
    /// @notice A node's stake grew to `stake`.
    event StakeAdded(NodeId indexed nodeId, uint128 stake);
    /// @notice A node left; its stake can be taken back from `until` on.
    event NodeUnbonding(NodeId indexed nodeId, uint40 until);
    /// @notice A node's stake was taken back.
    event NodeWithdrawn(NodeId indexed nodeId);
    /// @notice A panel attested that a node missed its challenges of an epoch.
    event ChallengeMissed(NodeId indexed nodeId, uint32 indexed epoch);
    /// @notice A node missed challenges in three of seven epochs and was put out; its stake unbonds.
    event NodeDecommissioned(NodeId indexed nodeId);
    /// @notice A day began: its beacon.
    event EpochRolled(uint32 indexed epoch, bytes32 beacon);

    /// @notice An identity hash, transport key or operator of zero.
    error ZeroKey();
    /// @notice The stake is below the least one.
    error StakeTooSmall(uint128 stake, uint128 minimum);
    /// @notice The owner registered this identity before.
    error AlreadyRegistered(NodeId nodeId);
    /// @notice No such node.
    error UnknownNode(NodeId nodeId);
    /// @notice Only the node's owner may do this.
    error NotOwner(NodeId nodeId, address caller);
    /// @notice The node is not active.
    error NotActive(NodeId nodeId);
    /// @notice The stake is not unbonding, or not long enough.
    error NotUnbonded(NodeId nodeId, uint40 until);
    /// @notice The epoch's beacon stands already.
    error EpochAlreadyRolled(uint32 epoch);
    /// @notice The epoch is not one of the last seven, or has no beacon.
    error EpochOutOfRange(uint32 epoch);
    /// @notice This node's missed challenge of the epoch is known.
    error AlreadyReported(NodeId nodeId, uint32 epoch);
    /// @notice A panel needs seven other active nodes.
    error NotEnoughNodes(uint256 active);
    /// @notice At least five of the panel must sign, and one signature goes with each.
    error NotEnoughAttestations(uint256 panel, uint256 signatures);
    /// @notice The node is not of the panel drawn, or named twice.
    error NotInPanel(NodeId nodeId);
    /// @notice The signature is not that of the panel node's owner.
    error InvalidAttestation(NodeId nodeId);

    /// @notice Registers a node of the caller.
    /// @param operator      Who runs it: nodes of one operator never count as different.
    /// @param identityHash  SHA3-256 of its ML-DSA-87 key.
    /// @param transportKey  Its Ed25519 key.
    /// @param stake         Raw units of the token, taken from the caller.
    /// @return nodeId       `keccak256(abi.encode(owner, identityHash))`, for ever.
    function register(bytes32 operator, bytes32 identityHash, bytes32 transportKey, uint128 stake)
        external
        returns (NodeId nodeId);
    /// @notice Replaces a node's keys and the hash of its directory entry (owner).
    function update(NodeId nodeId, bytes32 identityHash, bytes32 transportKey, bytes32 directoryHash) external;
    /// @notice Adds stake (owner).
    function addStake(NodeId nodeId, uint128 amount) external;
    /// @notice Starts to leave (owner).
    function unbond(NodeId nodeId) external;
    /// @notice Takes the stake back after the delay (owner).
    function withdraw(NodeId nodeId) external;
    /// @notice Reports that a node missed its challenges of an epoch. Seven other active nodes are drawn by the
    ///         epoch's beacon; the owners of at least five sign `Missed(bytes32 nodeId,uint32 epoch)` (EIP-712,
    ///         `ParsServiceNodeRegistry` / `1`). Three of the last seven epochs put the node out; nothing is slashed.
    /// @param nodeId      The node that missed.
    /// @param epoch       One of the last seven epochs.
    /// @param panel       The panel nodes that sign, rising.
    /// @param signatures  Their owners' signatures, in the same order.
    function reportMissed(NodeId nodeId, uint32 epoch, NodeId[] calldata panel, bytes[] calldata signatures) external;
    /// @notice Sets the beacon of today's epoch (`timestamp / 86,400`); anyone, once a day.
    function rollEpoch() external;
    /// @notice The beacon of an epoch; zero if it was not rolled.
    function beacon(uint32 epoch) external view returns (bytes32);
    /// @notice Number of active nodes.
    function nodeCount() external view returns (uint256);
}

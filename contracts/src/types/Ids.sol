// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice A room: `keccak256(abi.encode(chainid, townHall, creator, nonce))`.
type RoomId is bytes32;

/// @notice A sitting of one room, counted from 1; zero means none.
type SittingId is uint64;

/// @notice A service node: `keccak256(abi.encode(owner, identityHash))` at its registration, for ever.
type NodeId is bytes32;

/// @notice A trigger key: keccak-256 of its ML-DSA-87 public key.
type SignerId is bytes32;

/// @notice A recording: `hashStruct(Recording)`.
type RecordingId is bytes32;

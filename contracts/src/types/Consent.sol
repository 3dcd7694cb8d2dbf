// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice A recording that everybody present is asked to agree to (EIP-712 struct; its hash is the recording's id).
/// @param recordingId   `H("pars-recording-v1"; RS, random 32)`: not even the room shows on chain.
/// @param roster        Merkle root over the signers' hashes.
/// @param participants  Number of keys in the roster; every one of them must sign.
/// @param policy        `keccak256(abi.encode(codecHash, storageHash, retentionSeconds, recipients))`.
/// @param recorder      keccak-256 of the recording member's consent signer.
/// @param validUntil    Time until which the consent holds, in seconds; at most 24 hours ahead.
struct Recording {
    bytes32 recordingId;
    bytes32 roster;
    uint16 participants;
    bytes32 policy;
    bytes32 recorder;
    uint40 validUntil;
}

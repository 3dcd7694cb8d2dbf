// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {RecordingId} from "../types/Ids.sol";
import {Recording} from "../types/Consent.sol";

/// @title Consent to a recording, without an attendance record
/// @notice Signers are one-time keys: 20 bytes (an ECDSA address, low s) or the configured ERC-7913 ML-DSA verifier
///         followed by a key. EIP-712 domain `ParsRecordingConsent` / `1`; the struct signed is `Recording`.
/// @dev    The roster is a Merkle tree in a heap of `2n - 1` nodes: the leaf of the i-th signer, by rising
///         `keccak256(signer)`, is `keccak256(abi.encode(keccak256(signer)))` at place `2n - 2 - i`, and the node at
///         place p is keccak-256 of the sorted pair at `2p + 1` and `2p + 2`. So OpenZeppelin's multi-proof takes a
///         chunk of signers in rising order.
interface IRecordingConsent {
    /// @notice More keys of the roster have signed; `total` is how many by now.
    event ConsentsAdded(RecordingId indexed id, uint16 total);
    /// @notice Every key of the roster has signed.
    event Authorised(RecordingId indexed id, Recording recording);
    /// @notice A key of the roster withdrew: for ever.
    event Withdrawn(RecordingId indexed id);
    /// @notice The recorder named what was recorded.
    event Anchored(RecordingId indexed id, bytes cid, bytes32 wraps);

    /// @notice The consent has ended or reaches further than 24 hours ahead.
    error ValidUntilOutOfRange(uint40 validUntil);
    /// @notice A recording has at least one participant, a chunk at least one signer.
    error NoSigners();
    /// @notice The lists differ in length.
    error LengthsDiffer(uint256 signers, uint256 signatures);
    /// @notice More signers than the recording has participants.
    error TooManySigners(uint256 total, uint16 participants);
    /// @notice Signer hashes must rise strictly over all chunks.
    error SignersNotRising(bytes32 previous, bytes32 signerHash);
    /// @notice The signers are not keys of the roster.
    error NotInRoster(bytes32 roster);
    /// @notice The signature is not this signer's, or the signer is of no accepted form.
    error InvalidSignature(bytes signer);
    /// @notice Everybody has signed already.
    error AlreadyAuthorised(RecordingId id);
    /// @notice A key of the roster has withdrawn.
    error RecordingWithdrawn(RecordingId id);
    /// @notice Not everybody has signed.
    error NotAuthorised(RecordingId id);
    /// @notice Only the recorder's key anchors.
    error NotRecorder(bytes32 signerHash, bytes32 recorder);
    /// @notice The recording was anchored already.
    error AlreadyAnchored(RecordingId id);
    /// @notice A CID has 1 to 128 bytes.
    error CidOutOfRange(uint256 length);

    /// @notice Adds a chunk of consents; anybody may submit it.
    /// @param r           The recording.
    /// @param signers     Keys of the roster; `keccak256(signer)` rises strictly over all chunks.
    /// @param signatures  One signature over the recording's EIP-712 digest per signer.
    /// @param proof       Sibling nodes of the multi-proof.
    /// @param flags       Flags of the multi-proof.
    function submit(
        Recording calldata r,
        bytes[] calldata signers,
        bytes[] calldata signatures,
        bytes32[] calldata proof,
        bool[] calldata flags
    ) external;
    /// @notice Withdraws for ever by any key of the roster, which signs `Withdraw(bytes32 recording)`; also before
    ///         the recording is authorised.
    function withdraw(Recording calldata r, bytes calldata signer, bytes32[] calldata proof, bytes calldata signature)
        external;
    /// @notice Names the recorded object, once: the recorder's key signs
    ///         `Anchor(bytes32 recording,bytes cid,bytes32 wraps)`; only after authorisation, also when withdrawn or
    ///         expired.
    function anchor(
        Recording calldata r,
        bytes calldata signer,
        bytes calldata cid,
        bytes32 wraps,
        bytes calldata signature
    ) external;
    /// @notice Until when the recording is agreed to; zero if it is not, was withdrawn, or signatures are missing.
    function authorisedUntil(RecordingId id) external view returns (uint40);
}

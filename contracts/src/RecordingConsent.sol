// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IRecordingConsent} from "./interfaces/IRecordingConsent.sol";
import {HolderSignature} from "./libraries/HolderSignature.sol";
import {Recording} from "./types/Consent.sol";
import {RecordingId} from "./types/Ids.sol";

/// @title Consents to recordings
/// @notice No address of a participant stands in an event, a storage slot or `tx.from`: signers are one-time keys, the
///         roster is a root, and whoever submits is not looked at.
contract RecordingConsent is IRecordingConsent, EIP712 {
    /// @notice How far ahead a consent may reach, in seconds.
    uint256 public constant MAX_VALIDITY = 24 hours;
    /// @notice Longest CID, in bytes.
    uint256 public constant MAX_CID = 128;

    bytes32 private constant RECORDING_TYPEHASH = keccak256(
        "Recording(bytes32 recordingId,bytes32 roster,uint16 participants,bytes32 policy,bytes32 recorder,uint40 validUntil)"
    );
    bytes32 private constant WITHDRAW_TYPEHASH = keccak256("Withdraw(bytes32 recording)");
    bytes32 private constant ANCHOR_TYPEHASH = keccak256("Anchor(bytes32 recording,bytes cid,bytes32 wraps)");
    uint256 private constant VERIFIER_SIGNER_LENGTH = 20 + 2592;

    /// @notice The one ERC-7913 verifier accepted, for ML-DSA-87 keys.
    IERC7913SignatureVerifier public immutable VERIFIER;

    struct State {
        uint16 count;
        uint40 validUntil;
        bool authorised;
        bool withdrawn;
        bool anchored;
        bytes32 lastSigner;
    }

    mapping(RecordingId id => State) private _states;

    constructor(IERC7913SignatureVerifier verifier) EIP712("ParsRecordingConsent", "1") {
        VERIFIER = verifier;
    }

    /// @inheritdoc IRecordingConsent
    function submit(
        Recording calldata r,
        bytes[] calldata signers,
        bytes[] calldata signatures,
        bytes32[] calldata proof,
        bool[] calldata flags
    ) external {
        if (r.validUntil <= block.timestamp || r.validUntil > block.timestamp + MAX_VALIDITY) {
            revert ValidUntilOutOfRange(r.validUntil);
        }
        if (signers.length == 0) revert NoSigners();
        if (signers.length != signatures.length) revert LengthsDiffer(signers.length, signatures.length);
        RecordingId id = recordingIdOf(r);
        bytes32[] memory leaves = _addConsents(id, r.participants, signers, signatures);
        if (!MerkleProof.multiProofVerifyCalldata(proof, flags, r.roster, leaves)) revert NotInRoster(r.roster);
        State storage state = _states[id];
        emit ConsentsAdded(id, state.count);
        if (state.count == r.participants) {
            (state.authorised, state.validUntil) = (true, r.validUntil);
            emit Authorised(id, r);
        }
    }

    /// @inheritdoc IRecordingConsent
    function withdraw(Recording calldata r, bytes calldata signer, bytes32[] calldata proof, bytes calldata signature)
        external
    {
        RecordingId id = recordingIdOf(r);
        State storage state = _states[id];
        if (state.withdrawn) revert RecordingWithdrawn(id);
        if (!MerkleProof.verifyCalldata(proof, r.roster, _leafOf(keccak256(signer)))) revert NotInRoster(r.roster);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(WITHDRAW_TYPEHASH, id)));
        if (!_isValid(signer, digest, signature)) revert InvalidSignature(signer);
        state.withdrawn = true;
        emit Withdrawn(id);
    }

    /// @inheritdoc IRecordingConsent
    function anchor(
        Recording calldata r,
        bytes calldata signer,
        bytes calldata cid,
        bytes32 wraps,
        bytes calldata signature
    ) external {
        RecordingId id = recordingIdOf(r);
        State storage state = _states[id];
        if (!state.authorised) revert NotAuthorised(id);
        if (state.anchored) revert AlreadyAnchored(id);
        if (keccak256(signer) != r.recorder) revert NotRecorder(keccak256(signer), r.recorder);
        if (cid.length == 0 || cid.length > MAX_CID) revert CidOutOfRange(cid.length);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(ANCHOR_TYPEHASH, id, keccak256(cid), wraps)));
        if (!_isValid(signer, digest, signature)) revert InvalidSignature(signer);
        state.anchored = true;
        emit Anchored(id, cid, wraps);
    }

    /// @inheritdoc IRecordingConsent
    function authorisedUntil(RecordingId id) external view returns (uint40) {
        State storage state = _states[id];
        return state.authorised && !state.withdrawn ? state.validUntil : 0;
    }

    /// @notice The id of a recording: its EIP-712 struct hash.
    function recordingIdOf(Recording calldata r) public pure returns (RecordingId) {
        return RecordingId.wrap(
            keccak256(
                abi.encode(
                    RECORDING_TYPEHASH, r.recordingId, r.roster, r.participants, r.policy, r.recorder, r.validUntil
                )
            )
        );
    }

    /// @notice The digest that every key of the roster signs.
    function consentDigest(RecordingId id) public view returns (bytes32) {
        return _hashTypedDataV4(RecordingId.unwrap(id));
    }

    /// @notice EIP-712 domain separator.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// Checks the signatures, counts the signers and returns their leaves; membership in the roster is still open.
    function _addConsents(RecordingId id, uint16 participants, bytes[] calldata signers, bytes[] calldata signatures)
        private
        returns (bytes32[] memory leaves)
    {
        State storage state = _states[id];
        if (state.withdrawn) revert RecordingWithdrawn(id);
        if (state.authorised) revert AlreadyAuthorised(id);
        uint256 total = state.count + signers.length;
        if (total > participants) revert TooManySigners(total, participants);
        (bytes32 digest, bytes32 last) = (consentDigest(id), state.lastSigner);
        leaves = new bytes32[](signers.length);
        for (uint256 i = 0; i < signers.length; ++i) {
            bytes32 signerHash = keccak256(signers[i]);
            if (signerHash <= last) revert SignersNotRising(last, signerHash);
            if (!_isValid(signers[i], digest, signatures[i])) revert InvalidSignature(signers[i]);
            leaves[i] = _leafOf(signerHash);
            last = signerHash;
        }
        (state.count, state.lastSigner) = (uint16(total), last);
    }

    function _isValid(bytes calldata signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        if (signer.length == 20) return HolderSignature.isEcdsa(address(bytes20(signer)), digest, signature);
        if (signer.length != VERIFIER_SIGNER_LENGTH || address(bytes20(signer[:20])) != address(VERIFIER)) {
            return false;
        }
        return VERIFIER.verify(signer[20:], digest, signature) == IERC7913SignatureVerifier.verify.selector;
    }

    function _leafOf(bytes32 signerHash) private pure returns (bytes32) {
        return keccak256(abi.encode(signerHash));
    }
}

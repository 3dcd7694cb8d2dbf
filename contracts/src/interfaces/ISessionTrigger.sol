// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SignerId} from "../types/Ids.sol";
import {Action, Policy} from "../types/Trigger.sol";

/// @title EVM actions from session messages
/// @notice A dedicated ML-DSA-87 key signs
///         `"pars-session-trigger/1" ‖ 0x00 ‖ 0x1901 ‖ domainSeparator ‖ hashStruct(Action)` (89 bytes), EIP-712 domain
///         `ParsSessionTrigger` / `1`; the account that enrolled the key acts through its own module interface.
interface ISessionTrigger {
    /// @notice An account enrolled a key, whose bytes lie in the code at `keyAt` after one zero byte.
    event SignerEnrolled(SignerId indexed signerId, address indexed account, address keyAt, Policy policy);
    /// @notice The policy of a key, and of the keys it was rotated from or to, changed.
    event PolicySet(SignerId indexed signerId, Policy policy);
    /// @notice From `effectiveAt` on the new key acts in place of the old one, under the same policy.
    event RotationStarted(SignerId indexed signerId, SignerId newSignerId, address keyAt, uint40 effectiveAt);
    /// @notice A key was revoked for ever.
    event SignerRevoked(SignerId indexed signerId);
    /// @notice An action ran. `actionHash` is hashStruct(Action).
    event ActionExecuted(SignerId indexed signerId, uint256 nonce, bytes32 actionHash);
    /// @notice An action's call failed; its nonce is consumed. `reason` is cut at 256 bytes.
    event ActionFailed(SignerId indexed signerId, uint256 nonce, bytes32 actionHash, bytes reason);

    /// @notice The account has no code, so it cannot act through a module.
    error AccountHasNoCode(address account);
    /// @notice An ML-DSA-87 key has 2,592 bytes.
    error KeyLength(uint256 length);
    /// @notice The key was enrolled before; a key is enrolled once.
    error AlreadyEnrolled(SignerId signerId);
    /// @notice The new key did not sign its own enrolment for this account.
    error InvalidPossession(SignerId signerId);
    /// @notice No such key.
    error UnknownSigner(SignerId signerId);
    /// @notice Only the account that enrolled the key may do this.
    error NotAccount(SignerId signerId, address caller);
    /// @notice The key was revoked.
    error SignerIsRevoked(SignerId signerId);
    /// @notice The key is not in force yet, was replaced, or its policy has ended.
    error SignerNotInForce(SignerId signerId, uint256 from, uint256 until);
    /// @notice A rotation of this key has begun already.
    error RotationPending(SignerId signerId, uint40 effectiveAt);
    /// @notice More rules than one policy may hold.
    error TooManyRules(uint256 rules, uint256 limit);
    /// @notice The target may never be called by an action.
    error ForbiddenTarget(address target);
    /// @notice A policy needs a period, actions in it and an end ahead.
    error PolicyOutOfRange(uint32 perPeriod, uint32 period, uint40 validUntil);
    /// @notice The message is not the canonical encoding of an action.
    error NonCanonicalMessage();
    /// @notice The key bytes are not the signer's.
    error KeyMismatch(SignerId signerId, SignerId given);
    /// @notice The action names another account than the one that enrolled the key.
    error AccountMismatch(address account, address enrolled);
    /// @notice The action may not run now.
    error OutsideWindow(uint48 validAfter, uint48 validUntil);
    /// @notice The policy does not allow this call.
    error CallNotAllowed(address target, bytes4 selector);
    /// @notice The value is above the policy's cap.
    error ValueAboveCap(uint256 value, uint128 cap);
    /// @notice The policy's number of actions in this period is used up.
    error RateExceeded(SignerId signerId, uint256 freeAt);
    /// @notice The nonce is not the next of its lane.
    error InvalidNonce(uint256 nonce, uint64 expected);
    /// @notice The ML-DSA signature does not hold.
    error InvalidSessionSignature(SignerId signerId);
    /// @notice The relayer left less gas than the action was signed for.
    error InsufficientGas(uint256 available, uint256 needed);

    /// @notice Enrols a key for the caller, a contract account.
    /// @param publicKey   2,592 bytes.
    /// @param policy      What the key may do, in 4 rules at most; `setPolicy` takes 32.
    /// @param possession  The key's signature over
    ///                    `"pars-trigger-enrol/1" ‖ 0x00 ‖ 0x1901 ‖ domainSeparator ‖ hashStruct(Enrol)`, with
    ///                    `Enrol(address account,bytes32 signerId)`.
    /// @return signerId   keccak-256 of the key.
    function enrol(bytes calldata publicKey, Policy calldata policy, bytes calldata possession)
        external
        returns (SignerId signerId);
    /// @notice Replaces a key's policy (its account), by 32 rules at most.
    function setPolicy(SignerId signerId, Policy calldata policy) external;
    /// @notice Starts to replace a key by a new one, which proves possession as in `enrol` (its account).
    function rotate(SignerId signerId, bytes calldata newPublicKey, bytes calldata possession) external;
    /// @notice Revokes a key at once and for ever (its account).
    function revoke(SignerId signerId) external;
    /// @notice Runs a signed action; anybody may submit it.
    /// @param sessionMessage   `abi.encode(Action)`, canonical.
    /// @param mldsaSignature   4,627 bytes.
    /// @param mldsaPublicKey   The key's bytes, or empty to read them from storage.
    function executeFromSession(bytes memory sessionMessage, bytes memory mldsaSignature, bytes memory mldsaPublicKey)
        external;
    /// @notice The next sequence number of a key's lane.
    function nextSequence(SignerId signerId, uint192 lane) external view returns (uint64);
    /// @notice The 89 bytes that the key signs for an action.
    function signedBytes(Action calldata action) external view returns (bytes memory);
}

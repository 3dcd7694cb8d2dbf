// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IMLDSA} from "./interfaces/IMLDSA.sol";
import {ISessionTrigger} from "./interfaces/ISessionTrigger.sol";
import {KeyStore} from "./libraries/KeyStore.sol";
import {ModuleCall} from "./libraries/ModuleCall.sol";
import {SignerId} from "./types/Ids.sol";
import {Action, Policy} from "./types/Trigger.sol";

/// @title Actions from session messages
contract SessionTrigger is ISessionTrigger, EIP712, ReentrancyGuardTransient {
    /// @notice Bytes of an ML-DSA-87 key (FIPS 204).
    uint256 public constant KEY_LENGTH = 2592;
    /// @notice Most rules of one policy: each takes a storage slot, and no function may need a million gas.
    uint256 public constant MAX_RULES = 32;
    /// @notice Most rules of the policy that comes with an enrolment, which writes the key as well.
    uint256 public constant MAX_ENROL_RULES = 4;
    /// @notice Gas kept for what comes before and after the account's call.
    uint256 public constant GAS_RESERVE = ModuleCall.GAS_RESERVE;

    bytes32 private constant ACTION_TYPEHASH = keccak256(
        "Action(bytes32 signerId,address account,address target,uint256 value,bytes data,uint256 nonce,uint48 validAfter,uint48 validUntil,uint32 gasLimit)"
    );
    bytes32 private constant ENROL_TYPEHASH = keccak256("Enrol(address account,bytes32 signerId)");

    /// @notice The adapter that verifies signatures.
    IMLDSA public immutable MLDSA;
    /// @notice Seconds between the start of a rotation and its effect.
    uint40 public immutable ROTATION_DELAY;

    struct Signer {
        address account;
        uint40 from;
        uint40 until;
        bool revoked;
        address keyAt;
        /// the key that was enrolled first: rotation hands its policy on
        SignerId policyOf;
    }

    struct Limits {
        uint128 valueCap;
        uint32 perPeriod;
        uint32 period;
        uint40 validUntil;
        uint40 periodStart;
        uint32 used;
        uint32 version;
    }

    mapping(SignerId signerId => Signer) private _signers;
    mapping(SignerId policyOf => Limits) private _limits;
    /// by hash of (policyOf, version, target, selector)
    mapping(bytes32 rule => bool) private _rules;
    mapping(SignerId signerId => mapping(uint192 lane => uint64)) private _sequences;
    mapping(address target => bool) private _forbidden;

    /// @param forbidden  Contracts that no action may ever call: registries and whatever has owner functions.
    constructor(IMLDSA mldsa, uint40 rotationDelay, address[] memory forbidden) EIP712("ParsSessionTrigger", "1") {
        (MLDSA, ROTATION_DELAY) = (mldsa, rotationDelay);
        for (uint256 i = 0; i < forbidden.length; ++i) {
            _forbidden[forbidden[i]] = true;
        }
    }

    modifier onlyAccount(SignerId signerId) {
        Signer storage signer = _known(signerId);
        if (signer.account != msg.sender) revert NotAccount(signerId, msg.sender);
        if (signer.revoked) revert SignerIsRevoked(signerId);
        _;
    }

    /// @inheritdoc ISessionTrigger
    function enrol(bytes calldata publicKey, Policy calldata policy, bytes calldata possession)
        external
        returns (SignerId signerId)
    {
        if (msg.sender.code.length == 0) revert AccountHasNoCode(msg.sender);
        address keyAt;
        (signerId, keyAt) = _storeKey(publicKey, possession);
        _signers[signerId] = Signer({
            account: msg.sender,
            from: uint40(block.timestamp),
            until: type(uint40).max,
            revoked: false,
            keyAt: keyAt,
            policyOf: signerId
        });
        _writePolicy(signerId, policy, MAX_ENROL_RULES);
        emit SignerEnrolled(signerId, msg.sender, keyAt, policy);
    }

    /// @inheritdoc ISessionTrigger
    function setPolicy(SignerId signerId, Policy calldata policy) external onlyAccount(signerId) {
        _writePolicy(_signers[signerId].policyOf, policy, MAX_RULES);
        emit PolicySet(signerId, policy);
    }

    /// @inheritdoc ISessionTrigger
    function rotate(SignerId signerId, bytes calldata newPublicKey, bytes calldata possession)
        external
        onlyAccount(signerId)
    {
        Signer storage signer = _signers[signerId];
        if (signer.until != type(uint40).max) revert RotationPending(signerId, signer.until);
        (SignerId newSignerId, address keyAt) = _storeKey(newPublicKey, possession);
        uint40 effectiveAt = uint40(block.timestamp) + ROTATION_DELAY;
        signer.until = effectiveAt;
        _signers[newSignerId] = Signer({
            account: msg.sender,
            from: effectiveAt,
            until: type(uint40).max,
            revoked: false,
            keyAt: keyAt,
            policyOf: signer.policyOf
        });
        emit RotationStarted(signerId, newSignerId, keyAt, effectiveAt);
    }

    /// @inheritdoc ISessionTrigger
    function revoke(SignerId signerId) external onlyAccount(signerId) {
        _signers[signerId].revoked = true;
        emit SignerRevoked(signerId);
    }

    /// @inheritdoc ISessionTrigger
    function executeFromSession(bytes memory sessionMessage, bytes memory mldsaSignature, bytes memory mldsaPublicKey)
        external
        nonReentrant
    {
        Action memory action = abi.decode(sessionMessage, (Action));
        if (keccak256(abi.encode(action)) != keccak256(sessionMessage)) revert NonCanonicalMessage();
        Limits storage limits = _checkAllowed(action);
        bytes32 actionHash = _hashAction(action);
        _checkSignature(action.signerId, actionHash, mldsaSignature, mldsaPublicKey);
        _consume(action, limits);
        (bool ok, bytes memory reason) =
            ModuleCall.run(action.account, action.gasLimit, action.target, action.value, action.data);
        if (ok) emit ActionExecuted(action.signerId, action.nonce, actionHash);
        else emit ActionFailed(action.signerId, action.nonce, actionHash, reason);
    }

    /// @inheritdoc ISessionTrigger
    function nextSequence(SignerId signerId, uint192 lane) external view returns (uint64) {
        return _sequences[signerId][lane];
    }

    /// @inheritdoc ISessionTrigger
    function signedBytes(Action calldata action) external view returns (bytes memory) {
        return _signedBytes(_hashAction(action));
    }

    /// @notice The bytes that a key signs to prove its possession to an account.
    function enrolBytes(address account, SignerId signerId) public view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(ENROL_TYPEHASH, account, signerId));
        return abi.encodePacked("pars-trigger-enrol/1", bytes1(0), hex"1901", _domainSeparatorV4(), structHash);
    }

    /// @notice A key's account, when it is in force, where its bytes lie and whether it was revoked.
    function signerOf(SignerId signerId)
        external
        view
        returns (address account, uint40 from, uint40 until, address keyAt, bool revoked)
    {
        Signer storage signer = _signers[signerId];
        return (signer.account, signer.from, signer.until, signer.keyAt, signer.revoked);
    }

    /// @notice EIP-712 domain separator.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _storeKey(bytes calldata publicKey, bytes calldata possession)
        private
        returns (SignerId signerId, address keyAt)
    {
        if (publicKey.length != KEY_LENGTH) revert KeyLength(publicKey.length);
        signerId = SignerId.wrap(keccak256(publicKey));
        if (_signers[signerId].account != address(0)) revert AlreadyEnrolled(signerId);
        if (!MLDSA.verify(publicKey, enrolBytes(msg.sender, signerId), possession)) {
            revert InvalidPossession(signerId);
        }
        keyAt = KeyStore.write(publicKey);
    }

    function _writePolicy(SignerId policyOf, Policy calldata policy, uint256 limit) private {
        if (policy.perPeriod == 0 || policy.period == 0 || policy.validUntil <= block.timestamp) {
            revert PolicyOutOfRange(policy.perPeriod, policy.period, policy.validUntil);
        }
        if (policy.rules.length > limit) revert TooManyRules(policy.rules.length, limit);
        Limits storage limits = _limits[policyOf];
        uint32 version = limits.version + 1;
        (limits.valueCap, limits.perPeriod, limits.period, limits.validUntil, limits.version) =
        (policy.valueCap, policy.perPeriod, policy.period, policy.validUntil, version);
        for (uint256 i = 0; i < policy.rules.length; ++i) {
            address target = policy.rules[i].target;
            if (target == address(0) || target == address(this) || target == msg.sender || _forbidden[target]) {
                revert ForbiddenTarget(target);
            }
            _rules[_ruleHash(policyOf, version, target, policy.rules[i].selector)] = true;
        }
    }

    function _consume(Action memory action, Limits storage limits) private {
        if (block.timestamp >= uint256(limits.periodStart) + limits.period) {
            (limits.periodStart, limits.used) = (uint40(block.timestamp), 0);
        }
        if (limits.used >= limits.perPeriod) {
            revert RateExceeded(action.signerId, uint256(limits.periodStart) + limits.period);
        }
        limits.used += 1;
        uint192 lane = uint192(action.nonce >> 64);
        uint64 expected = _sequences[action.signerId][lane];
        if (uint64(action.nonce) != expected) revert InvalidNonce(action.nonce, expected);
        _sequences[action.signerId][lane] = expected + 1;
    }

    function _checkAllowed(Action memory action) private view returns (Limits storage limits) {
        Signer storage signer = _known(action.signerId);
        if (signer.revoked) revert SignerIsRevoked(action.signerId);
        if (signer.account != action.account) revert AccountMismatch(action.account, signer.account);
        limits = _limits[signer.policyOf];
        uint256 until = signer.until < limits.validUntil ? signer.until : limits.validUntil;
        if (block.timestamp < signer.from || block.timestamp >= until) {
            revert SignerNotInForce(action.signerId, signer.from, until);
        }
        if (block.timestamp < action.validAfter || block.timestamp > action.validUntil) {
            revert OutsideWindow(action.validAfter, action.validUntil);
        }
        if (action.value > limits.valueCap) revert ValueAboveCap(action.value, limits.valueCap);
        bytes4 selector = bytes4(action.data);
        // A selector of zero stands for "no data": neither a short one nor a function of that selector passes for it.
        bool shaped = action.data.length == 0 || (action.data.length >= 4 && selector != 0);
        if (!shaped || !_rules[_ruleHash(signer.policyOf, limits.version, action.target, selector)]) {
            revert CallNotAllowed(action.target, selector);
        }
    }

    function _checkSignature(SignerId signerId, bytes32 actionHash, bytes memory signature, bytes memory key)
        private
        view
    {
        if (key.length == 0) {
            key = KeyStore.read(_signers[signerId].keyAt);
        } else if (keccak256(key) != SignerId.unwrap(signerId)) {
            revert KeyMismatch(signerId, SignerId.wrap(keccak256(key)));
        }
        if (!MLDSA.verify(key, _signedBytes(actionHash), signature)) revert InvalidSessionSignature(signerId);
    }

    function _known(SignerId signerId) private view returns (Signer storage signer) {
        signer = _signers[signerId];
        if (signer.account == address(0)) revert UnknownSigner(signerId);
    }

    function _signedBytes(bytes32 actionHash) private view returns (bytes memory) {
        return abi.encodePacked("pars-session-trigger/1", bytes1(0), hex"1901", _domainSeparatorV4(), actionHash);
    }

    function _hashAction(Action memory action) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                ACTION_TYPEHASH,
                action.signerId,
                action.account,
                action.target,
                action.value,
                keccak256(action.data),
                action.nonce,
                action.validAfter,
                action.validUntil,
                action.gasLimit
            )
        );
    }

    function _ruleHash(SignerId policyOf, uint32 version, address target, bytes4 selector)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(policyOf, version, target, selector));
    }
}

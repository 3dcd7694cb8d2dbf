// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMLDSA} from "./interfaces/IMLDSA.sol";
import {TotalCall} from "./libraries/TotalCall.sol";

/// @title ML-DSA-87 behind a precompile of EIP-8355's layout
/// @notice Input `pk ‖ sig ‖ msg`, output one word; the context string is empty.
contract MldsaEip8355 is IMLDSA {
    /// @notice Bytes of an ML-DSA-87 public key (FIPS 204).
    uint256 public constant KEY_LENGTH = 2592;
    /// @notice Bytes of an ML-DSA-87 signature (FIPS 204).
    uint256 public constant SIGNATURE_LENGTH = 4627;

    /// @notice The precompile.
    address public immutable BACK_END;
    /// @notice Gas forwarded to it at most: a precompile that fails burns all it was given.
    uint256 public immutable GAS_CAP;

    /// @notice Deploys only over a back end that knows a valid signature from an invalid one.
    /// @param key        A known key,
    /// @param message    a message of at least one byte,
    /// @param signature  and the key's signature over it.
    constructor(address backEnd, uint256 gasCap, bytes memory key, bytes memory message, bytes memory signature) {
        (BACK_END, GAS_CAP) = (backEnd, gasCap);
        if (!_ask(key, message, signature)) revert BackEndFailsProbe(backEnd, true);
        message[0] ^= 0x01;
        if (_ask(key, message, signature)) revert BackEndFailsProbe(backEnd, false);
    }

    /// @inheritdoc IMLDSA
    function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return _ask(publicKey, message, signature);
    }

    /// @inheritdoc IMLDSA
    function context() external pure returns (bytes memory) {
        return "";
    }

    function _ask(bytes memory key, bytes memory message, bytes memory signature) private view returns (bool) {
        if (key.length != KEY_LENGTH || signature.length != SIGNATURE_LENGTH) return false;
        return TotalCall.returnsOne(BACK_END, GAS_CAP, abi.encodePacked(key, signature, message));
    }
}

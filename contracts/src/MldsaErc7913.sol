// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";
import {IMLDSA} from "./interfaces/IMLDSA.sol";

/// @title ERC-7913 verifier of ML-DSA-87 keys
/// @notice The bytes signed are `"pars-erc7913/1" ‖ 0x00 ‖ hash`.
contract MldsaErc7913 is IERC7913SignatureVerifier {
    /// @notice The adapter that verifies.
    IMLDSA public immutable MLDSA;

    constructor(IMLDSA mldsa) {
        MLDSA = mldsa;
    }

    /// @inheritdoc IERC7913SignatureVerifier
    function verify(bytes calldata key, bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        bool valid = MLDSA.verify(key, abi.encodePacked("pars-erc7913/1", bytes1(0), hash), signature);
        return valid ? IERC7913SignatureVerifier.verify.selector : bytes4(0xffffffff);
    }
}

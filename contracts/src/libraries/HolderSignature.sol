// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {TotalCall} from "./TotalCall.sol";

/// @title Signatures of holders
/// @notice 65 bytes of ECDSA with low s by an externally owned account, or ERC-1271 by a contract.
library HolderSignature {
    /// @notice Gas for a wallet's answer: a Safe asks ecrecover once for each of its owners' signatures.
    uint256 internal constant WALLET_GAS = 300_000;

    /// @notice Whether the holder signed the digest.
    function isValid(address holder, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        if (isEcdsa(holder, digest, signature)) return true;
        if (holder.code.length == 0) return false;
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        return TotalCall.returnsWord(holder, WALLET_GAS, question, magic);
    }

    /// @notice Whether the signature is the signer's own: exactly 65 bytes, low s, a signer that is not zero.
    function isEcdsa(address signer, bytes32 digest, bytes calldata signature) internal pure returns (bool) {
        if (signature.length != 65) return false;
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        return problem == ECDSA.RecoverError.NoError && recovered == signer && signer != address(0);
    }
}

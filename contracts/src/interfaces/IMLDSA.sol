// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ML-DSA-87 (FIPS 204) verification, whatever the back end's layout is
interface IMLDSA {
    /// @notice The back end fails its known answers: it accepts what it must refuse, or the reverse.
    error BackEndFailsProbe(address backEnd, bool expected);

    /// @notice Whether the signature holds; false for any wrong length and any answer of the back end but the word 1.
    /// @param publicKey  2,592 bytes.
    /// @param message    The bytes signed.
    /// @param signature  4,627 bytes.
    function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature)
        external
        view
        returns (bool);
    /// @notice The context string under which the back end verifies, a constant of it.
    function context() external view returns (bytes memory);
}
